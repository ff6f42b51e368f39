package diag

import "slices"

// Allow is a user's word that a warning is meant: `@allow(CODE, reason="…")` behind a field. It covers the field,
// from its name to the attribute, and the attribute's line.
type Allow struct {
	Code   Code
	Reason string
	File   string
	From   Pos // of the field
	At     Pos // of the attribute
	// Settled says that all that could have given the warning has run, so that an Allow that silences nothing is a
	// warning itself.
	Settled bool
}

// covers reports whether a warning is meant by a.
func (a Allow) covers(d Diagnostic) bool {
	return d.Code == a.Code && d.Severity == Warning && d.Pos.File == a.File &&
		(d.Pos.Line == a.At.Line || a.From.Compare(d.Pos) <= 0 && d.Pos.Compare(a.At) <= 0)
}

// Silence takes the warnings out of a list that are meant, and adds one for every settled Allow that silences
// nothing. Errors are never silenced.
func Silence(list []Diagnostic, allows []Allow) []Diagnostic {
	if len(allows) == 0 {
		return list
	}
	used := make([]bool, len(allows))
	kept := slices.DeleteFunc(slices.Clone(list), func(d Diagnostic) bool {
		silenced := false
		for i, a := range allows {
			if a.covers(d) {
				used[i], silenced = true, true
			}
		}
		return silenced
	})
	for i, a := range allows {
		if a.Settled && !used[i] {
			kept = append(kept, New(AllowUnused, a.At, "", "there is no %s here to allow", a.Code))
		}
	}
	return kept
}
