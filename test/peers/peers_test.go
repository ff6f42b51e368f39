package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what docs/mistakes.md says of Meridian; make peers rewrites all of it")

const document = "../../docs/mistakes.md"

// TestMeridian holds what the page says of Meridian, and its prose, to the program. No peer runs.
func TestMeridian(t *testing.T) {
	r := recordMeridian(t)
	rows, sections := split(t, read(t, document))
	rows[0], sections[0] = row(r), section(r)
	want := assemble(rows, sections)
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, read(t, document)); diff != "" {
		t.Errorf("docs/mistakes.md is stale; run go test ./test/peers -update (-want +got):\n%s", diff)
	}

	t.Run("one diagnostic a mistake, at its line", func(t *testing.T) {
		if diff := cmp.Diff([]int{25, 8, 23, 18}, r.lines); diff != "" {
			t.Errorf("planted lines (-want +got):\n%s", diff)
		}
		for i, m := range mistakes() {
			if diff := cmp.Diff([]int{r.lines[i]}, errorLines(t, r.alone[i])); diff != "" {
				t.Errorf("%s (-want +got):\n%s", m.name, diff)
			}
		}
		if diff := cmp.Diff([]int{8, 18, 23, 25}, errorLines(t, r.together)); diff != "" {
			t.Errorf("all four (-want +got):\n%s", diff)
		}
	})
}

// TestPinned holds that the page was made with the peers of peers.go, each with its row and its section, in their order.
func TestPinned(t *testing.T) {
	rows, sections := split(t, read(t, document))
	tools := append([]tool{meridian()}, peers()...)
	if len(rows) != len(tools) || len(sections) != len(tools) {
		t.Fatalf("%d rows and %d sections for %d tools; run make peers", len(rows), len(sections), len(tools))
	}
	for i, want := range tools {
		if !strings.HasPrefix(rows[i], "| "+heading(want)+" |") {
			t.Errorf("row %d is %q, not that of %s; run make peers", i, rows[i], heading(want))
		}
		if !strings.HasPrefix(sections[i], "## "+heading(want)+"\n\n"+want.purpose+"\n") {
			t.Errorf("section %d is not that of %s; run make peers", i, heading(want))
		}
	}
}

// TestWorkloads holds that each mistake can be made in each peer's workload, in one place.
func TestWorkloads(t *testing.T) {
	for _, peer := range peers() {
		t.Run(heading(peer), func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range peer.folders {
				if err := overlay(dir, filepath.Join("workloads", folder)); err != nil {
					t.Fatal(err)
				}
			}
			if len(peer.edits) != len(mistakes()) {
				t.Fatalf("%d edits for %d mistakes", len(peer.edits), len(mistakes()))
			}
			for _, e := range peer.edits {
				if _, err := plant(dir, e); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func recordMeridian(t *testing.T) *record {
	t.Helper()
	bin := t.TempDir()
	if err := buildMeridian(context.Background(), "../..", bin); err != nil {
		t.Fatal(err)
	}
	r, err := laboratory{workloads: "workloads", bin: bin}.record(context.Background(), meridian())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// split takes the rows of the table and the sections out of a page.
func split(t *testing.T, page string) (rows, sections []string) {
	t.Helper()
	_, rest, found := strings.Cut(page, "|---|---|---|---|---|---|---|\n")
	body, _, ended := strings.Cut(rest, "\n\n")
	parts := strings.Split(page, "\n## ")
	if !found || !ended || len(parts) < 2 {
		t.Fatal("docs/mistakes.md has no table or no sections; run make peers")
	}
	for line := range strings.Lines(body + "\n") {
		rows = append(rows, line)
	}
	for _, part := range parts[1:] {
		sections = append(sections, "## "+part)
	}
	return rows, sections
}

// errorLines are the lines of the errors in app.cue, in the order in which they are told.
func errorLines(t *testing.T, r trial) []int {
	t.Helper()
	var lines []int
	for _, found := range regexp.MustCompile(`(?m)^app\.cue:(\d+):\d+: error`).FindAllStringSubmatch(r.said(), -1) {
		line, err := strconv.Atoi(found[1])
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
