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
	default:
		text := strings.TrimPrefix(e.Error(), strings.Join(e.Path(), ".")+": ")
		return diag.New(diag.NotComputable, pos, path, "%s cannot be computed: %s", name(path), text)
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

// nearest returns the candidate that a misspelt name most likely means, or "".
func nearest(word string, candidates []string) string {
	best, bestDistance := "", 1+max(1, len(word)/3)
	for _, c := range candidates {
		if strings.EqualFold(c, word) {
			return c
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours (Damerau's optimal alignment).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
