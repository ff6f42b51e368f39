package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// newTestCLI is a command line without a terminal, that can run itself.
func newTestCLI(t *testing.T, platform string) *cli {
	t.Helper()
	c := &cli{World: World{Stdout: io.Discard, Stderr: io.Discard, Self: self(), Terminal: func(any) int { return 0 }}, platform: platform}
	t.Cleanup(func() {
		for _, done := range c.closers {
			_ = done()
		}
	})
	return c
}

// outsideSession is a session that compiles in children, with as much time as a slow machine needs.
func outsideSession(t *testing.T, c *cli, f untrustedFlags) *session {
	t.Helper()
	s, err := c.newSession()
	if err != nil {
		t.Fatal(err)
	}
	if f.timeout == 0 {
		f.timeout = 5 * time.Minute
	}
	f.on = true
	if err := c.confine(context.Background(), s, f); err != nil {
		t.Fatal(err)
	}
	return s
}

// sameProduct are the parts of a compiled application that must not depend on which process compiled it.
var sameProduct = cmp.Options{
	cmp.Transformer("files", func(tree manifest.Tree) (files []manifest.File) {
		for path, data := range tree.Files() {
			files = append(files, manifest.File{Path: path, Data: data})
		}
		return files
	}),
	cmpopts.EquateEmpty(),
}

// TestOutsideIsInside holds that an application comes to the same in a child as in this process: manifests to the
// byte, claims, diagnostics with their places, what others see of it, and the inputs that are recorded. So it is for
// every golden case, example and error case, read from the disk and, where it compiles, from its record.
func TestOutsideIsInside(t *testing.T) {
	if raceDetector {
		t.Skip("it takes minutes with the race detector; golden's tests compile the same from many goroutines")
	}
	groups := map[string][]string{} // by platform
	for _, pattern := range []string{"../../golden/cases/*/app.cue", "../../examples/*/app.cue", "../../examples/*/*/app.cue", "testdata/errors/*/app.cue"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range paths {
			platform := filepath.Join(filepath.Dir(path), "platform")
			if !exists(platform) {
				platform = ""
			}
			if !strings.Contains(path, "M8060") {
				groups[platform] = append(groups[platform], path)
			}
		}
	}
	for platform, paths := range groups {
		c := newTestCLI(t, platform)
		in, err := c.newSession()
		if err != nil {
			continue // a case of a wrong platform
		}
		out := outsideSession(t, c, untrustedFlags{})
		for _, path := range paths {
			compareBothWays(t, in, out, path)
		}
	}
}

func compareBothWays(t *testing.T, inside, outside *session, path string) {
	t.Helper()
	want, got := inside.from(origin{}, path), outside.from(origin{}, path)
	if want.err != nil || got.err != nil {
		t.Errorf("%s: %v, in a child %v", path, want.err, got.err)
		return
	}
	sameCompiled(t, path, want.app, got.app)
	if !want.app.ok() {
		return
	}
	recorded, err := want.app.input.recorded()
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.app.input.recorded()
	if diff := cmp.Diff(recorded, again, sameProduct); diff != "" || err != nil {
		t.Errorf("%s: inputs: %v (-want +got):\n%s", path, err, diff)
	}
	var regions []string
	for _, output := range want.app.result.Outputs {
		regions = append(regions, output.Region)
	}
	part, err := inside.recompile("myorg-web", "app1", recorded, regions[:1])
	if err != nil {
		t.Fatal(err)
	}
	one, err := outside.recompile("myorg-web", "app1", recorded, regions[:1])
	if err != nil {
		t.Fatal(err)
	}
	sameCompiled(t, path+", in one region", part, one)
	if diff := cmp.Diff(regions[1:], one.result.Elsewhere, cmpopts.EquateEmpty()); part.ok() && diff != "" {
		t.Errorf("%s, in one region: others that it selects (-want +got):\n%s", path, diff)
	}
	for _, s := range []*session{inside, outside} {
		done, err := s.recompile("myorg-web", "app1", recorded, regions)
		if err != nil || !done.ok() {
			t.Errorf("%s, from its record: %v", path, err)
			continue
		}
		tree, err := done.result.Tree()
		if err != nil {
			t.Fatal(err)
		}
		first, err := want.app.result.Tree()
		if diff := cmp.Diff(first, tree, sameProduct); diff != "" || err != nil {
			t.Errorf("%s, from its record: %v (-want +got):\n%s", path, err, diff)
		}
	}
}

