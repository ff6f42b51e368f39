package compiler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

// interfaces compiles applications; each is line 1 of a file of its own, named after its place: 0.cue.
func interfaces(t *testing.T, apps ...string) []*Interface {
	t.Helper()
	c := newCompiler(t)
	var list []*Interface
	for i, text := range apps {
		app, found := c.schema.App(schema.Source{Name: fmt.Sprintf("%d.cue", i), Data: []byte(text)}, c.platform.Facts())
		result, problems, err := c.Compile(app, nil)
		if err != nil || len(found)+len(problems) > 0 {
			t.Fatal(found, problems, err)
		}
		list = append(list, result.Interface())
	}
	return list
}

func appOf(space, name, rest string) string {
	return fmt.Sprintf("name: %q, space: %q, owner: \"o\", image: {name: \"x\", tag: \"1\"}\n%s\n", name, space, rest)
}

// TestTogether holds what is checked of several applications: both sides of a call in every region (S19), hosts and
// paths (S7), ports of the proxies (S13).
func TestTogether(t *testing.T) {
	const exposed = "ports: web: 8080\nhttp: public: {host: \"a.mydomain.com\", port: \"web\"}"
	tests := []struct {
		name string
		apps []string
		want []string
	}{
		{"call in the same space", []string{appOf("web", "a", `calls: b: port: "web"`), appOf("web", "b", "ports: web: 80")}, nil},
		{"call without the other application", []string{appOf("web", "a", `calls: b: port: "web"`)}, []string{"M6001 2:8"}},
		{"call to a space that is not given", []string{appOf("web", "a", `calls: b: {space: "payments", port: "web"}`)}, nil},
		{"call to another space, refused", []string{appOf("web", "a", `calls: b: {space: "payments", port: "web"}`), appOf("payments", "b", "ports: web: 80")}, []string{"M6002 2:8"}},
		{"call to another space, accepted", []string{appOf("web", "a", `calls: b: {space: "payments", port: "web"}`), appOf("payments", "b", "ports: web: 80\naccepts: a: space: \"web\"")}, nil},
		{"accepted by another name", []string{appOf("web", "a", `calls: x: {space: "payments", app: "b", port: "web"}`), appOf("payments", "b", "ports: web: 80\naccepts: y: {space: \"web\", app: \"a\"}")}, nil},
		{"accepted on another port", []string{appOf("web", "a", `calls: b: {space: "payments", port: "web"}`), appOf("payments", "b", "ports: {web: 80, x: 81}\naccepts: a: {space: \"web\", ports: [\"x\"]}")}, []string{"M6002 2:8"}},
		{"another application accepted", []string{appOf("web", "a", `calls: b: {space: "payments", port: "web"}`), appOf("payments", "b", "ports: web: 80\naccepts: c: space: \"edge\"")}, []string{"M6002 2:8"}},
		{"no such port", []string{appOf("web", "a", `calls: b: port: "web"`), appOf("web", "b", "ports: other: 80")}, []string{"M6004 2:17"}},
		{"wrong protocol", []string{appOf("web", "a", `calls: b: port: "web"`), appOf("web", "b", `ports: web: {port: 80, protocol: "UDP"}`)}, []string{"M6004 2:17"}},
		{"not in the region", []string{appOf("web", "a", `calls: b: port: "web"`), appOf("web", "b", "ports: web: 80\nonly: [\"aws-oregon\"]")}, []string{"M6003 2:8 aws-beijing, aws-frankfurt, aws-singapore, ksc-beijing6"}},
		{"accepts nobody", []string{appOf("web", "a", "ports: web: 80\naccepts: b: {}")}, []string{"M6008 3:10"}},
		{"addressed and not called", []string{appOf("web", "a", `env: URL: "http://b:80/x"`), appOf("web", "b", "ports: web: 80")}, []string{"M6009 2:6"}},
		{"addressed in another namespace", []string{appOf("web", "a", `args: ["--to=b.myorg-payments.svc.cluster.local:81"]`), appOf("payments", "b", "ports: web: 80")}, []string{"M6009 2:8"}},
		{"addressed and called", []string{appOf("web", "a", "env: URL: \"b:80\"\ncalls: b: port: \"web\""), appOf("web", "b", "ports: web: 80")}, nil},
		{"addressed, and no application", []string{appOf("web", "a", `env: {URL: "redis:6379", TIME: "at:12:30", B: "x b:80"}`), appOf("web", "b", "ports: web: 80")}, nil},
		{"addressed where it is not", []string{appOf("web", "a", "only: [\"aws-oregon\"]\nenv: URL: \"b:80\""), appOf("web", "b", "ports: web: 80\nexcept: [\"aws-oregon\"]")}, nil},
		{"defined twice", []string{appOf("web", "a", ""), appOf("web", "a", "")}, []string{"M6006 1:7"}},
		{"one name in two spaces", []string{appOf("web", "a", ""), appOf("payments", "a", "")}, nil},
		{"path claimed twice", []string{appOf("web", "a", exposed), appOf("web", "b", exposed)}, []string{"M6005 3:22"}},
		{"paths of one host shared", []string{appOf("web", "a", exposed), appOf("web", "b", exposed+"\nhttp: public: paths: [\"/b\"]")}, nil},
		{"one host with two certificates", []string{appOf("web", "a", exposed+"\nhttp: public: tls: secret: \"a\""), appOf("web", "b", exposed+"\nhttp: public: paths: [\"/b\"]")}, []string{"M4014 3:22"}},
		{"one host with one certificate", []string{appOf("web", "a", exposed+"\nhttp: public: tls: secret: \"a\""), appOf("web", "b", exposed+"\nhttp: public: {paths: [\"/b\"], tls: secret: \"a\"}")}, nil},
		{"host of another space", []string{appOf("web", "a", exposed), appOf("payments", "b", exposed+"\nhttp: public: paths: [\"/b\"]")}, []string{"M6007 3:22"}},
		{"host below another space's wildcard", []string{appOf("web", "a", strings.Replace(exposed, "a.my", "*.my", 1)), appOf("payments", "b", exposed)}, []string{"M6007 3:22"}},
		{"wildcard of one space", []string{appOf("web", "a", strings.Replace(exposed, "a.my", "*.my", 1)), appOf("web", "b", exposed)}, nil},
		{"wildcard of another label", []string{appOf("web", "a", strings.Replace(exposed, "a.my", "*.b.my", 1)), appOf("payments", "b", exposed)}, nil},
		{"port claimed twice", []string{appOf("web", "a", "ports: x: 80\ntcp: x: {port: 9000, to: \"x\"}"), appOf("edge", "b", "ports: x: 80\ntcp: y: {port: 9000, to: \"x\"}")}, []string{"M6005 3:16"}},
		{"one port over TCP and UDP", []string{appOf("web", "a", "ports: x: 80\ntcp: x: {port: 9000, to: \"x\"}"), appOf("edge", "b", "ports: x: {port: 80, protocol: \"UDP\"}\nudp: y: {port: 9000, to: \"x\"}")}, nil},
		{"one port in two regions", []string{appOf("web", "a", "only: [\"aws-oregon\"]\nports: x: 80\ntcp: x: {port: 9000, to: \"x\"}"), appOf("edge", "b", "only: [\"aws-beijing\"]\nports: x: 80\ntcp: y: {port: 9000, to: \"x\"}")}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list := Together(interfaces(t, test.apps...), true)
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s%s", diff, messages(list))
			}
		})
	}
}

// TestTogetherPart holds that what is not given is passed over when the spaces are not given as a whole.
func TestTogetherPart(t *testing.T) {
	if list := Together(interfaces(t, appOf("web", "a", "calls: b: port: \"web\"\nports: web: 80\naccepts: c: {}")), false); len(list) > 0 {
		t.Errorf("got %v", list)
	}
}

// TestCallees holds whom an application calls in any region, each once.
func TestCallees(t *testing.T) {
	in := interfaces(t, appOf("web", "a", `calls: {b: port: "x", c: {space: "payments", app: "d", port: "x"}, e: {app: "b", port: "y"}}
regions: "aws-oregon": calls: {b: null, f: port: "z"}`))[0]
	want := []Callee{{"payments", "d"}, {"web", "b"}, {"web", "f"}}
	if diff := cmp.Diff(want, in.Callees); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
