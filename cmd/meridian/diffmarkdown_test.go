package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/golden"
)

// many is a report of n applications that all change differently.
func many(n int) diffReport {
	r := diffReport{From: "main", To: "the working folder"}
	for i := range n {
		name := fmt.Sprintf("app%d", i)
		r.Changes = append(r.Changes, change.Change{
			Apps: []change.App{{Namespace: "myorg-web", Name: name}}, Regions: []string{"aws-oregon"},
			Object: change.Object{Kind: "Deployment", Name: name}, Op: golden.Changed, Classes: []change.Class{change.RollingRestart},
			Fields: []golden.Field{{Path: "spec.x", Old: name, New: strings.Repeat("é", 40)}},
		})
	}
	r.Summary = change.Summarize(r.Changes)
	return r
}

// TestMarkdownSize holds that a comment fits, is cut between applications, and says how much was left out.
func TestMarkdownSize(t *testing.T) {
	for _, n := range []int{1, 100, 200, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			text := markdownReport(many(n), maxComment)
			shown := strings.Count(text, "<details>")
			if len(text) > maxComment || shown != strings.Count(text, "</details>") {
				t.Errorf("%d characters, %d parts", len(text), shown)
			}
			left := 0
			if m := regexp.MustCompile(`_(\d+) changes? of (\d+) left out`).FindStringSubmatch(text); m != nil {
				fmt.Sscan(m[1], &left)
			}
			if shown+left != n || (left > 0) != (n > 200) {
				t.Errorf("%d are shown and %d said to be left out, of %d", shown, left, n)
			}
		})
	}
	r := many(1)
	r.Unified = strings.Repeat("x", maxComment)
	if text := markdownReport(r, maxComment); len(text) > maxComment || !strings.Contains(text, "_The unified diffs, 65536 characters, are left out") {
		t.Errorf("unified diffs that are too long make %d characters", len(text))
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"main": "`main`", "a`b": "`` a`b ``", "a``b": "``` a``b ```", "a|b": "`a\\|b`", "a\nb": "`a b`", "<b>": "`<b>`",
	} {
		if got := code(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}
