// Package servers publishes with the real binary to a real forge, over https and over ssh. `make servers` runs it: the
// forge is built first, into a cache outside of the tree.
package servers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const module = "../.."

// platform has one space that is open in one region.
const platform = `package platform

org: "myorg"
projects: ["myorg"]
spaces: web: {}
domains: "mydomain.com": {}
`

// application is one of many of the same kind.
func application(name, tag string) string {
	return fmt.Sprintf(`package app

name:  %q
space: "web"
owner: "team-web@mydomain.com"
image: {name: %q, tag: %q}
only: ["aws-oregon"]
`, name, name, tag)
}

// publisher is the binary with all that it needs to reach a repository.
type publisher struct {
	t      *testing.T
	binary string
	dir    string // platform and applications
	flags  []string
	env    []string
}

func newPublisher(t *testing.T, binary string) *publisher {
	t.Helper()
	p := &publisher{t: t, binary: binary, dir: t.TempDir()}
	p.write("platform/platform.cue", platform)
	return p
}

func (p *publisher) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// run returns the exit code and all that is said.
func (p *publisher) run(args ...string) (int, string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.binary, append(args, p.flags...)...)
	cmd.Dir = p.dir
	cmd.Env = append([]string{"HOME=" + p.dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, p.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		p.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String()
}

// must runs what has to succeed.
func (p *publisher) must(args ...string) string {
	p.t.Helper()
	code, said := p.run(args...)
	if code != 0 {
		p.t.Fatalf("meridian %s: exit code %d\n%s", strings.Join(args, " "), code, said)
	}
	return said
}

// TestForge goes through an application's life on a forge, over both transports: published, changed, published by many
// at once, refused by the forge and by hooks, looked up, removed.
func TestForge(t *testing.T) {
	if os.Getenv("MERIDIAN_SERVERS") == "" {
		t.Skip("set MERIDIAN_SERVERS=1 to build and run a forge, or =built to run it if it is there")
	}
	g := startGitea(t)
	binary := filepath.Join(t.TempDir(), "meridian")
	build(t, nil, module, binary, "./cmd/meridian")
	for _, kind := range []string{"https", "ssh"} {
		t.Run(kind, func(t *testing.T) {
			p := newPublisher(t, binary)
			r := g.repository(t, "fleet-"+kind)
			address := g.access(p, r, kind)
			t.Run("life", func(t *testing.T) { p.life(t, r, address) })
			t.Run("race", func(t *testing.T) { p.race(t, r, address) })
			t.Run("wordings", func(t *testing.T) { p.wordings(t, r, address) })
			t.Run("hook", func(t *testing.T) { p.hook(t, r, address) })
			t.Run("protected", func(t *testing.T) { p.protected(t, g, r, address) })
			t.Run("strangers", func(t *testing.T) { p.strangers(t, g, address) })
			r.git(t, "fsck", "--strict", "--no-dangling", "--no-progress")
		})
	}
}

func (p *publisher) life(t *testing.T, r *repository, address string) {
	p.t = t
	p.write("app1/app.cue", application("app1", "1.0"))
	p.must("publish", "--to", address, "--platform", "platform", "--spaces")
	p.must("publish", "--to", address, "--platform", "platform", "app1/app.cue")
	p.write("app1/app.cue", application("app1", "2.0"))
	said := p.must("publish", "--to", address, "--platform", "platform", "app1/app.cue")
	if commit := r.head(t); !strings.Contains(said, "committed "+commit) {
		t.Errorf("said %q, the head is %s", said, commit)
	}
	if said := p.must("publish", "--to", address, "--platform", "platform", "app1/app.cue"); !strings.Contains(said, "nothing changed") {
		t.Errorf("again: %s", said)
	}
	p.must("verify", "--to", address)
	if said := p.must("log", "--to", address, "web/app1"); strings.Count(said, "meridian@localhost") < 2 {
		t.Errorf("log: %s", said)
	}
	p.must("diff", "--against", address, "--platform", "platform", "app1/app.cue")
	p.must("rollback", "--to", address, "web/app1")
	p.must("remove", "--to", address, "web/app1")
	if n := r.commits(t); n != 5 {
		t.Errorf("%d commits", n)
	}
}

// race has processes publish at once: each lands once.
func (p *publisher) race(t *testing.T, r *repository, address string) {
	p.t = t
	const publishers = 6
	before := r.commits(t)
	var group sync.WaitGroup
	for i := range publishers {
		name := fmt.Sprintf("race%d", i)
		p.write(name+"/app.cue", application(name, "1.0"))
		group.Go(func() {
			if code, said := p.run("publish", "--to", address, "--platform", "platform", name+"/app.cue"); code != 0 {
				t.Errorf("%s: exit code %d\n%s", name, code, said)
			}
		})
	}
	group.Wait()
	if n := r.commits(t) - before; n != publishers {
		t.Errorf("%d commits by %d publishers", n, publishers)
	}
	p.must("verify", "--to", address)
}

// wordings has the server refuse the first push in the words that servers use for a lost race.
func (p *publisher) wordings(t *testing.T, r *repository, address string) {
	p.t = t
	for i, words := range []string{"fetch first", "cannot lock ref 'refs/heads/main': is at 0123 but expected 4567", "incorrect old value provided", "failed to update ref", "reference already exists"} {
		name := fmt.Sprintf("words%d", i)
		p.write(name+"/app.cue", application(name, "1.0"))
		before := r.commits(t)
		refusals := r.refuseOnce(t, words)
		p.must("publish", "--to", address, "--platform", "platform", name+"/app.cue")
		if n := r.commits(t) - before; n != 1 || refusals() != 1 {
			t.Errorf("%s: %d commits, refused %d times", words, n, refusals())
		}
	}
	r.acceptAll(t)
}

// hook declines a push in the owner's words.
func (p *publisher) hook(t *testing.T, r *repository, address string) {
	p.t = t
	p.write("hooked/app.cue", application("hooked", "1.0"))
	hook := r.hook(t, "pre-receive.d/ours", "#!/bin/sh\necho no friday releases >&2\nexit 1\n")
	before := r.commits(t)
	code, said := p.run("publish", "--to", address, "--platform", "platform", "hooked/app.cue")
	const want = "error M8021: the server refuses the push to main: pre-receive hook declined; the server says: "
	if code != 1 || !strings.Contains(said, want) || !strings.Contains(said, "no friday releases") || r.commits(t) != before {
		t.Errorf("exit code %d, %d commits\n%s", code, r.commits(t)-before, said)
	}
	if err := os.Remove(hook); err != nil {
		t.Fatal(err)
	}
}

// protected asks the forge itself to protect the branch.
func (p *publisher) protected(t *testing.T, g *gitea, r *repository, address string) {
	p.t = t
	g.call(t, "POST", "/repos/"+g.user+"/"+r.name+"/branch_protections", map[string]any{"branch_name": "main", "rule_name": "main", "enable_push": false})
	before := r.commits(t)
	code, said := p.run("publish", "--to", address, "--platform", "platform", "hooked/app.cue")
	if code != 1 || !strings.Contains(said, "error M8021: the server refuses the push to main: ") || !strings.Contains(said, "protected branch") || r.commits(t) != before {
		t.Errorf("exit code %d, %d commits\n%s", code, r.commits(t)-before, said)
	}
	g.call(t, "DELETE", "/repos/"+g.user+"/"+r.name+"/branch_protections/main", nil)
	p.must("publish", "--to", address, "--platform", "platform", "hooked/app.cue")
}

// strangers have the wrong address or the wrong credentials, or meet a host that they do not know.
func (p *publisher) strangers(t *testing.T, g *gitea, address string) {
	p.t = t
	p.write("strange/app.cue", application("strange", "1.0"))
	refused := func(code, address string) {
		t.Helper()
		exit, said := p.run("publish", "--to", address, "--platform", "platform", "strange/app.cue")
		if exit != 1 || !strings.Contains(said, "error "+code+": ") || strings.Contains(said, g.token) {
			t.Errorf("exit code %d, want %s\n%s", exit, code, said)
		}
	}
	refused("M8020", strings.Replace(address, "fleet-", "nowhere-", 1))
	flags, env := p.flags, p.env
	defer func() { p.flags, p.env = flags, env }()
	p.env = []string{"MERIDIAN_TOKEN=" + strings.Repeat("0", 40)}
	p.flags = append(flags[:len(flags):len(flags)], "--ssh-key", g.path("stranger"))
	refused("M8020", address)
	unknown := map[bool]string{true: "M8023", false: "M8019"}[strings.HasPrefix(address, "ssh")]
	p.env, p.flags = env, []string{"--ssh-key", g.path("key")}
	refused(unknown, address)
}

// build compiles a command in a module's folder.
func build(t *testing.T, env []string, folder, to, what string, flags ...string) {
	t.Helper()
	args := append(append([]string{"build", "-trimpath", "-o", to}, flags...), what)
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
