package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/meridian-gitops/meridian/test/cluster"
)

// region is the one whose trees are rolled out.
const region = "aws-oregon"

// patience is how long controllers may take on a machine that is busy with others.
const patience = 2 * time.Minute

// TestRollouts applies examples and small applications to a cluster whose controllers are real and whose pods are
// played (kwok): what matters is what the Deployment controller, the scheduler, admission and the autoscaler make of
// our objects.
func TestRollouts(t *testing.T) {
	onFirst(t, cluster.Controllers, func(t *testing.T, c *cluster.Cluster) {
		r := newRollout(t, c)
		t.Run("every example becomes available", r.examples)
		t.Run("a changed config file rolls the Deployment", r.configFile)
		t.Run("a changed replica count does not", r.replicas)
		t.Run("a failed rollout keeps the old pods", r.failure)
		t.Run("an autoscaler's scale survives a sync", r.autoscale)
		t.Run("two applications of a space coexist", r.coexist)
	})
}

// rollout is a cluster with the spaces of the demo platform.
type rollout struct {
	cluster *cluster.Cluster
}

func newRollout(t *testing.T, c *cluster.Cluster) *rollout {
	t.Helper()
	spaces, err := demo(t).Spaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, space := range spaces {
		if space.Region != region {
			continue
		}
		for path, data := range space.Tenant.Files() {
			if path == "namespace.yaml" {
				c.Admin.MustApply(t, data)
			}
		}
		for _, data := range space.Files.Files() {
			c.Admin.MustApply(t, data)
		}
	}
	return &rollout{c}
}

// app is a small application of the space web, with more lines.
func app(name string, lines ...string) string {
	return fmt.Sprintf(`package app

name:  %q
space: "web"
owner: "team-web@mydomain.com"
image: {name: "app", tag: "1.0"}
only: [%q]
`, name, region) + strings.Join(lines, "\n") + "\n"
}

// sync applies an application's objects as a controller does that syncs them.
func (r *rollout) sync(t *testing.T, text string, files map[string]string) []object {
	t.Helper()
	objects := compile(t, demo(t), "app.cue", []byte(text), func(path string) ([]byte, error) { return []byte(files[path]), nil })
	r.apply(t, objects)
	return objects
}

func (r *rollout) apply(t *testing.T, objects []object) {
	t.Helper()
	for _, o := range objects {
		r.cluster.Admin.MustApply(t, o.data)
	}
}

// deployment returns an application's Deployment.
func (r *rollout) deployment(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	found, err := r.cluster.Admin.Get(t.Context(), "apps/v1", "Deployment", namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// available waits until a Deployment has all of its pods, of its present version, and they are available.
func (r *rollout) available(t *testing.T, namespace, name string) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		found, err := r.cluster.Admin.Get(t.Context(), "apps/v1", "Deployment", namespace, name)
		if err != nil {
			return err.Error()
		}
		return unavailable(found)
	})
}

// unavailable says why a Deployment is not as wanted: what kubectl rollout status looks at.
func unavailable(u *unstructured.Unstructured) string {
	number := func(fields ...string) int64 {
		n, _, _ := unstructured.NestedInt64(u.Object, fields...)
		return n
	}
	wanted, found, err := unstructured.NestedInt64(u.Object, "spec", "replicas")
	switch {
	case !found || err != nil:
		return fmt.Sprintf("%s has no number of replicas: %v", u.GetName(), err)
	case number("status", "observedGeneration") != u.GetGeneration():
		return u.GetName() + " was not looked at yet"
	case number("status", "updatedReplicas") != wanted || number("status", "replicas") != wanted:
		return fmt.Sprintf("%s has %d of %d new pods, and %d in all", u.GetName(), number("status", "updatedReplicas"), wanted, number("status", "replicas"))
	case number("status", "availableReplicas") != wanted:
		return fmt.Sprintf("%s has %d of %d pods available: %s", u.GetName(), number("status", "availableReplicas"), wanted, cluster.Message(u, "ReplicaFailure"))
	}
	return ""
}

// pods are the names of an application's pods that are not going.
func (r *rollout) pods(t *testing.T, namespace, app string) map[string]bool {
	t.Helper()
	list, err := r.cluster.Admin.List(t.Context(), "v1", "Pod", namespace, "app.kubernetes.io/name="+app)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, pod := range list {
		if pod.GetDeletionTimestamp() == nil {
			names[pod.GetName()] = true
		}
	}
	return names
}

func (r *rollout) examples(t *testing.T) {
	var deployments []string
	for _, o := range exampleObjects(t) {
		if !strings.HasPrefix(o.from, region+" ") {
			continue
		}
		r.cluster.Admin.MustApply(t, o.data)
		if o.GetKind() == "Deployment" {
			deployments = append(deployments, o.GetNamespace()+" "+o.GetName())
		}
	}
	slices.Sort(deployments)
	if diff := cmp.Diff([]string{
		"myorg-boutique adservice", "myorg-boutique cartservice", "myorg-boutique checkoutservice", "myorg-boutique currencyservice",
		"myorg-boutique emailservice", "myorg-boutique frontend", "myorg-boutique loadgenerator", "myorg-boutique paymentservice",
		"myorg-boutique productcatalogservice", "myorg-boutique recommendationservice", "myorg-boutique redis-cart",
		"myorg-boutique shippingservice", "myorg-web app1",
	}, deployments); diff != "" {
		t.Errorf("the examples' Deployments (-), and those in %s (+):\n%s", region, diff)
	}
	for _, d := range deployments {
		namespace, name, _ := strings.Cut(d, " ")
		r.available(t, namespace, name)
	}
}

