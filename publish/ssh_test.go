package publish

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shorten puts names for what differs from run to run.
func (s *sshServer) shorten(t *testing.T, r *repo, text string) string {
	t.Helper()
	pairs := []string{s.port, "PORT", filepath.Dir(r.dir), "TMP", s.path("user"), "KEY", s.dir, "SSHD", s.fingerprint(t, s.path("user.pub")), "USER"}
	for _, key := range []string{"ed25519", "ecdsa", "rsa"} {
		pairs = append(pairs, s.fingerprint(t, s.path("host_"+key+".pub")), strings.ToUpper(key))
	}
	pairs = append(pairs, s.fingerprint(t, s.path("authority.pub")), "AUTHORITY")
	return strings.NewReplacer(pairs...).Replace(text)
}

// TestKnownHosts shows the server to files of known hosts of all kinds.
func TestKnownHosts(t *testing.T) {
	s := sshd(t)
	ed25519, ecdsa, rsa, other := s.public(t, "host_ed25519"), s.public(t, "host_ecdsa"), s.public(t, "host_rsa"), s.public(t, "user")
	const scan = "ssh-keyscan -p PORT -t ed25519 127.0.0.1 >> TMP/known_hosts"
	const doubt = "another machine may be in its place. If its administrators say that the key has changed and give the same fingerprint, replace it: "
	const remove = "ssh-keygen -R '[127.0.0.1]:PORT' -f TMP/known_hosts && "
	tests := []struct {
		name      string
		lines     []string
		want, fix string
	}{
		{"by its ed25519 key", []string{s.host() + " " + ed25519}, "", ""},
		{"by its ecdsa key alone", []string{s.host() + " " + ecdsa}, "", ""},
		{"by its rsa key alone", []string{s.host() + " " + rsa}, "", ""},
		{"by all of them, as a pattern", []string{"# ours", "", "other,[127.0.0.*]:" + s.port + " " + rsa, s.host() + " " + ecdsa, s.host() + " " + ed25519}, "", ""},
		{"by an old key of one type and the right one of another", []string{s.host() + " " + other, s.host() + " " + rsa},
			"error M8024: 127.0.0.1 is not the host that is known: it shows the key ed25519 ED25519, but TMP/known_hosts:1 has ed25519 USER, TMP/known_hosts:2 has rsa RSA", doubt + remove + scan},
		{"by an authority", []string{"@cert-authority [127.0.0.1]:* " + s.public(t, "authority"), "@cert-authority " + s.host() + " " + s.public(t, "authority")}, "", ""},
		{"by another authority", []string{"@cert-authority " + s.host() + " " + other},
			"error M8024: the certificate that 127.0.0.1 shows is not accepted: no authorities for hostname: 127.0.0.1:PORT", "ask the host's administrators for a certificate that is valid for this name, or for their authority's new key"},
		{"not at all", []string{"git.mydomain.com " + ed25519},
			"error M8023: 127.0.0.1 is not among the known hosts; it shows the key ed25519 ED25519", "if its administrators give the same fingerprint, add the key: " + scan},
		{"on another port", []string{"127.0.0.1 " + ed25519},
			"error M8023: 127.0.0.1 is not among the known hosts; it shows the key ed25519 ED25519", "if its administrators give the same fingerprint, add the key: " + scan},
		{"not here", []string{"*,!127.0.0.1 " + ed25519, "[*]:" + s.port + ",!" + s.host() + " " + ed25519},
			"error M8023: 127.0.0.1 is not among the known hosts; it shows the key ed25519 ED25519", "if its administrators give the same fingerprint, add the key: " + scan},
		{"by another key", []string{s.host() + " " + other},
			"error M8024: 127.0.0.1 is not the host that is known: it shows the key ed25519 ED25519, but TMP/known_hosts:1 has ed25519 USER", doubt + remove + scan},
		{"by a key that is revoked", []string{"@revoked * " + ed25519, s.host() + " " + ed25519},
			"error M8024: the key that 127.0.0.1 shows is revoked in TMP/known_hosts:1: ed25519 ED25519",
			"whoever has that key may pretend to be the host: do not publish there until its administrators have given it a new one"},
		{"by two, one of them revoked", []string{"@revoked * " + ed25519, s.host() + " " + ecdsa}, "", ""},
		{"by an authority that is revoked", []string{"@revoked * " + s.public(t, "authority"), "@cert-authority " + s.host() + " " + s.public(t, "authority")},
			"error M8024: the certificate that 127.0.0.1 shows is not accepted: certificate serial 0 revoked", "ask the host's administrators for a certificate that is valid for this name, or for their authority's new key"},
		{"a line that is none", []string{s.host() + " ssh-ed25519 hunter2"}, "read the known hosts: TMP/known_hosts:1: illegal base64 data at input byte 4", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newSSHRepo(t)
			r.seedLocally()
			r.knowHosts(test.lines...)
			result, got, fix := r.told(r.options())
			if diff := cmp.Diff([]string{test.want, test.fix}, []string{s.shorten(t, r, got), s.shorten(t, r, fix)}); diff != "" {
				t.Errorf("outcome and fix (-want +got):\n%s", diff)
			}
			if landed := r.commits() == 2; landed != (test.want == "") || landed && result.Commit != r.head() {
				t.Errorf("%d commits, %+v", r.commits(), result)
			}
		})
	}
}

