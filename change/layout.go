package change

import (
	"strings"

	"github.com/meridian-gitops/meridian/manifest"
)

// regionFiles are the files of one application or space in one region, on both sides.
type regionFiles struct{ old, new map[string][]byte }

// place is where a file belongs.
type place struct {
	app    App
	region string
	file   string // below the application's or space's folder
	edge   bool   // shared by applications; app is empty
}

// placeOf understands a path of the repository; ok is false for one that is not looked at.
func placeOf(path string) (p place, ok bool) {
	parts := strings.SplitN(path, "/", 7)
	if len(parts) < 4 || parts[0] != "regions" {
		return place{}, false
	}
	p.region = parts[1]
	switch {
	case parts[2] == "edge":
		p.edge, p.file = true, strings.Join(parts[3:], "/")
	case parts[2] == "sync" && len(parts) == 4:
		p.app, p.file = App{Namespace: strings.TrimSuffix(parts[3], ".yaml")}, "sync.yaml"
	case parts[2] == "sync":
		p.app, p.file = App{Namespace: parts[3]}, strings.Join(parts[4:], "/")
	case parts[2] == "spaces" && len(parts) == 7 && parts[4] == "apps":
		p.app, p.file = App{parts[3], parts[5]}, parts[6]
	case parts[2] == "spaces" && len(parts) >= 6 && parts[4] == "space":
		p.app, p.file = App{Namespace: parts[3]}, strings.Join(parts[5:], "/")
	default:
		return place{}, false
	}
	return p, true
}

// layout is two trees, sorted into applications and regions.
type layout struct {
	apps map[App]map[string]*regionFiles
	edge map[string]*regionFiles // by region
}

func newLayout(old, new manifest.Tree) layout {
	l := layout{map[App]map[string]*regionFiles{}, map[string]*regionFiles{}}
	for path, data := range old.Files() {
		if files, name := l.at(path); files != nil {
			files.old[name] = data
		}
	}
	for path, data := range new.Files() {
		if files, name := l.at(path); files != nil {
			files.new[name] = data
		}
	}
	return l
}

// at returns the files that a path is one of, and its name among them.
func (l layout) at(path string) (*regionFiles, string) {
	p, ok := placeOf(path)
	if !ok {
		return nil, ""
	}
	regions := l.edge
	if !p.edge {
		if l.apps[p.app] == nil {
			l.apps[p.app] = map[string]*regionFiles{}
		}
		regions = l.apps[p.app]
	}
	if regions[p.region] == nil {
		regions[p.region] = &regionFiles{map[string][]byte{}, map[string][]byte{}}
	}
	return regions[p.region], p.file
}
