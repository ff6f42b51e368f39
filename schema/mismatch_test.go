package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

const deploymentYAML = `
kind: Deployment
metadata:
  name: app1
  labels:
    app.kubernetes.io/name: app1
    tier: web
spec:
  replicas: 3
  ratio: 1.5
  paused: false
  template:
    spec:
      containers:
      - name: app1
        image: us-repo.cloud.mi.com/myorg/app1:1.0
        args: ["--a", "--b"]
        resources: {limits: {memory: 256Mi}}
        volumeMounts:
        - {name: data, mountPath: /a}
        - {name: data, mountPath: /b, readOnly: true}
      - name: side
        image: x
      tolerations:
      - {key: a, value: "1"}
      - {key: b}
`

// TestMismatches holds what contains means: a part of the object, in which values may be constraints.
func TestMismatches(t *testing.T) {
	tests := []struct {
		name, contains string
		want           []string // line: path: found, want
	}{
		{name: "nothing", contains: ``},
		{name: "equal values", contains: "kind: \"Deployment\"\nspec: {replicas: 3, ratio: 1.5, paused: false}"},
		{name: "constraints", contains: "spec: replicas: >=1 & <=20\nmetadata: name: =~\"^app\""},
		{name: "a standard function", contains: "import \"strings\"\nmetadata: name: strings.MaxRunes(4)"},
		{name: "hidden fields and let", contains: "_most: 20\nlet least = 1\nspec: replicas: <=_most & >=least"},
		{name: "a default decides nothing", contains: "spec: replicas: *1 | int"},
		{name: "too large", contains: "spec: replicas: <=2", want: []string{"1 spec.replicas: 3, <=2"}},
		{name: "another type", contains: "spec: replicas: \"3\"", want: []string{`1 spec.replicas: 3, "3"`}},
		{name: "an int is no float", contains: "spec: ratio: int", want: []string{"1 spec.ratio: 1.5, int"}},
		{name: "several", contains: "spec: {\n\treplicas: 4\n\tpaused: true\n}", want: []string{"2 spec.replicas: 3, 4", "3 spec.paused: false, true"}},
		{name: "a field that is missing is not filled in", contains: "spec: minReadySeconds: 5", want: []string{"1 spec.minReadySeconds: , 5"}},
		{name: "a struct that is missing", contains: "spec: strategy: type: \"Recreate\"", want: []string{`1 spec.strategy: , { type: "Recreate" }`}},
		{name: "a struct where there is a number", contains: "spec: replicas: max: 3", want: []string{"1 spec.replicas: 3, { max: 3 }"}},
		{name: "none there may be", contains: "spec: {\n\tsurge?: _|_\n\tpaused?: _|_\n}", want: []string{"3 spec.paused: false, _|_"}},
		{name: "if it is there", contains: "spec: {\n\tsurge?: 1\n\treplicas?: 1\n}", want: []string{"3 spec.replicas: 3, 1"}},
		{name: "every field", contains: "metadata: labels: [string]: =~\"^[a-z0-9]+$\""},
		{name: "every field, one is not", contains: "metadata: labels: [string]: !=\"web\"", want: []string{`1 metadata.labels.tier: "web", !="web"`}},
		{name: "a quoted name", contains: `metadata: labels: "app.kubernetes.io/name": "app2"`, want: []string{`1 metadata.labels."app.kubernetes.io/name": "app1", "app2"`}},
		{name: "items by name, in any order and not all", contains: `spec: template: spec: containers: [{name: "side", image: "x"}, {name: "app1", resources: limits: memory: "256Mi"}]`},
		{
			name: "an item's field", contains: "spec: template: spec: containers: [{\n\tname: \"app1\"\n\timage: =~\":2\"\n}]",
			want: []string{`3 spec.template.spec.containers[app1].image: "us-repo.cloud.mi.com/myorg/app1:1.0", =~":2"`},
		},
		{name: "no such item", contains: `spec: template: spec: containers: [{name: "app2", image: "x"}]`, want: []string{`1 spec.template.spec.containers[app2]: , { name: "app2" image: "x" }`}},
		{name: "one of several of a name", contains: `spec: template: spec: containers: [{name: "app1", volumeMounts: [{name: "data", readOnly: true}]}]`},
		{name: "item by item", contains: `spec: template: spec: containers: [{name: "app1", args: ["--a", =~"b"]}]`},
		{name: "as far as it goes", contains: `spec: template: spec: containers: [{name: "app1", args: ["--a", ...]}]`},
		{name: "every item", contains: `spec: template: spec: containers: [...{image: string}]`},
		{name: "every item, one is not", contains: "spec: template: spec: tolerations: [...{value?: \"2\"}]", want: []string{`1 spec.template.spec.tolerations[0].value: "1", "2"`}},
		{name: "too few", contains: `spec: template: spec: containers: [{name: "app1", args: ["--a"]}]`, want: []string{`1 spec.template.spec.containers[app1].args: ["--a", "--b"], ["--a"]`}},
		{name: "items without names", contains: `spec: template: spec: tolerations: [{key: "a"}, {key: "c"}]`, want: []string{`1 spec.template.spec.tolerations[1].key: "b", "c"`}},
		{name: "a choice of values", contains: `spec: replicas: 3 | 5`},
		{name: "a choice of values, none", contains: `spec: replicas: 4 | 5`, want: []string{"1 spec.replicas: 3, 4 | 5"}},
		{name: "a choice of structs", contains: `spec: {replicas: 3} | {surge: 1}`},
		{name: "a choice of structs, none", contains: `spec: {replicas: 4} | {surge: 1}`, want: []string{"1 spec: { paused: false ratio: 1.5 replicas: 3 template: { spec: { containers: [{ arg..., { replicas: 4 } | { surge: 1 }"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			head, body, imports := "", test.contains, strings.HasPrefix(test.contains, "import")
			if imports {
				head, body, _ = strings.Cut(test.contains, "\n")
			}
			n, list := newSchema(t).Value(&Ref{Type: newSchema(t).types["#Any"]}, []Source{{Name: "a.expect.cue", Data: []byte(head + "\n" + body)}})
			if len(list) > 0 {
				t.Fatal(list)
			}
			var object any
			if err := yaml.Unmarshal([]byte(deploymentYAML), &object); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range n.Mismatches(object) {
				got = append(got, fmt.Sprintf("%d %s: %s, %s", m.Pos.Line-1, m.Path, m.Found, m.Want))
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
