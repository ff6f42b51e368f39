// Package publishing holds the suites that publish with the real command, as processes, to real git servers: under
// contention, faults and kills, and at scale. The package itself is what they share: a server, repositories on it, and
// workspaces with applications to publish.
package publishing

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// User and Token are the credentials that a [Server] lets in.
const (
	User  = "publisher"
	Token = "s3cret-token"
)

// Intercept sees a request before git does; next is git. It may be called for many requests at once.
type Intercept func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Server serves bare repositories over https with basic auth, through git's own http-backend.
type Server struct {
	t         testing.TB
	root      string
	url       string
	ca        string // a file
	tokenFile string
	intercept atomic.Pointer[Intercept]
}

// NewServer starts a server that ends with the test.
func NewServer(t testing.TB) *Server {
	t.Helper()
	backend := httpBackend(t)
	s := &Server{t: t, root: t.TempDir()}
	git := &cgi.Handler{
		Path:   backend,
		Env:    []string{"GIT_PROJECT_ROOT=" + s.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + s.root},
		Stderr: io.Discard, // a client that goes away is no news here
		Logger: log.New(io.Discard, "", 0),
	}
	server := httptest.NewUnstartedServer(s.guarded(git))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // of requests that an intercept holds
	s.url = server.URL
	s.ca = filepath.Join(s.root, "ca.pem")
	s.tokenFile = filepath.Join(s.root, "token")
	writeFile(t, s.ca, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	writeFile(t, s.tokenFile, Token+"\n")
	return s
}

// guarded lets in who has the token, and gives the request to the intercept, if there is one.
func (s *Server) guarded(git http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, password, _ := r.BasicAuth(); name != User || password != Token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		if intercept := s.intercept.Load(); intercept != nil {
			(*intercept)(w, r, git)
			return
		}
		git.ServeHTTP(w, r)
	})
}

// Intercept sets who sees requests before git does; nil for nobody.
func (s *Server) Intercept(intercept Intercept) {
	if intercept == nil {
		s.intercept.Store(nil)
		return
	}
	s.intercept.Store(&intercept)
}

// Args are the flags that tell meridian how to get into a repository of this server.
func (s *Server) Args() []string {
	return []string{"--ca-file", s.ca, "--username", User, "--token-file", s.tokenFile}
}

// Authority is the file with the certificate that clients have to trust.
func (s *Server) Authority() string { return s.ca }

// httpBackend finds git's http server; a test that cannot have it is skipped, but not in CI.
func httpBackend(t testing.TB) string {
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
	return backend
}

// Repo is a bare repository on a server.
type Repo struct {
	t   testing.TB
	Dir string // where it is on the disk
	URL string
}

// NewRepo makes an empty repository. Its branch is main; partial lets clients leave blobs out.
func (s *Server) NewRepo(name string, partial bool) *Repo {
	s.t.Helper()
	r := &Repo{t: s.t, Dir: filepath.Join(s.root, name), URL: s.url + "/" + name}
	run(s.t, s.root, "git", "init", "--quiet", "--bare", "--initial-branch=main", r.Dir)
	r.Git("config", "http.receivepack", "true")
	if partial {
		r.Git("config", "uploadpack.allowFilter", "true")
		r.Git("config", "uploadpack.allowAnySHA1InWant", "true")
	}
	return r
}

// Git runs git in the repository and returns what it prints.
func (r *Repo) Git(args ...string) string {
	r.t.Helper()
	return run(r.t, filepath.Dir(r.Dir), "git", append([]string{"--git-dir=" + r.Dir}, args...)...)
}

// Head is the hash of the branch's commit.
func (r *Repo) Head() string { return strings.TrimSpace(r.Git("rev-parse", "main")) }

// Commits lists the branch's commits, the first one first.
func (r *Repo) Commits() []string {
	r.t.Helper()
	return strings.Fields(r.Git("rev-list", "--reverse", "main"))
}

// Check fails the test if git finds anything to complain about but objects that no branch has.
func (r *Repo) Check() {
	r.t.Helper()
	if out := r.Git("fsck", "--strict", "--no-dangling", "--no-progress"); strings.TrimSpace(out) != "" {
		r.t.Errorf("git fsck: %s", out)
	}
}

