// Command facts lists the facts of the manual (S0 to S21) with the tests that cite them, and fails when one has
// none. A test cites a fact by naming it in its file: S10.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const lastFact = 21

func main() {
	cited, err := citations(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "facts:", err)
		os.Exit(2)
	}
	missing := 0
	for n := range lastFact + 1 {
		fact := fmt.Sprintf("S%d", n)
		places := cited[fact]
		if len(places) == 0 {
			missing++
			places = []string{"NO TEST CITES IT"}
		}
		fmt.Printf("%-4s %s\n", fact, strings.Join(places, "\n     "))
	}
	if missing > 0 {
		fmt.Fprintf(os.Stderr, "facts: %d of %d facts have no test\n", missing, lastFact+1)
		os.Exit(1)
	}
}

// citations returns, by fact, the test functions, golden cases and scripts that name it.
func citations(root string) (map[string][]string, error) {
	cited := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "out") {
			return fs.SkipDir
		}
		slashed := filepath.ToSlash(path)
		if entry.IsDir() || !isTest(slashed) {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for fact, places := range inFile(slashed, string(data)) {
			cited[fact] = append(cited[fact], places...)
		}
		return nil
	})
	return cited, err
}

// isTest reports whether a file is a test: Go's, a script, or the input of a golden case, which is compared whole.
func isTest(path string) bool {
	return strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".txtar") ||
		strings.HasPrefix(path, "golden/cases/") && strings.HasSuffix(path, "/app.cue")
}

var (
	factRE = regexp.MustCompile(`\bS([0-9]{1,2})\b(–S([0-9]{1,2})\b)?`)
	funcRE = regexp.MustCompile(`(?m)^func (Test\w+|Fuzz\w+|Example\w*)\(`)
)

func inFile(path, text string) map[string][]string {
	places := map[string][]string{}
	for _, at := range factRE.FindAllStringSubmatchIndex(text, -1) {
		from, to := number(text[at[2]:at[3]]), 0
		if to = from; at[6] >= 0 {
			to = number(text[at[6]:at[7]])
		}
		where := path
		if name := enclosing(text, at[0]); name != "" {
			where += " " + name
		}
		for n := from; n <= min(to, lastFact); n++ {
			fact := fmt.Sprintf("S%d", n)
			if !slices.Contains(places[fact], where) {
				places[fact] = append(places[fact], where)
			}
		}
	}
	return places
}

func number(s string) int {
	n := 0
	for _, digit := range s {
		n = 10*n + int(digit-'0')
	}
	return n
}

// enclosing returns the test that a place of a Go file is in: the last one that begins before it, or the first after
// its comment.
func enclosing(text string, at int) string {
	name := ""
	for _, f := range funcRE.FindAllStringSubmatchIndex(text, -1) {
		if f[0] > at {
			if strings.Count(text[at:f[0]], "\n\n") == 0 {
				return text[f[2]:f[3]]
			}
			break
		}
		name = text[f[2]:f[3]]
	}
	return name
}
