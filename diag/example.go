package diag

import (
	_ "embed"
	"strings"
)

// examples holds, for each code that has a case, what a user reads of it. It is made from the cases that the tests
// of the command line run, so that no example is invented.
//
//go:embed examples.txt
var examples string

// Example returns what a user reads of a code: the place, the line, the fix. It is empty for a code that no input of
// the command line produces.
func Example(code Code) string {
	_, rest, found := strings.Cut("\n"+examples, "\n-- "+string(code)+" --\n")
	if !found {
		return ""
	}
	if end := strings.Index(rest, "\n-- M"); end >= 0 {
		rest = rest[:end+1]
	}
	return rest
}
