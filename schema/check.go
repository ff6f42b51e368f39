package schema

import (
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// Check reports required fields that are missing and alternatives that are given too often or not at all, in a
// merged value (a Node after [Merge]). A missing field is reported at the deepest part that the user wrote. In the
// all-optional form of a type nothing is missing: what it is merged with may give it.
func Check(ref *Ref, n *Node) []diag.Diagnostic {
	c := &checker{}
	c.check(ref, n, n.Pos)
	return diag.Sort(c.list)
}

type checker struct {
	path    []string
	list    []diag.Diagnostic
	partial bool // below an all-optional form
}

func (c *checker) check(ref *Ref, n *Node, pos diag.Pos) {
	if ref == nil || n == nil {
		return
	}
	if n.Pos.IsValid() && n.Kind != Struct {
		pos = n.Pos
	}
	if ref.Partial && !c.partial {
		c.partial = true
		defer func() { c.partial = false }()
	}
	switch n.Kind {
	case List:
		for i, item := range n.Items {
			c.path = append(c.path, "["+strconv.Itoa(i)+"]")
			c.check(ref.elem(), item, pos)
			c.path = c.path[:len(c.path)-1]
		}
	case Struct:
		for _, f := range n.Fields {
			at := pos
			if f.Pos.IsValid() {
				at = f.Pos
			}
			c.path = append(c.path, f.Name)
			c.check(ref.fieldRef(f.Name), f.Node, at)
			c.path = c.path[:len(c.path)-1]
		}
		if t := ref.structType(); t != nil && ref.Key == nil {
			c.required(t, n, pos)
			c.alternatives(t, n, pos)
		}
	}
}

func (c *checker) required(t *Type, n *Node, pos diag.Pos) {
	for _, f := range t.Fields {
		if !f.Required || c.partial || n.index(f.Name) >= 0 {
			continue
		}
		at := pos
		if removed := n.removed(f.Name); removed.IsValid() {
			at = removed
		}
		c.path = append(c.path, f.Name)
		what := f.Type.expect()
		c.list = append(c.list, diag.New(diag.MissingField, at, joinPath(c.path), "%s is missing", joinPath(c.path)).
			WithHint("add %s: %s", quoteName(f.Name), what))
		c.path = c.path[:len(c.path)-1]
	}
}

func quoteName(name string) string { return joinPath([]string{name}) }

func (c *checker) alternatives(t *Type, n *Node, pos diag.Pos) {
	for _, group := range t.OneOf {
		var given []string
		for _, alternative := range group.Alternatives {
			for _, name := range alternative {
				if f := n.field(name); f != nil && f.Kind != Null { // in an all-optional form null takes one away
					given = append(given, name)
					break
				}
			}
		}
		heads := make([]string, len(group.Alternatives))
		for i, alternative := range group.Alternatives {
			heads[i] = alternative[0]
		}
		path := joinPath(c.path)
		switch {
		case len(given) > 1:
			last := n.Where(given[len(given)-1])
			first := n.Where(given[0])
			c.list = append(c.list, diag.New(diag.ManyAlternatives, last, path, "%s exclude each other", join(given, "and")).
				WithHint("keep one of %s", join(given, "and")).WithRelated(first, "%s is here", given[0]))
		case len(given) == 0 && !group.Optional && !c.partial:
			for _, head := range heads {
				if removed := n.removed(head); removed.IsValid() {
					pos = removed
				}
			}
			c.list = append(c.list, diag.New(diag.NoAlternative, pos, path, "%s needs one of %s", name(path), join(heads, "or")).
				WithHint("add one of %s", join(heads, "or")))
		case len(given) == 1 && !c.partial:
			c.head(n, group, given[0], path)
		}
	}
}

// head reports an alternative whose first field, which chooses it, is missing.
func (c *checker) head(n *Node, group Group, given, path string) {
	chosen := group.Alternatives[group.alternative(given)]
	if n.index(chosen[0]) < 0 {
		at := n.Where(given)
		if removed := n.removed(chosen[0]); removed.IsValid() {
			at = removed
		}
		c.list = append(c.list, diag.New(diag.MissingField, at, path, "%s goes with %s, which is missing", given, chosen[0]).
			WithHint("add %s", chosen[0]))
	}
}

// join lists words: "a, b and c".
func join(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " " + last + " " + words[len(words)-1]
}
