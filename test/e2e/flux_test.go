package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/meridian-gitops/meridian/test/cluster"
	"github.com/meridian-gitops/meridian/test/publishing"
)

// TestFlux publishes to git's own server over https, and lets Flux' source- and kustomize-controller, set up by nothing
// but what bootstrap prints, sync a cluster from there. Spaces are read from the GitRepository: source-watcher, which
// makes an artifact of each, is in no Go module that can be had.
func TestFlux(t *testing.T) {
	onFirst(t, cluster.Flux, func(t *testing.T, c *cluster.Cluster) {
		f := newFleet(t, c)
		t.Run("all become ready", f.becomesReady)
		t.Run("a new version rolls out", f.rollsOut)
		t.Run("a hand edit is put back", f.putsBack)
		t.Run("a refused manifest holds up its own space alone", f.refused)
		t.Run("an account of a space gives no rights", f.bounded)
		t.Run("a rename does what it announces", f.renames)
		t.Run("remove prunes exactly the application", f.prunes)
		t.Run("the last application leaves the space", f.empties)
	})
}

// fleet is a repository and a cluster that follows it.
type fleet struct {
	cluster *cluster.Cluster
	server  *publishing.Server
	repo    *publishing.Repo
	space   *publishing.Workspace
}

// newFleet publishes a platform with two spaces, applies what bootstrap prints and creates the secret that it asks for.
func newFleet(t *testing.T, c *cluster.Cluster) *fleet {
	t.Helper()
	server := publishing.NewServer(t)
	f := &fleet{c, server, server.NewRepo("fleet.git", true), publishing.NewWorkspace(t, 0)}
	f.write(t, "platform/platform.cue", fmt.Sprintf(`package platform

org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {}
spaces: {
	web:  only: [%[1]q]
	data: only: [%[1]q]
}
sync: {
	source:     "GitRepository"
	repository: %[2]q
	secret:     "reader"
	poll:       "2s"
	interval:   "10s"
	timeout:    "30s"
}
`, region, f.repo.URL))
	f.publish(t, "--spaces")
	f.prepare(t)
	f.cluster.Admin.MustApply(t, []byte(f.meridian(t, "bootstrap", "--platform", "platform", "--region", region)))
	return f
}

// prepare does what bootstrap says must be there before.
func (f *fleet) prepare(t *testing.T) {
	t.Helper()
	certificate, err := os.ReadFile(f.server.Authority())
	if err != nil {
		t.Fatal(err)
	}
	f.cluster.Admin.MustApply(t, []byte(fmt.Sprintf(`apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: v1
kind: Secret
metadata: {name: reader, namespace: flux-system}
stringData:
  username: %q
  password: %q
  ca.crt: %q
`, publishing.User, publishing.Token, certificate)))
}

