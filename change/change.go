package change

import (
	"cmp"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/golden"
)

// App is an application or, without a name, a space itself.
type App struct {
	Namespace string `json:"namespace"`      // <org>-<space>
	Name      string `json:"name,omitempty"` // empty: the space's own objects
}

// Compare orders applications by namespace and name, a space before its applications.
func (a App) Compare(b App) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// Kinds of [Object] that stand for all objects of an application, or of a space, at once.
const (
	KindApplication = "Application"
	KindSpace       = "Space"
)

// Object names a Kubernetes object, or with [KindApplication] or [KindSpace] all objects of one.
type Object struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// String returns kind and name with a space between them.
func (o Object) String() string { return strings.TrimSpace(o.Kind + " " + o.Name) }

// Compare orders objects by kind and name.
func (o Object) Compare(p Object) int {
	return cmp.Or(strings.Compare(o.Kind, p.Kind), strings.Compare(o.Name, p.Name))
}

// Change is what changes of an object: in one region of one application as [Compare] returns it, in all regions of
// all applications of which the same is true as [Fold] does. In the texts of a folded one <app>, <namespace>,
// <region> and <registry> stand for what differs between them.
type Change struct {
	Apps    []App          `json:"apps"`              // sorted, at least one
	Regions []string       `json:"regions"`           // sorted, at least one
	Object  Object         `json:"object"`            // what changes
	Op      golden.Op      `json:"op"`                // added, removed or changed
	Classes []Class        `json:"classes"`           // what it means, most dangerous first; at least one
	Reasons []string       `json:"reasons,omitempty"` // what pods are replaced for, sorted: image, env, config …
	Notes   []string       `json:"notes,omitempty"`   // what it means in words
	Fields  []golden.Field `json:"fields,omitempty"`  // of a changed object, sorted by path
	Objects []Object       `json:"objects,omitempty"` // what an application or space that comes or goes consists of, sorted
	// Registries are the registry hosts that <registry> stands for, by region.
	Registries map[string]string `json:"registries,omitempty"`
}

// Is reports whether a change has a class.
func (c Change) Is(class Class) bool { return slices.Contains(c.Classes, class) }

// worst is the most dangerous class.
func (c Change) worst() Class { return c.Classes[0] }

// sortChanges sorts by danger, then by what changes and where.
func sortChanges(list []Change) {
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(a.worst().Compare(b.worst()), slices.CompareFunc(a.Apps, b.Apps, App.Compare), a.Object.Compare(b.Object),
			slices.Compare(a.Regions, b.Regions), strings.Compare(string(a.Op), string(b.Op)))
	})
}
