package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

const plainApp = `package app

name:  "app1"
space: "web"
owner: "team-web@mydomain.com"
image: {name: "app1", tag: "1.0"}
only: ["aws-oregon", "ksc-beijing6"]
`

// TestCompileTwice holds that a compiler that gives two results is noticed: a byte, a file, or nothing at all.
func TestCompileTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), appFile)
	if err := os.WriteFile(path, []byte(plainApp), 0o644); err != nil {
		t.Fatal(err)
	}
	c := &cli{World: World{Stdout: io.Discard, Stderr: io.Discard}}
	session, err := c.newSession()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		fault func(*compiled)
		want  []string
	}{
		{"none", func(*compiled) {}, nil},
		{"a byte", func(a *compiled) {
			a.result.Outputs[1].Files = edited(t, a.result.Outputs[1].Files, func(files []manifest.File) []manifest.File {
				files[0].Data = append(bytes.Clone(files[0].Data), '\n')
				return files
			})
		}, []string{"M7005 compiling it twice gives two results: ksc-beijing6/deployment.yaml differs"}},
		{"a file too many", func(a *compiled) {
			a.result.Outputs[0].Files = edited(t, a.result.Outputs[0].Files, func(files []manifest.File) []manifest.File {
				return append(files, manifest.File{Path: "extra.yaml"})
			})
		}, []string{"M7005 compiling it twice gives two results: aws-oregon/extra.yaml differs"}},
		{"a region less", func(a *compiled) { a.result.Outputs = a.result.Outputs[:1] }, []string{"M7005 compiling it twice gives two results: ksc-beijing6/deployment.yaml differs"}},
		{"a mistake", func(a *compiled) { a.result.Outputs = nil }, []string{"M7005 compiling it twice gives two results: aws-oregon/deployment.yaml differs"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tester := &tester{session: session, run: regexp.MustCompile("^twice$"), again: func(in *input) (*compiled, error) {
				second, err := session.compile(in)
				test.fault(second)
				return second, err
			}}
			done := session.one(path)
			if done.err != nil {
				t.Fatal(done.err)
			}
			if err := tester.test(done.app); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range done.app.suite.problems() {
				got = append(got, string(d.Code)+" "+d.Message)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
			if done.app.suite.failed() != (len(test.want) > 0) {
				t.Errorf("failed is %v", done.app.suite.failed())
			}
		})
	}
}

func edited(t *testing.T, tree manifest.Tree, edit func([]manifest.File) []manifest.File) manifest.Tree {
	t.Helper()
	var files []manifest.File
	for path, data := range tree.Files() {
		files = append(files, manifest.File{Path: path, Data: data})
	}
	changed, err := manifest.NewTree(edit(files))
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestFormatsAgree holds that all formats fail together, and say so by the exit code.
func TestFormatsAgree(t *testing.T) {
	path := filepath.Join(t.TempDir(), appFile)
	if err := os.WriteFile(path, []byte(plainApp), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"text", "tap", "junit"} {
		var stdout, stderr bytes.Buffer
		world := World{Now: time.Now, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(string) string { return "" }}
		if code := Run(t.Context(), []string{"test", "--format", format, path}, world); code != exitInput {
			t.Errorf("%s: exit code %d", format, code)
		}
		if !strings.Contains(stderr.String(), string(diag.GoldenMissing)) || stdout.Len() == 0 {
			t.Errorf("%s: %s%s", format, stdout.String(), stderr.String())
		}
	}
}