func sameCompiled(t *testing.T, path string, want, got *compiled) {
	t.Helper()
	type plain struct {
		Product    *compiler.Product
		List, Read []diag.Diagnostic
		Allows     []diag.Allow
		Wanted     []schema.Beside
		Beside     map[string][]byte
	}
	of := func(a *compiled) plain {
		return plain{a.result, a.list, a.read, a.allows, a.input.wanted, a.input.beside}
	}
	if diff := cmp.Diff(of(want), of(got), sameProduct); diff != "" {
		t.Errorf("%s (-here +in a child):\n%s", path, diff)
	}
}

const hostileHead = `package app

import (
	"list"
	"strings"
)

_use: [list.Range, strings.Repeat]

name:  "app1"
space: "web"
owner: "team@mydomain.com"

image: {name: "app1", tag: "1.0"}

resources: {
	requests: {cpu: "100m", memory: "128Mi"}
	limits: memory: "128Mi"
}

`

// repeated is text for each number up to n; %d stands for the number, %p for the one before.
func repeated(n int, text string) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		b.WriteString(strings.NewReplacer("%d", strconv.Itoa(i), "%p", strconv.Itoa(i-1)).Replace(text))
	}
	return b.String()
}

// TestHostile holds that no input does more than fail: in bounded time, with a diagnostic of its file, whatever it
// does to the process that evaluates it; and that an ordinary application compiles after each.
func TestHostile(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs more memory than a child may have")
	}
	tests := []struct {
		name, source string
		limits       untrustedFlags
		want         diag.Code // empty: any
	}{
		{name: "references", source: hostileHead + "_a0: {x: 1}\n" + repeated(40, "_a%d: {a: _a%p, b: _a%p, c: _a%p}\n") + "env: X: value: \"\\(len([for k, v in _a40 {v}]))\"\nenv: Y: value: \"\\(_a40)\"\n"},
		{name: "repeat", source: hostileHead + "env: X: value: strings.Repeat(strings.Repeat(\"x\", 1000000), 1000000)\n"},
		{name: "doubling", source: hostileHead + "_s0: \"xxxxxxxxxxxxxxxx\"\n" + repeated(40, "_s%d: \"\\(_s%p)\\(_s%p)\"\n") + "env: X: value: _s40\n"},
		{name: "list", source: hostileHead + "_l: list.Range(0, 1000000000, 1)\nenv: X: value: \"\\(len(_l))\"\n"},
		{name: "comprehension", source: hostileHead + "_r: list.Range(0, 10000, 1)\nenv: X: value: \"\\(len([for a in _r for b in _r for c in _r {a + b + c}]))\"\n"},
		{name: "regular expression", source: hostileHead + "env: X: value: =~\"((((((((a{1,100}){1,100}){1,100})\" & \"a\"\n"},
		{name: "brackets", source: strings.Repeat("[", 1<<20)},
		{name: "braces", source: hostileHead + "_x: " + strings.Repeat("{a:", 100000) + "1" + strings.Repeat("}", 100000) + "\n"},
		{name: "operators", source: hostileHead + "_x: " + strings.Repeat("!", 500000) + "true\n"},
		{name: "selectors", source: hostileHead + "_x: _x" + strings.Repeat(".a", 300000) + "\n"},
		{name: "sum", source: hostileHead + "_x: 1" + strings.Repeat("+1", 400000) + "\nenv: X: value: \"\\(_x)\"\n"},
		{name: "chain", source: hostileHead + "_a0: 1\n" + repeated(40000, "_a%d: {b: _a%p}\n") + "env: X: value: \"\\(_a40000.b)\"\n"},
		{name: "memory", source: hostileHead + "_s0: \"xxxxxxxxxxxxxxxx\"\n" + repeated(40, "_s%d: \"\\(_s%p)\\(_s%p)\"\n") + "env: X: value: _s40\n",
			limits: untrustedFlags{memory: 256 << 20, timeout: 5 * time.Minute}, want: diag.EvaluationDied},
	}
	good := filepath.Join(t.TempDir(), appFile)
	if err := os.WriteFile(good, []byte(plainApp), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			limits := test.limits
			if limits.timeout == 0 {
				limits = untrustedFlags{timeout: 2 * time.Second, memory: 256 << 20}
			}
			s := outsideSession(t, newTestCLI(t, ""), limits)
			path := filepath.Join(t.TempDir(), appFile)
			if err := os.WriteFile(path, []byte(test.source), 0o644); err != nil {
				t.Fatal(err)
			}
			bad := s.from(origin{}, path)
			if bad.err != nil || bad.app.ok() || !diag.HasErrors(bad.app.list) {
				t.Fatalf("%v %v", bad.err, bad.app)
			}
			for _, d := range bad.app.list {
				if d.Pos.File != path {
					t.Errorf("told of %q: %s", d.Pos.File, d)
				}
			}
			if first := bad.app.list[0].Code; test.want != "" && first != test.want {
				t.Errorf("told as %s", bad.app.list[0])
			}
			if after := s.from(origin{}, good); after.err != nil || !after.app.ok() {
				t.Errorf("an ordinary application after it: %v %v", after.err, after.app)
			}
		})
	}
}

