package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

func TestMerge(t *testing.T) {
	tests := []struct{ name, base, override, want string }{
		{"structs merge", `env: {A: "1", B: "2"}`, `env: {B: "3", C: "4"}`, `env: {A: "1", B: "3", C: "4"}`},
		{"deep structs merge", `resources: {requests: cpu: "1", limits: memory: "1Gi"}`, `resources: requests: memory: "1Mi"`, `resources: {requests: {cpu: "1", memory: "1Mi"}, limits: memory: "1Gi"}`},
		{"scalars replace", `user: 1`, `user: 2`, `user: 2`},
		{"lists replace", `args: ["a", "b"]`, `args: ["c"]`, `args: ["c"]`},
		{"an empty list replaces", `args: ["a"]`, `args: []`, `args: []`},
		{"null removes a scalar", `user: 1, args: ["a"]`, `user: null`, `args: ["a"]`},
		{"null removes a struct", `env: A: "1"`, `env: null`, ``},
		{"null removes an entry", `env: {A: "1", B: "2"}`, `env: A: null`, `env: B: "2"`},
		{"the last entry leaves an empty struct", `env: A: "1"`, `env: A: null`, `env: {}`},
		{"null of what is not there", `user: 1`, `env: A: null`, `user: 1, env: {}`},
		{"nested null over nothing", ``, `http: p: {host: "a.b", tls: null}`, `http: p: host: "a.b"`},
		{"nothing over something", `user: 1`, ``, `user: 1`},
		{"something over nothing", ``, `user: 1`, `user: 1`},

		{"short form over short form", `ports: web: 80`, `ports: web: 81`, `ports: web: 81`},
		{"full form over short form merges", `ports: web: 8080`, `ports: web: protocol: "UDP"`, `ports: web: {port: 8080, protocol: "UDP"}`},
		{"short form over full form merges", `ports: web: {port: 8080, protocol: "UDP"}`, `ports: web: 81`, `ports: web: {port: 81, protocol: "UDP"}`},
		{"short size over full scratch", `scratch: "/a": {size: "1Gi", memory: true}`, `scratch: "/a": "2Gi"`, `scratch: "/a": {size: "2Gi", memory: true}`},
		{"ranges in one string replace a list", `http: p: allowFrom: ["10.0.0.0/8"]`, `http: p: allowFrom: "11.0.0.0/8, 12.0.0.0/8"`, `http: p: allowFrom: ["11.0.0.0/8", "12.0.0.0/8"]`},

		{"another alternative replaces", `env: A: "1"`, `env: A: secret: {name: "s", key: "k"}`, `env: A: secret: {name: "s", key: "k"}`},
		{"a short form is an alternative too", `env: A: secret: {name: "s", key: "k"}`, `env: A: "1"`, `env: A: "1"`},
		{"the same alternative merges", `env: A: secret: {name: "s", key: "k"}`, `env: A: secret: key: "l"`, `env: A: secret: {name: "s", key: "l"}`},
		{"reference replaces name with all that goes with it", `image: {name: "a", project: "p", tag: "1", pullSecret: "s"}`, `image: "r.io/a:1"`, `image: {reference: "r.io/a:1", pullSecret: "s"}`},
		{"name replaces reference", `image: "r.io/a:1"`, `image: {name: "a", tag: "1"}`, `image: {name: "a", tag: "1"}`},
		{"tag belongs to name", `image: "r.io/a:1"`, `image: tag: "1"`, `image: tag: "1"`},
		{"digest replaces tag, name stays", `image: {name: "a", tag: "1"}`, `image: digest: "sha256:` + digest64 + `"`, `image: {name: "a", digest: "sha256:` + digest64 + `"}`},
		{"project does not choose", `image: {name: "a", tag: "1"}`, `image: project: "p"`, `image: {name: "a", tag: "1", project: "p"}`},
		{"autoscale replaces replicas", `replicas: 3`, `autoscale: {min: 1, max: 2}`, `autoscale: {min: 1, max: 2}`},
		{"replicas replace autoscale", `autoscale: {min: 1, max: 2}`, `replicas: 3`, `replicas: 3`},
		{"a null chooses nothing", `replicas: 3`, `autoscale: null`, `replicas: 3`},
		{"another method of a check, timing stays", `health: startup: {tcp: port: "web", periodSeconds: 5}`, `health: startup: command: ["/c"]`, `health: startup: {command: ["/c"], periodSeconds: 5}`},
		{"a contradiction inside the override stays", `env: A: field: "metadata.name"`, `env: A: {value: "1", secret: {name: "s", key: "k"}}`, `env: A: {value: "1", secret: {name: "s", key: "k"}}`},
	}
	ref := &Ref{Type: newSchema(t).types["#App"], Partial: true}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			base, override := partial(t, "base.cue", test.base), partial(t, "override.cue", test.override)
			before := jsonText(t, base) + jsonText(t, override)
			got := Merge(ref, base, override)
			if want := partial(t, "want.cue", test.want); !got.Equal(want) {
				t.Errorf("(-want +got):\n%s", cmp.Diff(jsonText(t, want), jsonText(t, got)))
			}
			if after := jsonText(t, base) + jsonText(t, override); after != before {
				t.Errorf("an argument was changed (-before +after):\n%s", cmp.Diff(before, after))
			}
		})
	}
}

