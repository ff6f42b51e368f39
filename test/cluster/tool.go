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
	Kubernetes string // the release of Kubernetes whose own modules are meant, if one of the modules needs k8s.io/kubernetes: v1.34.2
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
	p := program{name: t.Name, version: t.digest(), path: ".", sources: map[string]string{"main.go": t.Source}}
	if t.Kubernetes != "" {
		p.module = Minor{Release: t.Kubernetes}.recipe()
		p.module.require = nil
	}
	for _, module := range t.Require {
		p.module.require = append(p.module.require, strings.Replace(module, "@", " ", 1))
	}
	for _, changed := range t.Changed {
		path, _, _ := strings.Cut(changed.Module, "@")
		p.module.local = append(p.module.local, local{path: path, of: changed.Module, files: changed.Files})
	}
	return p
}

// digest is over all that the tool is made of.
func (t Tool) digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q\n", t.Source, t.Require, t.Kubernetes)
	for _, changed := range t.Changed {
		fmt.Fprintf(h, "%q %s\n", changed.Module, digestOf(changed.Files))
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}

// digestOf is over files, by path.
func digestOf(files map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %q\n", name, files[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:6])
}
