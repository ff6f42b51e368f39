package main

import (
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const guardedPlatformText = `package platform

org: "myorg"
projects: ["app"]
domains: "mydomain.com": {}
admins: ["ops"]
spaces: {
	web: {publishers: ["team-web", "li.wei"], only: ["aws-oregon", "ksc-beijing6"]}
	data: {publishers: ["team-data"], only: ["aws-oregon", "ksc-beijing6"]}
}
`

const guardedAppText = `package app

name:  "NAME"
space: "SPACE"
owner: "team@mydomain.com"

image: {name: "app", tag: "1.0"}

resources: {
	requests: {cpu: "100m", memory: "128Mi"}
	limits: memory: "128Mi"
}

ports: web: 8080

http: public: {
	host: "NAME.mydomain.com"
	port: "web"
}
`

// guardedServer is a bare repository that git's own http server serves, with the guard as its pre-receive hook. Who
// pushes is who logs in.
type guardedServer struct {
	t         *testing.T
	root, dir string // of everything, and of the repository
	url       string
	work      string // a clone
}

// newGuardedServer serves an empty repository; more is what the hook is given beside the identity.
func newGuardedServer(t *testing.T, more string) *guardedServer {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	backend := filepath.Join(strings.TrimSpace(string(out)), "git-http-backend")
	if _, missing := os.Stat(backend); err != nil || missing != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("git http-backend is not installed")
		}
		t.Skip("git http-backend is not installed")
	}
	root := t.TempDir()
	g := &guardedServer{t: t, root: root, dir: filepath.Join(root, "gitops.git"), work: filepath.Join(root, "work")}
	g.run(root, "git", "init", "--quiet", "--bare", "--initial-branch=main", g.dir)
	g.run(g.dir, "git", "config", "http.receivepack", "true")
	hook := "#!/bin/sh\nexec meridian guard --identity \"$REMOTE_USER\" " + more + "\n"
	g.write(g.dir, "hooks/pre-receive", hook)
	if err := os.Chmod(filepath.Join(g.dir, "hooks/pre-receive"), 0o755); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, ok := r.BasicAuth()
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		(&cgi.Handler{Path: backend, InheritEnv: []string{"PATH", "TMPDIR"}, Stderr: os.Stderr, Env: []string{
			"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=" + root, "REMOTE_USER=" + name}}).ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	g.url = server.URL + "/gitops.git"
	g.write(root, "platform/platform.cue", guardedPlatformText)
	for _, id := range []string{"web/app1", "web/app2", "data/db1"} {
		space, name, _ := strings.Cut(id, "/")
		g.write(root, "src/"+name+"/app.cue", strings.NewReplacer("NAME", name, "SPACE", space).Replace(guardedAppText))
	}
	return g
}

func (g *guardedServer) write(dir, file, text string) {
	g.t.Helper()
	full := filepath.Join(dir, filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

func (g *guardedServer) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+g.root, "GIT_TERMINAL_PROMPT=0", "MERIDIAN_TOKEN=s3cret", "SOURCE_DATE_EPOCH=1790000000",
		"GIT_AUTHOR_NAME=Mallory", "GIT_AUTHOR_EMAIL=mallory@mydomain.com", "GIT_COMMITTER_NAME=Mallory", "GIT_COMMITTER_EMAIL=mallory@mydomain.com")
	return cmd
}

