package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFind holds the rules to outputs of every form that the tools have. The mistake is at line 3 of conf/a.yaml.
func TestFind(t *testing.T) {
	replicas := mistakes()[1]
	tests := []struct {
		name   string
		exit   int
		output string
		want   string
		fix    bool
	}{
		{"passes", 0, "conf/a.yaml:3: replicas", "silent", false},
		{"fails without a word", 1, "", "caught: no place", false},
		{"the line", 1, "conf/a.yaml:3:11: bad", "caught: its line", false},
		{"the line, with another spelling of the folder", 1, "./conf/a.yaml:3:11: bad", "caught: its line", false},
		{"the line in words", 1, "error in a.yaml: yaml: line 3: bad", "caught: its line", false},
		{"a line that begins alike", 1, "conf/a.yaml:31: bad", "caught: file, a line elsewhere", false},
		{"a file that ends alike", 1, "data.yaml:3: bad", "caught: file, a line elsewhere", false},
		{"two places", 1, "bad:\n    ./schema.cue:4:1\n    conf/a.yaml:3:11", "caught: its line among others", false},
		{"a line of a library", 1, "replicas is bad\n\tlib.libsonnet:7:3-9", "caught: field, a line elsewhere", false},
		{"a pointer", 1, "at '/spec/replicas': got string, want integer", "caught: field", true},
		{"a file and a pointer", 1, "a.yaml - Deployment x: at '/spec/replicas'", "caught: file, field", false},
		{"a name", 1, "conf/a.yaml:3:1: no field replcas\n  fix: did you mean replicas?", "caught: its line", true},
		{"a type", 1, "cannot unmarshal string into Go struct field X.replicas of type int32", "caught: field", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := find(trial{{exit: tt.exit, stderr: tt.output}}, replicas, edit{file: "conf/a.yaml"}, 3)
			if got.String() != tt.want || got.fix != tt.fix {
				t.Errorf("got %q, fix %v; want %q, fix %v", got, got.fix, tt.want, tt.fix)
			}
		})
	}
}

// TestManifestsAreNotFindings holds that a field in rendered manifests is not taken for a word about it.
func TestManifestsAreNotFindings(t *testing.T) {
	said := trial{{step: step{manifests: true}, exit: 1, stdout: "replicas: three\n", stderr: "failed\n"}}
	got := find(said, mistakes()[1], edit{file: "a.yaml"}, 3)
	if diff := cmp.Diff("caught: no place", got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTold(t *testing.T) {
	r := &record{tool: meridian(), lines: []int{25, 8, 23, 18}}
	tests := []struct {
		name   string
		exit   int
		output string
		want   int
	}{
		{"passes, whatever it prints", 0, "replicas periodSeconds", 0},
		{"by line, by field, by value", 1, "app.cue:25: bad\nat /replicas: bad\n10.10.1.0/33 is bad\n", 3},
		{"the right name is not the misspelt one", 1, "gracePeriodSeconds\n", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.together = trial{{exit: tt.exit, stdout: tt.output}}
			if got := r.told(); got != tt.want {
				t.Errorf("told %d, want %d", got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	long := strings.Repeat("x\n", limit)
	tests := []struct {
		name, text, shown string
		missing           int
	}{
		{"nothing", "\n \n", "", 0},
		{"blank lines at the ends only", "\na\n\nb\n\n", "a\n\nb\n", 0},
		{"as long as may be", long, long, 0},
		{"longer", long + "y\nz\n", long, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shown, missing := cut(tt.text)
			if diff := cmp.Diff(tt.shown, shown); diff != "" || missing != tt.missing {
				t.Errorf("missing %d, want %d (-want +got):\n%s", missing, tt.missing, diff)
			}
		})
	}
}

func TestPlant(t *testing.T) {
	tests := []struct {
		name, text string
		edit       edit
		want       string
		line       int
		err        string
	}{
		{name: "once", text: "a\nb: 1\nc\n", edit: edit{"f", "b: 1", "b: 2"}, want: "a\nb: 2\nc\n", line: 2},
		{name: "not there", text: "a\n", edit: edit{"f", "b", "c"}, err: `f: "b" is not there exactly once`},
		{name: "twice", text: "a\na\n", edit: edit{"f", "a", "c"}, err: `f: "a" is not there exactly once`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			line, err := plant(dir, tt.edit)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Fatalf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, read(t, path)); diff != "" || line != tt.line {
				t.Errorf("line %d, want %d (-want +got):\n%s", line, tt.line, diff)
			}
		})
	}
}

// TestMissing holds that a peer that could not be built is on the page, and why.
func TestMissing(t *testing.T) {
	r := &record{tool: tool{name: "x", version: "v1", purpose: "It is for y."}, missing: "could not be installed"}
	want := "| x v1 | not run: it could not be installed | | | | | |\n" + "## x v1\n\nIt is for y.\n\nNot run: it could not be installed.\n"
	if diff := cmp.Diff(want, row(r)+section(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
