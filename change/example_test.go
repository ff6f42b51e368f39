package change_test

import (
	"fmt"
	"strings"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/manifest"
)

func Example() {
	const policy = `kind: NetworkPolicy
metadata: {name: app1}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: app1}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.20.0.0/24}}]
    ports: [{protocol: TCP, port: 5432}]
`
	tree := func(text string) manifest.Tree {
		var files []manifest.File
		for _, region := range []string{"aws-beijing", "aws-oregon"} {
			files = append(files, manifest.File{Path: "regions/" + region + "/spaces/myorg-web/apps/app1/networkpolicy.yaml", Data: []byte(text)})
		}
		made, err := manifest.NewTree(files)
		if err != nil {
			panic(err)
		}
		return made
	}
	for _, c := range change.Fold(change.Compare(tree(policy), tree(strings.Replace(policy, "/24", "/23", 1)))) {
		fmt.Println(c.Apps, c.Regions, c.Object, c.Classes, c.Notes)
	}
	// Output:
	// [{myorg-web app1}] [aws-beijing aws-oregon] NetworkPolicy app1 [egress-wider] [may reach 10.20.1.0/24 on TCP 5432]
}