func (g *guardedServer) run(dir, name string, args ...string) string {
	g.t.Helper()
	out, err := g.command(dir, name, args...).CombinedOutput()
	if err != nil {
		g.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// shell runs lines in the clone.
func (g *guardedServer) shell(lines string) {
	g.t.Helper()
	g.run(g.work, "sh", "-ec", lines)
}

// meridian runs a command line against the server as somebody, and reports whether it succeeded.
func (g *guardedServer) meridian(as string, args ...string) (string, bool) {
	g.t.Helper()
	args = append([]string{args[0], "--to", g.url, "--username", as}, args[1:]...)
	out, err := g.command(g.root, "meridian", args...).CombinedOutput()
	return string(out), err == nil
}

func (g *guardedServer) must(as string, args ...string) {
	g.t.Helper()
	before := g.head()
	out, ok := g.meridian(as, args...)
	if !ok || g.head() == before {
		g.t.Fatalf("%s, %s: not accepted\n%s", as, strings.Join(args, " "), out)
	}
}

func (g *guardedServer) head() string {
	out, _ := g.command(g.dir, "git", "rev-parse", "--quiet", "--verify", "main").Output()
	return strings.TrimSpace(string(out))
}

// clone makes the work tree what the server has.
func (g *guardedServer) clone() {
	g.t.Helper()
	if _, err := os.Stat(g.work); err != nil {
		g.run(g.root, "git", "clone", "--quiet", g.dir, g.work)
		return
	}
	g.shell("git fetch -q origin && git checkout -qfB main origin/main && git clean -qfdx")
}

// push pushes as somebody and returns what git says.
func (g *guardedServer) push(as string, args ...string) (string, bool) {
	g.t.Helper()
	if len(args) == 0 {
		args = []string{"HEAD:main"}
	}
	url := strings.Replace(g.url, "http://", "http://"+as+":s3cret@", 1)
	out, err := g.command(g.work, "git", append([]string{"push", url}, args...)...).CombinedOutput()
	return string(out), err == nil
}

// published is a server with a platform and three applications, all of which went through the hook.
func published(t *testing.T) *guardedServer {
	t.Helper()
	g := newGuardedServer(t, "")
	g.must("ops", "publish", "--platform", "platform", "--spaces")
	g.must("team-web", "publish", "--platform", "platform", "src/app1", "src/app2")
	g.must("team-data", "publish", "--platform", "platform", "src/db1")
	g.clone()
	return g
}

// TestGuardAdmits holds that the hook lets through what Meridian does for those who may.
func TestGuardAdmits(t *testing.T) {
	g := published(t)
	g.write(g.root, "src/app1/app.cue", strings.NewReplacer("NAME", "app1", "SPACE", "web", `tag: "1.0"`, `tag: "1.1"`).Replace(guardedAppText))
	g.must("li.wei", "publish", "--platform", "platform", "src/app1")
	g.must("team-web", "rollback", "web/app1")
	g.must("team-web", "remove", "web/app2")
	g.write(g.root, "platform/platform.cue", strings.Replace(guardedPlatformText, `domains:`, "defaults: annotations: \"mydomain.com/team\": \"x\"\ndomains:", 1))
	g.must("ops", "publish", "--platform", "platform", "--spaces")
	if out, ok := g.meridian("team-web", "verify"); !ok {
		t.Errorf("verify:\n%s", out)
	}

	g.clone()
	g.shell(`echo hello > README.md && git add -A && git commit -qm readme`)
	if out, ok := g.push("ops"); !ok || !strings.Contains(out, "meridian guard: 1 commit admitted") {
		t.Errorf("an administrator's README:\n%s", out)
	}
	g.shell(`git checkout -qb other && rm -rf regions && git add -A && git commit -qm "a branch of mine"`)
	if out, ok := g.push("team-web", "other"); !ok {
		t.Errorf("another branch:\n%s", out)
	}
	if out, ok := g.push("team-web", ":other"); !ok {
		t.Errorf("another branch is deleted:\n%s", out)
	}
}

const (
	app1     = "regions/aws-oregon/spaces/myorg-web/apps/app1"
	record1  = ".meridian/apps/myorg-web/app1"
	recordDB = ".meridian/apps/myorg-data/db1"
	commit   = "\ngit add -A && git commit -qm attack"
)

// TestGuardRefuses tries the hook as an attacker would: somebody who may publish to one space, and pushes with git. Each
// push is refused for what it is, and the repository stays as it was.
func TestGuardRefuses(t *testing.T) {
	g := published(t)
	attacks := []struct {
		name, as, lines string // team-web when as is empty
		push            string // arguments of git push
		code            string
	}{
		{name: "a ClusterRoleBinding in an application's folder", lines: "echo 'kind: ClusterRoleBinding' > " + app1 + "/clusterrolebinding-admin.yaml" + commit, code: "M8068"},
		{name: "a manifest edited by hand", lines: "sed -i 's/replicas:.*/replicas: 99/; s/:1.0/:6.6.6/' " + app1 + "/deployment.yaml" + commit, code: "M8068"},
		{name: "a manifest deleted", lines: "rm " + app1 + "/networkpolicy.yaml" + commit, code: "M8068"},
		{name: "an executable manifest", lines: "chmod +x " + app1 + "/service.yaml" + commit, code: "M8065"},
		{name: "another space's application", lines: "sed -i 's/:1.0/:6.6.6/' regions/aws-oregon/spaces/myorg-data/apps/db1/deployment.yaml" + commit, code: "M8062"},
		{name: "another space's application removed", lines: "rm -rf regions/*/spaces/myorg-data/apps/db1 " + recordDB + " .meridian/claims/*/http/db1.mydomain.com.yaml" + commit, code: "M8062"},
		{name: "another space's new application", lines: "mkdir -p regions/aws-oregon/spaces/myorg-data/apps/mine && echo 'kind: Job' > regions/aws-oregon/spaces/myorg-data/apps/mine/job.yaml" + commit, code: "M8062"},
		{name: "a namespace that no space has", lines: "mkdir -p regions/aws-oregon/spaces/kube-system/apps/mine && echo 'kind: Job' > regions/aws-oregon/spaces/kube-system/apps/mine/job.yaml" + commit, code: "M8062"},
		{name: "a space's own folder", lines: "echo 'kind: RoleBinding' > regions/aws-oregon/spaces/myorg-web/space/rolebinding-mine.yaml" + commit, code: "M8063"},
		{name: "a sync object", lines: "sed -i 's/prune: true/prune: false/; $a # mine' regions/aws-oregon/sync/myorg-web.yaml" + commit, code: "M8063"},
		{name: "a sync object of one's own", lines: "echo 'kind: Kustomization' > regions/aws-oregon/sync/mine.yaml" + commit, code: "M8063"},
		{name: "a claim without its Ingress", lines: "sed 's/app1.mydomain.com/www.mydomain.com/' .meridian/claims/aws-oregon/http/app1.mydomain.com.yaml > .meridian/claims/aws-oregon/http/www.mydomain.com.yaml" + commit, code: "M8069"},
		{name: "an Ingress without its claim", lines: "rm .meridian/claims/aws-oregon/http/app1.mydomain.com.yaml" + commit, code: "M8069"},
		{name: "another's claim taken away", lines: "sed -i 's/myorg-data/myorg-web/; s/db1$/app1/' .meridian/claims/aws-oregon/http/db1.mydomain.com.yaml" + commit, code: "M8069"},
		{name: "a claim of nobody's", lines: "printf 'apiVersion: meridian/v1\\nkind: HostClaim\\nhost: later.mydomain.com\\nnamespace: myorg-web\\n' > .meridian/claims/aws-oregon/http/later.mydomain.com.yaml" + commit, code: "M8069"},
		{name: "an aggregate edited by hand", lines: "mkdir -p regions/aws-oregon/edge && echo 'kind: ConfigMap' > regions/aws-oregon/edge/tcp-services.yaml" + commit, code: "M8070"},
		{name: "something else beside the aggregates", lines: "mkdir -p regions/aws-oregon/edge/more && echo 'kind: ClusterRole' > regions/aws-oregon/edge/more/clusterrole.yaml" + commit, code: "M8064"},
		{name: "inputs without their manifests", lines: "sed -i 's/tag: \"1.0\"/tag: \"2.0\"/' " + record1 + "/inputs/app.cue" + commit, code: "M8068"},
		{name: "inputs of another application", lines: "sed -i 's/name:  \"app1\"/name:  \"app2\"/' " + record1 + "/inputs/app.cue" + commit, code: "M8072"},
		{name: "inputs that break a rule", lines: "sed -i 's/mydomain.com/elsewhere.org/' " + record1 + "/inputs/app.cue" + commit, code: "M4011"},
		{name: "no inputs", lines: "rm -r " + record1 + "/inputs" + commit, code: "M8072"},
		{name: "no record", lines: "rm -r " + record1 + commit, code: "M8068"},
		{name: "a record that names another application", lines: "sed -i 's/name: app1/name: db1/; s/myorg-web/myorg-data/' " + record1 + "/owner.yaml" + commit, code: "M8072"},
		{name: "a record that holds another's claim", lines: "sed -i 's/^claims:/claims:\\n  - aws-oregon\\/http\\/db1.mydomain.com.yaml/' " + record1 + "/owner.yaml" + commit, code: "M8068"},
		{name: "a record of an old platform", lines: "sed -i 's/^platform: .*/platform: sha256:0123456789/' " + record1 + "/owner.yaml" + commit, code: "M8072"},
		{name: "a record of another version", lines: "sed -i 's/^meridian: .*/meridian: v99.0.0/' " + record1 + "/owner.yaml && echo '# mine' >> " + app1 + "/service.yaml" + commit, code: "M8071"},
		{name: "a record that is a YAML bomb", lines: "{ echo 'a: &a [x,x,x,x,x,x,x,x,x]'; for i in b:a c:b d:c e:d f:e g:f h:g i:h; do n=${i%:*}; o=${i#*:}; echo \"$n: &$n [*$o,*$o,*$o,*$o,*$o,*$o,*$o,*$o,*$o]\"; done; } > " + record1 + "/owner.yaml" + commit, code: "M8072"},
		{name: "a record with an alias", lines: "sed -i 's/^owner: .*/owner: \\&o team@mydomain.com/' " + record1 + "/owner.yaml" + commit, code: "M8068"},
		{name: "a claim that is a YAML bomb", lines: "{ echo 'a: &a [x,x,x,x,x,x,x,x,x]'; for i in b:a c:b d:c e:d f:e g:f h:g i:h; do n=${i%:*}; o=${i#*:}; echo \"$n: &$n [*$o,*$o,*$o,*$o,*$o,*$o,*$o,*$o,*$o]\"; done; } > .meridian/claims/aws-oregon/http/bomb.mydomain.com.yaml" + commit, code: "M8069"},
		{name: "a symlink", lines: "ln -s ../../../../../../.meridian/platform.yaml " + app1 + "/platform.yaml" + commit, code: "M8065"},
		{name: "a symlink for a folder", lines: "rm -r " + app1 + " && ln -s ../../myorg-data/apps/db1 " + app1 + commit, code: "M8065"},
		{name: "a submodule", lines: "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD)," + app1 + "/module && git commit -qm attack", code: "M8065"},
		{name: "a folder named ..", lines: tree("$(printf '040000 tree %s\\t..\\n' $(git rev-parse HEAD:regions))"), code: "M8065"},
		{name: "a folder named .GIT", lines: tree("$(printf '040000 tree %s\\t.GIT\\n' $(git rev-parse HEAD:regions))"), code: "M8065"},
		{name: "a file where a folder belongs", lines: "rm -r " + app1 + " && echo 'kind: Job' > " + app1 + commit, code: "M8064"},
		{name: "a folder where a file belongs", lines: "rm " + record1 + "/owner.yaml && mkdir " + record1 + "/owner.yaml && echo x > " + record1 + "/owner.yaml/x" + commit, code: "M8064"},
		{name: "a huge file", lines: "head -c 3000000 /dev/zero > " + record1 + "/inputs/zero" + commit, code: "M8066"},
		{name: "huge inputs", lines: "for i in 1 2 3 4; do head -c 400000 /dev/zero > " + record1 + "/inputs/zero$i; done" + commit, code: "M8066"},
		{name: "hostile CUE", lines: "cat >> " + record1 + "/inputs/app.cue <<'END'\n_n: [for a in _d for b in _d for c in _d for d in _d for e in _d for f in _d for g in _d for h in _d {a}]\n_d: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nenv: X: value: \"\\(len(_n))\"\nEND" + commit, code: "M806"},
		{name: "CUE that is brackets", lines: "head -c 1000000 /dev/zero | tr '\\0' '[' > " + record1 + "/inputs/app.cue" + commit, code: "M1002"},
		{name: "a module that is hostile CUE", lines: "mkdir -p " + record1 + "/inputs/.cue-module/cue.mod && head -c 1000000 /dev/zero | tr '\\0' '[' > " + record1 + "/inputs/.cue-module/cue.mod/module.cue" + commit, code: "M1001"},
		{name: "the platform, to become a publisher", lines: "sed -i 's/\"team-data\"/\"team-data\", \"team-web\"/' .meridian/platform/platform.cue" + commit, code: "M8063"},
		{name: "the platform and then what it would allow", lines: "sed -i 's/\"team-data\"/\"team-web\"/; s/\"ops\"/\"team-web\"/' .meridian/platform/platform.cue" + commit + " && rm -r " + recordDB + commit, code: "M8063"},
		{name: "a second commit that hides the first", lines: "echo 'kind: ClusterRoleBinding' > " + app1 + "/clusterrolebinding-admin.yaml" + commit + " && git rm -q " + app1 + "/clusterrolebinding-admin.yaml && git commit -qm hidden", code: "M8068"},
		{name: "a history that is rewritten", lines: "git reset -q --hard HEAD~1 && git commit -q --allow-empty -m other", push: "--force HEAD:main", code: "M8067"},
		{name: "a history of one's own", lines: "git checkout -q --orphan mine && git commit -qm mine", push: "--force HEAD:main", code: "M8067"},
		{name: "the branch is deleted", push: ":main", code: "M8067"},
		{name: "the branch is reset to older commits", push: "--force HEAD~1:main", code: "M8067"},
		{name: "objects that stand for others", push: "HEAD:refs/replace/0123456789012345678901234567890123456789", code: "M8067"},
		{name: "a merge that brings something else", lines: "git checkout -qB side HEAD~1 && git checkout -q main && git merge -q --no-ff --no-commit -s ours side; sed -i 's/:1.0/:6.6.6/' regions/aws-oregon/spaces/myorg-data/apps/db1/deployment.yaml; T=$(git add -A && git write-tree) && git reset -q --hard $(git commit-tree -m merge -p origin/main -p origin/main~1 $T)", code: "M8062"},
		{name: "a merge that brings commits that may not be", lines: "git checkout -qB side && sed -i 's/:1.0/:6.6.6/' regions/aws-oregon/spaces/myorg-data/apps/db1/deployment.yaml" + commit + " && git checkout -q main && git merge -q --no-ff -s ours -m merge side", code: "M8062"},
		{name: "a merge whose first parent is one's own", lines: "git checkout -qB side HEAD~1 && git commit -q --allow-empty -m mine && git merge -q --no-ff -m merge main", code: "M8067"},
		{name: "a file of nobody's", lines: "mkdir -p .github/workflows && echo 'on: push' > .github/workflows/mine.yaml" + commit, code: "M8064"},
		{name: "a file of nobody's below .meridian", lines: "echo x > .meridian/future.yaml" + commit, code: "M8064"},
		{name: "everything deleted", lines: "git rm -qr ." + commit, code: "M8063"},
		{name: "a stranger", as: "stranger", lines: "sed -i 's/:1.0/:6.6.6/' " + app1 + "/deployment.yaml" + commit, code: "M8062"},
		{name: "an administrator's edited manifest", as: "ops", lines: "sed -i 's/:1.0/:6.6.6/' " + app1 + "/deployment.yaml" + commit, code: "M8068"},
		{name: "an administrator's edited space", as: "ops", lines: "echo '# mine' >> regions/aws-oregon/spaces/myorg-web/space/namespace.yaml" + commit, code: "M8068"},
		{name: "more rights for the account that its space is synced with", lines: "sed -i 's/resources: .*/resources: [\"*\"]/' regions/aws-oregon/sync/myorg-web/role-sync.yaml && echo '# more' >> regions/aws-oregon/sync/myorg-web/role-sync.yaml" + commit, code: "M8063"},
		{name: "another right for the account that its space is synced with", lines: "echo 'kind: RoleBinding' > regions/aws-oregon/sync/myorg-web/rolebinding-more.yaml" + commit, code: "M8063"},
		{name: "an administrator's edited rights", as: "ops", lines: "echo '# more' >> regions/aws-oregon/sync/myorg-web/role-sync.yaml" + commit, code: "M8068"},
		{name: "an administrator's sync object for no space", as: "ops", lines: "echo 'kind: Kustomization' > regions/aws-oregon/sync/myorg-none.yaml" + commit, code: "M8068"},
		{name: "an administrator's platform without its spaces", as: "ops", lines: "sed -i 's/\"team-data\"/\"team-data\", \"team-more\"/' .meridian/platform/platform.cue" + commit, code: "M8068"},
		{name: "an administrator's hostile platform", as: "ops", lines: "head -c 1000000 /dev/zero | tr '\\0' '[' > .meridian/platform/more.cue" + commit, code: "M1002"},
	}
	for i, a := range attacks {
		if raceDetector && i%8 != 0 {
			continue // a push takes ten times longer with it, and all take the same ways
		}
		t.Run(a.name, func(t *testing.T) {
			g.t = t
			g.clone()
			before := g.head()
			if a.lines != "" {
				g.shell(a.lines)
			}
			as := a.as
			if as == "" {
				as = "team-web"
			}
			out, ok := g.push(as, strings.Fields(a.push)...)
			if ok || g.head() != before {
				t.Fatalf("it was let in, from %s to %s\n%s", before, g.head(), out)
			}
			if !strings.Contains(out, "error "+a.code) {
				t.Errorf("not told as %s:\n%s", a.code, out)
			}
		})
	}
	g.t = t
	if out := g.run(g.dir, "git", "fsck", "--no-dangling", "--no-progress"); out != "" {
		t.Errorf("git fsck: %s", out)
	}
	if out, ok := g.meridian("ops", "verify"); !ok {
		t.Errorf("verify after all of it:\n%s", out)
	}
}

// tree are lines that commit the head's tree with one entry more, which git itself would not let in.
func tree(entry string) string {
	return "T=$({ git ls-tree HEAD; echo \"" + entry + "\"; } | sort -k4 | git mktree) && git reset -q --soft $(git commit-tree -m attack -p HEAD $T)"
}
