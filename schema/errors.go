package schema

import (
	"slices"
	"strings"

	"cuelang.org/go/cue/errors"

	"github.com/meridian-gitops/meridian/diag"
)

// evaluationErrors puts what CUE says of a value into our own words and codes, so that a change of CUE's words
// changes nothing for users. path is the user's path of the value.
func evaluationErrors(err error, path string) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, e := range errors.Errors(err) {
		list = append(list, evaluationError(e, path))
	}
	return oneCycle(slices.CompactFunc(diag.Sort(list), func(a, b diag.Diagnostic) bool { return a.Pos == b.Pos && a.Code == b.Code }))
}

// oneCycle tells a cycle once, at its first member, with the others beside it.
func oneCycle(list []diag.Diagnostic) []diag.Diagnostic {
	var kept []diag.Diagnostic
	first := -1
	for _, d := range list {
		if d.Code != diag.Cycle || first < 0 {
			if d.Code == diag.Cycle {
				first = len(kept)
			}
			kept = append(kept, d)
			continue
		}
		kept[first] = kept[first].WithRelated(d.Pos, "the cycle goes through here")
	}
	return kept
}

func evaluationError(e errors.Error, path string) diag.Diagnostic {
	places := userPositions(e)
	pos := diag.Pos{}
	if len(places) > 0 {
		pos = places[0]
	}
	if at := e.Path(); len(at) > 0 && path == "" {
		path = strings.Join(at, ".")
	}
	format, args := e.Msg()
	switch {
	case strings.HasPrefix(format, "conflicting values") && len(args) >= 2:
		d := diag.New(diag.ValueConflict, pos, path, "%s is given two values that disagree: %v and %v", name(path), args[0], args[1])
		for _, other := range places[min(1, len(places)):] {
			d = d.WithRelated(other, "the other value")
		}
		return d
	case strings.Contains(format, "cycle"):
		return diag.New(diag.Cycle, pos, path, "%s is defined by itself", name(path))
	case strings.HasPrefix(format, "undefined field"):
		return diag.New(diag.UnknownReference, pos, path, "%s refers to a field that does not exist: %v", name(path), args[0])
	case strings.HasPrefix(format, "reference %q not found") && len(args) > 0:
		return diag.New(diag.UnknownReference, pos, path, "nothing is named %v here", args[0])
	case strings.HasPrefix(format, "cannot call non-function") && len(args) > 0:
		return diag.New(diag.UnknownReference, pos, path, "there is no function %v", args[0]).WithHint("check the spelling against CUE's standard library")
	default:
		text := strings.TrimPrefix(e.Error(), strings.Join(e.Path(), ".")+": ")
		return diag.New(diag.NotComputable, pos, path, "%s cannot be computed: %s", name(path), strings.ReplaceAll(text, "_|_", "an error"))
	}
}

func name(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

// userPositions returns the places of an error in the user's files, the last one first: of two values that
// disagree, the later is the one just written.
func userPositions(e errors.Error) []diag.Pos {
	var list []diag.Pos
	for _, p := range errors.Positions(e) {
		if pos := position(p); pos.IsValid() && !slices.Contains(list, pos) {
			list = append(list, pos)
		}
	}
	slices.SortFunc(list, func(a, b diag.Pos) int { return b.Compare(a) })
	return list
}
