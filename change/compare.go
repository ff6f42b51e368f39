package change

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
)

// Compare returns what changes between two trees laid out like the repository, each change for one region of one
// application, sorted most dangerous first. Equal files are not decoded.
func Compare(old, new manifest.Tree) []Change {
	var list []Change
	l := newLayout(old, new)
	for app, regions := range l.apps {
		list = append(list, compareApp(app, regions)...)
	}
	list = withEdge(list, l)
	sortChanges(list)
	return list
}

// withEdge adds what changes at the regions' edges. Of an application that comes or goes as a whole it says no more
// than what is exposed.
func withEdge(list []Change, l layout) []Change {
	type key struct {
		app    App
		region string
	}
	wholes := map[key]int{}
	for i, c := range list {
		if c.Object.Kind == KindApplication {
			wholes[key{c.Apps[0], c.Regions[0]}] = i
		}
	}
	for _, region := range slices.Sorted(maps.Keys(l.edge)) {
		for _, c := range compareEdge(region, l.edge[region]) {
			i, coming := wholes[key{c.Apps[0], region}]
			switch {
			case !coming:
				list = append(list, c)
			case list[i].Op == golden.Added:
				list[i].Notes = append(slices.Clone(list[i].Notes), c.Notes...)
			}
		}
	}
	return list
}

// compareApp compares an application or a space in all its regions.
func compareApp(app App, regions map[string]*regionFiles) []Change {
	wasSomewhere, isSomewhere := false, false
	for _, files := range regions {
		wasSomewhere = wasSomewhere || len(files.old) > 0
		isSomewhere = isSomewhere || len(files.new) > 0
	}
	known := map[[sha256.Size]byte][]Change{} // regions that are alike are compared once
	m := newMemo()
	var list []Change
	for region, files := range regions {
		key := files.digest()
		found, ok := known[key]
		if !ok {
			found = files.compare(app, wasSomewhere && isSomewhere, m)
			known[key] = found
		}
		for _, c := range found {
			c.Apps, c.Regions = []App{app}, []string{region}
			list = append(list, c)
		}
	}
	return list
}

// digest is a fingerprint of all files of both sides.
func (f *regionFiles) digest() [sha256.Size]byte {
	sum := sha256.New()
	for _, side := range []map[string][]byte{f.old, f.new} {
		for _, name := range slices.Sorted(maps.Keys(side)) {
			fmt.Fprintf(sum, "%d %s %d\n", len(name), name, len(side[name]))
			sum.Write(side[name])
		}
		fmt.Fprintln(sum, "-")
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

// compare compares an application in one region. elsewhere says that it is on both sides, here or in another region.
func (f *regionFiles) compare(app App, elsewhere bool, m *memo) []Change {
	old, new := &side{files: f.old, memo: m}, &side{files: f.new, memo: m}
	switch {
	case len(f.old) == 0:
		class := New
		if elsewhere {
			class = EnteredRegion
		}
		return []Change{whole(app, golden.Added, class, new)}
	case len(f.new) == 0:
		class := Deletion
		if elsewhere {
			class = LeftRegion
		}
		return []Change{whole(app, golden.Removed, class, old)}
	}
	differing := f.differing()
	old.names = !slices.ContainsFunc(differing, func(file string) bool {
		return strings.HasPrefix(file, "service") || strings.HasPrefix(file, "deployment")
	})
	new.names = old.names
	p := &pair{old, new}
	var list []Change
	for _, name := range differing {
		list = append(list, p.compare(name))
	}
	return list
}

// differing returns the names of the files that are not equal, sorted.
func (f *regionFiles) differing() []string {
	var names []string
	for name, data := range f.old {
		if other, ok := f.new[name]; !ok || !bytes.Equal(data, other) {
			names = append(names, name)
		}
	}
	for name := range f.new {
		if _, ok := f.old[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// whole tells of an application or space that comes or goes as a whole.
func whole(app App, op golden.Op, class Class, s *side) Change {
	c := Change{Object: Object{KindApplication, app.Name}, Op: op, Classes: []Class{class}}
	if app.Name == "" {
		c.Object = Object{KindSpace, app.Namespace}
	}
	for _, name := range s.sorted() {
		c.Objects = append(c.Objects, s.named(name))
	}
	slices.SortFunc(c.Objects, Object.Compare)
	if op == golden.Added {
		c.Notes = s.reachable()
	}
	return c
}

// reachable says what an application that is new exposes.
func (s *side) reachable() []string {
	entries, _ := s.exposures()
	var notes []string
	for _, e := range entries {
		notes = append(notes, e.words()+": reachable for "+clients(e.clients))
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

// pair is an application in one region, before and after.
type pair struct{ old, new *side }

// compare compares an object.
func (p *pair) compare(file string) Change {
	before, after := p.old.object(file), p.new.object(file)
	c := Change{Op: golden.Changed}
	switch {
	case !p.old.has(file):
		c.Op, c.Object, c.Classes = golden.Added, p.new.named(file), []Class{New}
	case !p.new.has(file):
		c.Op, c.Object, c.Classes = golden.Removed, p.old.named(file), []Class{Deletion}
	default:
		c.Object = p.new.named(file)
		c.Fields = p.new.memo.differing(p.old.files[file], p.new.files[file])
	}
	p.classify(&c, before, after)
	c.Classes = sortClasses(c.Classes)
	return c
}

// classify adds what a change means. An object that is absent on a side is nil there.
func (p *pair) classify(c *Change, before, after map[string]any) {
	if c.Op == golden.Changed && onlyMetadata(c) {
		return
	}
	switch c.Object.Kind {
	case "Deployment":
		p.deployment(c, before, after)
	case "HorizontalPodAutoscaler":
		c.add(Scale, autoscalerNotes(before, after)...)
	case "Ingress":
		p.ingress(c, before, after)
	case "Service":
		p.service(c, before, after)
	case "NetworkPolicy":
		p.networkPolicy(c, before, after)
	case "RoleBinding":
		c.permissions(bindingGrants, before, after)
	case "Role":
		c.permissions(roleGrants, before, after)
	case "ConfigMap":
		p.configMap(c)
	case "ServiceAccount":
		if c.Op == golden.Changed {
			c.add(Policy)
		}
	default:
		c.add(Policy)
	}
}

// add adds a class with what there is to say about it.
func (c *Change) add(class Class, notes ...string) {
	c.Classes = append(c.Classes, class)
	c.Notes = append(c.Notes, notes...)
}

// onlyMetadata reports whether nothing differs but labels and annotations that nobody acts on.
func onlyMetadata(c *Change) bool {
	switch c.Object.Kind {
	case "Namespace", "Ingress", "Service": // controllers act on theirs
		return false
	}
	return len(c.Fields) > 0 && !slices.ContainsFunc(c.Fields, func(f golden.Field) bool {
		return !strings.HasPrefix(f.Path, "metadata.labels") && !strings.HasPrefix(f.Path, "metadata.annotations")
	})
}
