package change

import (
	"encoding/json"
	"slices"
	"strings"
)

// Fold tells equal changes of [Compare] once: those of one application in several regions first, then those of several
// applications in the same regions. Changes are equal when they are but for the names of application,
// namespace, region and registry. The result is sorted most dangerous first.
func Fold(changes []Change) []Change {
	var general, alone []Change
	for _, c := range changes {
		for _, one := range c.Unfold() {
			if of, ok := one.generalize(); ok {
				general = append(general, of)
			} else {
				alone = append(alone, one)
			}
		}
	}
	folded := merge(general, func(c Change) string { return c.key(true, false) }, func(into *Change, c Change) {
		into.Regions = append(into.Regions, c.Regions...)
		for region, host := range c.Registries {
			into.Registries[region] = host
		}
	})
	for i := range folded {
		slices.Sort(folded[i].Regions)
		folded[i].Regions = slices.Compact(folded[i].Regions)
	}
	folded = merge(folded, func(c Change) string { return c.key(false, true) }, func(into *Change, c Change) {
		into.Apps = append(into.Apps, c.Apps...)
	})
	for i, c := range folded {
		slices.SortFunc(c.Apps, App.Compare)
		c.Apps = slices.Compact(c.Apps)
		folded[i] = c.particular()
	}
	folded = append(folded, alone...)
	sortChanges(folded)
	return folded
}

// merge joins the changes of equal keys, in order of the first of each.
func merge(changes []Change, key func(Change) string, join func(*Change, Change)) []Change {
	place := map[string]int{}
	var out []Change
	for _, c := range changes {
		k := key(c)
		i, known := place[k]
		if !known {
			place[k] = len(out)
			out = append(out, c)
			continue
		}
		join(&out[i], c)
	}
	return out
}

// key is a text that equal changes share, with or without where they are.
func (c Change) key(apps, regions bool) string {
	if !apps {
		c.Apps = nil
	}
	if !regions {
		c.Regions = nil
		if c.Registries != nil { // that there is one, not which
			c.Registries = map[string]string{}
		}
	}
	var b strings.Builder
	_ = json.NewEncoder(&b).Encode(c) // of strings alone: it cannot fail
	if c.Registries != nil {
		b.WriteString("registry")
	}
	return b.String()
}

// Unfold returns a folded change for each of its applications and regions.
func (c Change) Unfold() []Change {
	var list []Change
	for _, app := range c.Apps {
		for _, region := range c.Regions {
			one := c
			one.Apps, one.Regions, one.Registries = []App{app}, []string{region}, nil
			names := map[string]string{placeApp: app.Name, placeNamespace: app.Namespace, placeRegion: region}
			if c.Registries != nil {
				names[placeRegistry] = c.Registries[region]
			}
			if len(c.Apps)*len(c.Regions) > 1 { // else its texts are its own
				one = one.mapTexts(func(s string) string { return fill(s, names) })
			}
			list = append(list, one)
		}
	}
	return list
}
