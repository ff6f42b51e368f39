// Package diag holds Meridian's diagnostics: what is wrong with a user's input, where, and how to mend it.
//
// In: nothing. Out: [Diagnostic] values, which every stage returns beside its result, and [Lookup], the
// registry of stable codes that docs/errors.md is generated from. A Diagnostic is a mistake of the user;
// a machine that failed (disk, network) is an ordinary Go error and never becomes a Diagnostic.
package diag

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Severity says whether a diagnostic stops the run.
type Severity int

const (
	// Error stops the run: nothing is written, nothing is committed.
	Error Severity = iota
	// Warning is reported and changes the exit code only with --strict.
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a user's file. Line and Col count from 1, Col in bytes; a zero Line means that only
// the file is known, a zero Pos that no place is.
type Pos struct {
	File string
	Line int
	Col  int
}

// IsValid reports whether p names at least a file.
func (p Pos) IsValid() bool { return p.File != "" }

// String returns file:line:col, or as much of it as is known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Related is a second place that explains a diagnostic: the base that an override conflicts with, the
// platform's rule, the other holder of a claim.
type Related struct {
	Pos     Pos
	Message string
}

// Diagnostic is one mistake, or one warning, about a user's input.
type Diagnostic struct {
	Code     Code
	Severity Severity
	Pos      Pos       // in the user's file
	Path     string    // the user's field path, e.g. http.public.tls.secret; empty when there is none
	Region   string    // set when the mistake exists in this region only
	Message  string    // what is wrong, one line, no final period
	Hint     string    // how to mend it, one line
	Related  []Related // further places
}

// New returns a diagnostic with the severity and the default fix that the registry gives the code.
func New(code Code, pos Pos, path, format string, args ...any) Diagnostic {
	entry := Lookup(code)
	return Diagnostic{Code: code, Severity: entry.Severity, Pos: pos, Path: path, Message: fmt.Sprintf(format, args...), Hint: entry.Fix}
}

// WithHint returns d with a fix that is more exact than the registry's.
func (d Diagnostic) WithHint(format string, args ...any) Diagnostic {
	d.Hint = fmt.Sprintf(format, args...)
	return d
}

// WithRegion returns d confined to one region.
func (d Diagnostic) WithRegion(region string) Diagnostic {
	d.Region = region
	return d
}

// WithRelated returns d with one more related place. An invalid position is left out.
func (d Diagnostic) WithRelated(pos Pos, format string, args ...any) Diagnostic {
	if pos.IsValid() {
		d.Related = append(slices.Clip(d.Related), Related{pos, fmt.Sprintf(format, args...)})
	}
	return d
}

// String returns the diagnostic's first line: position, severity, code and message.
func (d Diagnostic) String() string {
	where := ""
	if d.Region != "" {
		where = " (in " + d.Region + ")"
	}
	place := ""
	if d.Pos.IsValid() {
		place = d.Pos.String() + ": "
	}
	return fmt.Sprintf("%s%s %s: %s%s", place, d.Severity, d.Code, d.Message, where)
}

// HasErrors reports whether any of the diagnostics is an error.
func HasErrors(list []Diagnostic) bool {
	return slices.ContainsFunc(list, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders diagnostics by position, code, path, region and message, and drops exact repetitions.
func Sort(list []Diagnostic) []Diagnostic {
	slices.SortStableFunc(list, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(list, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Path == b.Path && a.Region == b.Region && a.Message == b.Message
	})
}

// FoldRegions joins diagnostics that differ in nothing but their region into one that names all of them.
func FoldRegions(list []Diagnostic) []Diagnostic {
	byRegion := map[string][]Diagnostic{}
	var whole []Diagnostic
	for _, d := range list {
		if d.Region == "" {
			whole = append(whole, d)
			continue
		}
		byRegion[d.Region] = append(byRegion[d.Region], d)
	}
	return Sort(append(whole, Fold(byRegion, len(byRegion)+1)...))
}

// Fold joins what was found region by region: a diagnostic that all of total regions share is told once and
// without a region; one that only some share, once with the regions' names.
func Fold(byRegion map[string][]Diagnostic, total int) []Diagnostic {
	type key struct {
		pos           Pos
		code          Code
		path, message string
	}
	var order []key
	first, regions := map[key]Diagnostic{}, map[key][]string{}
	for _, region := range slices.Sorted(maps.Keys(byRegion)) {
		for _, d := range byRegion[region] {
			k := key{d.Pos, d.Code, d.Path, d.Message}
			if _, seen := first[k]; !seen {
				first[k] = d
				order = append(order, k)
			}
			if list := regions[k]; !slices.Contains(list, region) {
				regions[k] = append(list, region)
			}
		}
	}
	folded := make([]Diagnostic, 0, len(order))
	for _, k := range order {
		d := first[k]
		if len(regions[k]) < total {
			d.Region = strings.Join(regions[k], ", ")
		}
		folded = append(folded, d)
	}
	return Sort(folded)
}
