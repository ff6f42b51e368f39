package main

import (
	"fmt"
	"io"
	"iter"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
)

// mostReviewed is how many groups of changes are told one by one before a commit. Equal changes of many applications
// are one group; what is left out are the least dangerous.
const mostReviewed = 40

// review is what a commit changes, and what that means.
type review struct {
	platform *regions.Platform
	changes  []change.Change
	begin    func()                   // called when it begins again
	keep     func(publish.Difference) // called for each
	err      error
}

// look is a [publish.ReviewFunc]: after a lost race it begins again.
func (r *review) look(differences iter.Seq[publish.Difference]) {
	r.changes, r.err = nil, nil
	if r.begin != nil {
		r.begin()
	}
	for d := range differences {
		old, err := r.tree(d.Old)
		if err != nil {
			r.err = err
			return
		}
		new, err := r.tree(d.New)
		if err != nil {
			r.err = err
			return
		}
		r.changes = append(r.changes, change.Compare(old, new)...)
		if r.keep != nil {
			r.keep(d)
		}
	}
}

// tree is one side with what the regions' proxies read of it.
func (r *review) tree(side publish.Side) (manifest.Tree, error) {
	files, err := edgeFiles(r.platform, side.Claims)
	if err != nil || len(files) == 0 {
		return side.Files, err
	}
	for path, data := range side.Files.Files() {
		files = append(files, manifest.File{Path: path, Data: data})
	}
	return manifest.NewTree(files)
}

// report folds what was seen.
func (r *review) report(from, to string) diffReport {
	d := differ{from: from, to: to, changes: r.changes}
	return d.report()
}

// print prints the folded changes, as diff does.
func (r *review) print(c *cli) error {
	if r.err != nil || len(r.changes) == 0 {
		return r.err
	}
	_, err := io.WriteString(c.Stdout, c.diffText(r.report("", ""), mostReviewed))
	return err
}

// leftOut says what a list of groups does not show.
func leftOut(groups []diffGroup) string {
	seen := map[change.App]bool{}
	changes := 0
	for _, g := range groups {
		changes += len(g.changes)
		for _, app := range g.apps {
			seen[app] = true
		}
	}
	apps, spaces := 0, 0
	for app := range seen {
		if app.Name == "" {
			spaces++
		} else {
			apps++
		}
	}
	return fmt.Sprintf("… and %s of %s, less dangerous than those above", count(changes, "change"), howMany(apps, spaces))
}