func run(t testing.TB, home, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+home, "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Other", "GIT_AUTHOR_EMAIL=other@mydomain.com", "GIT_COMMITTER_NAME=Other", "GIT_COMMITTER_EMAIL=other@mydomain.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// command is meridian, built at most once a run of the tests.
var command struct {
	build sync.Once
	path  string
	err   error
}

// Binary builds the command, once, and returns where it is.
func Binary(t testing.TB) string {
	t.Helper()
	command.build.Do(func() { command.path, command.err = build() })
	if command.err != nil {
		t.Fatal(command.err)
	}
	return command.path
}

func build() (string, error) {
	dir, err := os.MkdirTemp("", "meridian-publishing-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "meridian")
	out, err := exec.Command("go", "build", "-trimpath", "-o", path, "github.com/meridian-gitops/meridian/cmd/meridian").CombinedOutput()
	if err != nil {
		return path, fmt.Errorf("build meridian: %w\n%s", err, out)
	}
	return path, nil
}

// RunTests runs a package's tests and removes what [Binary] has built. It is what TestMain calls.
func RunTests(m *testing.M) int {
	defer func() {
		if command.path != "" {
			_ = os.RemoveAll(filepath.Dir(command.path))
		}
	}()
	return m.Run()
}

// Workspace is a folder with a platform and applications, and what a publisher has beside them.
type Workspace struct {
	t     testing.TB
	Dir   string
	Cache string // a folder of its own: what another workspace has is another machine's
}

// Spaces are the spaces of a workspace's platform.
func Spaces() []string { return []string{"web", "data"} }

// Regions are the regions of a workspace's platform that applications are compiled for.
func Regions() []string { return []string{"ksc-beijing6", "aws-oregon"} }

// NewWorkspace makes a workspace with so many applications, each in its first version.
func NewWorkspace(t testing.TB, apps int) *Workspace {
	t.Helper()
	w := &Workspace{t: t, Dir: t.TempDir(), Cache: t.TempDir()}
	var spaces strings.Builder
	for _, space := range Spaces() {
		fmt.Fprintf(&spaces, "spaces: %s: {}\n", space)
	}
	writeFile(t, filepath.Join(w.Dir, "platform", "platform.cue"),
		"package platform\n\norg: \"myorg\"\nprojects: [\"myorg\"]\ndomains: \"mydomain.com\": {}\n"+spaces.String())
	for i := range apps {
		w.Write(i, "1")
	}
	return w
}

// AppName is the name of the nth application.
func AppName(n int) string { return fmt.Sprintf("app%d", n) }

// AppSpace is the space of the nth application.
func AppSpace(n int) string { return Spaces()[n%len(Spaces())] }

// Write writes a version of an application: a small one, with a host and a port of its own, whose version is found in
// its manifests and its recorded inputs.
func (w *Workspace) Write(n int, version string) {
	w.t.Helper()
	regions := `"` + strings.Join(Regions(), `", "`) + `"`
	writeFile(w.t, filepath.Join(w.Dir, AppName(n), "app.cue"), fmt.Sprintf(`package app

name:  %[1]q
space: %[2]q
owner: "team-%[2]s@mydomain.com"
image: {name: %[1]q, tag: "1.0"}
env: VERSION: %[3]q
ports: web: 8080
http: public: {host: "%[1]s.mydomain.com", port: "web"}
tcp: web: {port: %[4]d, to: "web"}
only: [%[5]s]
`, AppName(n), AppSpace(n), version, 9000+n, regions))
}

// Command is meridian with a repository of a server as its target; args come after that, the applications' folders, say.
// name is the subcommand.
func (w *Workspace) Command(ctx context.Context, s *Server, r *Repo, name string, args ...string) *exec.Cmd {
	w.t.Helper()
	all := append([]string{name, "--platform", "platform", "--to", r.URL}, s.Args()...)
	return w.command(ctx, append(all, args...)...)
}

// Local is meridian with the repository's folder as its target.
func (w *Workspace) Local(ctx context.Context, r *Repo, name string, args ...string) *exec.Cmd {
	w.t.Helper()
	return w.command(ctx, append([]string{name, "--platform", "platform", "--to", r.Dir}, args...)...)
}

func (w *Workspace) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, Binary(w.t), args...)
	cmd.Dir = w.Dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=Li Wei", "GIT_AUTHOR_EMAIL=li.wei@mydomain.com", "MERIDIAN_CACHE="+w.Cache, "SOURCE_DATE_EPOCH=")
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Publish publishes applications' folders, or with --spaces the platform, and fails the test if that fails. It returns
// what was printed.
func (w *Workspace) Publish(s *Server, r *Repo, args ...string) string {
	w.t.Helper()
	out, err := w.Command(context.Background(), s, r, "publish", args...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("publish %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
