package publish

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTarget(t *testing.T) {
	dir := t.TempDir()
	worktree := filepath.Join(dir, "worktree")
	r := &repo{t: t, dir: dir}
	r.run("git", "init", "--quiet", worktree)
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	const secret = "hunter2"
	tests := []struct{ url, want string }{
		{"", "no repository is given"},
		{"https://git.mydomain.com/fleet.git", ""},
		{"https://" + secret + "@git.mydomain.com/fleet", "the repository's address contains a user name or password"},
		{"https://user:" + secret + "@git.mydomain.com/fleet", "the repository's address contains a user name or password"},
		{"http://user:" + secret + "@127.0.0.1/fleet", "the repository's address contains a user name or password"},
		{"https://user:" + secret + "%zz@git.mydomain.com/fleet", "the repository's address is not a valid URL"},
		{"https://git.mydomain.com/fleet?access_token=" + secret, "the repository's address has a query or fragment"},
		{"https://git.mydomain.com/", "the repository's address has no host or no path"},
		{"http://127.0.0.1:8080/fleet.git", ""},
		{"http://[::1]:8080/fleet.git", ""},
		{"http://git.mydomain.com/fleet.git", "plain http to git.mydomain.com would show the credentials to the network"},
		{"ssh://git@git.mydomain.com/fleet.git", ""},
		{"ssh://git:" + secret + "@git.mydomain.com/fleet.git", "the repository's address contains a password"},
		{"ssh://git.mydomain.com/", "the repository's address has no host or no path"},
		{"ssh://git.mydomain.com:0/fleet.git", "the repository's address has no valid port"},
		{"ssh://git.mydomain.com/fleet.git?x=" + secret, "the repository's address has a query or fragment"},
		{"ssh://git.mydomain.com/fl%0Aeet.git", "the repository's address holds a control character"},
		{"git://git.mydomain.com/fleet.git", "git:// is not supported"},
		{"git+ssh://git.mydomain.com/fleet.git", "git+ssh:// is not supported"},
		{"git@git.mydomain.com:fleet.git", ""},
		{"user:" + secret + "@git.mydomain.com:fleet.git", "the repository's address contains a password"},
		{"user:" + secret + "@git.mydomain.com/fleet.git", "the repository's address contains a password"},
		{"git@git.mydomain.com:", "the repository's address has no host or no path"},
		{"git@git.mydomain.com:--upload-pack=x", "the repository's path starts with a dash"},
		{"file://otherhost/srv/fleet.git", "file:// addresses lead to this machine only; write three slashes"},
		{filepath.Join(dir, "new.git"), ""},
		{"file://" + filepath.Join(dir, "new.git"), ""},
		{worktree, worktree + " is a checked-out working tree"},
		{worktree + "/.git", worktree + "/.git belongs to a checked-out working tree"},
		{dir, dir + " holds something else than a git repository"},
		{dir + "/file", dir + "/file cannot be opened as a folder"},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			_, diags := parseTarget(test.url, false)
			got := ""
			for _, d := range diags {
				got += d.Message
				if strings.Contains(d.Message+d.Hint+d.Pos.String(), secret) {
					t.Errorf("the secret is repeated: %v", d)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
		})
	}
	for _, branch := range []string{"a..b", "-x", "a b", "x.lock"} {
		_, diags, err := Apps(context.Background(), Options{URL: filepath.Join(dir, "new.git"), Branch: branch}, nil)
		if err != nil || len(diags) != 1 {
			t.Errorf("branch %q: %v %v", branch, diags, err)
		}
	}
}

// TestSSHAddress holds both forms to what git makes of them: see "GIT URLS" in git-fetch(1).
func TestSSHAddress(t *testing.T) {
	tests := []struct{ address, dialled, command, shown string }{
		{"ssh://git.mydomain.com/org/fleet.git", "git@git.mydomain.com:22", "x '/org/fleet.git'", "ssh://git@git.mydomain.com/org/fleet.git"},
		{"ssh://li.wei@Git.MyDomain.com:2222/fleet.git/", "li.wei@git.mydomain.com:2222", "x '/fleet.git'", "ssh://li.wei@Git.MyDomain.com:2222/fleet.git"},
		{"ssh://git.mydomain.com/~li.wei/it's%20it!.git", "git@git.mydomain.com:22", `x '~li.wei/it'\''s it'\!'.git'`, "ssh://git@git.mydomain.com/~li.wei/it's%20it!.git"},
		{"ssh://[::1]:2222/fleet.git", "git@[::1]:2222", "x '/fleet.git'", "ssh://git@[::1]:2222/fleet.git"},
		{"li.wei@git.mydomain.com:org/fleet.git", "li.wei@git.mydomain.com:22", "x 'org/fleet.git'", "li.wei@git.mydomain.com:org/fleet.git"},
		{"git.mydomain.com:/srv/fleet.git", "git@git.mydomain.com:22", "x '/srv/fleet.git'", "git@git.mydomain.com:/srv/fleet.git"},
		{"forge:~/fleet.git", "git@forge:22", "x '~/fleet.git'", "git@forge:~/fleet.git"},
		{"git@[::1]:fleet.git", "git@[::1]:22", "x 'fleet.git'", "git@[::1]:fleet.git"},
		{"[git.mydomain.com:2222]:fleet.git", "git@git.mydomain.com:2222", "x 'fleet.git'", "git@[git.mydomain.com:2222]:fleet.git"},
		{"git.mydomain.com:c:/fleet.git", "git@git.mydomain.com:22", "x 'c:/fleet.git'", "git@git.mydomain.com:c:/fleet.git"},
	}
	for _, test := range tests {
		t.Run(test.address, func(t *testing.T) {
			got, diags := parseTarget(test.address, false)
			if len(diags) > 0 || got.ssh == nil || !IsRemote(test.address) {
				t.Fatalf("%+v %v", got, diags)
			}
			if dialled := got.ssh.user + "@" + got.ssh.dialled(); dialled != test.dialled || got.ssh.command("x") != test.command || got.url != test.shown {
				t.Errorf("%s, %s, %s", dialled, got.ssh.command("x"), got.url)
			}
		})
	}
	for _, local := range []string{"./fleet:1.git", "/srv/a:b", `C:\fleet.git`, "c:fleet.git", "fleet.git", "file:///srv/fleet.git", "FILE:///srv/fleet.git", "@:x"} {
		if IsRemote(local) {
			t.Errorf("%s is taken for a remote", local)
		}
	}
	for _, remote := range []string{"https://git.mydomain.com/x", "git://git.mydomain.com/x", "user:hunter2@git.mydomain.com:x"} {
		if !IsRemote(remote) {
			t.Errorf("%s is taken for a folder", remote)
		}
	}
}
