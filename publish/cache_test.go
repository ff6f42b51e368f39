package publish

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newCachedRepo is a repository over http that leaves blobs out, published to through a cache.
func newCachedRepo(t *testing.T) *repo {
	t.Helper()
	r := newHTTPRepo(t, true)
	r.cache = filepath.Join(t.TempDir(), "cache")
	r.seed("r1")
	return r
}

// folder is the repository's folder in the cache.
func (r *repo) cached() string {
	r.t.Helper()
	list, err := filepath.Glob(filepath.Join(r.cache, "*"))
	if err != nil || len(list) != 1 {
		r.t.Fatalf("the cache has %v", list)
	}
	return list[0]
}

// fetches counts the packs that are asked for from now on.
func (r *repo) fetches() *int {
	n := 0
	r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
			n++
		}
		next.ServeHTTP(w, req)
	}
	return &n
}

// version is an application whose content is a version.
func version(t testing.TB, name string, n int) App {
	a := testApp(t, "myorg-web", name, "r1")
	a.Regions["r1"] = tree(t, map[string]string{"deployment.yaml": fmt.Sprintf("version: %d\n", n)})
	return a
}

// TestCacheWarm holds a run on a warm cache to no fetch at all, after commits of our own and after none, and to one
// small one after those of others.
func TestCacheWarm(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), version(t, "app1", 0))
	r.publish(r.options(), version(t, "app1", 1))
	fetches := r.fetches()
	for n := range 3 {
		r.publish(r.options(), version(t, "app1", n+2))
	}
	if *fetches != 0 {
		t.Errorf("%d fetches although nobody else has published", *fetches)
	}
	r.commit(map[string]string{"README.md": "hello\n"})
	if r.publish(r.options(), version(t, "app1", 9)); *fetches != 1 {
		t.Errorf("%d fetches after a commit of somebody else", *fetches)
	}
	if r.files()["README.md"] == "" {
		t.Error("somebody else's file is lost")
	}
	r.fsck()
}

