package network

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/reach"
)

// TestReach holds that package reach answers as the model does, for every question of every world: connection by
// connection, and for whole families of addresses at once.
func TestReach(t *testing.T) {
	t.Parallel()
	var tally tally
	for _, w := range allWorlds(t) {
		c := w.reach(t)
		for q := range w.questions() {
			want := w.model.allows(q, labelsAlone)
			tally.count(want)
			if got := c.Ask(w.flow(t, c, q)).Outcome; (got == reach.Allowed) != want || got != reach.Allowed && got != reach.Denied {
				t.Errorf("%s: %s: reach says %s, the model %v", w.name, q, got, want)
			}
		}
		w.askRanges(t, c)
	}
	tally.check(t, leastOfEach)
}

// reach is the world as package reach knows it: from the rendered manifests, and the pods beside them.
func (w *world) reach(t *testing.T) *reach.Cluster {
	t.Helper()
	var objects []runtime.Object
	rendered := map[string]bool{}
	for _, data := range w.files {
		object, err := reach.Object(data)
		if err != nil {
			t.Fatal(err)
		}
		switch o := object.(type) {
		case nil:
			continue
		case *corev1.Namespace:
			rendered[o.Name] = true
		}
		objects = append(objects, object)
	}
	for name, labels := range w.model.namespaces {
		if !rendered[name] {
			objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
		}
	}
	for _, p := range w.pods {
		if w.plans[p] == nil {
			objects = append(objects, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name, Labels: p.labels}})
		}
	}
	c, err := reach.New(objects...)
	if err != nil {
		t.Fatalf("%s: %v", w.name, err)
	}
	return c
}

func (w *world) flow(t *testing.T, c *reach.Cluster, q question) reach.Flow {
	t.Helper()
	at := func(e end) reach.Endpoint {
		if e.pod == nil {
			return reach.AddressEnd(netip.PrefixFrom(e.address, e.address.BitLen()))
		}
		p, ok := c.Pod(e.pod.namespace, e.pod.name)
		if !ok {
			t.Fatalf("%s: reach knows no pod %s", w.name, e.pod)
		}
		return reach.PodEnd(p)
	}
	return reach.Flow{From: at(q.from), To: at(q.to), Port: intstr.FromInt32(q.port), Protocol: corev1.Protocol(q.protocol)}
}

// askRanges asks for all addresses of a family at once, and compares the parts of the answer address by address.
func (w *world) askRanges(t *testing.T, c *reach.Cluster) {
	t.Helper()
	for own := range w.plans {
		p, _ := c.Pod(own.namespace, own.name)
		for _, whole := range []string{"0.0.0.0/0", "::/0"} {
			all := netip.MustParsePrefix(whole)
			out := c.Ask(reach.Flow{From: reach.PodEnd(p), To: reach.AddressEnd(all), Port: intstr.FromInt32(443)})
			for _, address := range w.addresses() {
				if address.Is4() != all.Addr().Is4() {
					continue
				}
				q := question{own.ends()[0], end{nil, address}, 443, "TCP"}
				if got, want := partAt(out, address), w.model.allows(q, labelsAlone); (got == reach.Allowed) != want {
					t.Errorf("%s: %s, as a part of %s: reach says %q, the model %v", w.name, q, whole, got, want)
				}
			}
		}
	}
}

// partAt is what an answer says of one address.
func partAt(v reach.Verdict, address netip.Addr) reach.Outcome {
	for _, part := range v.Parts {
		if slices.ContainsFunc(part.Addresses, func(p netip.Prefix) bool { return p.Contains(address) }) {
			return part.Outcome
		}
	}
	return reach.Outcome(fmt.Sprintf("nothing of %s", address))
}
