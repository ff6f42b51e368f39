package diag

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSilence holds what an @allow covers: a warning of its code in the field it stands behind, or on its line. An
// error is never silenced, and what silences nothing is told once all has run that could have given the warning.
func TestSilence(t *testing.T) {
	at := func(line, col int) Pos { return Pos{File: "app.cue", Line: line, Col: col} }
	allow := func(settled bool) Allow {
		return Allow{Code: ExposureWidened, File: "app.cue", From: at(3, 2), At: at(5, 9), Settled: settled}
	}
	warning := func(pos Pos) Diagnostic { return New(ExposureWidened, pos, "", "wider") }
	failure := warning(at(4, 1))
	failure.Severity = Error
	tests := []struct {
		name    string
		list    []Diagnostic
		settled bool
		want    []Code
	}{
		{"in the field", []Diagnostic{warning(at(4, 1))}, true, nil},
		{"at the field's name", []Diagnostic{warning(at(3, 2))}, true, nil},
		{"behind the attribute on its line", []Diagnostic{warning(at(5, 40))}, true, nil},
		{"before the field on its line", []Diagnostic{warning(at(3, 1))}, false, []Code{ExposureWidened}},
		{"below", []Diagnostic{warning(at(6, 1))}, false, []Code{ExposureWidened}},
		{"in another file", []Diagnostic{warning(Pos{File: "other.cue", Line: 4, Col: 1})}, false, []Code{ExposureWidened}},
		{"another code", []Diagnostic{New(OverrideUnused, at(4, 1), "", "unused")}, false, []Code{OverrideUnused}},
		{"an error", []Diagnostic{failure}, false, []Code{ExposureWidened}},
		{"nothing, settled", nil, true, []Code{AllowUnused}},
		{"nothing, not settled", nil, false, nil},
		{"twice", []Diagnostic{warning(at(4, 1)), warning(at(4, 9))}, true, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []Code
			for _, d := range Silence(test.list, []Allow{allow(test.settled)}) {
				got = append(got, d.Code)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