// TestCacheDamage damages the cache in many ways: each publish succeeds all the same, and leaves a good cache behind.
func TestCacheDamage(t *testing.T) {
	edit := func(pattern string, change func(data []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			list, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(list) == 0 {
				t.Fatalf("no %s: %v", pattern, err)
			}
			for _, file := range list {
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				_ = os.Remove(file)
				if data = change(data); data != nil {
					if err := os.WriteFile(file, data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	half := func(data []byte) []byte { return data[:len(data)/2] }
	none := func([]byte) []byte { return nil }
	empty := func([]byte) []byte { return []byte{} }
	other := func(data []byte) []byte {
		for i := 20; i < len(data)-20; i += 50 {
			data[i] ^= 0x55
		}
		return data
	}
	text := func(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }
	tests := []struct {
		name   string
		damage func(t *testing.T, dir string)
	}{
		{"packs cut", edit("objects/pack/*.pack", half)},
		{"packs changed", edit("objects/pack/*.pack", other)},
		{"packs empty", edit("objects/pack/*.pack", empty)},
		{"packs gone", edit("objects/pack/*.pack", none)},
		{"indexes cut", edit("objects/pack/*.idx", half)},
		{"indexes changed", edit("objects/pack/*.idx", other)},
		{"indexes empty", edit("objects/pack/*.idx", empty)},
		{"indexes gone", edit("objects/pack/*.idx", none)},
		{"objects gone", func(t *testing.T, dir string) { _ = os.RemoveAll(filepath.Join(dir, "objects")) }},
		{"state cut", edit("state.json", half)},
		{"state gone", edit("state.json", none)},
		{"state of another version", edit("state.json", text(`{"version":99,"complete":{"refs/heads/main":"x"}}`))},
		{"state names no commit", edit("state.json", text(`{"version":1,"complete":{"refs/heads/main":"x"}}`))},
		{"state names a commit that is nowhere", edit("state.json", text(`{"version":1,"partial":true,"complete":{"refs/heads/main":"`+strings.Repeat("1", 40)+`"}}`))},
		{"chain cut", edit("chain/*.json", half)},
		{"chain of nonsense", edit("chain/*.json", text(`{"epoch":1,"base":"x","links":["y"]}`))},
		{"chain on a commit that is nowhere", edit("chain/*.json", text(fmt.Sprintf(`{"epoch":1,"base":%q,"links":[%q],"touched":%q}`,
			strings.Repeat("1", 40), strings.Repeat("2", 40), time.Now().Format(time.RFC3339))))},
		{"all gone", func(t *testing.T, dir string) { _ = os.RemoveAll(dir) }},
		{"rubbish of a process that died", func(t *testing.T, dir string) {
			_ = os.WriteFile(filepath.Join(dir, "objects", "pack", "tmp_pack_1"), []byte("PACK"), 0o600)
			_ = os.WriteFile(filepath.Join(dir, "objects", "pack", "pack-1.pack"), []byte("PACK"), 0o600)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newCachedRepo(t)
			r.publish(r.options(), version(t, "app1", 0))
			r.publish(r.options(), version(t, "app1", 1))
			test.damage(t, r.cached())
			for n := range 2 {
				result := r.publish(r.options(), version(t, "app1", n+2))
				if result.Commit != r.head() || r.commits() != n+4 {
					t.Errorf("%+v, head %s, %d commits", result, r.head(), r.commits())
				}
			}
			r.fsck()
			fetches := r.fetches()
			r.publish(r.options(), version(t, "app1", 9))
			if *fetches != 0 {
				t.Errorf("%d fetches: the cache was not made anew", *fetches)
			}
		})
	}
}

// TestCacheDamagedWhileRead damages the packs while a snapshot is open.
func TestCacheDamagedWhileRead(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), version(t, "app1", 0))
	snapshot, diags, err := Read(t.Context(), r.options())
	if err != nil || len(diags) > 0 {
		t.Fatal(diags, err)
	}
	defer snapshot.Close()
	files, err := filepath.Glob(filepath.Join(r.cached(), "objects", "pack", "*.pack"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil {
			err = os.Chmod(file, 0o600)
		}
		if err == nil {
			err = os.WriteFile(file, bytes.Repeat([]byte{0x55}, len(data)), 0o600) // in place: open files see it
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	app, err := snapshot.App(t.Context(), AppID{"myorg-web", "app1"})
	if err != nil || app == nil || len(app.Regions) != 1 {
		t.Errorf("%+v %v", app, err)
	}
}

// TestCacheRefused has folders that must not be trusted: they are left alone, the user is told, and publishing goes on.
func TestCacheRefused(t *testing.T) {
	tests := []struct {
		name, want string
		prepare    func(root string) error
	}{
		{"a symlink", "is no folder", func(root string) error { return os.Symlink(t.TempDir(), root) }},
		{"a file", "is no folder", func(root string) error { return os.WriteFile(root, nil, 0o600) }},
		{"writable by others", "can be written by others", func(root string) error {
			if err := os.Mkdir(root, 0o700); err != nil {
				return err
			}
			return os.Chmod(root, 0o777)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := newHTTPRepo(t, true)
			r.seed("r1")
			r.cache = filepath.Join(t.TempDir(), "cache")
			if err := test.prepare(r.cache); err != nil {
				t.Fatal(err)
			}
			var told string
			o := r.options()
			o.Progress = func(text string) { told += text }
			r.publish(o, version(t, "app1", 0))
			if !strings.Contains(told, test.want) || r.commits() != 2 {
				t.Errorf("told %q, %d commits", told, r.commits())
			}
			if left, _ := filepath.Glob(filepath.Join(r.cache, "*")); len(left) > 0 {
				t.Errorf("%v were written", left)
			}
		})
	}
}

// TestCacheKeepsNoSecret looks for the token in everything that the cache has, and at who may read it.
func TestCacheKeepsNoSecret(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), version(t, "app1", 0))
	err := filepath.WalkDir(r.cache, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		data, _ := os.ReadFile(path)
		for _, secret := range r.options().Auth.secrets() {
			if strings.Contains(path, secret) || bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s has the token", path)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCacheSweep removes what nobody has used for long when another repository comes.
func TestCacheSweep(t *testing.T) {
	r := newCachedRepo(t)
	old := r.cached()
	other := newHTTPRepo(t, true)
	other.cache = r.cache
	other.seed("r1")
	if _, err := os.Stat(old); err != nil {
		t.Fatalf("a folder in use is gone: %v", err)
	}
	long := time.Now().Add(-unused - time.Hour)
	if err := os.Chtimes(filepath.Join(old, "address"), long, long); err != nil {
		t.Fatal(err)
	}
	third := newHTTPRepo(t, true)
	third.cache = r.cache
	third.seed("r1")
	if _, err := os.Stat(old); err == nil {
		t.Error("a folder that nobody has used for long is still there")
	}
	r.publish(r.options(), version(t, "app1", 0))
}

// TestCacheLimit begins afresh when the cache holds more than it may.
func TestCacheLimit(t *testing.T) {
	r := newCachedRepo(t)
	r.publish(r.options(), version(t, "app1", 0))
	c := &repoCache{dir: r.cached(), store: &cacheStore{dir: r.cached()}, patience: time.Second}
	if err := c.changeState(context.Background(), func(s *cacheState) { s.Limit = 1 }); err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		r.publish(r.options(), version(t, "app1", n+1))
	}
	state, err := c.state()
	if err != nil || state.Limit < 512<<20 {
		t.Errorf("%+v %v", state, err)
	}
	if packs, _ := filepath.Glob(filepath.Join(c.store.packDir(), "*.pack")); len(packs) > 8 {
		t.Errorf("%d packs are left", len(packs))
	}
	r.fsck()
}
