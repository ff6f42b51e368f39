package publishing

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fleet is a repository with many applications, as Meridian would have written it: a few are published with the real
// command, the others are copies under other names. It lies in the user's cache, under a name that says what is in it.
type fleet struct {
	dir  string // the bare repository; not to be changed
	apps int
	w    *Workspace
}

// fleetRegions are the regions of a fleet's applications: the platform's open ones.
var fleetRegions = []string{"aws-beijing", "aws-frankfurt", "aws-oregon", "aws-singapore", "ksc-beijing6"}

const fleetSpaces = 8

func fleetSpace(n int) string { return fmt.Sprintf("team%d", n%fleetSpaces) }
func fleetName(n int) string  { return fmt.Sprintf("app%05d", n) }

// fleetApp is the app.cue of the nth application. Its name, host, port and space are the same length for all, and occur
// nowhere else in what is made of it.
func fleetApp(n int, tag string) string {
	return fmt.Sprintf(`package app

name:  %[1]q
space: %[2]q
owner: "team@mydomain.com"
image: {name: "shop-api", tag: %[3]q}
env: {
	LOG_LEVEL: "info"
	QUEUE:     "orders"
	DATABASE:  "jdbc:postgresql://orders.internal.mydomain.com/orders?sslmode=verify-full"
}
ports: web: 8080
http: public: {host: "%[1]s.mydomain.com", port: "web"}
tcp: web: {port: %[4]d, to: "web"}
resources: requests: {cpu: "250m", memory: "256Mi"}
`, fleetName(n), fleetSpace(n), tag, 20000+n)
}

func (f *fleet) write(n int, tag string) (folder string) {
	f.w.t.Helper()
	writeFile(f.w.t, filepath.Join(f.w.Dir, fleetName(n), "app.cue"), fleetApp(n, tag))
	return fleetName(n)
}

// newFleet makes a fleet of at least so many files, or finds it.
func newFleet(t *testing.T, files int) *fleet {
	t.Helper()
	f := &fleet{w: &Workspace{t: t, Dir: t.TempDir(), Cache: t.TempDir()}}
	var spaces strings.Builder
	for n := range fleetSpaces {
		fmt.Fprintf(&spaces, "spaces: %s: {}\n", fleetSpace(n))
	}
	writeFile(t, filepath.Join(f.w.Dir, "platform", "platform.cue"),
		"package platform\n\norg: \"myorg\"\nprojects: [\"myorg\"]\ndomains: \"mydomain.com\": {}\n"+spaces.String())
	template := &Repo{t: t, Dir: filepath.Join(t.TempDir(), "template.git")}
	f.must(template, "publish", "--spaces")
	platform, err := objects(template.Dir)
	if err != nil {
		t.Fatal(err)
	}
	f.must(template, "publish", f.write(0, "1.0"))
	all, err := objects(template.Dir)
	if err != nil {
		t.Fatal(err)
	}
	app := maps.Clone(all)
	maps.DeleteFunc(app, func(path string, _ []byte) bool {
		_, ofPlatform := platform[path]
		return ofPlatform || strings.Contains(path, "/edge/") // computed from all applications; a repair writes it
	})
	f.apps = max(200, (files-len(platform))/len(app)+1)
	f.dir = f.cached(platform, app)
	return f
}

// must runs meridian on a repository of the disk and fails the test if that fails.
func (f *fleet) must(r *Repo, args ...string) string {
	f.w.t.Helper()
	out, err := f.w.Local(f.w.t.Context(), r, args[0], args[1:]...).CombinedOutput()
	if err != nil {
		f.w.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// cached is the folder of the repository that has the platform and copies of the application.
func (f *fleet) cached(platform, app map[string][]byte) string {
	t := f.w.t
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	key := sha256.New()
	for _, files := range []map[string][]byte{platform, app} {
		for _, path := range slices.Sorted(maps.Keys(files)) {
			fmt.Fprintf(key, "%s\x00%d\x00%s", path, len(files[path]), files[path])
		}
	}
	dir := filepath.Join(cache, "meridian-test", fmt.Sprintf("fleet-%d-%s.git", f.apps, hex.EncodeToString(key.Sum(nil))[:16]))
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "making-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(made)
	r := &Repo{t: t, Dir: made}
	run(t, made, "git", "init", "--quiet", "--bare", "--initial-branch=main", made)
	f.fill(r, platform, app)
	if out := f.must(r, "verify", "--repair"); !strings.Contains(out, fmt.Sprintf("%d applications compared, %d findings", f.apps, len(fleetRegions))) {
		t.Fatalf("the fleet is not what Meridian writes:\n%s", out)
	}
	r.Git("repack", "-a", "-d", "--quiet")
	if err := os.Rename(made, dir); err != nil && !errors.Is(err, os.ErrExist) {
		t.Fatal(err)
	}
	return dir
}

// fill imports the platform and all copies in one commit.
func (f *fleet) fill(r *Repo, platform, app map[string][]byte) {
	t := f.w.t
	t.Helper()
	cmd := exec.Command("git", "--git-dir="+r.Dir, "fast-import", "--quiet")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriterSize(in, 1<<20)
	fmt.Fprint(out, "commit refs/heads/main\ncommitter Fleet <fleet@mydomain.com> 1800000000 +0000\ndata 5\nfleet\n")
	importFiles(out, platform, strings.NewReplacer())
	for n := range f.apps {
		importFiles(out, f.copyOf(app, n), strings.NewReplacer(fleetName(0), fleetName(n), fleetSpace(0), fleetSpace(n), "20000", fmt.Sprint(20000+n)))
	}
	if err := errors.Join(out.Flush(), in.Close(), cmd.Wait()); err != nil {
		t.Fatalf("fast-import: %v\n%s", err, said.String())
	}
}

// copyOf is the template with the digest of the nth application's inputs in its record.
func (f *fleet) copyOf(app map[string][]byte, n int) map[string][]byte {
	digest := func(n int) string {
		text := fleetApp(n, "1.0")
		sum := sha256.Sum256([]byte(fmt.Sprintf("app.cue\x00%d\x00%s", len(text), text)))
		return hex.EncodeToString(sum[:])
	}
	owner := ".meridian/apps/myorg-" + fleetSpace(0) + "/" + fleetName(0) + "/owner.yaml"
	files := maps.Clone(app)
	files[owner] = []byte(strings.ReplaceAll(string(app[owner]), digest(0), digest(n)))
	return files
}

func importFiles(out io.Writer, files map[string][]byte, replace *strings.Replacer) {
	for path, data := range files {
		text := replace.Replace(string(data))
		fmt.Fprintf(out, "M 100644 inline %s\ndata %d\n%s\n", replace.Replace(path), len(text), text)
	}
}
