package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// overtaking is a hook that moves the branch to the commit that the file next names before it lets a push go on, once.
const overtaking = `#!/bin/sh
[ -e next ] || exit 0
commit=$(cat next); rm next
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
exec git update-ref refs/heads/main "$commit"
`

// TestRaced holds what was found out about a repository before publishing against what others publish meanwhile.
func TestRaced(t *testing.T) {
	const (
		calls   = "\ncalls: db1: {space: \"data\", port: \"web\"}\n"
		accepts = "\naccepts: app1: space: \"web\"\n"
	)
	tests := []struct {
		name string
		// What is added to the files of app1 and db1, by turns: what the repository has, and what it has meanwhile.
		before, meanwhile [2]string
		line              []string
		want              string // a code; empty: it gets through
	}{
		{"a rollback undoes the change that it was asked to", [2]string{"", ""}, [2]string{"\nowner: \"next@mydomain.com\"\n", ""},
			[]string{"rollback", "web/app1"}, "M8047"},
		{"one to a commit does so whatever came", [2]string{"", ""}, [2]string{"\nowner: \"next@mydomain.com\"\n", ""},
			[]string{"rollback", "web/app1", "--commit"}, ""},
		{"another application is nobody's business", [2]string{"", ""}, [2]string{"", "\nowner: \"next@mydomain.com\"\n"},
			[]string{"rollback", "web/app1"}, ""},
		{"who is called no longer accepts it", [2]string{"", accepts}, [2]string{"", ""},
			[]string{"publish", "src/app1", "--platform", "platform"}, "M6002"},
		{"who is called has changed otherwise", [2]string{"", accepts}, [2]string{"", accepts + "\nowner: \"next@mydomain.com\"\n"},
			[]string{"publish", "src/app1", "--platform", "platform"}, ""},
		{"what is removed is called by now", [2]string{"", accepts}, [2]string{calls, accepts},
			[]string{"remove", "data/db1"}, "M8041"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := newGuardedServer(t, "")
			g.write(g.dir, "hooks/pre-receive", overtaking)
			app := func(name, more string) {
				text := strings.NewReplacer("NAME", name, "SPACE", map[string]string{"app1": "web", "db1": "data"}[name]).Replace(guardedAppText)
				if strings.Contains(more, "owner:") {
					text = strings.Replace(text, "owner: \"team@mydomain.com\"\n", "", 1)
				}
				g.write(g.root, "src/"+name+"/app.cue", text+more)
			}
			both := func(more [2]string) {
				app("app1", more[0])
				app("db1", more[1])
				g.must("ops", "publish", "--platform", "platform", "src/db1", "src/app1")
			}
			g.must("ops", "publish", "--platform", "platform", "--spaces")
			both([2]string{"\nowner: \"first@mydomain.com\"\n", "\nowner: \"first@mydomain.com\"\n"})
			first := g.head()
			both(test.before)
			head := g.head()
			both(test.meanwhile)
			next := g.head()
			g.run(g.dir, "git", "update-ref", "refs/heads/main", head)
			g.write(g.dir, "next", next)
			if test.line[0] == "publish" {
				app("app1", calls)
			}
			if last := len(test.line) - 1; test.line[last] == "--commit" {
				test.line = append(test.line, first)
			}
			out, ok := g.meridian("ops", test.line...)
			if _, err := os.Stat(filepath.Join(g.dir, "next")); err == nil {
				t.Fatalf("nobody came meanwhile:\n%s", out)
			}
			parent := g.run(g.dir, "git", "rev-parse", "main~1")
			if test.want == "" && (!ok || parent != next) {
				t.Errorf("not on top of what came meanwhile:\n%s", out)
			}
			if test.want != "" && (ok || !strings.Contains(out, test.want+":") || g.head() != next) {
				t.Errorf("want %s, and nothing published:\n%s", test.want, out)
			}
		})
	}
}
