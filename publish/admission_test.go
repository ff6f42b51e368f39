package publish

import (
	"context"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// admission lets team-web publish to myorg-web; ops administers.
func admission(t testing.TB, apps ...App) Admission {
	v := verification(t, apps...)
	return Admission{Identities: []string{"team-web"}, MeridianVersion: "v0.1.0", Platform: func(context.Context, manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error) {
		return &RecordedPlatform{Platform: v.Platform, Edge: testEdge, Admins: []string{"ops"},
			Publishers: map[string][]string{"myorg-web": {"team-web"}, "myorg-data": {"team-data"}}}, nil, nil
	}}
}

// admit returns what an admission finds, as text.
func (r *repo) admit(a Admission, old, new string) []string {
	r.t.Helper()
	s, err := OpenGuarded(r.dir, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	_, list, err := s.Admit(context.Background(), old, new, a)
	if err != nil {
		r.t.Fatal(err)
	}
	var text []string
	for _, d := range list {
		text = append(text, d.String())
	}
	return text
}

// rawTree writes a tree object as it is given, however wrong: entries are "MODE NAME HASH".
func (r *repo) rawTree(entries ...string) string {
	r.t.Helper()
	var data strings.Builder
	for _, e := range entries {
		i, j := strings.Index(e, " "), strings.LastIndex(e, " ")
		hash, err := hex.DecodeString(e[j+1:])
		if err != nil {
			r.t.Fatal(err)
		}
		data.WriteString(e[:i] + " " + e[i+1:j] + "\x00" + string(hash))
	}
	cmd := exec.Command("git", "--git-dir="+r.dir, "hash-object", "-t", "tree", "--literally", "-w", "--stdin")
	cmd.Stdin = strings.NewReader(data.String())
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// TestAdmitMalformed holds that trees that git's own commands do not write are refused before anything of them is read.
func TestAdmitMalformed(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	blob := strings.TrimSpace(r.run("sh", "-c", "echo 'kind: Job' | git --git-dir='"+r.dir+"' hash-object -w --stdin"))
	regions, meridian := r.hashOf("main:regions"), r.hashOf("main:.meridian")
	head := []string{"40000 .meridian " + meridian, "40000 regions " + regions}
	with := func(entries ...string) string { return r.rawTree(append(head[:2:2], entries...)...) }
	deep := blob
	for i := range 70 {
		mode := "40000"
		if i == 0 {
			mode = "100644"
		}
		deep = r.rawTree(mode + " x " + deep)
	}
	bomb := blob
	for i := range 9 {
		mode := "40000"
		if i == 0 {
			mode = "100644"
		}
		var entries []string
		for n := range 10 {
			entries = append(entries, fmt.Sprintf("%s %d %s", mode, n, bomb))
		}
		bomb = r.rawTree(entries...)
	}
	tests := []struct{ name, tree, want string }{
		{"no mode", with("0 x " + blob), "x: error M8065: it is of the unknown mode 0"},
		{"a mode of another kind", with("60000 x " + blob), "x: error M8065: it is of the unknown mode 60000"},
		{"the same name twice", with("100644 x "+blob, "100644 x "+blob), "x: error M8065: the folder has two entries of this name"},
		{"a file and a folder of one name", with("100644 x "+blob, "40000 x "+regions), "x: error M8065: the folder has two entries of this name"},
		{"out of order", with("100644 x "+blob, "100644 a "+blob), "a: error M8065: the folder's entries are not in git's order"},
		{"a name with a slash", with("100644 x/y " + blob), `x/y: error M8065: the name "x/y" holds a separator`},
		{"a name with a backslash", with(`100644 x\y ` + blob), `x\y: error M8065: the name "x\\y" holds a separator`},
		{"an empty name", with("100644  " + blob), `error M8065: the name "" is empty`},
		{"a dot", with("40000 . " + regions), `.: error M8065: the name "." leads to another folder`},
		{"two dots", with("40000 .. " + regions), `..: error M8065: the name ".." leads to another folder`},
		{"git's folder for Windows", with("40000 git~1 " + regions), `git~1: error M8065: the name "git~1" belongs to git`},
		{"git's folder with a dot", with("40000 .Git. " + regions), `.Git.: error M8065: the name ".Git." belongs to git`},
		{"a line end", with("100644 x\ny " + blob), "x\ufffdy: error M8065: the name \"x\\ny\" holds what cannot be printed"},
		{"an escape", with("100644 x\x1b[2J " + blob), "x\ufffd[2J: error M8065: the name \"x\\x1b[2J\" holds what cannot be printed"},
		{"a long name", with("100644 " + strings.Repeat("x", 300) + " " + blob), strings.Repeat("x", 300) + ": error M8065: the name \"" + strings.Repeat("x", 300) + "\" is too long"},
		{"folders without end", with("40000 x " + deep), strings.Repeat("x/", 65) + ": error M8065: folders are nested more than 64 deep"},
		{"a folder that stands for a thousand million files", with("40000 x " + bomb), "error M8066: more than 1000000 files change"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			new := strings.TrimSpace(r.git("commit-tree", "-m", "attack", "-p", "main", test.tree))
			for _, who := range []string{"team-web", "ops"} {
				a := admission(t)
				a.Identities = []string{who}
				if got := r.admit(a, r.head(), new); len(got) == 0 || got[0] != test.want {
					t.Errorf("%s is told %q\nwant %q", who, got, test.want)
				}
			}
		})
	}
}

func (r *repo) hashOf(name string) string { return strings.TrimSpace(r.git("rev-parse", name)) }

// TestAdmitQuarantine holds that what is being pushed is found where git keeps it, in packs and as files.
func TestAdmitQuarantine(t *testing.T) {
	for _, limit := range []string{"1", "1000"} {
		r := newLocalRepo(t)
		r.seed("r1")
		old := r.head()
		a := testApp(t, "myorg-web", "app1", "r1").host("r1", "app1.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
		copied := &repo{t: t, dir: filepath.Join(t.TempDir(), "copy.git")}
		r.run("git", "clone", "--quiet", "--bare", r.dir, copied.dir)
		copied.url = copied.dir
		copied.publish(copied.options(), a)
		new := copied.head()
		var got [][]string
		r.git("config", "receive.unpackLimit", limit)
		hook := filepath.Join(t.TempDir(), "objects")
		script := "#!/bin/sh\necho \"$GIT_OBJECT_DIRECTORY\" > '" + hook + "'\ncp -r \"$GIT_OBJECT_DIRECTORY\" '" + hook + ".kept'\n"
		r.run("sh", "-ec", "mkdir -p '"+r.dir+"/hooks' && printf '%s' \"$1\" > '"+r.dir+"/hooks/pre-receive' && chmod +x '"+r.dir+"/hooks/pre-receive' && echo exit 1 >> '"+r.dir+"/hooks/pre-receive'", "sh", script)
		_ = exec.Command("git", "--git-dir="+copied.dir, "push", r.dir, "main").Run() // refused: the objects are only in the copy
		s, err := OpenGuarded(r.dir, []string{hook + ".kept", filepath.Join(r.dir, "objects")})
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"team-web", "team-data"} {
			adm := admission(t, a)
			adm.Identities = []string{who}
			_, list, err := s.Admit(context.Background(), old, new, adm)
			if err != nil {
				t.Fatalf("unpack limit %s: %v", limit, err)
			}
			var text []string
			for _, d := range list {
				text = append(text, string(d.Code))
			}
			got = append(got, text)
		}
		if len(got[0]) != 0 || len(got[1]) != 1 || got[1][0] != "M8062" {
			t.Errorf("unpack limit %s: %v", limit, got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestAdmitReservation holds that an administrator may reserve a host for a space by hand, and free it, and nobody
// else may.
func TestAdmitReservation(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	text := "apiVersion: meridian/v1\nkind: HostClaim\nhost: later.mydomain.com\nnamespace: myorg-web\n"
	file := ".meridian/claims/r1/http/later.mydomain.com.yaml"
	old := r.head()
	r.commit(map[string]string{file: text, "regions/r1/edge/http-services.yaml": "# r1\nmyorg-web/ host later.mydomain.com  -> :0\n"})
	reserved := r.head()
	r.commit(map[string]string{file: "", "regions/r1/edge/http-services.yaml": ""})
	for _, step := range [][2]string{{old, reserved}, {reserved, r.head()}, {old, r.head()}} {
		a := admission(t)
		if got := r.admit(a, step[0], step[1]); len(got) == 0 || !strings.Contains(got[0], "M8069") {
			t.Errorf("a publisher is told %q", got)
		}
		a.Identities = []string{"ops"}
		if got := r.admit(a, step[0], step[1]); len(got) > 0 {
			t.Errorf("an administrator is told %q", got)
		}
	}
}

// TestAdmitEdgeLater holds that aggregates may lag behind where that is said, and may be brought up by anybody.
func TestAdmitEdgeLater(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	old := r.head()
	a := testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)
	o := r.options()
	o.Edge = nil
	r.publish(o, a)
	without := r.head()
	r.commit(map[string]string{"regions/r1/edge/tcp-services.yaml": "# r1\nmyorg-web/app1 tcp port 9000  -> app1:9090\n"})
	right := r.head()
	r.commit(map[string]string{"regions/r1/edge/tcp-services.yaml": "# r1\nmine\n"})
	wrong := r.head()
	adm := admission(t, a)
	if got := r.admit(adm, old, without); len(got) != 1 || !strings.Contains(got[0], "M8070") {
		t.Errorf("without aggregates: %q", got)
	}
	adm.EdgeLater = true
	if got := r.admit(adm, old, without); len(got) > 0 {
		t.Errorf("aggregates later: %q", got)
	}
	adm.Identities = []string{"ci"}
	if got := r.admit(adm, without, right); len(got) > 0 {
		t.Errorf("aggregates brought up: %q", got)
	}
	if got := r.admit(adm, right, wrong); len(got) != 1 || !strings.Contains(got[0], "M8070") {
		t.Errorf("aggregates edited: %q", got)
	}
}

// TestAdmitSignature holds that every commit is shown to whoever checks signatures, with the platforms before and after.
func TestAdmitSignature(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	old := r.head()
	a := testApp(t, "myorg-web", "app1", "r1")
	r.publish(r.options(), a)
	adm := admission(t, a)
	adm.Signature = func(commit string, data []byte, before, after *PlatformRecord) ([]diag.Diagnostic, error) {
		if commit != r.head() || !strings.HasPrefix(string(data), "tree ") || before == nil || after == nil || before.Digest != testDigest {
			t.Errorf("asked about %s: %q %v %v", commit, data, before, after)
		}
		return []diag.Diagnostic{diag.New(diag.PathNotOwned, diag.Pos{}, "", "not signed")}, nil
	}
	if got := r.admit(adm, old, r.head()); len(got) != 1 || !strings.Contains(got[0], "not signed") {
		t.Errorf("told %q", got)
	}
}

func TestMatches(t *testing.T) {
	tests := []struct {
		pattern, file string
		want          bool
	}{
		{"README.md", "README.md", true}, {"README.md", "x/README.md", false}, {"**/README.md", "README.md", true}, {"**/README.md", "a/b/README.md", true},
		{"docs/*", "docs/a", true}, {"docs/*", "docs/a/b", false}, {"docs/**", "docs/a/b", true}, {"docs/**", "other/docs/a", false}, {"*.md", "a.md", true}, {"[a-c].md", "b.md", true},
	}
	for _, test := range tests {
		if got := matches(test.pattern, test.file); got != test.want {
			t.Errorf("%s matches %s: %v", test.pattern, test.file, got)
		}
	}
	for _, bad := range []string{"", "/x", "x//y", "../x", "[", "x/"} {
		if CheckPattern(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}
