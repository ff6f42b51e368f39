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

// TestAdmitForeign bounds files that are not Meridian's, whoever pushes them, where anybody may.
func TestAdmitForeign(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	for i, want := range []string{"", "docs/large: error M8066: it has 10485761 bytes; at most 10485760 are taken here"} {
		before := r.head()
		r.commit(map[string]string{"docs/large": strings.Repeat("x", 10<<20+i)})
		for _, who := range []string{"team-web", "ops"} {
			a := admission(t)
			a.Identities, a.AllowPaths = []string{who}, []string{"docs/**"}
			if got := strings.Join(r.admit(a, before, r.head()), "\n"); got != want {
				t.Errorf("%s is told %q, want %q", who, got, want)
			}
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

// TestAdmitEmptyEdge holds that a platform comes with the aggregates of every region, also of one where nobody has a claim.
func TestAdmitEmptyEdge(t *testing.T) {
	r := newLocalRepo(t)
	o := r.options()
	o.Edge = nil
	if told := r.spaces(o, testPlatform(t, "r1")); told != nil {
		t.Fatal(told)
	}
	adm := admission(t)
	adm.Identities, adm.Bootstrap = []string{"ops"}, true
	adm.Platform = func(context.Context, manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error) {
		edge := func(region string, _ []manifest.Claim) ([]manifest.File, []diag.Diagnostic, error) {
			return []manifest.File{{Path: "tcp-services.yaml", Data: []byte("# nothing in " + region + "\n")}}, nil, nil
		}
		return &RecordedPlatform{Platform: testPlatform(t, "r1"), Edge: edge, Admins: []string{"ops"}}, nil, nil
	}
	if got := r.admit(adm, "", r.head()); len(got) != 1 || !strings.HasPrefix(got[0], "regions/r1/edge/tcp-services.yaml: error M8070") {
		t.Errorf("without aggregates: %q", got)
	}
	adm.EdgeLater = true
	if got := r.admit(adm, "", r.head()); len(got) > 0 {
		t.Errorf("aggregates later: %q", got)
	}
}

// TestAdmitSignature holds that commits are admitted only with the signature of who must sign by the platform before them,
// and by the one that they bring.
func TestAdmitSignature(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1")
	a := testApp(t, "myorg-web", "app1", "r1")
	with := func(names ...string) Platform {
		p := platformWith(t, names...)
		p.Recompile = verification(t, a).Platform.Recompile
		return p
	}
	// The guard is asked as somebody who administers, with the platforms as their inputs say.
	adm := admission(t, a)
	adm.Identities = []string{"ops"}
	adm.Platform = func(_ context.Context, inputs manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error) {
		for _, names := range [][]string{{"ada", "ci"}, {"bob"}} {
			if p := with(names...); digest(p.Inputs) == digest(inputs) {
				return &RecordedPlatform{Platform: p, Edge: testEdge, Admins: []string{"ops"}}, nil, nil
			}
		}
		return &RecordedPlatform{Platform: with(), Edge: testEdge, Admins: []string{"ops"}}, nil, nil
	}
	codes := func(old, new string) string {
		var list []string
		for _, told := range r.admit(adm, old, new) {
			list = append(list, told[strings.Index(told, "M8"):][:5])
		}
		return strings.Join(list, " ")
	}
	// signedAgain is the head with the signature of another, or none, as who may push could make it.
	signedAgain := func(name string) string {
		text := r.git("cat-file", "commit", "main")
		if i := strings.Index(text, "gpgsig "); i >= 0 {
			end := strings.Index(text, "-----END SSH SIGNATURE-----\n")
			text = text[:i] + text[end+len("-----END SSH SIGNATURE-----\n"):]
		}
		if name != "" {
			key, _ := testKey(t, name)
			lines, err := key.Sign([]byte(text), r.options().Author.When)
			if err != nil {
				t.Fatal(err)
			}
			header, message, _ := strings.Cut(text, "\n\n")
			text = header + "\ngpgsig " + strings.ReplaceAll(strings.TrimSpace(string(lines)), "\n", "\n ") + "\n\n" + message
		}
		return r.forge(text)
	}

	before := r.head()
	if told := r.spaces(r.signed(t, "ada"), with("ada", "ci")); told != nil {
		t.Fatal(told)
	}
	brought := r.head()
	for name, want := range map[string]string{"ada": "", "ci": "", "eve": "M8078", "": "M8077"} {
		if got := codes(before, signedAgain(name)); got != want {
			t.Errorf("brought by %q: %q, want %q", name, got, want)
		}
	}
	r.publish(r.signed(t, "ci"), a)
	published := r.head()
	for name, want := range map[string]string{"ada": "", "ci": "", "eve": "M8078", "": "M8077"} {
		if got := codes(brought, signedAgain(name)); got != want {
			t.Errorf("published by %q: %q, want %q", name, got, want)
		}
	}
	if got := codes(before, published); got != "" {
		t.Errorf("both: %q", got)
	}
	text := r.git("cat-file", "commit", "main")
	if got := codes(brought, r.forge(strings.Replace(text, "author Meridian", "author Mallory", 1))); got != "M8076" && got != "M8079" {
		t.Errorf("tampered with: %q", got)
	}
	// Nobody replaces the signers alone: neither those who go nor those who come.
	if told := r.spaces(r.signed(t, "ada"), with("bob")); len(told) != 1 {
		t.Fatal(told)
	}
	r.forcedPlatform(with("bob"), "ada")
	for name, want := range map[string]string{"ada": "M8078", "bob": "M8078", "eve": "M8078"} {
		if got := codes(published, signedAgain(name)); got != want {
			t.Errorf("signers replaced by %q: %q, want %q", name, got, want)
		}
	}
}

// forcedPlatform publishes a platform that names other signers, as a changed program could.
func (r *repo) forcedPlatform(p Platform, name string) {
	r.t.Helper()
	data, err := encodeRecord(p.record("v0.1.0"))
	if err != nil {
		r.t.Fatal(err)
	}
	text, _ := p.Inputs.Get("platform.cue")
	r.commit(map[string]string{platformFile: string(data), platformDir + "/platform.cue": string(text)})
}

// TestAdmitPlatforms holds that an administrator may take regions and spaces away, and that however many platforms are
// pushed, one at a time is kept.
func TestAdmitPlatforms(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	begin := r.head()
	app := testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)
	numbered := func(n int) Platform {
		regions := []string{"r1", "r2"}[:max(1, 2-n)]
		p := testPlatform(t, regions...)
		if n > 1 {
			p.Spaces = p.Spaces[:1]
		}
		p.Inputs = tree(t, map[string]string{"platform.cue": fmt.Sprintf("org: \"myorg\" // %d\n", n)})
		p.Recompile = verification(t, app).Platform.Recompile
		return p
	}
	o := r.options()
	o.RemoveFrom, o.RemoveSpaces = []string{"r2"}, []string{"myorg-data"}
	for n := range 5 {
		if told := r.spaces(o, numbered(n)); told != nil {
			t.Fatal(told)
		}
		if n == 0 {
			r.publish(r.options(), app)
		}
	}
	open, most, asked := 0, 0, 0
	adm := admission(t)
	adm.Platform = func(_ context.Context, inputs manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error) {
		open, asked = open+1, asked+1
		most = max(most, open)
		p := verification(t, app).Platform // that of the seed
		for n := range 5 {
			if other := numbered(n); digest(other.Inputs) == digest(inputs) {
				p = other
			}
		}
		return &RecordedPlatform{Platform: p, Edge: testEdge, Admins: []string{"ops"}, Close: func() error { open--; return nil }}, nil, nil
	}
	for who, want := range map[string]string{"ops": "", "team-web": "M8063"} {
		adm.Identities, asked = []string{who}, 0
		got := r.admit(adm, begin, r.head())
		if want == "" && len(got) > 0 || want != "" && (len(got) == 0 || !strings.Contains(got[0], want)) {
			t.Errorf("%s is told %q, want %q", who, got, want)
		}
		if open != 0 || most != 1 || want == "" && asked != 6 {
			t.Errorf("%s: %d platforms were asked for, at most %d kept at once, %d in the end", who, asked, most, open)
		}
	}
}

// TestAdmitWaves holds that versions come to waves of regions, with what others carry, and that what earlier versions
// are made of is as well guarded as the newest.
func TestAdmitWaves(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2", "r3")
	adm := admission(t)
	adm.Platform = func(context.Context, manifest.Tree) (*RecordedPlatform, []diag.Diagnostic, error) {
		return &RecordedPlatform{Platform: waved(t), Edge: testEdge, Publishers: map[string][]string{"myorg-web": {"team-web"}}}, nil, nil
	}
	begin := r.head()
	admitted := func(what string) {
		t.Helper()
		if got := r.admit(adm, r.hashOf("main~"), r.head()); len(got) > 0 {
			t.Fatalf("%s: %q", what, got)
		}
	}
	published := func(version string) {
		t.Helper()
		a, _ := versioned(t, version, "r1", "r2", "r3").InWave(waved(t).Waves)
		r.publish(r.giving(), a)
		admitted("published " + version)
	}
	published("v1")
	for range 2 {
		r.promote(0)
		admitted("promoted")
	}
	published("v2")
	r.promote(0)
	admitted("promoted")
	published("v3")
	if got := r.carries(); got != "v3 v2 v1" {
		t.Fatalf("regions carry %q", got)
	}
	if got := r.admit(adm, begin, r.head()); len(got) > 0 {
		t.Fatalf("all of it: %q", got)
	}

	files := r.files()
	old := r.head()
	record := ".meridian/apps/myorg-web/app1/owner.yaml"
	held := func(version string) string {
		for file, text := range files {
			if strings.HasPrefix(file, ".meridian/apps/myorg-web/app1/held/") && text == version {
				return file
			}
		}
		t.Fatalf("nothing is made of %s in %v", version, files)
		return ""
	}
	replaced := func(from, to string) string {
		if !strings.Contains(files[record], from) {
			t.Fatalf("no %q in the record:\n%s", from, files[record])
		}
		return strings.Replace(files[record], from, to, 1)
	}
	tests := []struct {
		name   string
		change map[string]string
		want   string
	}{
		{"manifests of an earlier version", map[string]string{"regions/r3/spaces/myorg-web/apps/app1/deployment.yaml": "v1 in r3, and mine\n"}, "M8068"},
		{"a region of an earlier version has the newest", map[string]string{"regions/r3/spaces/myorg-web/apps/app1/deployment.yaml": "v3 in r3\n"}, "M8068"},
		{"inputs of an earlier version", map[string]string{held("v1"): "v2"}, "M8072"},
		{"inputs of an earlier version removed", map[string]string{held("v1"): ""}, "M8072"},
		{"inputs that nothing is made of", map[string]string{".meridian/apps/myorg-web/app1/held/0123456789ab/app.cue": "v0"}, "M8068"},
		{"digest of a version", map[string]string{record: replaced(digest(tree(t, map[string]string{"app.cue": "v1"})), "sha256:"+strings.Repeat("0", 64))}, "M8072"},
		{"a region twice", map[string]string{record: replaced("      - r3\n", "      - r2\n")}, "M8072"},
		{"platform of a version", map[string]string{record: replaced("platform: "+testDigest, "platform: sha256:other")}, "M8072"},
		{"waits for a region where it is", map[string]string{record: replaced("held:\n", "awaiting:\n  - r2\nheld:\n")}, "M8068"},
		{"waits for a region that it does not select", map[string]string{record: replaced("held:\n", "awaiting:\n  - r9\nheld:\n")}, "M8068"},
	}
	for _, test := range tests {
		r.git("update-ref", "refs/heads/main", old)
		r.commit(test.change)
		if got := r.admit(adm, old, r.head()); len(got) == 0 || !strings.Contains(got[0], test.want) {
			t.Errorf("%s: %q, want %s", test.name, got, test.want)
		}
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