// TestHostileModule holds that a module's own file, which is CUE as well, is not evaluated here.
func TestHostileModule(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector needs more memory than a child may have")
	}
	tree, err := manifest.NewTree([]manifest.File{
		{Path: appFile, Data: []byte(plainApp)},
		{Path: modulePrefix + moduleFile, Data: []byte("module: \"x.com/\\(_s40)\"\n_s0: \"xxxxxxxxxxxxxxxx\"\n" + repeated(40, "_s%d: \"\\(_s%p)\\(_s%p)\"\n"))},
	})
	if err != nil {
		t.Fatal(err)
	}
	s := outsideSession(t, newTestCLI(t, ""), untrustedFlags{timeout: 2 * time.Second, memory: 256 << 20})
	done, err := s.recompile("myorg-web", "app1", tree, nil)
	if err != nil || done.ok() || len(done.list) != 1 || done.list[0].Pos.File != "myorg-web/app1/app.cue" {
		t.Errorf("%v %v", err, done)
	}
}

// TestOutsideWithoutSelf holds that a program that cannot run itself compiles nothing that is not trusted.
func TestOutsideWithoutSelf(t *testing.T) {
	c := newTestCLI(t, "")
	c.Self.Path = ""
	s, err := c.newSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.confine(t.Context(), s, untrustedFlags{on: true, timeout: time.Second}); err == nil {
		t.Error("it goes on")
	}
	if err := c.confine(t.Context(), s, untrustedFlags{on: true}); err == nil {
		t.Error("no time is accepted")
	}
}

// TestWorkerByHand holds that the child's command does nothing for people.
func TestWorkerByHand(t *testing.T) {
	var out, errs bytes.Buffer
	code := runWorker(strings.NewReader(""), &out, &errs, func(string) string { return "" })
	if code != exitMachine || out.Len() > 0 || !strings.Contains(errs.String(), "meant to be started by itself") {
		t.Errorf("%d %q %q", code, &out, &errs)
	}
}
