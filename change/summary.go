package change

import "slices"

// Summary counts what changes.
type Summary struct {
	Apps    int     `json:"apps"`    // applications with a change
	Spaces  int     `json:"spaces"`  // spaces whose own objects change
	Classes []Count `json:"classes"` // most dangerous first, without those that there are none of
}

// Count is how many applications and spaces have a change of a class.
type Count struct {
	Class Class `json:"class"`
	Apps  []App `json:"apps"` // sorted
}

// Summarize counts changes, folded or not.
func Summarize(changes []Change) Summary {
	all := map[App]bool{}
	byClass := map[Class]map[App]bool{}
	for _, c := range changes {
		for _, app := range c.Apps {
			all[app] = true
			for _, class := range c.Classes {
				if byClass[class] == nil {
					byClass[class] = map[App]bool{}
				}
				byClass[class][app] = true
			}
		}
	}
	s := Summary{Classes: []Count{}}
	for app := range all {
		if app.Name == "" {
			s.Spaces++
		} else {
			s.Apps++
		}
	}
	for _, class := range Classes() {
		if apps := byClass[class]; len(apps) > 0 {
			s.Classes = append(s.Classes, Count{class, sortedApps(apps)})
		}
	}
	return s
}

func sortedApps(set map[App]bool) []App {
	var list []App
	for app := range set {
		list = append(list, app)
	}
	slices.SortFunc(list, App.Compare)
	return list
}
