// Package expect checks what a team expects of its application (S21): that an object contains something or is not there,
// that a change would be refused, that the application is in a region or is not.
//
// In: [schema.Expectation] values, the application as it is compiled, and a way to compile it with something put over
// it. Out: a [Result] an expectation, whose diagnostics point at the line of the expectation that does not hold. It
// compiles nothing itself, evaluates CUE through package schema alone, and reads no file. It refuses an expectation that
// can never check anything: one about regions or codes that there are none of.
package expect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// Given is what is put over an application, by region.
type Given map[string]*schema.Node

// Checker checks the expectations of one application. It is for one goroutine.
type Checker struct {
	Platform *regions.Platform
	App      *compiler.Result  // compiled as it is
	Reported []diag.Diagnostic // of the application as it is
	// Suppose compiles the application with something put over it, and returns what is reported then.
	Suppose func(Given) (*compiler.Result, []diag.Diagnostic, error)

	objects map[string][]object // of the application as it is, by region
}

// Result says whether an expectation holds.
type Result struct {
	Name     string
	Pos      diag.Pos
	Problems []diag.Diagnostic // why it does not hold; none when it does
}

// Check checks one expectation. An error is a machine that failed.
func (c *Checker) Check(e *schema.Expectation) (Result, error) {
	x := &check{Checker: c, Expectation: e, found: map[string][]diag.Diagnostic{}}
	err := x.run()
	problems := append(x.list, diag.Fold(x.found, len(c.App.Outputs))...)
	return Result{e.Name, e.Pos, diag.Sort(problems)}, err
}

// check is one expectation that is being checked.
type check struct {
	*Checker
	*schema.Expectation
	in    []string // the regions in which it is checked
	list  []diag.Diagnostic
	found map[string][]diag.Diagnostic // by region
}

func (x *check) run() error {
	x.knownRegions()
	x.knownCodes()
	if x.Present != nil {
		x.checkPresent()
		return nil
	}
	for _, output := range x.App.Outputs {
		if x.In(output.Region) != nil && (len(x.Regions) == 0 || slices.Contains(x.Regions, output.Region)) {
			x.in = append(x.in, output.Region)
		}
	}
	if len(x.in) == 0 {
		x.list = append(x.list, x.fails(x.at("regions"), "regions", "it is never checked: the application is in %s", strings.Join(x.appRegions(), ", ")).
			WithHint("name a region that the application is in, or expect: present: false"))
	}
	if len(x.list) > 0 {
		return nil
	}
	result, reported := x.App, x.Reported
	if x.given() {
		var err error
		if result, reported, err = x.suppose(); err != nil {
			return err
		}
	}
	switch {
	case x.Codes != nil:
		x.checkCodes(slices.DeleteFunc(slices.Clone(reported), func(d diag.Diagnostic) bool { return !x.concerns(d) }))
	case diag.HasErrors(reported):
		x.refused(reported)
	default:
		return x.checkObjects(result)
	}
	return nil
}

// at is the position of a field of the expectation.
func (x *check) at(path ...string) diag.Pos {
	if pos := x.Node.Label(path...); pos.IsValid() {
		return pos
	}
	return x.Pos
}

// fails is the diagnostic of an expectation that does not hold.
func (x *check) fails(pos diag.Pos, field, format string, args ...any) diag.Diagnostic {
	return diag.New(diag.ExpectationFails, pos, x.Path(field), "%q: %s", x.Name, fmt.Sprintf(format, args...))
}

func (x *check) appRegions() []string {
	var ids []string
	for _, output := range x.App.Outputs {
		ids = append(ids, output.Region)
	}
	return ids
}

func (x *check) knownRegions() {
	for i, id := range x.Regions {
		if x.Platform.Region(id) == nil {
			x.list = append(x.list, diag.New(diag.UnknownRegion, x.Node.Where("regions", strconv.Itoa(i)), x.Path("regions"), "there is no region %q", id).
				WithHint("open regions are %s", strings.Join(x.Platform.Open(), ", ")))
		}
	}
}

func (x *check) knownCodes() {
	for i, item := range x.Codes.ItemList() {
		if !slices.ContainsFunc(diag.Codes(), func(e diag.Entry) bool { return string(e.Code) == item.Text }) {
			x.list = append(x.list, diag.New(diag.BadValue, x.Node.Where("codes", strconv.Itoa(i)), x.Path("codes"), "there is no code %s", item.Text).
				WithHint("write a code as a diagnostic shows it, such as M4015"))
		}
	}
}

func (x *check) checkPresent() {
	if len(x.Regions) == 0 {
		x.list = append(x.list, diag.New(diag.MissingField, x.at("present"), x.Path("regions"), "%q: present goes with regions, which is missing", x.Name).
			WithHint("add regions: the regions that the application is in, or is not in"))
		return
	}
	for i, id := range x.Regions {
		pos := x.Node.Where("regions", strconv.Itoa(i))
		switch is := slices.Contains(x.appRegions(), id); {
		case is && !*x.Present:
			x.list = append(x.list, x.fails(pos, "regions", "the application is in %s", id))
		case !is && *x.Present:
			x.list = append(x.list, x.fails(pos, "regions", "the application is not in %s", id))
		}
	}
}

func (x *check) given() bool {
	return slices.ContainsFunc(x.in, func(id string) bool { return x.In(id).Given != nil })
}

func (x *check) suppose() (*compiler.Result, []diag.Diagnostic, error) {
	given := Given{}
	for _, id := range x.in {
		given[id] = x.In(id).Given
	}
	return x.Suppose(given)
}

// concerns reports whether a diagnostic is about one of the regions that are checked.
func (x *check) concerns(d diag.Diagnostic) bool {
	return d.Region == "" || slices.ContainsFunc(strings.Split(d.Region, ", "), func(id string) bool { return slices.Contains(x.in, id) })
}

func (x *check) checkCodes(reported []diag.Diagnostic) {
	left := slices.Clone(reported)
	for i, item := range x.Codes.ItemList() {
		j := slices.IndexFunc(left, func(d diag.Diagnostic) bool { return string(d.Code) == item.Text })
		if j >= 0 {
			left = slices.Delete(left, j, j+1)
			continue
		}
		x.list = append(x.list, x.fails(x.Node.Where("codes", strconv.Itoa(i)), "codes", "%s is not reported", item.Text))
	}
	for _, d := range left {
		x.list = append(x.list, x.fails(x.at("codes"), "codes", "%s is reported, and not expected: %s", d.Code, d.Message).WithRelated(d.Pos, "%s", d.Message))
	}
}

// refused tells why there is nothing to compare.
func (x *check) refused(reported []diag.Diagnostic) {
	for _, d := range reported {
		if d.Severity == diag.Error {
			x.list = append(x.list, x.fails(x.at("given"), "given", "with what is given it does not compile: %s: %s", d.Code, d.Message).WithRelated(d.Pos, "%s", d.Message))
		}
	}
}
