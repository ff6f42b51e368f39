package publish

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// sshServer is OpenSSH's own, for all tests of this package. It has a host key of each type, one with a certificate, and
// lets in who has the right key, to nothing but git.
type sshServer struct {
	dir  string // keys, by name: host_ed25519, host_ecdsa, host_rsa, authority, user
	port string
	name string // of the user who logs in
	err  error
	open io.Closer // when it is closed, the server ends
}

var sharedSSHD = sync.OnceValue(startSSHD)

// sshd is the server. Without OpenSSH the test is skipped, but not in CI.
func sshd(t testing.TB) *sshServer {
	t.Helper()
	for _, tool := range []string{"git-shell", "ssh-keygen", "ssh-keyscan", sshdPath()} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed", tool)
		}
		t.Skipf("%s is not installed", tool)
	}
	s := sharedSSHD()
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s
}

// sshdPath is where the server is: it wants to be started by its whole path, which often is not in PATH.
func sshdPath() string {
	if path, err := exec.LookPath("sshd"); err == nil {
		return path
	}
	return "/usr/sbin/sshd"
}

// startSSHD starts the server under a shell that ends it with this process, however that ends.
func startSSHD() *sshServer {
	s := &sshServer{}
	if s.err = s.prepare(); s.err != nil {
		return s
	}
	const script = `"$0" -D -e -f "$1/config" & server=$!; cat; kill $server; rm -rf "$1"`
	cmd := exec.Command("sh", "-c", script, sshdPath(), s.dir)
	cmd.Stderr = os.Stderr
	if s.open, s.err = cmd.StdinPipe(); s.err == nil {
		s.err = cmd.Start()
	}
	for end := time.Now().Add(20 * time.Second); s.err == nil; time.Sleep(20 * time.Millisecond) {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+s.port); err == nil {
			conn.Close()
			return s
		}
		if time.Now().After(end) {
			s.err = fmt.Errorf("sshd does not answer")
		}
	}
	return s
}

func (s *sshServer) prepare() error {
	me, err := osuser.Current()
	if err != nil {
		return err
	}
	s.name = me.Username
	if me.Uid == "0" {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // sshd separates its privileges there
			return err
		}
	}
	if s.dir, err = os.MkdirTemp("", "sshd"); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, s.port, _ = net.SplitHostPort(listener.Addr().String())
	listener.Close()
	for _, key := range []string{"host_ed25519", "host_ecdsa", "host_rsa", "authority", "user"} {
		kind := strings.TrimPrefix(key, "host_")
		if kind == key {
			kind = "ed25519"
		}
		if err := s.keygen("-t", kind, "-N", "", "-f", s.path(key)); err != nil {
			return err
		}
	}
	if err := s.keygen("-s", s.path("authority"), "-I", "host", "-h", "-n", "127.0.0.1", s.path("host_ed25519.pub")); err != nil {
		return err
	}
	return s.configure()
}

// configure writes the server's configuration. The user's home is an empty one, because shells and git read files there.
func (s *sshServer) configure() error {
	config := `ListenAddress 127.0.0.1:` + s.port + `
HostKey ` + s.path("host_rsa") + `
HostKey ` + s.path("host_ecdsa") + `
HostKey ` + s.path("host_ed25519") + `
HostCertificate ` + s.path("host_ed25519-cert.pub") + `
AuthorizedKeysFile ` + s.path("user.pub") + `
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
PidFile none
MaxStartups 1000
LogLevel FATAL
ForceCommand git-shell -c "$SSH_ORIGINAL_COMMAND"
SetEnv HOME=` + s.dir + ` GIT_CONFIG_NOSYSTEM=1
`
	write := func(text string) error { return os.WriteFile(s.path("config"), []byte(text), 0o600) }
	if err := write(config + "PerSourcePenalties no\n"); err != nil { // since 9.8: a few failures, and it would answer no more
		return err
	}
	if exec.Command(sshdPath(), "-t", "-f", s.path("config")).Run() == nil {
		return nil
	}
	return write(config)
}

func (s *sshServer) path(name string) string { return filepath.Join(s.dir, name) }

func (s *sshServer) keygen(args ...string) error {
	out, err := exec.Command("ssh-keygen", append([]string{"-q"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ssh-keygen %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// host is the server as files of known hosts call it.
func (s *sshServer) host() string { return "[127.0.0.1]:" + s.port }

// public returns a key as it stands in files: its type and the key.
func (s *sshServer) public(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(s.path(name + ".pub"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(data))[:2], " ")
}

// fingerprint is what ssh-keygen says of a key.
func (s *sshServer) fingerprint(t testing.TB, file string) string {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-l", "-f", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))[1]
}

// newSSHRepo is an empty bare repository behind ssh, and the means to get in.
func newSSHRepo(t testing.TB) *repo {
	t.Helper()
	s := sshd(t)
	root := t.TempDir()
	r := &repo{t: t, dir: filepath.Join(root, "fleet.git")}
	r.run("git", "init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	r.url = "ssh://" + s.name + "@127.0.0.1:" + s.port + r.dir
	r.ssh = SSH{Key: s.path("user"), KnownHosts: []string{filepath.Join(root, "known_hosts")}}
	r.knowHosts(s.host() + " " + s.public(t, "host_ed25519"))
	return r
}

// knowHosts writes the file of known hosts.
func (r *repo) knowHosts(lines ...string) {
	r.t.Helper()
	if err := os.WriteFile(r.ssh.KnownHosts[0], []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		r.t.Fatal(err)
	}
}
