package schema

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"

	"github.com/meridian-gitops/meridian/diag"
)

// Mismatch is a place where an object is not what is expected of it.
type Mismatch struct {
	Path  string   // in the object: spec.template.spec.containers[app1].image
	Pos   diag.Pos // of what is expected
	Found string   // the value as CUE; empty when there is none
	Want  string   // what is expected as CUE; empty when no single value is
}

// Mismatches compares an object, as decoding YAML gives it, with what an Any node expects of it: a part of it, in
// which values may be constraints. Every regular field must be there. A list whose items have names is matched by them;
// any other is compared item by item. They are sorted by position.
func (n *Node) Mismatches(object any) []Mismatch {
	found := mismatches(cuecontext.New(), n.Value, object)
	for i := range found {
		if !found[i].Pos.IsValid() {
			found[i].Pos = n.Pos
		}
	}
	slices.SortStableFunc(found, func(a, b Mismatch) int {
		if c := a.Pos.Compare(b.Pos); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
	return found
}

// NoField is what a [Mismatch] wants where a field must not be there.
const NoField = "_|_"

func mismatches(ctx *cue.Context, want cue.Value, object any) []Mismatch {
	m := &matcher{ctx: ctx, root: want, settled: map[string]bool{}}
	fitted := m.fit(want, object, nil)
	err := want.Unify(ctx.Encode(fitted)).Validate(cue.Final())
	for _, e := range errors.Errors(err) {
		path := steps(fitted, withoutPrefix(e.Path(), want.Path()))
		if !m.isSettled(path) {
			m.add(path, at(fitted, path))
		}
	}
	return m.found
}

// matcher prepares an object for being unified with what is expected: lists of named items are cut to the items that
// are expected, in their order. What unification would not notice it notes itself: a field that is not there would be
// filled in, and a choice between structs may stay undecided.
type matcher struct {
	ctx     *cue.Context
	root    cue.Value
	found   []Mismatch
	settled map[string]bool // paths of which all is said
}

func (m *matcher) isSettled(path []string) bool {
	for i := range len(path) + 1 {
		if m.settled[strings.Join(path[:i], "\x00")] {
			return true
		}
	}
	return false
}

func (m *matcher) settle(path []string) { m.settled[strings.Join(path, "\x00")] = true }

// add notes a mismatch; found is nil where there is nothing.
func (m *matcher) add(path []string, found any) {
	m.settle(path)
	mismatch := Mismatch{Path: joinPath(m.named(path))}
	if found != nil {
		mismatch.Found = clip(oneLine(m.ctx.Encode(found)))
	}
	if want := expected(m.root, path); want.Exists() {
		mismatch.Want, mismatch.Pos = clip(oneLine(want)), fieldPos(want)
		if want.IncompleteKind() == cue.BottomKind {
			mismatch.Want = NoField
		}
	}
	m.found = append(m.found, mismatch)
}

func (m *matcher) fit(want cue.Value, have any, path []string) any {
	if arms := structArms(want); len(arms) > 0 {
		if !slices.ContainsFunc(arms, func(arm cue.Value) bool { return len(mismatches(m.ctx, arm, have)) == 0 }) {
			m.add(path, have)
		}
		m.settle(path)
		return have
	}
	switch have := have.(type) {
	case map[string]any:
		return m.fitStruct(want, have, path)
	case []any:
		return m.fitList(want, have, path)
	}
	return have
}

// structArms returns the alternatives of a choice between structs or lists, or nil.
func structArms(v cue.Value) []cue.Value {
	op, arms := v.Expr()
	if op != cue.OrOp || !slices.ContainsFunc(arms, func(arm cue.Value) bool { return arm.IncompleteKind()&(cue.StructKind|cue.ListKind) != 0 }) {
		return nil
	}
	return arms
}

func (m *matcher) fitStruct(want cue.Value, have map[string]any, path []string) any {
	fields, err := want.Fields(cue.Optional(true))
	if err != nil {
		return have
	}
	fitted := maps.Clone(have)
	for fields.Next() {
		name := fields.Selector().Unquoted()
		below := append(slices.Clone(path), name)
		value, there := have[name]
		switch {
		case there && fields.Value().IncompleteKind() == cue.BottomKind:
			m.add(below, value)
			delete(fitted, name)
		case there:
			fitted[name] = m.fit(fields.Value(), value, below)
		case !fields.IsOptional():
			m.add(below, nil)
		}
	}
	return fitted
}

func (m *matcher) fitList(want cue.Value, have []any, path []string) any {
	if want.IncompleteKind() != cue.ListKind {
		return have
	}
	items, err := want.List()
	if err != nil {
		return have
	}
	var wanted []cue.Value
	for items.Next() {
		wanted = append(wanted, items.Value())
	}
	if names := itemNames(wanted); names != nil && allNamed(have) {
		return m.fitNamed(wanted, names, have, path)
	}
	fitted := slices.Clone(have)
	for i := range min(len(wanted), len(have)) {
		fitted[i] = m.fit(wanted[i], have[i], append(slices.Clone(path), index(i)))
	}
	return fitted
}

// fitNamed returns the items that are expected, in their order. Of several of one name, such as a volume that is
// mounted twice, it takes one that fits.
func (m *matcher) fitNamed(wanted []cue.Value, names []string, have []any, path []string) any {
	fitted := make([]any, len(wanted))
	for i, name := range names {
		below := append(slices.Clone(path), index(i))
		fitted[i] = map[string]any{"name": name}
		var candidates []any
		for _, item := range have {
			if item.(map[string]any)["name"] == name {
				candidates = append(candidates, item)
			}
		}
		if len(candidates) == 0 {
			m.add(below, nil)
			continue
		}
		fits := slices.IndexFunc(candidates, func(item any) bool { return len(mismatches(m.ctx, wanted[i], item)) == 0 })
		fitted[i] = m.fit(wanted[i], candidates[max(0, fits)], below)
	}
	return fitted
}

// itemNames returns the names of expected items, or nil when one has none.
func itemNames(items []cue.Value) []string {
	var names []string
	for _, item := range items {
		name, err := item.LookupPath(cue.ParsePath("name")).String()
		if err != nil {
			return nil
		}
		names = append(names, name)
	}
	return names
}

func allNamed(items []any) bool {
	return !slices.ContainsFunc(items, func(item any) bool {
		fields, _ := item.(map[string]any)
		_, named := fields["name"].(string)
		return !named
	})
}

// index is an element of a path that leads into a list.
func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// listIndex reads what index writes.
func listIndex(element string) (int, bool) {
	text, ok := strings.CutPrefix(element, "[")
	i, err := strconv.Atoi(strings.TrimSuffix(text, "]"))
	return i, ok && err == nil
}

// at returns what a decoded value has at a path; nil when it has nothing there.
func at(value any, path []string) any {
	for _, element := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[element]
		case []any:
			i, ok := listIndex(element)
			if !ok || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// steps turns the path of an error, as CUE gives it, into one through a value: quotes are taken away and indices marked.
func steps(value any, cuePath []string) []string {
	var path []string
	for _, name := range cuePath {
		if text, err := strconv.Unquote(name); err == nil {
			name = text
		}
		if _, ok := at(value, path).([]any); ok {
			name = "[" + name + "]"
		}
		path = append(path, name)
	}
	return path
}

// expected returns what is expected at a path: of the field or item itself, of an optional one, or of all.
func expected(root cue.Value, path []string) cue.Value {
	for _, element := range path {
		ways := []cue.Selector{cue.Str(element), cue.Str(element).Optional(), cue.AnyString}
		if i, ok := listIndex(element); ok {
			ways = []cue.Selector{cue.Index(i), cue.AnyIndex}
		}
		next := cue.Value{}
		for _, way := range ways {
			if next = root.LookupPath(cue.MakePath(way)); next.Exists() {
				break
			}
		}
		root = next
	}
	return root
}

// named puts the names of items in the place of their indices.
func (m *matcher) named(path []string) []string {
	names := slices.Clone(path)
	for i := range path {
		if _, ok := listIndex(path[i]); !ok {
			continue
		}
		item := expected(m.root, path[:i+1]).LookupPath(cue.ParsePath("name"))
		if name, err := item.String(); err == nil {
			names[i] = "[" + name + "]"
		}
	}
	return names
}

func oneLine(v cue.Value) string { return strings.Join(strings.Fields(fmt.Sprint(v)), " ") }
