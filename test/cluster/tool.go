package cluster

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tool is a program of a test's own that needs modules which the project does not: it is built in a module of its own,
// and kept as the servers are.
type Tool struct {
	Name       string
	Source     string   // of its main.go
	Require    []string // modules, as path@version
	Changed    []Changed
	Kubernetes string // the release whose staging modules are meant, if k8s.io/kubernetes is required: v1.37.2
}

// Changed is a required module that gets files of the test's own.
type Changed struct {
	Module string            // path@version
	Files  map[string]string // by path
}

// Install builds the tool, unless it is there, and returns its file. What it is made of is in the name of its folder,
// so that a changed one is built again.
func (t Tool) Install(ctx context.Context, say func(format string, args ...any)) (string, error) {
	p := t.program()
	if err := install(ctx, []program{p}, say); err != nil {
		return "", err
	}
	return p.place()
}

// Missing reports whether Install would have to build the tool.
func (t Tool) Missing() bool { return !t.program().built() }

func (t Tool) program() program {
	p := program{name: t.Name, version: t.digest(), path: ".", source: t.Source}
	for _, module := range t.Require {
		p.module.require = append(p.module.require, strings.Replace(module, "@", " ", 1))
	}
	for _, changed := range t.Changed {
		path, _, _ := strings.Cut(changed.Module, "@")
		p.module.local = append(p.module.local, local{path: path, of: changed.Module, files: changed.Files})
	}
	if t.Kubernetes != "" {
		m := Minor{Release: t.Kubernetes}
		p.module.replaces, p.module.release = "k8s.io/kubernetes@"+m.Release, m.staging()
	}
	return p
}

// digest is over all that the tool is made of.
func (t Tool) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q\n", t.Source, t.Require, t.Kubernetes)
	for _, changed := range t.Changed {
		for _, name := range slices.Sorted(maps.Keys(changed.Files)) {
			fmt.Fprintf(h, "%q %q %q\n", changed.Module, name, changed.Files[name])
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}
