package main

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fleet is a GitOps repository to publish into, made once by publishing and kept in the user's cache folder.
type fleet struct {
	apps    int
	key     string // of the binary: another one may write other manifests
	dir     string
	sources string
}

// fleetSpaces is how many spaces the applications are spread over.
const fleetSpaces = 25

// fleetBatch is how many applications go into one commit.
const fleetBatch = 1000

// benchPublish measures publishing over https into repositories of about 60,000 and 500,000 files: one application on
// a cold cache and on a warm one, and a thousand in one commit; beside what git needs for the same.
func (b *bench) benchPublish(runs int, apps []int) error {
	fmt.Fprintln(b.out, "publishing over https\truns\twall ms\tcpu ms\tpeak MiB\t")
	var over []error
	for _, n := range apps {
		f, err := b.fleet(n)
		if err != nil {
			return err
		}
		exceeded, err := b.benchFleet(f, runs)
		if err != nil {
			return err
		}
		over = append(over, exceeded...)
	}
	if b.strict {
		return errors.Join(over...)
	}
	return nil
}

// limit is what a median may be; 0 for anything.
type limit struct {
	wall time.Duration
	peak int64 // KiB
}

// The limits of one application, on a cold cache and on a warm one, which depends on how many files the repository has.
var coldLimit = limit{15 * time.Second, 300_000_000 / 1024}

func warmLimit(files int) limit {
	if files <= 75000 {
		return limit{wall: 250 * time.Millisecond}
	}
	return limit{wall: 2 * time.Second}
}

// exceeded says what is more than it may be.
func (l limit) exceeded(name string, samples []sample) (over []error) {
	m := median(samples)
	if l.wall > 0 && m.wall > l.wall {
		over = append(over, fmt.Errorf("%s: %s, more than %s", name, m.wall.Round(time.Millisecond), l.wall))
	}
	if l.peak > 0 && m.peak > l.peak {
		over = append(over, fmt.Errorf("%s: %d KiB, more than %d", name, m.peak, l.peak))
	}
	return over
}

// fleet returns a repository with so many applications.
func (b *bench) fleet(apps int) (*fleet, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	version, err := exec.Command(b.binary, "version").Output()
	if err != nil {
		return nil, err
	}
	key := strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' || r == '\n' {
			return '-'
		}
		return r
	}, strings.TrimSpace(string(version)))
	f := &fleet{apps: apps, key: key, dir: filepath.Join(base, "meridian-bench", fmt.Sprintf("%s-%d", key, apps)), sources: filepath.Join(b.dir, fmt.Sprintf("fleet-%d", apps))}
	if err := f.writePlatform(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(f.dir); err == nil {
		return f, nil
	}
	fmt.Fprintf(os.Stderr, "making a repository with %d applications, once: %s\n", apps, f.dir)
	return f, f.build(b)
}

// build publishes all applications to a bare repository, packs it as a server would have it, and puts it in place.
func (f *fleet) build(b *bench) error {
	tmp := f.dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := f.publishLocally(b, tmp, "--spaces"); err != nil {
		return err
	}
	for first := 0; first < f.apps; first += fleetBatch {
		folder := fmt.Sprintf("batch-%d", first)
		if err := f.writeApps(folder, first, min(f.apps, first+fleetBatch), "1.0"); err != nil {
			return err
		}
		if err := f.publishLocally(b, tmp, folder+"/..."); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(f.sources, folder)); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"config", "gc.auto", "0"}, {"config", "receive.autogc", "false"}, {"config", "http.receivepack", "true"},
		{"config", "uploadpack.allowFilter", "true"}, {"config", "uploadpack.allowAnySHA1InWant", "true"},
		{"repack", "-a", "-d", "-q", "--write-bitmap-index"},
	} {
		if out, err := exec.Command("git", append([]string{"--git-dir=" + tmp}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", args[0], err, out)
		}
	}
	return os.Rename(tmp, f.dir)
}

