package change

import (
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/golden"
)

// What stands for the parts of a text that differ between applications and regions.
const (
	placeApp       = "<app>"
	placeNamespace = "<namespace>"
	placeRegion    = "<region>"
	placeRegistry  = "<registry>"
)

// mapTexts returns a copy of a change with a function applied to all its texts.
func (c Change) mapTexts(f func(string) string) Change {
	texts := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			list[i] = f(list[i])
		}
		return list
	}
	c.Object.Name = f(c.Object.Name)
	c.Reasons, c.Notes = texts(c.Reasons), texts(c.Notes)
	c.Fields, c.Objects = slices.Clone(c.Fields), slices.Clone(c.Objects)
	for i, field := range c.Fields {
		c.Fields[i] = golden.Field{Path: f(field.Path), Old: f(field.Old), New: f(field.New)}
	}
	for i := range c.Objects {
		c.Objects[i].Name = f(c.Objects[i].Name)
	}
	return c
}

// generalize puts placeholders for the application's name, its namespace, the region and its registry into a change
// of one application in one region. ok is false when the change holds a placeholder by itself.
func (c Change) generalize() (general Change, ok bool) {
	registry := c.registry()
	clash := false
	// A registry's host may hold the others' names, a namespace that of an application.
	names := []struct{ name, place string }{
		{registry, placeRegistry}, {c.Apps[0].Namespace, placeNamespace}, {c.Regions[0], placeRegion}, {c.Apps[0].Name, placeApp},
	}
	general = c.mapTexts(func(s string) string {
		for _, n := range names {
			clash = clash || strings.Contains(s, n.place)
		}
		return replaceWords(s, func(rest string) (string, string) {
			for _, n := range names {
				if n.name != "" && strings.HasPrefix(rest, n.name) && endsName(rest[len(n.name):]) {
					return n.name, n.place
				}
			}
			return "", ""
		})
	})
	if registry != "" {
		general.Registries = map[string]string{c.Regions[0]: registry}
	}
	return general, !clash
}

// replaceWords replaces where a word begins: match returns what to replace and with what, or nothing.
func replaceWords(s string, match func(rest string) (found, place string)) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if i == 0 || !inName(s[i-1]) {
			if found, place := match(s[i:]); found != "" {
				b.WriteString(place)
				i += len(found)
				continue
			}
		}
		b.WriteByte(s[i])
		i++
	}
	return b.String()
}

func endsName(rest string) bool { return rest == "" || !inName(rest[0]) }

func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// registry is the host that an image is pulled from, where it stays the same.
func (c Change) registry() string {
	for _, field := range c.Fields {
		if !strings.HasPrefix(field.Path, template) || !strings.HasSuffix(field.Path, ".image") {
			continue
		}
		was, _, _ := strings.Cut(field.Old, "/")
		will, _, _ := strings.Cut(field.New, "/")
		if was == will && strings.ContainsAny(was, ".:") {
			return was
		}
	}
	return ""
}

// particular puts back what placeholders stand for, as far as it is the same everywhere.
func (c Change) particular() Change {
	names := map[string]string{}
	if len(c.Apps) == 1 {
		names[placeApp] = c.Apps[0].Name
	}
	if c.Apps[0].Namespace == c.Apps[len(c.Apps)-1].Namespace { // they are sorted
		names[placeNamespace] = c.Apps[0].Namespace
	}
	if len(c.Regions) == 1 {
		names[placeRegion] = c.Regions[0]
	}
	hosts := slices.Compact(slices.Sorted(maps.Values(c.Registries)))
	if len(hosts) == 1 {
		names[placeRegistry] = hosts[0]
		c.Registries = nil
	}
	return c.mapTexts(func(s string) string { return fill(s, names) })
}

// fill replaces placeholders, each once: what a name brings with it is left alone.
func fill(s string, names map[string]string) string {
	if !strings.Contains(s, "<") {
		return s
	}
	var pairs []string
	for place, name := range names {
		pairs = append(pairs, place, name)
	}
	return strings.NewReplacer(pairs...).Replace(s)
}