func (r *rollout) configFile(t *testing.T) {
	text := app("configured", `files: "/etc/app/app.conf": file: "app.conf"`)
	r.sync(t, text, map[string]string{"app.conf": "level = info\n"})
	r.available(t, "myorg-web", "configured")
	before := r.pods(t, "myorg-web", "configured")
	r.sync(t, text, map[string]string{"app.conf": "level = debug\n"})
	r.available(t, "myorg-web", "configured")
	for name := range r.pods(t, "myorg-web", "configured") {
		if before[name] {
			t.Errorf("%s still has the old file", name)
		}
	}
}

func (r *rollout) replicas(t *testing.T) {
	r.sync(t, app("counted", "replicas: 2"), nil)
	r.available(t, "myorg-web", "counted")
	before := r.pods(t, "myorg-web", "counted")
	r.sync(t, app("counted", "replicas: 4"), nil)
	r.available(t, "myorg-web", "counted")
	after := r.pods(t, "myorg-web", "counted")
	if len(before) != 2 || len(after) != 4 {
		t.Errorf("%d pods, then %d", len(before), len(after))
	}
	for name := range before {
		if !after[name] {
			t.Errorf("%s was replaced", name)
		}
	}
}

// failure publishes a version whose pods never become ready: those of the one before must go on serving.
func (r *rollout) failure(t *testing.T) {
	r.sync(t, app("failing", "replicas: 3", "ports: web: 8080", `http: public: {host: "failing.mydomain.com", port: "web"}`), nil)
	r.available(t, "myorg-web", "failing")
	before := r.pods(t, "myorg-web", "failing")
	r.sync(t, app("failing", "replicas: 3", "ports: web: 8080", `http: public: {host: "failing.mydomain.com", port: "web"}`,
		`annotations: "`+cluster.Hold+`": "true"`), nil)
	cluster.Eventually(t, patience, func() string {
		d := r.deployment(t, "myorg-web", "failing")
		if updated, _, _ := unstructured.NestedInt64(d.Object, "status", "updatedReplicas"); updated == 0 {
			return "no pod of the new version yet"
		}
		return ""
	})
	time.Sleep(5 * time.Second) // what would go wrong needs some time to
	after := r.pods(t, "myorg-web", "failing")
	kept := 0
	for name := range before {
		if after[name] {
			kept++
		}
	}
	if kept < 3 {
		t.Errorf("%d of 3 old pods are left, while the new ones are not ready", kept)
	}
	d := r.deployment(t, "myorg-web", "failing")
	if cluster.Condition(d, "Available") != "True" || unavailable(d) == "" {
		t.Errorf("available: %s; %s", cluster.Condition(d, "Available"), unavailable(d))
	}
}

// autoscale lets the autoscaler scale a Deployment, and syncs that again. The autoscaler's least number stays what it was
// made by hand, so that the pods would come back were they taken away: they must be the same ones.
func (r *rollout) autoscale(t *testing.T) {
	objects := r.sync(t, app("scaled", `resources: requests: cpu: "100m"`, "autoscale: {min: 2, max: 9}"), nil)
	r.scaled(t, 2)
	if err := r.cluster.Admin.Merge(t.Context(), "autoscaling/v2", "HorizontalPodAutoscaler", web, "scaled", `{"spec":{"minReplicas":5}}`); err != nil {
		t.Fatal(err)
	}
	r.scaled(t, 5)
	r.available(t, web, "scaled")
	before := r.pods(t, web, "scaled")
	generation := r.deployment(t, web, "scaled").GetGeneration()
	r.apply(t, slices.DeleteFunc(objects, func(o object) bool { return o.GetKind() != "Deployment" }))
	time.Sleep(3 * time.Second)
	r.available(t, web, "scaled")
	if diff := cmp.Diff(before, r.pods(t, web, "scaled")); diff != "" {
		t.Errorf("pods before the sync (-) and after it (+):\n%s", diff)
	}
	if changed := r.deployment(t, web, "scaled").GetGeneration(); changed != generation {
		t.Errorf("the sync changed what the autoscaler wanted: generation %d, then %d", generation, changed)
	}
}

// scaled waits until the autoscaler has asked for so many pods and they are there.
func (r *rollout) scaled(t *testing.T, want int) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		if n := len(r.pods(t, web, "scaled")); n != want {
			return fmt.Sprintf("%d pods; the autoscaler's least is %d", n, want)
		}
		return ""
	})
}

// coexist holds that what two applications of a space are made of keeps apart: pods, Services, policies (S4).
func (r *rollout) coexist(t *testing.T) {
	for _, name := range []string{"left", "right"} {
		r.sync(t, app(name, "ports: web: 8080", `http: public: {host: "`+name+`.mydomain.com", port: "web"}`), nil)
	}
	for _, name := range []string{"left", "right"} {
		r.available(t, "myorg-web", name)
		own := r.pods(t, "myorg-web", name)
		cluster.Eventually(t, patience, func() string { return r.endpoints(t, name, own) })
	}
}

// endpoints says what is wrong with the pods behind an application's Service, which are to be its own.
func (r *rollout) endpoints(t *testing.T, service string, own map[string]bool) string {
	t.Helper()
	slices, err := r.cluster.Admin.List(t.Context(), "discovery.k8s.io/v1", "EndpointSlice", "myorg-web", "kubernetes.io/service-name="+service)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, slice := range slices {
		endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, endpoint := range endpoints {
			name, _, _ := unstructured.NestedString(endpoint.(map[string]any), "targetRef", "name")
			if found++; !own[name] {
				return service + " leads to " + name
			}
		}
	}
	if found != len(own) {
		return fmt.Sprintf("%s has %d endpoints of %d", service, found, len(own))
	}
	return ""
}
