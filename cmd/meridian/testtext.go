package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/report"
)

// textReporter writes for people: how golden files differ, what failed application by application, and totals.
type textReporter struct {
	out             io.Writer
	style           report.Style
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
		fmt.Fprintln(&r.failures, r.style.Wrap(r.style.Bad("FAIL")+" "+s.name+": "+strings.Join(failedNames(s), ", "), "     "))
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
	_, err := io.WriteString(r.out, unifiedText(s.changes, r.style))
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
	passed, failed := fmt.Sprintf("%d passed", r.passed), fmt.Sprintf("%d failed", r.failed)
	if r.failed > 0 {
		failed = r.style.Bad(failed)
	} else {
		passed = r.style.Good(passed)
	}
	_, err := fmt.Fprintf(r.out, "%s%s: %s, %s", r.failures.String(), count(r.passed+r.failed, "application"), passed, failed)
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
