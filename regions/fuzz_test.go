package regions_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// label is what a region and a namespace must be, to be a folder and a name in the cluster (RFC 1123).
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// FuzzLoad holds that no platform panics or is a machine's failure, that every mistake can be shown, and that a platform
// which loads has names that are folders, and regions in one place each.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"../golden/platforms/*/platform/*.cue", "../golden/cases/*/platform/*.cue", "demo/*.cue", "catalogue/*.cue", "../examples/*/platform/*.cue"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	head := "package platform\n" + small
	for _, text := range []string{"", "{", "org: 1", "spaces: \"../..\": {}", "regions: \"../..\": open: true", "regions: \"aws-oregon\": null", "regions: [string]: open: true",
		"waves: [[\"aws-oregon\"], [\"aws-oregon\"]]", "domains: \"..\": {}", "spaces: web: backends: db: regions: \"aws-oregon\": cidrs: [\"::/0\"]", "admins: [\"\\u001b[2J\"]"} {
		f.Add(head + text)
	}
	s, err := sharedSchema()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		sources := []schema.Source{{Name: "platform/a.cue", Data: []byte(text)}}
		p, list, err := regions.Load(s, sources)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			checkShown(t, d, text)
		}
		if (p == nil) != diag.HasErrors(list) {
			t.Fatalf("a platform: %v, with %v", p != nil, list)
		}
		if p != nil {
			checkNames(t, p)
		}
	})
}

// checkShown holds that a mistake is a known one, in words, and within the source.
func checkShown(t *testing.T, d diag.Diagnostic, text string) {
	t.Helper()
	if !slices.ContainsFunc(diag.Codes(), func(e diag.Entry) bool { return e.Code == d.Code }) || d.Message == "" || d.Hint == "" {
		t.Errorf("unregistered, or without words: %s; hint %q", d, d.Hint)
	}
	lines := strings.Split(text, "\n")
	switch {
	case d.Pos.File != "platform/a.cue":
		t.Errorf("it is in no file of the platform's: %s", d)
	case d.Pos.Line == 0 && d.Code == diag.SourceUnreadable:
	case d.Pos.Line < 1 || d.Pos.Line > len(lines) || d.Pos.Col < 1 || d.Pos.Col > len(lines[d.Pos.Line-1])+1:
		t.Errorf("it is outside the source of %d lines: %s", len(lines), d)
	}
}

// checkNames holds what whoever writes a platform's files relies on.
func checkNames(t *testing.T, p *regions.Platform) {
	t.Helper()
	open := p.Open()
	for _, r := range p.Regions {
		if !label.MatchString(r.ID) {
			t.Errorf("region %q", r.ID)
		}
	}
	if !slices.IsSortedFunc(p.Regions, func(a, b regions.Region) int { return strings.Compare(a.ID, b.ID) }) || !slices.IsSorted(open) {
		t.Error("the regions are not sorted")
	}
	for space := range p.Spaces {
		if !label.MatchString(p.Namespace(space)) {
			t.Errorf("namespace %q", p.Namespace(space))
		}
		for _, region := range p.SpaceRegions(space) {
			if !slices.Contains(open, region) {
				t.Errorf("space %s is in %s, which is not open", space, region)
			}
		}
	}
	if waves := p.Waves(); waves != nil {
		if in := slices.Sorted(slices.Values(slices.Concat(waves...))); !slices.Equal(in, open) {
			t.Errorf("the waves have %v of the open regions %v", in, open)
		}
	}
	for _, host := range []string{"a.mydomain.com", "", "..", "*.mydomain.com"} {
		p.Domain(host)
	}
}