const digest64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestMergeNil(t *testing.T) {
	ref := newSchema(t).Ref("#App")
	n := partial(t, "a.cue", `user: 1`)
	if Merge(ref, n, nil) != n || !Merge(ref, nil, n).Equal(n) || Merge(ref, nil, nil) != nil || Merge(ref, n, &Node{Kind: Null}) != nil {
		t.Error("nil arguments are not what they should be")
	}
}

// TestMergePositions holds that a value stands where the file that gave it has it.
func TestMergePositions(t *testing.T) {
	ref := &Ref{Type: newSchema(t).types["#App"], Partial: true}
	merged := Merge(ref,
		partial(t, "base.cue", "ports: {web: 8080, admin: 9090}\nargs: [\"a\"]\nhttp: p: {host: \"a.b\", port: \"web\"}\n"),
		partial(t, "over.cue", "\nports: web: protocol: \"UDP\"\nhttp: p: host: \"c.d\"\nargs: [\"b\", \"c\"]\n"))
	for _, test := range []struct {
		path []string
		want string
	}{
		{[]string{"ports", "web", "port"}, "base.cue:1:14"},
		{[]string{"ports", "web", "protocol"}, "over.cue:2:23"},
		{[]string{"ports", "admin"}, "base.cue:1:20"},
		{[]string{"http", "p", "host"}, "over.cue:3:16"},
		{[]string{"http", "p", "port"}, "base.cue:3:30"},
		{[]string{"http", "p", "tls", "secret"}, "over.cue:3:7"}, // the deepest part that is there
		{[]string{"args", "1"}, "over.cue:4:13"},
		{[]string{"args", "7"}, "over.cue:4:1"},
	} {
		if got := merged.Where(test.path...).String(); got != test.want {
			t.Errorf("Where(%v) = %s, want %s", test.path, got, test.want)
		}
	}
}

// TestApplyDefaults fills in at every depth that is there, and leaves what is given: S14's parameters, S16's grace
// period, the short forms.
func TestApplyDefaults(t *testing.T) {
	tests := []struct {
		name, text, want string
		path             []string
	}{
		{"probe", `health: startup: {tcp: port: "web", periodSeconds: 20}`, `{"failureThreshold":3,"initialDelaySeconds":0,"periodSeconds":20,"successThreshold":1,"tcp":{"port":"web"},"timeoutSeconds":1}`, []string{"health", "startup"}},
		{"probe's request", `health: liveness: http: {path: "/", port: "web"}`, `{"path":"/","port":"web","scheme":"HTTP"}`, []string{"health", "liveness", "http"}},
		{"no probe", `health: {}`, `{}`, []string{"health"}},
		{"shutdown of nothing", ``, `{"gracePeriodSeconds":30}`, []string{"shutdown"}},
		{"resources of nothing", ``, `{"limits":{},"requests":{"cpu":"100m"}}`, []string{"resources"}},
		{"short port", `ports: web: 80`, `{"port":80,"protocol":"TCP"}`, []string{"ports", "web"}},
		{"path in a default list", `http: p: {host: "a.b", port: "web"}`, `{"host":"a.b","paths":[{"path":"/","type":"Prefix"}],"port":"web","redirectToHTTPS":false}`, []string{"http", "p"}},
		{"paths in a list", `http: p: {host: "a.b", port: "web", paths: ["/x", {path: "/y", type: "Exact"}]}`, `{"host":"a.b","paths":[{"path":"/x","type":"Prefix"},{"path":"/y","type":"Exact"}],"port":"web","redirectToHTTPS":false}`, []string{"http", "p"}},
		{"user", ``, `65532`, []string{"user"}},
		{"user given", `user: 1`, `1`, []string{"user"}},
		{"empty struct stays", `env: {}`, `{}`, []string{"env"}},
	}
	ref := &Ref{Type: newSchema(t).types["#App"], Partial: true}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := partial(t, "a.cue", test.text)
			before := jsonText(t, n)
			got, err := ParseJSON([]byte(jsonText(t, ApplyDefaults(ref, n).Get(test.path...))))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want+"\n", jsonText(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if jsonText(t, n) != before {
				t.Error("the node was changed")
			}
		})
	}
}

