package random

import (
	"slices"

	"github.com/meridian-gitops/meridian/schema"
)

// Shrink returns applications that are one step smaller: without one region's override, one optional field, one entry
// or one item, or with one text cut short; the largest steps first. Some are not right, because what is gone was
// needed: who looks for a fault must look for that one.
func (a Application) Shrink() []Application {
	var smaller []Application
	for _, v := range steps(&schema.Ref{Type: a.generator.app}, a.value, false) {
		smaller = append(smaller, Application{generator: a.generator, value: v, beside: a.beside}.tidy())
	}
	return smaller
}

// Minimize makes an application smaller as long as it fails, until no step is left that still does. fails is asked for
// what it was, too: an application that does not fail comes back as it is.
func Minimize(a Application, fails func(Application) bool) Application {
	for {
		smaller := a.Shrink()
		i := slices.IndexFunc(smaller, fails)
		if i < 0 {
			return a
		}
		a = smaller[i]
	}
}

// steps are the values that are one step smaller, the largest steps first: parts that are gone, then parts that are
// smaller. partial says that nothing is required.
func steps(ref *schema.Ref, v *value, partial bool) []*value {
	partial = partial || ref != nil && ref.Partial
	switch v.kind {
	case text:
		return shorter(ref, v)
	case list:
		return listSteps(ref, v, partial)
	case structure:
		return structSteps(ref, v, partial)
	}
	return nil
}

func structSteps(ref *schema.Ref, v *value, partial bool) []*value {
	var smaller []*value
	for _, f := range slices.Backward(v.fields) {
		if partial || !required(ref, f.name) {
			smaller = append(smaller, v.with(f.name, nil))
		}
	}
	for _, f := range slices.Backward(v.fields) {
		for _, part := range steps(fieldOf(ref, f.name), f.value, partial) {
			smaller = append(smaller, v.with(f.name, part))
		}
	}
	return smaller
}

func listSteps(ref *schema.Ref, v *value, partial bool) []*value {
	var smaller []*value
	for i := range v.items {
		smaller = append(smaller, listOf(slices.Delete(slices.Clone(v.items), i, i+1)...))
	}
	for i, item := range v.items {
		for _, part := range steps(element(ref), item, partial) {
			items := slices.Clone(v.items)
			items[i] = part
			smaller = append(smaller, listOf(items...))
		}
	}
	return smaller
}

// required says whether a struct must have a field.
func required(ref *schema.Ref, name string) bool {
	if ref == nil || ref.Key != nil {
		return false
	}
	t := structType(ref)
	return t != nil && t.Field(name) != nil && t.Field(name).Required
}

// shorter halves a long text, and takes the first character of a short one.
func shorter(ref *schema.Ref, v *value) []*value {
	if ref == nil || ref.Type != nil && len(ref.Type.Enum) > 0 {
		return nil
	}
	runes := []rune(v.text)
	switch {
	case len(runes) > 2:
		return []*value{textOf(string(runes[:len(runes)/2])), textOf(string(runes[len(runes)/2:]))}
	case len(runes) == 2:
		return []*value{textOf(string(runes[:1]))}
	}
	return nil
}

// tidy leaves out files that nothing names any more.
func (a Application) tidy() Application {
	named := map[string][]byte{}
	var visit func(v *value)
	visit = func(v *value) {
		if content, ok := a.beside[v.text]; ok {
			named[v.text] = content
		}
		for _, f := range v.fields {
			visit(f.value)
		}
		for _, item := range v.items {
			visit(item)
		}
	}
	visit(a.value)
	a.beside = named
	return a
}
