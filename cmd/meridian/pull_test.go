package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// TestPullBodySize holds a pull request's body to what the forges take, with all that may be in it.
func TestPullBodySize(t *testing.T) {
	c := &cli{World: World{Getenv: func(string) string { return "" }}}
	s, err := c.newSession()
	if err != nil {
		t.Fatal(err)
	}
	changes := many(1000).Changes
	for i := range changes {
		changes[i].Fields[0].New = fmt.Sprintf("%d %s", i, strings.Repeat("é", 40)) // or all are told at once
	}
	p := newPull(pullFlags{base: "main"}, "publish/all", s, &review{changes: changes})
	for i := range 200 {
		name := fmt.Sprintf("app%d", i)
		app := fmt.Sprintf("package app\nname: %q\nspace: \"web\"\nowner: \"team@mydomain.com\"\nimage: {name: %[1]q, tag: \"1.0\"}\n", name)
		inputs, err := manifest.NewTree([]manifest.File{{Path: appFile, Data: []byte(app)}})
		if err != nil {
			t.Fatal(err)
		}
		owner := &publish.OwnerRecord{Regions: []string{"aws-oregon"}, Source: publish.Source{Repository: "https://git.mydomain.com/apps", Commit: strings.Repeat("c0ffee", 6), Path: name}}
		p.changed = append(p.changed, publish.Difference{ID: publish.AppID{Namespace: "myorg-web", Name: name}, New: publish.Side{Inputs: inputs, Owner: owner}})
	}
	body, err := p.body(publish.Result{Parent: strings.Repeat("0", 40)})
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > maxComment || len(body) < maxComment/2 {
		t.Errorf("%d characters, of %d", len(body), maxComment)
	}
	for _, part := range []string{" of 1000 left out", "- and 350 more: `meridian plan` lists all", "| sources | `and 180 more` |", "| base | `main at 0000"} {
		if !strings.Contains(body, part) {
			t.Errorf("the body does not say %q", part)
		}
	}
}

// TestReviewSize holds what is said before a commit to a length that is read, of however many applications.
func TestReviewSize(t *testing.T) {
	c := &cli{World: World{Getenv: func(string) string { return "" }, Terminal: func(any) int { return 0 }}}
	text := c.diffText(many(1000), mostReviewed)
	if n := strings.Count(text, "Deployment"); n != mostReviewed {
		t.Errorf("%d changes are told, want %d", n, mostReviewed)
	}
	if !strings.Contains(text, "\n… and 960 changes of 960 applications, less dangerous than those above\n\n1000 applications: 1000 rolling restarts\n") {
		t.Errorf("what is left out, and how many there are, is not told:\n%s", text[len(text)-300:])
	}
	equal := many(1000).Changes
	for i := range equal {
		equal[i].Object.Name, equal[i].Fields = "app", nil
		equal[i].Apps = []change.App{{Namespace: "myorg-web", Name: fmt.Sprint("app", i)}}
	}
	r := &review{changes: equal}
	if lines := strings.Count(c.diffText(r.report("", ""), mostReviewed), "\n"); lines > 10 {
		t.Errorf("equal changes of 1000 applications take %d lines", lines)
	}
}