// told is outcome with the fix, if there is one.
func (r *repo) told(o Options) (Result, string, string) {
	r.t.Helper()
	result, got := r.outcome(o)
	_, diags, _ := Read(r.t.Context(), o)
	for _, d := range diags {
		return result, got, d.Hint
	}
	return result, got, ""
}

// TestHashedHost has ssh-keygen hash the names of known hosts.
func TestHashedHost(t *testing.T) {
	s := sshd(t)
	r := newSSHRepo(t)
	r.seedLocally()
	r.knowHosts("git.mydomain.com "+s.public(t, "user"), s.host()+" "+s.public(t, "host_ecdsa"))
	r.run("ssh-keygen", "-q", "-H", "-f", r.ssh.KnownHosts[0])
	data, err := os.ReadFile(r.ssh.KnownHosts[0])
	if err != nil || strings.Contains(string(data), "127.0.0.1") {
		t.Fatalf("not hashed: %s %v", data, err)
	}
	if _, got := r.outcome(r.options()); got != "" {
		t.Errorf("outcome %s", got)
	}
}

// TestKnownHostsFix does what the messages say: once the key is added, or replaced, the host is known.
func TestKnownHostsFix(t *testing.T) {
	s := sshd(t)
	for name, lines := range map[string][]string{"unknown": nil, "changed": {s.host() + " " + s.public(t, "user")}} {
		t.Run(name, func(t *testing.T) {
			r := newSSHRepo(t)
			r.seedLocally()
			r.knowHosts(lines...)
			_, _, fix := r.told(r.options())
			_, command, ok := strings.Cut(fix, ": ")
			if !ok {
				t.Fatalf("fix %q", fix)
			}
			r.run("sh", "-c", command)
			if _, got := r.outcome(r.options()); got != "" {
				t.Errorf("after %s: %s", command, got)
			}
		})
	}
}