func (f *fleet) write(t *testing.T, path, text string) {
	t.Helper()
	file := filepath.Join(f.space.Dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// app writes an application of a space in a version, below the folder of its name.
func (f *fleet) app(t *testing.T, space, name, version string) {
	t.Helper()
	f.write(t, name+"/app.cue", fmt.Sprintf(`package app

name:  %[2]q
space: %[1]q
owner: "team@mydomain.com"
image: {name: "app", tag: %[3]q}
env: VERSION: %[3]q
ports: web: 8080
http: public: {host: "%[2]s.mydomain.com", port: "web"}
`, space, name, version))
}

func (f *fleet) publish(t *testing.T, args ...string) {
	t.Helper()
	f.space.Publish(f.server, f.repo, append([]string{"--source-repository", "https://git.mydomain.com/source"}, args...)...)
}

// meridian runs the command and returns its output.
func (f *fleet) meridian(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(publishing.Binary(t), args...)
	cmd.Dir = f.space.Dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("meridian %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

// git runs git in a folder.
func (f *fleet) git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+dir, "GIT_AUTHOR_NAME=Hand", "GIT_AUTHOR_EMAIL=hand@mydomain.com",
		"GIT_COMMITTER_NAME=Hand", "GIT_COMMITTER_EMAIL=hand@mydomain.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// get returns an object of a space's namespace, or nil if it is not there.
func (f *fleet) get(t *testing.T, apiVersion, kind, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	found, err := f.cluster.Admin.Get(t.Context(), apiVersion, kind, namespace, name)
	if refusal, ok := err.(*cluster.Refusal); ok && refusal.Code == 404 {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (f *fleet) deployment(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	return f.get(t, "apps/v1", "Deployment", namespace, name)
}

// unit says whether a Kustomization has made of the repository's head what it should, and what it says if not.
func (f *fleet) unit(t *testing.T, name string) string {
	t.Helper()
	found := f.get(t, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", name)
	if found == nil {
		return name + " is not there"
	}
	applied, _, _ := unstructured.NestedString(found.Object, "status", "lastAppliedRevision")
	if cluster.Condition(found, "Ready") != "True" || !strings.HasSuffix(applied, f.repo.Head()) {
		return fmt.Sprintf("%s at %s, wanted %s: %s", name, applied, f.repo.Head(), cluster.Message(found, "Ready"))
	}
	return ""
}

// synced waits until units have applied the repository's head, and returns how long it took.
func (f *fleet) synced(t *testing.T, units ...string) time.Duration {
	t.Helper()
	began := time.Now()
	for _, unit := range units {
		cluster.Eventually(t, patience, func() string { return f.unit(t, unit) })
	}
	return time.Since(began)
}

// runs waits until a Deployment runs a version, and it alone.
func (f *fleet) runs(t *testing.T, namespace, name, version string) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		d := f.deployment(t, namespace, name)
		if d == nil {
			return name + " is not there"
		}
		if image := imageOf(d); !strings.HasSuffix(image, ":"+version) {
			return name + " runs " + image + ", wanted " + version
		}
		return unavailable(d)
	})
}

func imageOf(d *unstructured.Unstructured) string {
	containers, _, _ := unstructured.NestedSlice(d.Object, "spec", "template", "spec", "containers")
	image, _, _ := unstructured.NestedString(containers[0].(map[string]any), "image")
	return image
}

const (
	web  = "myorg-web"
	data = "myorg-data"
)

func (f *fleet) becomesReady(t *testing.T) {
	f.app(t, "web", "shop", "1.0")
	f.app(t, "web", "cart", "1.0")
	f.app(t, "data", "store", "1.0")
	f.publish(t, "shop", "cart", "store")
	took := f.synced(t, "meridian", "meridian-edge", web, data)
	t.Logf("from the push to Ready: %v", took.Round(100*time.Millisecond))
	for _, d := range [][2]string{{web, "shop"}, {web, "cart"}, {data, "store"}} {
		f.runs(t, d[0], d[1], "1.0")
	}
}

func (f *fleet) rollsOut(t *testing.T) {
	f.app(t, "web", "shop", "2.0")
	f.publish(t, "shop")
	f.runs(t, web, "shop", "2.0")
	f.runs(t, web, "cart", "1.0")
	f.synced(t, web)
}

// putsBack edits a Deployment in the cluster, as somebody with a shell does: a field that the manifest has. (Others are
// nobody's but theirs who set them: server-side apply owns fields, not objects.)
func (f *fleet) putsBack(t *testing.T) {
	const edit = `{"spec":{"replicas":7,"progressDeadlineSeconds":77}}`
	if err := f.cluster.Admin.As("nobody").Merge(t.Context(), "apps/v1", "Deployment", web, "shop", edit); err == nil {
		t.Fatal("anybody may edit")
	}
	wanted := f.deployment(t, web, "shop").Object["spec"]
	if err := f.cluster.Admin.Merge(t.Context(), "apps/v1", "Deployment", web, "shop", edit); err != nil {
		t.Fatal(err)
	}
	cluster.Eventually(t, patience, func() string { return cmp.Diff(wanted, f.deployment(t, web, "shop").Object["spec"]) })
}

// refused brings a manifest that the API server refuses into one space, and in the same commit a new version into the
// other.
func (f *fleet) refused(t *testing.T) {
	f.app(t, "data", "store", "2.0")
	f.byHand(t, []string{"store"}, func(tree string) {
		f.edit(t, filepath.Join(tree, "regions", region, "spaces", web, "apps", "cart", "service.yaml"), "port: 8080\n", "port: 99999\n")
	})
	f.runs(t, data, "store", "2.0")
	f.synced(t, data)
	f.stuck(t, web, "99999")
	f.runs(t, web, "cart", "1.0")
	f.runs(t, web, "shop", "2.0")
	f.mend(t)
	f.synced(t, web)
}

// bounded brings a right for the whole cluster into a space's folder.
func (f *fleet) bounded(t *testing.T) {
	f.byHand(t, nil, func(tree string) {
		file := filepath.Join(tree, "regions", region, "spaces", web, "apps", "cart", "clusterrolebinding.yaml")
		text := `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: cart, namespace: myorg-web}]
`
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	})
	f.stuck(t, web, "forbidden")
	if f.get(t, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", "mine") != nil {
		t.Error("the binding was made")
	}
	f.synced(t, data)
	f.mend(t)
	f.synced(t, web)
}

// stuck waits until a unit says why it cannot apply the repository's head.
func (f *fleet) stuck(t *testing.T, unit, message string) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		found := f.get(t, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", unit)
		if found == nil {
			return unit + " is not there"
		}
		attempted, _, _ := unstructured.NestedString(found.Object, "status", "lastAttemptedRevision")
		if cluster.Condition(found, "Ready") == "False" && strings.HasSuffix(attempted, f.repo.Head()) && strings.Contains(cluster.Message(found, "Ready"), message) {
			return ""
		}
		return fmt.Sprintf("%s is not stuck for %q: %s", unit, message, cluster.Message(found, "Ready"))
	})
}

// byHand publishes applications and edits the tree, in one commit, without asking Meridian about the edit.
func (f *fleet) byHand(t *testing.T, apps []string, edit func(tree string)) {
	t.Helper()
	home := t.TempDir()
	bare, tree := filepath.Join(home, "copy.git"), filepath.Join(home, "tree")
	f.git(t, home, "clone", "--quiet", "--bare", f.repo.Dir, bare)
	if len(apps) > 0 {
		args := append([]string{"publish", "--platform", "platform", "--source-repository", "https://git.mydomain.com/source", "--to", bare}, apps...)
		f.meridian(t, args...)
	}
	f.git(t, home, "clone", "--quiet", bare, tree)
	edit(tree)
	f.git(t, tree, "add", "--all")
	commit := []string{"commit", "--quiet", "--message=by hand"}
	if len(apps) > 0 {
		commit = append(commit, "--amend")
	}
	f.git(t, tree, commit...)
	f.git(t, tree, "push", "--quiet", f.repo.Dir, "HEAD:main")
}

func (f *fleet) edit(t *testing.T, file, old, changed string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q: %v", file, old, err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), old, changed, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// mend makes of the repository what its records say, as the one who is on call does.
func (f *fleet) mend(t *testing.T) {
	t.Helper()
	out, err := f.space.Command(context.Background(), f.server, f.repo, "verify", "--repair").CombinedOutput()
	t.Logf("verify --repair: %v\n%s", err, out)
}

// renames gives an application another name.
func (f *fleet) renames(t *testing.T) {
	f.app(t, "web", "basket", "1.0")
	f.edit(t, filepath.Join(f.space.Dir, "basket", "app.cue"), "basket.mydomain.com", "cart.mydomain.com")
	f.publish(t, "--rename-from", "web/cart", "basket")
	f.runs(t, web, "basket", "1.0")
	f.gone(t, web, "cart")
	f.runs(t, web, "shop", "2.0")
}

// gone waits until nothing of an application is left.
func (f *fleet) gone(t *testing.T, namespace, name string) {
	t.Helper()
	for _, kind := range [][2]string{
		{"apps/v1", "Deployment"}, {"v1", "Service"}, {"v1", "ServiceAccount"},
		{"networking.k8s.io/v1", "NetworkPolicy"}, {"policy/v1", "PodDisruptionBudget"},
	} {
		cluster.Eventually(t, patience, func() string {
			if f.get(t, kind[0], kind[1], namespace, name) != nil {
				return kind[1] + " " + name + " is still there"
			}
			return ""
		})
	}
}

func (f *fleet) prunes(t *testing.T) {
	before := f.names(t, web)
	f.remove(t, "web/basket")
	f.gone(t, web, "basket")
	f.runs(t, web, "shop", "2.0")
	f.synced(t, web)
	for _, left := range f.names(t, web) {
		delete(before, left)
	}
	for name := range before {
		if !strings.Contains(name, "basket") {
			t.Errorf("%s went with it", name)
		}
	}
}

// names are the objects of a namespace that Meridian wrote.
func (f *fleet) names(t *testing.T, namespace string) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, kind := range [][2]string{
		{"apps/v1", "Deployment"}, {"v1", "Service"}, {"v1", "ServiceAccount"}, {"v1", "ConfigMap"}, {"networking.k8s.io/v1", "Ingress"},
		{"networking.k8s.io/v1", "NetworkPolicy"}, {"policy/v1", "PodDisruptionBudget"}, {"rbac.authorization.k8s.io/v1", "Role"},
	} {
		list, err := f.cluster.Admin.List(t.Context(), kind[0], kind[1], namespace, "app.kubernetes.io/managed-by=meridian")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			name := kind[1] + " " + o.GetName()
			names[name] = name
		}
	}
	return names
}

func (f *fleet) remove(t *testing.T, app string) {
	t.Helper()
	out, err := f.space.Command(context.Background(), f.server, f.repo, "remove", app).CombinedOutput()
	if err != nil {
		t.Fatalf("remove: %v\n%s", err, out)
	}
}

// empties removes the last application of a space: its namespace, policies and rights stay.
func (f *fleet) empties(t *testing.T) {
	f.remove(t, "data/store")
	f.gone(t, data, "store")
	f.synced(t, data, "meridian")
	for _, kept := range [][4]string{
		{"v1", "Namespace", "", data}, {"networking.k8s.io/v1", "NetworkPolicy", data, "default-deny"},
		{"v1", "ServiceAccount", "flux-system", data}, {"kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system", data},
	} {
		found := f.get(t, kept[0], kept[1], kept[2], kept[3])
		if found == nil || found.GetDeletionTimestamp() != nil {
			t.Errorf("%s %s is gone", kept[1], kept[3])
		}
	}
}
