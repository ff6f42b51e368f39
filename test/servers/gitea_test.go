package servers

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/test/pinned"
)

// giteaModule is the forge and the version that is tried. Later ones are not to be had as a Go module of this name.
const giteaModule, giteaVersion = "code.gitea.io/gitea", "v1.26.0"

// gitea is a running forge with one user.
type gitea struct {
	dir    string // its data, the keys, the configuration
	binary string
	https  string // host:port
	ssh    string // host:port
	user   string
	token  string
	client *http.Client
}

func (g *gitea) path(name string) string { return filepath.Join(g.dir, name) }

// install builds the forge into the user's cache, unless it is there, and returns its binary and its source, of which
// it reads files. With MERIDIAN_SERVERS=built what is not there is not built.
func install(t *testing.T) (binary, source string) {
	t.Helper()
	folder, err := pinned.Folder("gitea", giteaVersion)
	if err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(folder, "gitea")
	_, err = os.Stat(binary)
	built := err == nil
	if !built && os.Getenv("MERIDIAN_SERVERS") == "built" {
		t.Skipf("not built: gitea %s (make servers builds it)", giteaVersion)
	}
	if source, err = pinned.Module(t.Context(), giteaModule+"@"+giteaVersion); err != nil {
		t.Fatal(err)
	}
	if built {
		return binary, source
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	// In its own module, so that its go.mod and go.sum say what goes in.
	scratch, drop, err := pinned.Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer drop()
	build(t, []string{"GOCACHE=" + scratch}, source, binary+".new", ".", "-tags", "sqlite sqlite_unlock_notify")
	t.Logf("gitea %s built in %s", giteaVersion, time.Since(start).Round(time.Second))
	if err := os.Rename(binary+".new", binary); err != nil {
		t.Fatal(err)
	}
	return binary, source
}

// startGitea runs the forge on loopback, with a user who has a token and a key.
func startGitea(t *testing.T) *gitea {
	t.Helper()
	binary, source := install(t)
	g := &gitea{dir: t.TempDir(), binary: binary, https: freeAddress(t), ssh: freeAddress(t), user: "publisher"}
	g.certificate(t)
	for _, key := range []string{"key", "stranger"} {
		command(t, g.dir, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", g.path(key))
	}
	g.configure(t, source)
	g.gitea(t, "migrate")
	g.gitea(t, "admin", "user", "create", "--admin", "--username", g.user, "--random-password", "--email", "publisher@mydomain.com", "--must-change-password=false")
	said := strings.Fields(g.gitea(t, "admin", "user", "generate-access-token", "--username", g.user, "--token-name", "test", "--scopes", "all", "--raw"))
	g.token = said[len(said)-1] // after what it logs
	g.serve(t)
	public, err := os.ReadFile(g.path("key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	g.call(t, "POST", "/user/keys", map[string]any{"title": "key", "key": string(public)})
	return g
}

func (g *gitea) configure(t *testing.T, source string) {
	t.Helper()
	_, httpsPort, _ := net.SplitHostPort(g.https)
	_, sshPort, _ := net.SplitHostPort(g.ssh)
	config := fmt.Sprintf(`APP_NAME = servers
WORK_PATH = %[1]s
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = https
DOMAIN = 127.0.0.1
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %[2]s
ROOT_URL = https://127.0.0.1:%[2]s/
CERT_FILE = %[1]s/cert.pem
KEY_FILE = %[1]s/cert.key
STATIC_ROOT_PATH = %[3]s
APP_DATA_PATH = %[1]s/data
START_SSH_SERVER = true
SSH_DOMAIN = 127.0.0.1
SSH_LISTEN_HOST = 127.0.0.1
SSH_PORT = %[4]s
SSH_LISTEN_PORT = %[4]s
BUILTIN_SSH_SERVER_USER = git
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = %[1]s/data/gitea.db
[repository]
ROOT = %[1]s/repositories
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
SECRET_KEY = of-no-use-elsewhere
PASSWORD_HASH_ALGO = pbkdf2_v1
[service]
DISABLE_REGISTRATION = true
[log]
LEVEL = Warn
MODE = file
ROOT_PATH = %[1]s/log
[indexer]
ISSUE_INDEXER_TYPE = db
[cron]
ENABLED = false
[actions]
ENABLED = false
`, g.dir, httpsPort, source, sshPort)
	if err := os.WriteFile(g.path("app.ini"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command runs a program that has to succeed, and returns its standard output.
func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "GIT_CONFIG_NOSYSTEM=1", "GITEA_WORK_DIR="+dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, said.String())
	}
	return string(out)
}

func (g *gitea) gitea(t *testing.T, args ...string) string {
	t.Helper()
	return command(t, g.dir, g.binary, append([]string{"--config", g.path("app.ini")}, args...)...)
}

// serve runs the forge until the test ends.
func (g *gitea) serve(t *testing.T) {
	t.Helper()
	cmd := exec.Command(g.binary, "--config", g.path("app.ini"), "web")
	cmd.Dir = g.dir
	cmd.Env = append(os.Environ(), "HOME="+g.dir, "GIT_CONFIG_NOSYSTEM=1", "GITEA_WORK_DIR="+g.dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("gitea says:\n%s", said.String())
		}
		_ = cmd.Process.Signal(os.Interrupt)
		stop := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer stop.Stop()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		_, ssh := net.Dial("tcp", g.ssh)
		response, err := g.client.Get("https://" + g.https + "/api/v1/version")
		if err == nil {
			response.Body.Close()
		}
		if err == nil && ssh == nil && response.StatusCode == http.StatusOK {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("gitea does not answer: %v %v\n%s", err, ssh, said.String())
		}
	}
}

// call asks the forge's interface for programs.
func (g *gitea) call(t *testing.T, method, path string, body any) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, "https://"+g.https+"/api/v1"+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "token "+g.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := g.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s\n%s", method, path, response.Status, answer)
	}
}

// certificate makes one for this machine, and a client that trusts it.
func (g *gitea) certificate(t *testing.T) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "cert.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(g.path(name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(cert)
	g.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// access gives a publisher what it needs for a repository over a transport, and returns the address.
func (g *gitea) access(p *publisher, r *repository, kind string) string {
	p.t.Helper()
	if kind == "https" {
		p.env, p.flags = []string{"MERIDIAN_TOKEN=" + g.token}, []string{"--ca-file", g.path("cert.pem")}
		return "https://" + g.https + "/" + g.user + "/" + r.name + ".git"
	}
	_, port, _ := net.SplitHostPort(g.ssh)
	hosts := command(p.t, g.dir, "ssh-keyscan", "-p", port, "127.0.0.1")
	if err := os.WriteFile(g.path("known_hosts"), []byte(hosts), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.flags = []string{"--ssh-key", g.path("key"), "--known-hosts", g.path("known_hosts")}
	return "ssh://" + g.ssh + "/" + g.user + "/" + r.name + ".git"
}

// repository is one of the forge's, with the means to look at it from behind.
type repository struct{ name, dir string }

func (g *gitea) repository(t *testing.T, name string) *repository {
	t.Helper()
	g.call(t, "POST", "/user/repos", map[string]any{"name": name, "private": true, "default_branch": "main"})
	return &repository{name, filepath.Join(g.dir, "repositories", g.user, name+".git")}
}

func (r *repository) git(t *testing.T, args ...string) string {
	t.Helper()
	return strings.TrimSpace(command(t, r.dir, "git", append([]string{"--git-dir=" + r.dir}, args...)...))
}

func (r *repository) head(t *testing.T) string {
	t.Helper()
	return r.git(t, "rev-parse", "main")
}

func (r *repository) commits(t *testing.T) (n int) {
	t.Helper()
	_, _ = fmt.Sscan(r.git(t, "rev-list", "--count", "main"), &n)
	return n
}

// hook adds one beside the forge's own, and returns its file.
func (r *repository) hook(t *testing.T, name, script string) string {
	t.Helper()
	path := filepath.Join(r.dir, "hooks", name)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// refuseOnce has git answer the next push with a status of ours. A hook named proc-receive can, in git's own protocol:
// see githooks(5). It returns how often that has happened.
func (r *repository) refuseOnce(t *testing.T, words string) func() int {
	t.Helper()
	done := filepath.Join(t.TempDir(), "refused")
	script := `#!/bin/sh
skip() { while len=$(head -c 4) && [ "$len" != 0000 ]; do head -c $((0x$len - 4)) >/dev/null; done; }
say() { printf '%04x%s' $((${#1} + 4)) "$1"; }
skip
say version=1
printf 0000
skip
if [ -e '` + done + `' ]; then
  say 'ok refs/heads/main'
  say 'option fall-through'
else
  echo >>'` + done + `'
  say "ng refs/heads/main ` + words + `"
fi
printf 0000
`
	own := filepath.Join(r.dir, "hooks", "proc-receive")
	if _, err := os.Stat(own + ".forge"); err != nil {
		if err := os.Rename(own, own+".forge"); err != nil {
			t.Fatal(err)
		}
	}
	r.hook(t, "proc-receive", script)
	r.git(t, "config", "receive.procReceiveRefs", "refs/heads/main")
	return func() int {
		data, _ := os.ReadFile(done)
		return len(data)
	}
}

// acceptAll puts the forge's own hook back.
func (r *repository) acceptAll(t *testing.T) {
	t.Helper()
	r.git(t, "config", "--unset", "receive.procReceiveRefs")
	own := filepath.Join(r.dir, "hooks", "proc-receive")
	if err := os.Rename(own+".forge", own); err != nil {
		t.Fatal(err)
	}
}

// freeAddress is one on loopback where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
