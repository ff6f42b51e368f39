package publish_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/publish"
)

// gitAt runs git in a folder and returns what it prints.
func gitAt(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// history makes a repository with three commits on main, a tag of each kind, and a branch that parted at the first.
func history(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	gitAt(t, dir, "init", "-q", "-b", "main")
	for _, n := range []string{"1", "2", "3"} {
		write(t, dir, map[string]string{"services/a/app.cue": n, "same": "same"})
		gitAt(t, dir, "add", "-A")
		gitAt(t, dir, "commit", "-q", "-m", n)
		switch n {
		case "1":
			gitAt(t, dir, "tag", "light")
			gitAt(t, dir, "branch", "side")
		case "2":
			gitAt(t, dir, "tag", "-a", "-m", "v", "heavy")
		}
	}
	gitAt(t, dir, "checkout", "-q", "side")
	write(t, dir, map[string]string{"services/a/app.cue": "side"})
	gitAt(t, dir, "commit", "-q", "-a", "-m", "side")
	gitAt(t, dir, "checkout", "-q", "main")
	gitAt(t, dir, "merge", "-q", "-s", "ours", "-m", "merge", "side")
	return dir
}

func open(t *testing.T, dir string) *publish.Sources {
	t.Helper()
	sources, err := publish.OpenSources(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sources.Close(); err != nil {
			t.Error(err)
		}
	})
	return sources
}

// TestResolve holds revisions to what git itself says, in every shape that a repository takes.
func TestResolve(t *testing.T) {
	shapes := map[string]func(t *testing.T, dir string) string{
		"loose":  func(_ *testing.T, dir string) string { return dir },
		"packed": func(t *testing.T, dir string) string { gitAt(t, dir, "gc", "-q", "--prune=now"); return dir },
		"folder": func(_ *testing.T, dir string) string { return filepath.Join(dir, "services", "a") },
		"linked work tree": func(t *testing.T, dir string) string {
			linked := filepath.Join(t.TempDir(), "linked")
			gitAt(t, dir, "worktree", "add", "-q", "-b", "linked", linked, "heavy")
			return filepath.Join(linked, "services")
		},
		"clone": func(t *testing.T, dir string) string {
			clone := filepath.Join(t.TempDir(), "clone")
			gitAt(t, dir, "clone", "-q", "file://"+dir, clone)
			gitAt(t, clone, "branch", "side", "origin/side")
			return clone
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			dir := shape(t, history(t))
			sources := open(t, dir)
			head := gitAt(t, dir, "rev-parse", "HEAD")
			for _, revision := range []string{
				"HEAD", "@", "main", "side", "light", "heavy", "refs/heads/main", "heads/side", "tags/heavy", "HEAD~", "HEAD~1", "main~2", "HEAD^", "main^2", "main^2~1",
				"main^0", "heavy~1", "heavy^", "main~1^1", head, head[:12], head[:5], strings.ToUpper(head[:8]),
			} {
				want := gitAt(t, dir, "rev-parse", revision+"^{commit}")
				got, err := sources.Resolve(t.Context(), revision)
				if err != nil || got != want {
					t.Errorf("%s is %s, %v; git says %s", revision, got, err, want)
				}
			}
			want := gitAt(t, dir, "merge-base", "main~1", "side")
			if got, err := sources.MergeBase(t.Context(), "main~1", "side"); err != nil || got != want {
				t.Errorf("main~1 and side parted at %s, %v; git says %s", got, err, want)
			}
			if top := gitAt(t, dir, "rev-parse", "--show-toplevel"); sources.Root() != top {
				t.Errorf("the root is %s; git says %s", sources.Root(), top)
			}
		})
	}
}

