package docs

import (
	"slices"
	"strings"
	"testing"
)

// An author shortens an output in two ways, and no other:
//
//   - a line that is … alone, indented or not, stands for one or more whole lines;
//   - a line that ends with " …" stands for one that begins with what is before the …, the space included, and goes on.
//     So a line is cut between words only.
const ellipsis = "…"

func omission(line string) bool { return strings.TrimLeft(line, " ") == ellipsis }

func cut(line string) bool { return strings.HasSuffix(line, " "+ellipsis) && !omission(line) }

// shortened reports whether an author left something out.
func shortened(want []string) bool {
	return slices.ContainsFunc(want, func(line string) bool { return omission(line) || cut(line) })
}

// match reports whether a shortened output is true of what was printed. One that leaves everything out is not: it says
// nothing.
func match(want, got []string) bool {
	return !allOmitted(want) && matchLines(want, got)
}

func allOmitted(want []string) bool {
	return !slices.ContainsFunc(want, func(line string) bool { return !omission(line) })
}

func matchLines(want, got []string) bool {
	switch {
	case len(want) == 0 || len(got) == 0:
		return len(want) == len(got)
	case !omission(want[0]):
		return matchLine(want[0], got[0]) && matchLines(want[1:], got[1:])
	}
	for rest := 1; rest <= len(got); rest++ {
		if matchLines(want[1:], got[rest:]) {
			return true
		}
	}
	return false
}

func matchLine(want, got string) bool {
	if !cut(want) {
		return want == got
	}
	begin := strings.TrimSuffix(want, ellipsis)
	return strings.HasPrefix(got, begin) && len(got) > len(begin)
}

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		name, want, got string
		ok              bool
	}{
		{"same", "a\n…\nb", "a\n…\nb", true}, // … for itself
		{"lines left out", "a\n…\nd", "a\nb\nc\nd", true},
		{"indented", "a\n  …\nd", "a\nb\nc\nd", true},
		{"the first met is not the right one", "a\n…\nd\ne", "a\nd\nx\nd\ne", true},
		{"at the end", "a\n…", "a\nb", true},
		{"at the beginning", "…\nb", "a\nb", true},
		{"nothing to leave out", "a\n…\nb", "a\nb", false},
		{"nothing at the end", "a\n…", "a", false},
		{"wrong after it", "a\n…\nd", "a\nb\nc", false},
		{"line missing", "…\nb\nc", "a\nb", false},
		{"everything left out", "…", "a", false},
		{"line cut", "objects: A, …", "objects: A, B", true},
		{"line cut within a word", "objects: Dep …", "objects: Deployment", false},
		{"no more to it", "objects: A …", "objects: A", false},
		{"only a space more", "objects: A …", "objects: A ", false},
		{"wrong before the cut", "objects: B …", "objects: A B", false},
		{"a cut stands for no line", "a\nb …", "a\nb c\nd", false},
		{"within a line it means nothing", "a … b", "a x b", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := match(strings.Split(test.want, "\n"), strings.Split(test.got, "\n")); got != test.ok {
				t.Errorf("match(%q, %q) is %v", test.want, test.got, got)
			}
		})
	}
}
