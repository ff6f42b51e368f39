package schema

import (
	"strconv"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
)

// Violation is a place where a value breaks a rule that is given as CUE.
type Violation struct {
	Path []string // of the value; empty for the whole
}

// Violations unifies a merged, defaulted value with rules, and returns for each rule where the value breaks it.
// Rules are Any nodes of a platform.
func Violations(n *Node, rules []*Node) ([][]Violation, error) {
	value := cuecontext.New().Encode(plain(n))
	if err := value.Err(); err != nil {
		return nil, err
	}
	all := make([][]Violation, len(rules))
	for i, rule := range rules {
		err := rule.Value.Unify(value).Validate(cue.Final())
		seen := map[string]bool{}
		for _, e := range errors.Errors(err) {
			path := withoutPrefix(e.Path(), rule.Value.Path())
			if key := joinPath(path); !seen[key] {
				seen[key] = true
				all[i] = append(all[i], Violation{path})
			}
		}
	}
	return all, nil
}

// withoutPrefix removes the place of the rule in the platform's file from the path of an error.
func withoutPrefix(path []string, rule cue.Path) []string {
	for i, sel := range rule.Selectors() {
		if i >= len(path) || path[i] != sel.String() && path[i] != strconv.Quote(sel.Unquoted()) && path[i] != sel.Unquoted() {
			return path
		}
	}
	if n := len(rule.Selectors()); len(path) >= n {
		return path[n:]
	}
	return path
}

// plain turns a Node into what encoding/json would give; numbers keep their form.
func plain(n *Node) any {
	switch n.Kind {
	case Struct:
		m := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			if f.Node.Kind != Any {
				m[f.Name] = plain(f.Node)
			}
		}
		return m
	case List:
		l := make([]any, 0, len(n.Items))
		for _, item := range n.Items {
			l = append(l, plain(item))
		}
		return l
	case Bool:
		return n.Text == "true"
	case Int:
		i, _ := strconv.ParseInt(n.Text, 10, 64)
		return i
	case Float:
		f, _ := strconv.ParseFloat(n.Text, 64)
		return f
	case Null:
		return nil
	default:
		return n.Text
	}
}