func TestResolveRefused(t *testing.T) {
	dir := history(t)
	blob := gitAt(t, dir, "rev-parse", "HEAD:same")
	sources := open(t, dir)
	tests := []struct{ revision, want string }{
		{"nowhere", `revision "nowhere" is no branch, tag or commit that this clone knows`},
		{"config", `revision "config" is no branch, tag or commit that this clone knows`},
		{"../config", `revision "../config" is no branch, tag or commit that this clone knows`},
		{strings.Repeat("d", 40), `revision "` + strings.Repeat("d", 40) + `" is no branch, tag or commit that this clone knows`},
		{blob, `revision "` + blob + `" is not a commit`},
		{blob[:8], `revision "` + blob[:8] + `" is no branch, tag or commit that this clone knows`},
		{"HEAD~9", `revision "HEAD~9" is before the first commit`},
		{"main^3", `revision "main^3" is before the first commit`},
		{"HEAD~99999999999999999999", `revision "HEAD~99999999999999999999" counts too far`},
		{"HEAD~x", `revision "HEAD~x" is not understood: give a branch, tag or commit, with ~N or ^N`},
		{"HEAD^{tree}", `revision "HEAD^{tree}" is not understood: give a branch, tag or commit, with ~N or ^N`},
		{"main@{1}", `revision "main@{1}" is not understood: give a branch, tag or commit, with ~N or ^N`},
		{"HEAD:same", `revision "HEAD:same" is not understood: give a branch, tag or commit, with ~N or ^N`},
		{"~1", `revision "~1" is not understood: give a branch, tag or commit, with ~N or ^N`},
		{"", `revision "" is not understood: give a branch, tag or commit, with ~N or ^N`},
	}
	for _, tt := range tests {
		t.Run(tt.revision, func(t *testing.T) {
			_, err := sources.Resolve(t.Context(), tt.revision)
			var unknown *publish.RevisionError
			if !errors.As(err, &unknown) {
				t.Fatalf("it is not the user's: %v", err)
			}
			if d := cmp.Diff(tt.want, err.Error()); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("no commit yet", func(t *testing.T) {
		dir := t.TempDir()
		gitAt(t, dir, "init", "-q")
		_, err := open(t, dir).Resolve(t.Context(), "HEAD")
		if d := cmp.Diff(`revision "HEAD" has no commit yet`, err.Error()); d != "" {
			t.Error(d)
		}
	})
	t.Run("no repository", func(t *testing.T) {
		if _, err := publish.OpenSources(t.TempDir()); !errors.Is(err, publish.ErrNoRepository) {
			t.Errorf("it is told as %v", err)
		}
	})
}

// TestShallow says what to do about history that a clone has left out.
func TestShallow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shallow")
	origin := history(t)
	gitAt(t, origin, "clone", "-q", "--depth", "1", "file://"+origin, dir)
	sources := open(t, dir)
	if _, err := sources.Resolve(t.Context(), "HEAD"); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"parent": func() error { _, err := sources.Resolve(t.Context(), "HEAD~1"); return err },
		"second": func() error { _, err := sources.Resolve(t.Context(), "HEAD^2"); return err },
		"commit": func() error {
			_, err := sources.Resolve(t.Context(), gitAt(t, origin, "rev-parse", "light"))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := read(); err == nil || !strings.Contains(err.Error(), "the clone is shallow and does not reach that far: fetch more with `git fetch --deepen=") {
				t.Errorf("it is told as %v", err)
			}
		})
	}
	gitAt(t, dir, "fetch", "-q", "--unshallow")
	if _, err := open(t, dir).Resolve(t.Context(), "HEAD~1"); err != nil {
		t.Errorf("after the fix: %v", err)
	}
}

// TestAt holds the files of a revision to the rules of io/fs, and links to their folder.
func TestAt(t *testing.T) {
	dir := history(t)
	write(t, dir, map[string]string{"services/a/config/x.yaml": "x", "services/b/app.cue": "b"})
	links := map[string]string{
		"services/a/inside": "config/../config/x.yaml", "services/a/up": "../b/app.cue", "services/a/out": "../../../etc/passwd",
		"services/a/absolute": "/etc/passwd", "services/a/loop": "loop", "services/folder": "a",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	gitAt(t, dir, "add", "-A")
	gitAt(t, dir, "commit", "-q", "-m", "links")
	sources := open(t, dir)
	commit, err := sources.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	root, err := sources.At(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	a, err := fs.Sub(root, "services/a")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		fsys fs.FS
		path string
		want string // empty: an error
	}{
		{"file", root, "services/b/app.cue", "b"},
		{"below a linked folder", root, "services/folder/config/x.yaml", "x"},
		{"link", a, "inside", "x"},
		{"link that leads up, inside", root, "services/a/up", "b"},
		{"link that leads up, out", a, "up", ""},
		{"link that leads out of all", root, "services/a/out", ""},
		{"absolute link", root, "services/a/absolute", ""},
		{"loop", root, "services/a/loop", ""},
		{"none", root, "services/c/app.cue", ""},
		{"below a file", root, "services/b/app.cue/x", ""},
		{"folder", root, "services", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, err := fs.ReadFile(tt.fsys, tt.path)
			if string(data) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("it is %q, %v", data, err)
			}
		})
	}
	if info, err := fs.Lstat(root, "services/a/inside"); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("a link is %v, %v", info, err)
	}
	gitAt(t, dir, "rm", "-q", "-r", "--cached", ".") // the index and the disk do not matter
	first, err := sources.Resolve(t.Context(), "light")
	if err != nil {
		t.Fatal(err)
	}
	old, err := sources.At(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(old, "services/a/app.cue", "same"); err != nil {
		t.Error(err)
	}
	if data, err := fs.ReadFile(old, "services/a/app.cue"); string(data) != "1" {
		t.Errorf("the first revision is %q, %v", data, err)
	}
}
