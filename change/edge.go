package change

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/golden"
)

// edgeEntry is a port of a region's proxies and what it leads to.
type edgeEntry struct {
	object Object
	port   string
}

// compareEdge compares what a region's proxies read. It is one object for all applications; each application is told
// of its own entries.
func compareEdge(region string, files *regionFiles) []Change {
	m := newMemo()
	was, will := &side{files: files.old, memo: m}, &side{files: files.new, memo: m}
	var list []Change
	for _, file := range files.differing() {
		before, after := edgeEntries(was, file), edgeEntries(will, file)
		byApp := map[App]*Change{}
		for _, entry := range slices.SortedFunc(maps.Keys(union(before, after)), func(a, b edgeEntry) int { return strings.Compare(a.port, b.port) }) {
			if before[entry] != after[entry] {
				entry.tell(region, before[entry], after[entry], byApp)
			}
		}
		for _, app := range slices.SortedFunc(maps.Keys(byApp), App.Compare) {
			c := byApp[app]
			c.Classes = sortClasses(c.Classes)
			list = append(list, *c)
		}
	}
	return list
}

func union(a, b map[edgeEntry]string) map[edgeEntry]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// edgeEntries reads an aggregate: port to namespace/service:port.
func edgeEntries(s *side, file string) map[edgeEntry]string {
	entries := map[edgeEntry]string{}
	data, _ := s.object(file)["data"].(map[string]any)
	for port, target := range data {
		entries[edgeEntry{s.named(file), port}] = fmt.Sprint(target)
	}
	return entries
}

// tell notes a difference with the application that has the port now, and with the one that had it.
func (e edgeEntry) tell(region, before, after string, byApp map[App]*Change) {
	at := func(target string) *Change {
		app := appOf(target)
		if byApp[app] == nil {
			byApp[app] = &Change{Apps: []App{app}, Regions: []string{region}, Object: e.object, Op: golden.Changed}
		}
		return byApp[app]
	}
	field := golden.Field{Path: "data." + e.port, Old: before, New: after}
	if before != "" && after != "" && appOf(before) == appOf(after) {
		c := at(after)
		c.add(ExposureChanged, fmt.Sprintf("the proxies' port %s leads to another port", e.port))
		c.Fields = append(c.Fields, field)
		return
	}
	if before != "" {
		c := at(before)
		c.add(ExposureNarrower, fmt.Sprintf("the proxies' port %s is gone", e.port))
		c.Fields = append(c.Fields, golden.Field{Path: field.Path, Old: before})
	}
	if after != "" {
		c := at(after)
		c.add(ExposureWider, fmt.Sprintf("the proxies' port %s is open to all clients", e.port))
		c.Fields = append(c.Fields, golden.Field{Path: field.Path, New: after})
	}
}

// appOf names the application that an entry leads to: its Service has its name.
func appOf(target string) App {
	namespace, rest, _ := strings.Cut(target, "/")
	service, _, _ := strings.Cut(rest, ":")
	return App{namespace, service}
}
