package diag

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCodes holds the registry: every code once, in order, in its group, with words for all that is told of it.
func TestCodes(t *testing.T) {
	form := regexp.MustCompile(`^M[1-8][0-9]{3}$`)
	all := Codes()
	if !slices.IsSortedFunc(all, func(a, b Entry) int { return strings.Compare(string(a.Code), string(b.Code)) }) {
		t.Error("the codes are not sorted")
	}
	seen := map[Code]bool{}
	for _, e := range all {
		if seen[e.Code] {
			t.Errorf("%s is there twice", e.Code)
		}
		seen[e.Code] = true
		if !form.MatchString(string(e.Code)) {
			t.Errorf("%s is not of the form M and four digits", e.Code)
		}
		if e.Title == "" || e.Cause == "" || e.Fix == "" || strings.Contains(e.Title+e.Fix, "\n") {
			t.Errorf("%s is not complete: %+v", e.Code, e)
		}
		if got := Lookup(e.Code); got != e {
			t.Errorf("Lookup(%s) = %+v", e.Code, got)
		}
	}
}

// TestGroups holds that the first digit is the stage.
func TestGroups(t *testing.T) {
	for name, group := range map[string]struct {
		entries []Entry
		digits  string
	}{
		"schema":    {schemaCodes(), "12"},
		"platform":  {platformCodes(), "3"},
		"app":       {appCodes(), "4567"},
		"publish":   {publishCodes(), "8"},
		"ssh":       {sshCodes(), "8"},
		"bootstrap": {bootstrapCodes(), "8"},
		"sign":      {signCodes(), "8"},
	} {
		for _, e := range group.entries {
			if !strings.Contains(group.digits, string(e.Code)[1:2]) {
				t.Errorf("%s is among the codes of %s", e.Code, name)
			}
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an unregistered code does not panic")
		}
	}()
	Lookup("M9999")
}

// at is a diagnostic at a line.
func at(line int, message string) Diagnostic {
	return New(UnknownField, Pos{"app.cue", line, 1}, "a", "%s", message)
}

func TestFold(t *testing.T) {
	tests := []struct {
		name  string
		found map[string][]Diagnostic
		total int
		want  []string
	}{
		{"nothing", nil, 2, nil},
		{"in all", map[string][]Diagnostic{"a": {at(1, "x")}, "b": {at(1, "x")}}, 2, []string{"1 x"}},
		{"in some", map[string][]Diagnostic{"c": {at(1, "x")}, "a": {at(1, "x")}}, 3, []string{"1 x in a, c"}},
		{"in one of one", map[string][]Diagnostic{"a": {at(1, "x")}}, 1, []string{"1 x"}},
		{"different words", map[string][]Diagnostic{"a": {at(1, "x")}, "b": {at(1, "y")}}, 2, []string{"1 x in a", "1 y in b"}},
		{"different places", map[string][]Diagnostic{"a": {at(2, "x")}, "b": {at(1, "x")}}, 2, []string{"1 x in b", "2 x in a"}},
		{"twice in one region", map[string][]Diagnostic{"a": {at(1, "x"), at(1, "x")}, "b": nil}, 2, []string{"1 x in a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range Fold(test.found, test.total) {
				line := strconv.Itoa(d.Pos.Line) + " " + d.Message
				if d.Region != "" {
					line += " in " + d.Region
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSort orders by place, code, path, region and message, and drops repetitions alone.
func TestSort(t *testing.T) {
	first := at(1, "x")
	otherCode, otherPath, otherRegion, otherFile := first, first, first.WithRegion("r"), first
	otherCode.Code, otherPath.Path, otherFile.Pos.File = WrongType, "b", "b.cue"
	want := []Diagnostic{first, otherRegion, otherPath, otherCode, at(2, "a"), otherFile}
	got := Sort([]Diagnostic{otherFile, at(2, "a"), otherCode, otherPath, first, otherRegion, first})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestString(t *testing.T) {
	for _, test := range []struct {
		d    Diagnostic
		want string
	}{
		{at(3, "x"), "app.cue:3:1: error M2001: x"},
		{at(3, "x").WithRegion("aws-oregon"), "app.cue:3:1: error M2001: x (in aws-oregon)"},
		{New(AllowAll, Pos{File: "app.cue"}, "", "x"), "app.cue: warning M4017: x"},
		{New(AllowAll, Pos{}, "", "100%% of %d", 1), "warning M4017: 100% of 1"},
	} {
		if got := test.d.String(); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// TestWith holds that a diagnostic which is completed leaves the one it was made from as it was.
func TestWith(t *testing.T) {
	base := at(1, "x").WithRelated(Pos{"b.cue", 1, 1}, "one")
	a, b := base.WithRelated(Pos{"b.cue", 2, 1}, "two"), base.WithRelated(Pos{"b.cue", 3, 1}, "three").WithHint("do %s", "so")
	if len(base.Related) != 1 || a.Related[1].Message != "two" || b.Related[1].Message != "three" || b.Hint != "do so" || base.Hint == b.Hint {
		t.Errorf("%+v\n%+v\n%+v", base, a, b)
	}
	if got := base.WithRelated(Pos{}, "nowhere"); len(got.Related) != 1 {
		t.Error("a place that is none is kept")
	}
	if HasErrors([]Diagnostic{New(AllowAll, Pos{}, "", "x")}) || !HasErrors([]Diagnostic{New(AllowAll, Pos{}, "", "x"), base}) {
		t.Error("HasErrors is wrong")
	}
}

func TestFoldRegions(t *testing.T) {
	pos := Pos{File: "app.cue", Line: 3, Col: 1}
	gone := New(RegionLeft, pos, "only", "it would be deleted")
	list := []Diagnostic{gone.WithRegion("b"), New(AppTaken, pos, "name", "taken"), gone.WithRegion("a"), New(RegionLeft, pos, "only", "it would go").WithRegion("a")}
	var got []string
	for _, d := range FoldRegions(list) {
		got = append(got, d.String())
	}
	want := []string{
		"app.cue:3:1: error M8009: it would go (in a)",
		"app.cue:3:1: error M8009: it would be deleted (in a, b)",
		"app.cue:3:1: error M8011: taken",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
