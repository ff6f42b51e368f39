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
		{"ssh://git@git.mydomain.com/fleet.git", "the repository's address contains a user name or password"},
		{"git://git.mydomain.com/fleet.git", "git:// is not supported"},
		{"git@git.mydomain.com:fleet.git", "the repository's address is for ssh, which is not supported"},
		{"user:" + secret + "@git.mydomain.com:fleet.git", "the repository's address is for ssh, which is not supported"},
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
