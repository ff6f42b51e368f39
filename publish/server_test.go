package publish

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// repo is a bare repository to publish to, with the means to look at it through git itself.
type repo struct {
	t   testing.TB
	dir string
	url string
	// intercept, when set, sees every request of the http kinds before git does. It is changed with meanwhile while
	// publishers are at work.
	intercept interceptor
	lock      sync.RWMutex // of intercept
	network   Network
	ssh       SSH
	cache     string // a folder; empty for none
}

type interceptor func(w http.ResponseWriter, r *http.Request, next http.Handler)

// meanwhile changes what sees requests while publishers are at work.
func (r *repo) meanwhile(intercept interceptor) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.intercept = intercept
}

const (
	user  = "publisher"
	token = "s3cret-token"
)

// eachRepo runs a test against every kind of repository: a local path, http, http with a server that leaves blobs out
// when asked, both with a cache on the disk, and ssh, plain and with both.
func eachRepo(t *testing.T, test func(t *testing.T, r *repo)) {
	t.Helper()
	t.Run("local", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "fleet.git")
		test(t, &repo{t: t, dir: dir, url: dir})
	})
	for _, kind := range []string{"http", "http-partial", "http-cached", "http-partial-cached"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := newHTTPRepo(t, strings.HasPrefix(kind, "http-partial"))
			if strings.HasSuffix(kind, "-cached") {
				r.cache = filepath.Join(t.TempDir(), "cache")
			}
			test(t, r)
		})
	}
	t.Run("ssh", func(t *testing.T) {
		t.Parallel()
		test(t, newSSHRepo(t))
	})
	t.Run("ssh-partial-cached", func(t *testing.T) {
		t.Parallel()
		r := newSSHRepo(t)
		r.partial()
		r.cache = filepath.Join(t.TempDir(), "cache")
		test(t, r)
	})
}

// newHTTPRepo serves an empty bare repository with git's own http server.
func newHTTPRepo(t testing.TB, partial bool) *repo {
	t.Helper()
	r, handler := newBackend(t, partial)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	r.url = server.URL + "/fleet.git"
	return r
}

// newBackend is an empty bare repository and what serves it to those who have the token.
func newBackend(t testing.TB, partial bool) (*repo, http.Handler) {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if err == nil {
		_, err = os.Stat(backend)
	}
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatalf("git http-backend is needed: %v", err)
	case err != nil:
		t.Skip("git http-backend is not installed")
	}
	root := t.TempDir()
	r := &repo{t: t, dir: filepath.Join(root, "fleet.git")}
	r.run("git", "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	r.git("config", "http.receivepack", "true")
	if partial {
		r.partial()
	}
	handler := &cgi.Handler{
		Path:   backend,
		Env:    []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root},
		Stderr: os.Stderr,
	}
	return r, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if name, password, _ := req.BasicAuth(); name != user || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you? not "+password, http.StatusUnauthorized)
			return
		}
		r.lock.RLock()
		intercept := r.intercept
		r.lock.RUnlock()
		if intercept != nil {
			intercept(w, req, handler)
			return
		}
		handler.ServeHTTP(w, req)
	})
}

// partial has the server leave blobs out and give single ones.
func (r *repo) partial() {
	r.t.Helper()
	r.git("config", "uploadpack.allowFilter", "true")
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
}

func (r *repo) run(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+filepath.Dir(r.dir), "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Other", "GIT_AUTHOR_EMAIL=other@mydomain.com", "GIT_COMMITTER_NAME=Other", "GIT_COMMITTER_EMAIL=other@mydomain.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.run("git", append([]string{"--git-dir=" + r.dir}, args...)...)
}

// files returns the whole tree of the head as path → content, as git sees it. A symlink's content is its target.
func (r *repo) files() map[string]string {
	r.t.Helper()
	files := map[string]string{}
	archive := tar.NewReader(strings.NewReader(r.git("archive", "--format=tar", "main")))
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			r.t.Fatal(err)
		}
		switch h.Typeflag {
		case tar.TypeReg:
			data, err := io.ReadAll(archive)
			if err != nil {
				r.t.Fatal(err)
			}
			files[h.Name] = string(data)
		case tar.TypeSymlink:
			files[h.Name] = h.Linkname
		}
	}
}

func (r *repo) head() string { return strings.TrimSpace(r.git("rev-parse", "main")) }

func (r *repo) commits() int {
	var n int
	fmt.Sscan(r.git("rev-list", "--count", "main"), &n)
	return n
}

// fsck fails the test if git finds anything at all to complain about but unreachable objects.
func (r *repo) fsck() {
	r.t.Helper()
	if out := r.git("fsck", "--strict", "--no-dangling", "--no-progress"); strings.TrimSpace(out) != "" {
		r.t.Errorf("git fsck: %s", out)
	}
}

