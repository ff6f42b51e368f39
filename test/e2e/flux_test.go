package e2e

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
// makes an artifact of each, is in no Go module that can be had. All kinds that Meridian emits are synced, and after
// each change that adds or removes objects the spaces are held to have just what the repository has.
func TestFlux(t *testing.T) {
	onFirst(t, cluster.Flux, func(t *testing.T, c *cluster.Cluster) {
		f := newFleet(t, c)
		t.Run("all become ready", f.becomesReady)
		t.Run("who may do what in a space", f.rights)
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
	kinds   [][2]string // apiVersion and kind of what is looked for in spaces
}

// newFleet publishes a platform with two spaces, applies what bootstrap prints and creates the secret that it asks for.
func newFleet(t *testing.T, c *cluster.Cluster) *fleet {
	t.Helper()
	server := publishing.NewServer(t)
	f := &fleet{c, server, server.NewRepo("fleet.git", true), publishing.NewWorkspace(t, 0), spaceKinds(t)}
	f.write(t, "platform/platform.cue", fmt.Sprintf(`package platform

org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {}
spaces: {
	web: {
		only: [%[1]q]
		developers: [{user: "developer"}]
		auditors: [{user: "auditor"}]
		quota: {cpu: "40", memory: "64Gi", memoryLimit: "128Gi", pods: 200}
		limits: {
			defaultRequest: {cpu: "100m", memory: "128Mi"}
			default: memory: "256Mi"
		}
	}
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

// whole are the lines of an application that has objects of every kind, and has the edges read something of it.
const whole = `files: "/etc/app/app.conf": "level = info\n"
resources: requests: cpu: "100m"
autoscale: {min: 2, max: 4}
ports: feed: {port: 7000, protocol: "UDP"}
tcp: web: {port: 9000, to: "web"}
udp: feed: {port: 9001, to: "feed"}
`

// app writes an application of a space in a version, with more lines, below the folder of its name.
func (f *fleet) app(t *testing.T, space, name, version, lines string) {
	t.Helper()
	f.write(t, name+"/app.cue", fmt.Sprintf(`package app

name:  %[2]q
space: %[1]q
owner: "team@mydomain.com"
image: {name: "app", tag: %[3]q}
env: VERSION: %[3]q
ports: web: 8080
http: public: {host: "%[2]s.mydomain.com", port: "web"}
`, space, name, version)+lines)
}

// source says where applications are published from.
var source = []string{"--source-repository", "https://git.mydomain.com/source"}

func (f *fleet) publish(t *testing.T, args ...string) {
	t.Helper()
	f.space.Publish(f.server, f.repo, append(source, args...)...)
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
	f.app(t, "web", "shop", "1.0", "")
	f.app(t, "web", "cart", "1.0", whole)
	f.app(t, "data", "store", "1.0", "")
	f.publish(t, "shop", "cart", "store")
	took := f.synced(t, "meridian", "meridian-edge", web, data)
	t.Logf("from the push to Ready: %v", took.Round(100*time.Millisecond))
	for _, d := range [][2]string{{web, "shop"}, {web, "cart"}, {data, "store"}} {
		f.runs(t, d[0], d[1], "1.0")
	}
	there := f.asCommitted(t, web)
	for _, kind := range f.kinds {
		if !slices.ContainsFunc(there, func(o string) bool { return strings.HasPrefix(o, kind[1]+" ") }) {
			t.Errorf("no %s went to the cluster", kind[1])
		}
	}
	f.asCommitted(t, data)
	f.edges(t, map[string]string{"tcp-services": "9000 myorg-web/cart:8080", "udp-services": "9001 myorg-web/cart:7000"})
}

// rights holds what the roles that were synced let people do (S4).
func (f *fleet) rights(t *testing.T) {
	for _, test := range []struct {
		user, apiVersion, kind string
		may                    bool // read it in the space web; nobody may elsewhere
	}{
		{"developer", "v1", "Pod", true},
		{"developer", "v1", "ResourceQuota", true},
		{"developer", "v1", "Secret", false},
		{"auditor", "apps/v1", "Deployment", true},
		{"auditor", "v1", "Secret", false},
		{"stranger", "v1", "Pod", false},
	} {
		for namespace, may := range map[string]bool{web: test.may, data: false} {
			_, err := f.cluster.Admin.As(test.user).List(t.Context(), test.apiVersion, test.kind, namespace, "")
			var refusal *cluster.Refusal
			switch {
			case may && err != nil:
				t.Errorf("%s may not read %s in %s: %v", test.user, test.kind, namespace, err)
			case !may && (!errors.As(err, &refusal) || refusal.Code != http.StatusForbidden):
				t.Errorf("%s may read %s in %s: %v", test.user, test.kind, namespace, err)
			}
		}
	}
}

func (f *fleet) rollsOut(t *testing.T) {
	f.app(t, "web", "shop", "2.0", "")
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
	f.app(t, "data", "store", "2.0", "")
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
		f.meridian(t, slices.Concat([]string{"publish", "--platform", "platform", "--to", bare}, source, apps)...)
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
	f.run(t, "verify", "--repair")
}

// renames gives an application another name: refused without the flag that says so, and announced; with it the clusters
// delete the old objects and make the new ones, which have its host and its ports.
func (f *fleet) renames(t *testing.T) {
	before := f.asCommitted(t, web)
	f.edit(t, filepath.Join(f.space.Dir, "cart", "app.cue"), `name:  "cart"`, `name:  "basket"`)
	out, err := f.space.Command(t.Context(), f.server, f.repo, "publish", append(source, "cart")...).CombinedOutput()
	for _, said := range []string{"M8055", "--rename-from myorg-web/cart", "the clusters delete the old one and start the new one"} {
		if err == nil || !strings.Contains(string(out), said) {
			t.Fatalf("publish without --rename-from does not say %q: %v\n%s", said, err, out)
		}
	}
	published := f.space.Publish(f.server, f.repo, append(source, "--rename-from", "web/cart", "cart")...)
	if want := "committed " + f.repo.Head(); !strings.Contains(published, want) {
		t.Errorf("publish says %q, want %q", published, want)
	}
	if got := strings.TrimSpace(f.repo.Git("log", "-1", "--format=%(trailers:key=Meridian-Renamed-From)", "main")); got != "Meridian-Renamed-From: myorg-web/cart" {
		t.Errorf("the commit's trailer is %q", got)
	}
	f.runs(t, web, "basket", "1.0")
	var want []string
	for _, o := range before {
		want = append(want, strings.Replace(o, " cart", " basket", 1))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, f.asCommitted(t, web)); diff != "" {
		t.Errorf("the objects of the space, renamed (-), and those that are there (+):\n%s", diff)
	}
	if hosts, want := f.hosts(t, web), []string{"basket-public cart.mydomain.com", "shop-public shop.mydomain.com"}; !slices.Equal(hosts, want) {
		t.Errorf("Ingresses have the hosts %q, want %q", hosts, want)
	}
	f.edges(t, map[string]string{"tcp-services": "9000 myorg-web/basket:8080", "udp-services": "9001 myorg-web/basket:7000"})
	f.runs(t, web, "shop", "2.0")
}

// hosts are the hosts of a namespace's Ingresses, with their names before.
func (f *fleet) hosts(t *testing.T, namespace string) []string {
	t.Helper()
	list, err := f.cluster.Admin.List(t.Context(), "networking.k8s.io/v1", "Ingress", namespace, "")
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, o := range list {
		rules, _, _ := unstructured.NestedSlice(o.Object, "spec", "rules")
		for _, rule := range rules {
			hosts = append(hosts, fmt.Sprint(o.GetName(), " ", rule.(map[string]any)["host"]))
		}
	}
	slices.Sort(hosts)
	return hosts
}

// edges waits until the ConfigMaps that the region's proxies read have one entry each, or none at all.
func (f *fleet) edges(t *testing.T, want map[string]string) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		found := map[string]string{}
		for _, name := range []string{"tcp-services", "udp-services"} {
			o := f.get(t, "v1", "ConfigMap", "ingress-nginx", name)
			if o == nil {
				return name + " is not there"
			}
			entries, _, _ := unstructured.NestedStringMap(o.Object, "data")
			for port, service := range entries {
				found[name] += port + " " + service
			}
		}
		return cmp.Diff(want, found)
	})
}

// tree are the objects that the repository's head has for the region, or for a folder of it.
func (f *fleet) tree(t *testing.T, folder ...string) []object {
	t.Helper()
	home := t.TempDir()
	f.git(t, home, "clone", "--quiet", f.repo.Dir, "tree")
	return objectsBelow(t, filepath.Join(append([]string{home, "tree", "regions", region}, folder...)...))
}

// named are the kinds and names of the objects of a namespace, sorted.
func named(objects []object, namespace string) []string {
	var list []string
	for _, o := range objects {
		if o.GetNamespace() == namespace {
			list = append(list, o.GetKind()+" "+o.GetName())
		}
	}
	slices.Sort(list)
	return list
}

// asCommitted waits until a space's namespace has just the objects that the repository's head has for it, and returns
// their kinds and names.
func (f *fleet) asCommitted(t *testing.T, namespace string) []string {
	t.Helper()
	want := named(f.tree(t), namespace)
	cluster.Eventually(t, patience, func() string {
		if diff := cmp.Diff(want, f.found(t, namespace)); diff != "" {
			return "objects of " + namespace + " in the repository (-) and in the cluster (+):\n" + diff
		}
		return ""
	})
	return want
}

// found are the kinds and names of the objects of a namespace, without those that Kubernetes puts into each.
func (f *fleet) found(t *testing.T, namespace string) []string {
	t.Helper()
	var names []string
	for _, kind := range f.kinds {
		list, err := f.cluster.Admin.List(t.Context(), kind[0], kind[1], namespace, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			names = append(names, kind[1]+" "+o.GetName())
		}
	}
	names = slices.DeleteFunc(names, func(o string) bool { return o == "ConfigMap kube-root-ca.crt" || o == "ServiceAccount default" })
	slices.Sort(names)
	return names
}

// spaceKinds are the kinds, with their versions, that the golden trees have in namespaces, without those that sync.
func spaceKinds(t *testing.T) [][2]string {
	t.Helper()
	seen := map[[2]string]bool{}
	for _, o := range goldenObjects(t) {
		group := o.GroupVersionKind().Group
		if o.GetNamespace() != "" && group != "argoproj.io" && !strings.HasSuffix(group, ".fluxcd.io") {
			seen[[2]string{o.GetAPIVersion(), o.GetKind()}] = true
		}
	}
	return slices.Collect(maps.Keys(seen))
}

func (f *fleet) prunes(t *testing.T) {
	f.removes(t, "web", "basket")
	f.runs(t, web, "shop", "2.0")
	f.synced(t, web)
	f.edges(t, map[string]string{})
}

// removes removes an application: of its space's objects just those go that it had.
func (f *fleet) removes(t *testing.T, space, app string) {
	t.Helper()
	namespace := "myorg-" + space
	before := f.asCommitted(t, namespace)
	own := named(f.tree(t, "spaces", namespace, "apps", app), namespace)
	f.run(t, "remove", space+"/"+app)
	want := slices.DeleteFunc(before, func(o string) bool { return slices.Contains(own, o) })
	if diff := cmp.Diff(want, f.asCommitted(t, namespace)); diff != "" {
		t.Errorf("the objects of the space without those of %s (-), and those that are left (+):\n%s", app, diff)
	}
}

// run runs a command on the repository.
func (f *fleet) run(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := f.space.Command(t.Context(), f.server, f.repo, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	t.Logf("%s:\n%s", name, out)
}

// empties removes the last application of a space: its namespace, policies and rights stay.
func (f *fleet) empties(t *testing.T) {
	f.removes(t, "data", "store")
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
