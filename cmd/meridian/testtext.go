package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// textReporter writes for people: how golden files differ, what failed application by application, and totals.
type textReporter struct {
	out             io.Writer
	failures        strings.Builder // a line an application
	passed, failed  int
	files, expected int
	updated         int // applications
}

func (r *textReporter) suite(s *suite) error {
	for _, c := range s.cases {
		r.files += c.files
		if c.kind == expectCase {
			r.expected++
		}
	}
	if s.failed() {
		fmt.Fprintf(&r.failures, "FAIL %s: %s\n", s.name, strings.Join(failedNames(s), ", "))
	}
	switch {
	case s.together:
	case s.failed():
		r.failed++
	default:
		r.passed++
	}
	if s.updated > 0 {
		r.updated++
		if _, err := fmt.Fprintf(r.out, "updated %s: %s\n", s.golden, count(s.updated, "file")); err != nil {
			return err
		}
	}
	_, err := io.WriteString(r.out, s.changes)
	return err
}

func failedNames(s *suite) []string {
	var names []string
	for _, c := range s.cases {
		switch {
		case !c.failed():
		case c.kind == expectCase:
			names = append(names, strconv.Quote(c.name))
		default:
			names = append(names, c.name)
		}
	}
	return names
}

func (r *textReporter) end() error {
	if r.passed+r.failed == 0 {
		return nil
	}
	_, err := fmt.Fprintf(r.out, "%s%s: %d passed, %d failed", r.failures.String(), count(r.passed+r.failed, "application"), r.passed, r.failed)
	if err != nil {
		return err
	}
	var what []string
	if r.files > 0 {
		what = append(what, count(r.files, "golden file"))
	}
	if r.expected > 0 {
		what = append(what, count(r.expected, "expectation"))
	}
	if len(what) > 0 {
		fmt.Fprintf(r.out, " (%s)", strings.Join(what, ", "))
	}
	if r.updated > 0 {
		fmt.Fprintf(r.out, ", %d updated", r.updated)
	}
	_, err = fmt.Fprintln(r.out)
	return err
}