// TestCheck holds place and code of what is missing and of what excludes each other.
func TestCheck(t *testing.T) {
	const head = "name: \"a\", space: \"s\", owner: \"o\", image: \"r.io/a:1\"\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"complete", head, nil},
		{"nothing", "{}", []string{"M2002 1:1 name", "M2002 1:1 space", "M2002 1:1 owner", "M2002 1:1 image"}},
		{"deep", head + "http: p: {host: \"a.b\"}", []string{"M2002 2:7 http.p.port"}},
		{"deep, one line a part", head + "http: {\n\tp: {\n\t\thost: \"a.b\"\n\t}\n}", []string{"M2002 3:2 http.p.port"}},
		{"in a list", head + "patches: [\n\t{patch: \"x\", target: {}}]", []string{"M2002 3:15 patches[0].target.kind"}},
		{"one-of, none", head + "env: A: {}", []string{"M2006 2:6 env.A"}},
		{"one-of, two", head + "env: A: {\n\tvalue: \"x\"\n\tfield: \"metadata.name\"\n}", []string{"M2007 4:9 env.A"}},
		{"one-of, three", head + "health: startup: {\n\ttcp: port: \"a\"\n\tcommand: [\"c\"]\n\tgrpc: port: \"a\"\n}", []string{"M2007 5:2 health.startup"}},
		{"at most one, two", head + "replicas: 1\nautoscale: {min: 1, max: 2}", []string{"M2007 3:1 "}},
		{"at most one, none", head, nil},
		{"image, reference and tag", "name: \"a\", space: \"s\", owner: \"o\"\nimage: {reference: \"r.io/a:1\", tag: \"1\"}", []string{"M2007 2:20 image"}},
		{"image, tag and digest", "name: \"a\", space: \"s\", owner: \"o\"\nimage: {name: \"a\", tag: \"1\", digest: \"sha256:" + digest64 + "\"}", []string{"M2007 2:38 image"}},
		{"image, tag alone", "name: \"a\", space: \"s\", owner: \"o\"\nimage: {tag: \"1\"}", []string{"M2002 2:14 image"}},
		{"image, nothing", "name: \"a\", space: \"s\", owner: \"o\"\nimage: {}", []string{"M2006 2:1 image"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			app, list := read(t, test.text)
			if len(list) > 0 {
				t.Fatal(list)
			}
			var got []string
			for _, d := range Check(newSchema(t).Ref("#App"), app.Base("")) {
				got = append(got, brief([]diag.Diagnostic{d})[0]+" "+d.Path)
			}
			if diff := cmp.Diff(sorted(test.want), sorted(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckPartial holds that nothing is missing in the all-optional form, but what excludes each other still does.
func TestCheckPartial(t *testing.T) {
	ref := &Ref{Type: newSchema(t).types["#App"], Partial: true}
	list := Check(ref, partial(t, "a.cue", "http: p: {}\nenv: {A: {}, B: {value: \"x\", field: \"metadata.name\"}}\nimage: tag: \"1\"\n"))
	if diff := cmp.Diff([]string{"M2007 2:37"}, brief(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