func TestSSHKeys(t *testing.T) {
	s := sshd(t)
	dir := t.TempDir()
	file := func(name string, make ...string) string {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(s.path("user"))
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err == nil && len(make) > 0 {
			err = s.keygen(append(make, "-f", path)...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	encrypted := file("encrypted", "-p", "-P", "", "-N", "hunter2")
	open := file("open")
	text := filepath.Join(dir, "text")
	wrong := filepath.Join(dir, "wrong")
	unused := filepath.Join(dir, "unused")
	legacy := filepath.Join(dir, "legacy")
	if err := s.keygen("-t", "ed25519", "-N", "", "-f", wrong); err != nil {
		t.Fatal(err)
	}
	if err := s.keygen("-t", "rsa", "-N", "hunter2", "-m", "PEM", "-f", legacy); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(text, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.keygen("-t", "ed25519", "-N", "", "-f", unused); err != nil {
		t.Fatal(err)
	}
	key, none, stale := s.path("user"), agentWith(t), filepath.Join(dir, "stale")
	right, many := agentWith(t, key), agentWith(t, s.path("host_rsa"), s.path("host_ecdsa"), s.path("authority"), wrong, unused, s.path("host_ed25519"), key)
	const give = "give a private key with --ssh-key or in the variable MERIDIAN_SSH_KEY, or add it to the agent (SSH_AUTH_SOCK): ssh-add"
	const pass = "give the passphrase in the variable MERIDIAN_SSH_PASSPHRASE, or add the key to the agent: ssh-add"
	const register = "have the public key registered with the server for this repository, or give another one with --ssh-key"
	tests := []struct {
		name      string
		ssh       SSH
		want, fix string
	}{
		{"a file", SSH{Key: key}, "", ""},
		{"a file and a passphrase that it does not need", SSH{Key: key, Passphrase: "hunter2"}, "", ""},
		{"encrypted", SSH{Key: encrypted, Passphrase: "hunter2"}, "", ""},
		{"encrypted, without", SSH{Key: encrypted}, "error M8025: DIR/encrypted is encrypted, and no passphrase is given", pass},
		{"encrypted, wrong", SSH{Key: encrypted, Passphrase: "hunter3"}, "error M8025: DIR/encrypted is encrypted, and the passphrase is not the right one", pass},
		{"encrypted, and in the agent", SSH{Key: encrypted, Agent: right}, "", ""},
		{"encrypted in the old form", SSH{Key: legacy}, "error M8025: DIR/legacy is encrypted, and no passphrase is given", pass},
		{"readable by others", SSH{Key: open}, "error M8025: DIR/open can be read by others than its owner: its mode is 0644", "chmod 600 DIR/open"},
		{"not there", SSH{Key: filepath.Join(dir, "nowhere")}, "error M8025: the ssh key DIR/nowhere is not there", give},
		{"no key", SSH{Key: text}, "error M8025: DIR/text holds no private key that can be used", give},
		{"wrong", SSH{Key: wrong}, "error M8020: URL does not accept the key WRONG of DIR/wrong", register},
		{"wrong, with the right one in the agent", SSH{Key: wrong, Agent: right}, "error M8020: URL does not accept the key WRONG of DIR/wrong", register},
		{"agent", SSH{Agent: right}, "", ""},
		{"agent without it, and a file", SSH{Agent: none, Identities: []string{filepath.Join(dir, "nowhere"), key}}, "", ""},
		{"stale agent, and a file", SSH{Agent: stale, Identities: []string{key}}, "", ""},
		{"files that are wrong, encrypted, or open", SSH{Agent: none, Identities: []string{wrong, encrypted, open}}, "error M8020: URL does not accept the key WRONG of DIR/wrong", register},
		{"files that are all wrong", SSH{Identities: []string{wrong, unused}}, "error M8020: URL accepts none of these keys: WRONG of DIR/wrong, UNUSED of DIR/unused", register},
		{"nothing", SSH{}, "error M8025: there is no key to log in to URL with", give},
		{"nothing that can be used", SSH{Agent: stale, Identities: []string{encrypted, open}},
			"error M8025: there is no key to log in to URL with: the agent cannot be used: dial unix DIR/stale: connect: no such file or directory; DIR/encrypted is encrypted, and no passphrase is given; DIR/open can be read by others than its owner: its mode is 0644", give},
		{"an agent with too many", SSH{Agent: many},
			"error M8020: URL wants to see no more keys after these: RSA of the agent, ECDSA of the agent, AUTHORITY of the agent, WRONG of the agent, UNUSED of the agent, and 3 more", "give the right key with --ssh-key: then no other is offered"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newSSHRepo(t)
			r.seedLocally()
			test.ssh.KnownHosts = r.ssh.KnownHosts
			r.ssh = test.ssh
			_, got, fix := r.told(r.options())
			tidy := func(text string) string {
				return s.shorten(t, r, strings.NewReplacer(dir, "DIR", s.fingerprint(t, wrong+".pub"), "WRONG", s.fingerprint(t, unused+".pub"), "UNUSED").Replace(text))
			}
			if diff := cmp.Diff([]string{test.want, test.fix}, []string{tidy(got), tidy(fix)}); diff != "" {
				t.Errorf("outcome and fix (-want +got):\n%s", diff)
			}
			if landed := r.commits() == 2; landed != (test.want == "") {
				t.Errorf("%d commits", r.commits())
			}
		})
	}
}

// agentWith starts ssh-agent with some keys, and returns its socket.
func agentWith(t *testing.T, keys ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if conn, err := net.Dial("unix", socket); err == nil {
			conn.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatal("ssh-agent does not answer")
		}
	}
	for _, key := range keys {
		add := exec.Command("ssh-add", "-q", key)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket, "SSH_ASKPASS_REQUIRE=never")
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add %s: %v\n%s", key, err, out)
		}
	}
	return socket
}

