package reach_test

import (
	"fmt"
	"net/netip"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/reach"
)

// Rendered manifests are read back, and asked.
func Example() {
	tree, err := manifest.NewTree([]manifest.File{
		{Path: "deployment.yaml", Data: []byte(`apiVersion: apps/v1
kind: Deployment
metadata: {name: app1, namespace: myorg-web}
spec: {selector: {}, template: {metadata: {labels: {app: app1}}, spec: {containers: []}}}
`)},
		{Path: "networkpolicy.yaml", Data: []byte(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app1, namespace: myorg-web}
spec:
  podSelector: {matchLabels: {app: app1}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.1.2.0/24}}]
    ports: [{port: 5432}]
`)},
	})
	if err != nil {
		panic(err)
	}
	objects, err := reach.Objects(tree)
	if err != nil {
		panic(err)
	}
	cluster, err := reach.New(objects...)
	if err != nil {
		panic(err)
	}
	app, _ := cluster.Pod("myorg-web", "app1")
	for _, port := range []int{5432, 22} {
		verdict := cluster.Ask(reach.Flow{
			From: reach.PodEnd(app),
			To:   reach.AddressEnd(netip.MustParsePrefix("10.1.2.3/32")),
			Port: intstr.FromInt(port),
		})
		fmt.Println(port, verdict.Outcome, len(verdict.Parts[0].Egress.Rules), len(verdict.Parts[0].Egress.Misses))
	}
	// Output:
	// 5432 allowed 1 0
	// 22 denied 0 1
}