// commit is another writer: it puts files on the branch with plain git. Empty content removes a file.
func (r *repo) commit(files map[string]string) {
	r.t.Helper()
	work := r.t.TempDir()
	r.run("git", "clone", "--quiet", r.dir, work)
	r.run("git", "-C", work, "checkout", "--quiet", "-B", "main")
	for path, content := range files {
		full := filepath.Join(work, path)
		if content == "" {
			if err := os.Remove(full); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			r.t.Fatal(err)
		}
		target, symlink := strings.CutPrefix(content, "symlink:")
		text, executable := strings.CutPrefix(content, "executable:")
		var err error
		switch {
		case symlink:
			err = os.Symlink(target, full)
		case executable:
			err = errors.Join(os.WriteFile(full, []byte(text), 0o644), os.Chmod(full, 0o755))
		default:
			err = os.WriteFile(full, []byte(content), 0o644)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.run("git", "-C", work, "add", "--all")
	r.run("git", "-C", work, "commit", "--quiet", "-m", "by hand")
	r.run("git", "-C", work, "push", "--quiet", "origin", "main")
}

var testTime = time.Date(2026, 11, 20, 12, 30, 15, 0, time.FixedZone("", 8*3600))

func (r *repo) options() Options {
	return Options{
		URL: r.url, Auth: Auth{user, token}, MeridianVersion: "v0.1.0", Edge: testEdge,
		Author: Signature{"Meridian", "meridian@mydomain.com", testTime}, Network: r.network, SSH: r.ssh, Cache: r.cache,
	}
}

// testEdge lists a region's claims, one aggregate a kind, as the real one does for ports.
func testEdge(region string, claims []manifest.Claim) ([]manifest.File, []diag.Diagnostic, error) {
	text := map[manifest.ClaimKind]string{}
	for _, c := range claims {
		text[c.Kind] += fmt.Sprintf("%s/%s %s %s%s -> %s:%d\n", c.Namespace, c.App, claimName(c), c.Path, c.PathType, c.Service, c.ServicePort)
	}
	var files []manifest.File
	for kind, lines := range text {
		files = append(files, manifest.File{Path: string(kind) + "-services.yaml", Data: []byte("# " + region + "\n" + lines)})
	}
	return files, nil, nil
}

// publish fails the test on any diagnostic or error.
func (r *repo) publish(o Options, apps ...App) Result {
	r.t.Helper()
	result, diags, err := Apps(context.Background(), o, apps)
	if err != nil || len(diags) > 0 {
		r.t.Fatalf("publish: %v %v", diags, err)
	}
	return result
}

// refused publishes and returns the diagnostics as text. It fails the test if anything was committed.
func (r *repo) refused(o Options, apps ...App) []string {
	r.t.Helper()
	before := r.git("rev-parse", "--quiet", "--all")
	_, diags, err := Apps(context.Background(), o, apps)
	if err != nil {
		r.t.Fatalf("publish: %v", err)
	}
	if after := r.git("rev-parse", "--quiet", "--all"); after != before {
		r.t.Errorf("the head moved from %s to %s", before, after)
	}
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
	}
	return text
}

func tree(t testing.TB, files map[string]string) manifest.Tree {
	t.Helper()
	var list []manifest.File
	for path, data := range files {
		list = append(list, manifest.File{Path: path, Data: []byte(data)})
	}
	result, err := manifest.NewTree(list)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

const testDigest = "sha256:1111111111111111"

// testApp is an application with a deployment in each region, without claims.
func testApp(t testing.TB, namespace, name string, regions ...string) App {
	t.Helper()
	a := App{
		Namespace: namespace, Name: name, Owner: "team@mydomain.com", PlatformDigest: testDigest,
		Regions: map[string]manifest.Tree{},
		Inputs:  tree(t, map[string]string{"app.cue": "name: \"" + name + "\"\n", "config/app.toml": "a = 1\n"}),
		Pos:     diag.Pos{File: name + "/app.cue"},
		Source:  Source{Repository: "https://git.mydomain.com/" + name + ".git", Commit: "c0ffee", Path: "app.cue"},
	}
	for _, region := range regions {
		a.Regions[region] = tree(t, map[string]string{
			"deployment.yaml": "kind: Deployment # " + name + " in " + region + "\n",
			"service.yaml":    "kind: Service\n",
		})
	}
	return a
}

func (a App) host(region, host, path string) App {
	a.Claims = append(a.Claims[:len(a.Claims):len(a.Claims)], manifest.Claim{Region: region, Kind: manifest.ClaimHTTP,
		Namespace: a.Namespace, App: a.Name, Entry: "public", Host: host, Path: path, PathType: "Prefix"})
	return a
}

func (a App) port(region string, kind manifest.ClaimKind, port int32) App {
	a.Claims = append(a.Claims[:len(a.Claims):len(a.Claims)], manifest.Claim{Region: region, Kind: kind,
		Namespace: a.Namespace, App: a.Name, Entry: "admin", Port: port, Service: a.Name, ServicePort: 9090})
	return a
}

// testPlatform has two spaces in the given regions.
func testPlatform(t testing.TB, regions ...string) Platform {
	t.Helper()
	p := Platform{Digest: testDigest, Source: Source{Repository: "https://git.mydomain.com/platform", Commit: "abc123", Path: "platform"},
		Inputs: tree(t, map[string]string{"platform.cue": "org: \"myorg\"\n"}), Pos: diag.Pos{File: "platform/platform.cue"}}
	for _, namespace := range []string{"myorg-web", "myorg-data"} {
		s := Space{Namespace: namespace, Regions: map[string]manifest.Tree{}, Sync: map[string][]byte{}}
		for _, region := range regions {
			s.Regions[region] = tree(t, map[string]string{"namespace.yaml": "kind: Namespace # " + namespace + "\n"})
			s.Sync[region] = []byte("kind: Kustomization # " + namespace + "\n")
		}
		p.Spaces = append(p.Spaces, s)
	}
	return p
}

// seed publishes the platform.
func (r *repo) seed(regions ...string) {
	r.t.Helper()
	_, diags, err := PublishPlatform(context.Background(), r.options(), testPlatform(r.t, regions...))
	if err != nil || len(diags) > 0 {
		r.t.Fatalf("publish the platform: %v %v", diags, err)
	}
}