func (f *fleet) publishLocally(b *bench, repo string, args ...string) error {
	cmd := exec.Command(b.binary, append([]string{"publish", "--platform", "platform", "--to", repo}, args...)...)
	cmd.Dir = f.sources
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("publish %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

func (f *fleet) writePlatform() error {
	var text strings.Builder
	text.WriteString("package platform\n\norg: \"myorg\"\nprojects: [\"myorg\"]\ndomains: \"mydomain.com\": {}\nregions: \"ksc-russia\": open: true\n")
	for i := range fleetSpaces {
		fmt.Fprintf(&text, "spaces: s%d: backends: mysql: {\n\tports: [3306]\n\tregions: {\n\t\tfor id in [\"ksc-beijing6\", \"aws-beijing\", \"aws-oregon\", \"aws-frankfurt\", \"aws-singapore\", \"ksc-russia\"] {\n\t\t\t(id): cidrs: [\"192.0.2.0/27\"]\n\t\t}\n\t}\n}\n", i)
	}
	dir := filepath.Join(f.sources, "platform")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "platform.cue"), []byte(text.String()), 0o644)
}

// writeApps writes a version of some applications.
func (f *fleet) writeApps(folder string, from, to int, tag string) error {
	for i := from; i < to; i++ {
		dir := filepath.Join(f.sources, folder, fmt.Sprintf("shop-api-%d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		text := strings.Replace(app(i, tag), `space: "web"`, fmt.Sprintf(`space: "s%d"`, i%fleetSpaces), 1)
		if err := os.WriteFile(filepath.Join(dir, "app.cue"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// benchFleet measures on a copy of a repository, and says what is more than it may be.
func (b *bench) benchFleet(f *fleet, runs int) (over []error, err error) {
	root, err := os.MkdirTemp(b.dir, "server-")
	if err != nil {
		return nil, err
	}
	repo := filepath.Join(root, "fleet.git")
	if out, err := exec.Command("cp", "-R", f.dir, repo).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy the repository: %w\n%s", err, out)
	}
	counted, err := exec.Command("sh", "-c", `git --git-dir="$0" ls-tree -r --name-only main | wc -l`, repo).Output()
	if err != nil {
		return nil, err
	}
	s, err := startServer(root)
	if err != nil {
		return nil, err
	}
	defer s.http.Close()
	files, err := strconv.Atoi(strings.TrimSpace(string(counted)))
	if err != nil {
		return nil, err
	}
	m := &publishBench{bench: b, fleet: f, server: s, dir: root}
	steps := []struct {
		name string
		runs int
		once func(n int) (sample, error)
		most limit
	}{
		{"one app, cold", min(3, runs), m.cold, coldLimit},
		{"one app, warm", runs, m.warm, warmLimit(files)},
		{"one app, warm, another writer in between", runs, m.followed, limit{}},
		{"1,000 apps in one commit", 1, m.batch, limit{}},
		{"git: partial shallow clone, commit, push", min(3, runs), m.gitCold, limit{}},
		{"git: fetch, commit, push, another writer in between", runs, m.gitWarm, limit{}},
	}
	for _, step := range steps {
		var samples []sample
		for n := range step.runs {
			one, err := step.once(n)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", step.name, err)
			}
			samples = append(samples, one)
		}
		name := fmt.Sprintf("%d files: %s", files, step.name)
		b.print(name, samples)
		over = append(over, step.most.exceeded(name, samples)...)
	}
	return over, nil
}

// publishBench publishes into one repository.
type publishBench struct {
	*bench
	fleet  *fleet
	server *gitServer
	dir    string
	tag    int
}

// next is a version that was not there before.
func (m *publishBench) next() string {
	m.tag++
	return fmt.Sprintf("2.%d", m.tag)
}

func (m *publishBench) publish(folder string) (sample, error) {
	args := []string{"publish", "--platform", "platform", "--to", m.server.url, "--ca-file", m.server.ca, "--token-file", m.server.token, "--cache", filepath.Join(m.dir, "cache")}
	return timed(m.fleet.sources, nil, m.binary, append(args, folder)...)
}

func (m *publishBench) warm(int) (sample, error) {
	if err := m.fleet.writeApps("one", 7, 8, m.next()); err != nil {
		return sample{}, err
	}
	return m.publish("one/shop-api-7")
}

func (m *publishBench) cold(n int) (sample, error) {
	if err := os.RemoveAll(filepath.Join(m.dir, "cache")); err != nil {
		return sample{}, err
	}
	return m.warm(n)
}

// followed has somebody else publish before.
func (m *publishBench) followed(n int) (sample, error) {
	if err := m.other(); err != nil {
		return sample{}, err
	}
	return m.warm(n)
}

// other publishes an application past the server.
func (m *publishBench) other() error {
	if err := m.fleet.writeApps("other", 8, 9, m.next()); err != nil {
		return err
	}
	return m.fleet.publishLocally(m.bench, filepath.Join(m.dir, "fleet.git"), "other/shop-api-8")
}

func (m *publishBench) batch(int) (sample, error) {
	if err := m.fleet.writeApps("batch", 0, fleetBatch, m.next()); err != nil {
		return sample{}, err
	}
	return m.publish("batch/...")
}

// gitScript commits another version of 48 files by plumbing and pushes it: an index without a work tree.
const gitScript = `set -e
export GIT_INDEX_FILE="$PWD/index"
git read-tree "$base"
git ls-files -s -- '*/apps/shop-api-7/*' | while IFS= read -r line; do
  path=$(printf '%s' "$line" | cut -f2-)
  blob=$(printf '# %s\n' "$tag $path" | git hash-object -w --stdin)
  printf '100644 %s\t%s\n' "$blob" "$path"
done | git update-index --index-info
commit=$(git commit-tree -p "$base" -m "$tag" "$(git write-tree --missing-ok)")
git push --quiet origin "$commit:refs/heads/main"
`

func (m *publishBench) gitCold(int) (sample, error) {
	clone := filepath.Join(m.dir, "clone.git")
	if err := os.RemoveAll(clone); err != nil {
		return sample{}, err
	}
	script := `set -e
git clone --quiet --bare --depth 1 --filter=blob:none "$url" clone.git
cd clone.git
base=$(git rev-parse main)
` + gitScript
	return timed(m.dir, m.gitEnv(), "sh", "-c", script)
}

func (m *publishBench) gitWarm(int) (sample, error) {
	if err := m.other(); err != nil {
		return sample{}, err
	}
	script := `set -e
cd clone.git
git fetch --quiet --depth 1 origin main
base=$(git rev-parse FETCH_HEAD)
` + gitScript
	return timed(m.dir, m.gitEnv(), "sh", "-c", script)
}

func (m *publishBench) gitEnv() []string {
	header := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("git:"+benchToken))
	return append(os.Environ(), "url="+m.server.url, "tag="+m.next(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+m.dir,
		"GIT_SSL_CAINFO="+m.server.ca, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.extraHeader", "GIT_CONFIG_VALUE_0="+header,
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@mydomain.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@mydomain.com")
}

// timed runs a command and measures it with all that it starts.
func timed(dir string, env []string, name string, args ...string) (sample, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, env
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(begin)
	if err != nil {
		return sample{}, fmt.Errorf("%w\n%s", err, out)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return sample{wall, cmd.ProcessState.SystemTime() + cmd.ProcessState.UserTime(), usage.Maxrss}, nil
}

const benchToken = "s3cret-token"

// gitServer serves the repositories below a folder.
type gitServer struct {
	http           *httptest.Server
	url, ca, token string
}

// startServer serves with git's own http server, behind TLS and a token.
func startServer(root string) (*gitServer, error) {
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git is needed: %w", err)
	}
	git := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root},
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, token, _ := r.BasicAuth(); token != benchToken {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		git.ServeHTTP(w, r)
	}))
	s := &gitServer{http: server, url: server.URL + "/fleet.git", ca: filepath.Join(root, "ca.pem"), token: filepath.Join(root, "token")}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return s, errors.Join(os.WriteFile(s.ca, certificate, 0o600), os.WriteFile(s.token, []byte(benchToken), 0o600))
}