// TestSSHAccess asks the server for what it does not give.
func TestSSHAccess(t *testing.T) {
	s := sshd(t)
	tests := []struct{ name, path, want string }{
		{"no such repository", "/nowhere.git", "error M8020: the server does not open URL: fatal: '/nowhere.git' does not appear to be a git repository"},
		{"a quote in its name", "/it's.git", "error M8020: the server does not open URL: fatal: '/it's.git' does not appear to be a git repository"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newSSHRepo(t)
			r.url = "ssh://" + s.name + "@127.0.0.1:" + s.port + test.path
			_, got := r.outcome(r.options())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSCPForm publishes to user@[host:port]:path.
func TestSCPForm(t *testing.T) {
	s := sshd(t)
	r := newSSHRepo(t)
	r.seedLocally()
	r.url = s.name + "@[127.0.0.1:" + s.port + "]:" + r.dir
	if _, got := r.outcome(r.options()); got != "" || r.commits() != 2 {
		t.Errorf("outcome %s, %d commits", got, r.commits())
	}
}

// TestClosedWords are what servers say instead of running git: final or not. Some are those of forges that cannot be had
// here.
func TestClosedWords(t *testing.T) {
	for words, want := range map[string]bool{
		"ERROR: Repository not found.":                                                                                     true,
		"ERROR: Permission to org/fleet.git denied to li-wei.":                                                             true,
		"ERROR: This repository was archived so it is read-only.":                                                          true,
		"ERROR: The project you were looking for could not be found or you don't have permission to view it.":              true,
		"GitLab: You are not allowed to push code to this project.":                                                        true,
		"Cannot find repository: org/fleet":                                                                                true,
		"User: 2:li.wei with Key: 3:key is not authorized to write to org/fleet.":                                          true,
		"conq: repository access denied.":                                                                                  true,
		"TF401019: The Git repository with name or identifier fleet does not exist or you do not have permissions for it.": true,
		"fatal: unrecognized command 'git-upload-pack'":                                                                    true,
		"bash: git-upload-pack: command not found":                                                                         true,
		"remote: Internal server error, please try again":                                                                  false,
		"fatal: early EOF": false,
		"kex_exchange_identification: Connection closed by remote host": false,
		"": false,
	} {
		var refused *refusal
		got := errors.As((&sshSessions{url: "URL"}).explain(&commandError{words, errors.New("EOF")}), &refused)
		if got != want {
			t.Errorf("%q is final: %v", words, got)
		}
	}
}
