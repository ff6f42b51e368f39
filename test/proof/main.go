// Proof runs the suites that hold what Meridian emits against what others wrote, and prints one table of them:
//
//	go run ./test/proof [-e2e MINORS]
//
// In: the suites of this repository, run by go test. Out: a line a suite with the versions that it ran on, how many
// cases it had, how many failed and how many were skipped; the output of what failed comes before the table.
// Refused: a suite that runs nothing at all, which counts as failed.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// suite is some tests of a package.
type suite struct {
	name string
	pkg  string
	run  string   // a regular expression, as of go test -run
	env  []string // what makes it run
	args []string // of the test itself
}

// result is what came of a suite.
type result struct {
	cases, failed, skipped int
	versions               []string
	output                 string
}

func main() {
	minors := flag.String("e2e", "newest", "the minor versions of Kubernetes to run on, separated by commas: 1.36, newest, oldest, or all")
	flag.Parse()
	ok := true
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "suite\tcases\tversions\tfailures\tskipped")
	for _, s := range suites(*minors) {
		fmt.Fprintf(os.Stderr, "%s ...\n", s.name)
		r, err := s.result()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if r.failed > 0 || r.cases+r.skipped == 0 {
			ok = false
			fmt.Fprintf(os.Stderr, "%s\n", r.output)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%d\n", s.name, r.cases, strings.Join(r.versions, " "), r.failed, r.skipped)
	}
	table.Flush()
	if !ok {
		os.Exit(1)
	}
}

// result runs a suite.
func (s suite) result() (result, error) {
	cmd := exec.Command("go", "test", "-count=1", "-timeout=60m", "-json", "-run", s.run, s.pkg)
	cmd.Args = append(cmd.Args, s.args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, err
	}
	r, err := count(stdout)
	if waited := cmd.Wait(); waited != nil && r.failed == 0 {
		r.failed = 1 // it did not build, or ended before a test did
	}
	return r, err
}

// event is a line of go test -json.
type event struct {
	Action, Test, Output string
	Key, Value           string // of an attribute
}

// note is what tests say of themselves.
type note struct {
	cases    map[string]int    // how many a test has looked at
	versions map[string]string // the minor version that a test ran on
}

// count reads what go test tells. A test without tests below it is a case, unless it says how many it has looked at,
// with the attribute cases; a test that is named after a minor version of Kubernetes, or has one above it, ran on it, and
// so did one that says so with the attribute version.
func count(r io.Reader) (result, error) {
	var ended []event
	said := note{map[string]int{}, map[string]string{}}
	var output strings.Builder
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // what a build says
		}
		switch e.Action {
		case "output":
			output.WriteString(e.Output)
		case "attr":
			if n, err := strconv.Atoi(e.Value); err == nil && e.Key == "cases" {
				said.cases[e.Test] = n
			}
			if e.Key == "version" {
				said.versions[e.Test] = e.Value
			}
		case "pass", "fail", "skip":
			if e.Test != "" {
				ended = append(ended, e)
			}
		}
	}
	sum := summary(ended, said)
	sum.output = output.String()
	return sum, lines.Err()
}

func summary(ended []event, said note) result {
	var r result
	parents := map[string]bool{}
	for _, e := range ended {
		if i := strings.LastIndex(e.Test, "/"); i > 0 {
			parents[e.Test[:i]] = true
		}
	}
	for _, e := range ended {
		n, counts := said.cases[e.Test]
		switch {
		case parents[e.Test] && !counts:
			continue
		case !counts:
			n = 1
		}
		switch e.Action {
		case "skip":
			r.skipped++
		case "fail":
			r.failed++
			r.cases += n
		default:
			r.cases += n
		}
		for _, part := range append(strings.Split(e.Test, "/"), said.versions[e.Test]) {
			if isMinor(part) && e.Action != "skip" && !slices.Contains(r.versions, part) {
				r.versions = append(r.versions, part)
			}
		}
	}
	return r
}

// isMinor reports whether a test's name is a minor version.
func isMinor(name string) bool {
	major, minor, found := strings.Cut(name, ".")
	_, err := strconv.Atoi(minor)
	return found && major == "1" && err == nil
}
