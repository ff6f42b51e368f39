package schema

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

const appHead = "name: \"a\", space: \"s\", owner: \"o\", image: \"r.io/a:1\"\n"

// TestMistakes holds code and place of what reading one file finds; several mistakes are told at once, each once
// (S20).
func TestMistakes(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"none", appHead, nil},
		{"many at once", appHead + "user: 0\nreplica: 2\nports: web: \"80\"\nenv: {\"1A\": \"x\", B: 1}\nhttp: p: {host: \"A\", port: \"web\", tls: secrets: \"t\"}\nuser2: 1\n", []string{"M2004 2:7", "M2001 3:1", "M2003 4:13", "M2010 5:7", "M2003 5:21", "M2004 6:17", "M2001 6:40", "M2001 7:1"}},
		{"in overrides as in the base", appHead + "regions: \"aws-oregon\": {replica: 2, user: 0, name: \"b\"}\n", []string{"M2001 2:25", "M2004 2:43", "M2008 2:46"}},
		{"null in the base", appHead + "user: null\n", []string{"M2009 2:7"}},
		{"null in an override", appHead + "regions: \"aws-oregon\": user: null\n", nil},
		{"syntax", appHead + "user: {\n", []string{"M1002 2:8"}},
		{"a type, no value", appHead + "user: int\n", []string{"M1008 2:7"}},
		{"unknown reference", appHead + "user: usr\n", []string{"M1005 2:7"}},
		{"conflict", appHead + "user: 1\nuser: 2\n", []string{"M1007 3:7"}},
		{"cycle", appHead + "args: [_x]\n_x: _y\n_y: _x + \"a\"\n", []string{"M1010 4:5"}},
		{"not computable", appHead + "user: 1 + \"a\"\n", []string{"M1009 2:11"}},
		{"region of its own", appHead + "region: \"x\"\n", []string{"M1006 2:1"}},
		{"optional marker", appHead + "user?: 1\n", []string{"M1012 2:1"}},
		{"embed", "@extern(embed)\n" + appHead + "_x: _ @embed(file=x.json)\n", []string{"M1004 1:1", "M1004 3:7"}},
		{"tag", appHead + "_x: string @tag(x)\n", []string{"M1004 2:12"}},
		{"standard library", "import \"strings\"\n" + appHead + "args: [strings.ToUpper(\"a\")]\n", nil},
		{"commands", "import \"tool/exec\"\n" + appHead + "_x: exec.Run\n", []string{"M1003 1:8"}},
		{"foreign module", "import \"example.com/x\"\n" + appHead + "_x: x\n", []string{"M1003 1:8"}},
		{"unknown fact", appHead + "args: [region.idd]\n", []string{"M1011 2:8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, list := read(t, test.text, fuzzFacts...)
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s%v", diff, list)
			}
		})
	}
}

// TestTypos holds that every struct of the schema is closed: a field that it does not have is refused, and the
// nearest one is named.
func TestTypos(t *testing.T) {
	tests := []struct{ text, hint string }{
		{`replica: 1`, "did you mean replicas?"},
		{`image: {nam: "a"}`, "did you mean name?"},
		{`resources: limit: cpu: "1"`, "did you mean limits?"},
		{`resources: limits: mem: "1Gi"`, "the fields here are cpu, ephemeral-storage, memory"},
		{`autoscale: {min: 1, max: 2, cpus: 3}`, "did you mean cpu?"},
		{`rollout: maxsurge: 1`, "did you mean maxSurge?"},
		{`disruptionBudget: minavailable: 1`, "did you mean minAvailable?"},
		{`spread: zone: "None"`, "did you mean zones?"},
		{`env: A: secrets: {name: "a", key: "b"}`, "did you mean secret?"},
		{`env: A: secret: {name: "a", keys: "b"}`, "did you mean key?"},
		{`envFrom: [{secretRef: "a"}]`, "did you mean secret?"},
		{`files: "/a": contents: "x"`, "did you mean content?"},
		{`scratch: "/a": {size: "1Gi", memroy: true}`, "did you mean memory?"},
		{`ports: web: {port: 1, protcol: "TCP"}`, "did you mean protocol?"},
		{`http: p: hosts: "a.b"`, "did you mean host?"},
		{`http: p: paths: [{paths: "/"}]`, "did you mean path?"},
		{`http: p: tls: secretName: "t"`, "the fields here are secret"},
		{`tcp: p: {port: 1, too: "x"}`, "did you mean to?"},
		{`udp: p: {prot: 1, to: "x"}`, "did you mean port?"},
		{`health: livenes: tcp: port: "a"`, "did you mean liveness?"},
		{`health: startup: {tcp: port: "a", periodSecond: 1}`, "did you mean periodSeconds?"},
		{`health: startup: http: {paths: "/"}`, "did you mean path?"},
		{`health: startup: grpc: services: "x"`, "did you mean service?"},
		{`shutdown: prestop: sleep: 1`, "did you mean preStop?"},
		{`shutdown: preStop: slep: 1`, "did you mean sleep?"},
		{`calls: b: prot: "x"`, "did you mean port?"},
		{`accepts: b: port: "x"`, "did you mean ports?"},
		{`patches: [{targets: kind: "Deployment"}]`, "did you mean target?"},
		{`patches: [{target: kinds: "Deployment"}]`, "did you mean kind?"},
	}
	for _, test := range tests {
		for _, prefix := range []string{"", `regions: "aws-oregon": `} {
			t.Run(prefix+test.text, func(t *testing.T) {
				text := strings.Replace(appHead, `image: "r.io/a:1"`, "", 1) + prefix + test.text + "\n"
				_, list := read(t, strings.Replace(text, ", \n", "\n", 1))
				if len(list) != 1 || list[0].Code != diag.UnknownField || list[0].Pos.Line != 2 || list[0].Hint != test.hint {
					t.Errorf("want one M2001 in line 2, %s; got %+v", test.hint, list)
				}
			})
		}
	}
}

// TestRegionFacts holds that only a file which uses the region's facts is evaluated per region, and that what is
// wrong in some regions names them.
func TestRegionFacts(t *testing.T) {
	facts := fuzzFacts
	plain, list := read(t, appHead+"args: [\"x\"]\n", facts...)
	if len(list) > 0 || plain.Regional() {
		t.Errorf("a file without facts is regional: %v", list)
	}
	app, list := read(t, appHead+"args: [region.id, region.cloud, \"\\(region.registry)/x\"]\n", facts...)
	if len(list) > 0 || !app.Regional() {
		t.Fatal(list)
	}
	for region, want := range map[string]string{
		"aws-oregon":   `["aws-oregon","AWS","us-repo.cloud.mi.com/x"]`,
		"ksc-beijing6": `["ksc-beijing6","Kingsoft Cloud","cnbj6-repo.cloud.mi.com/x"]`,
	} {
		if got := strings.TrimSpace(jsonText(t, app.Base(region).Get("args"))); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
	_, list = read(t, appHead+"if region.cloud == \"AWS\" {user: 0}\nreplicas: -1\n", facts...)
	if diff := cmp.Diff([]string{"M2004 2:33 aws-oregon", "M2004 3:11"}, brief(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	only, list := read(t, appHead+"only: [\"ksc-beijing6\"]\nif region.cloud == \"AWS\" {user: 0}\n", facts...)
	if only == nil || only.Base("ksc-beijing6") == nil {
		t.Errorf("nothing is read of a selected region: %v", list)
	}
}

// TestStaleExpression warns where an override changes what an expression of the base uses.
func TestStaleExpression(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"used", "args: [name, \"\\(user)\"]\nuser: 5\nregions: \"aws-oregon\": user: 6\n", []string{"M1013 4:30"}},
		{"not used", "args: [name]\nuser: 5\nregions: \"aws-oregon\": user: 6\n", nil},
		{"part of it used", "args: [env.A]\nenv: A: \"x\"\nregions: \"aws-oregon\": env: A: \"y\"\n", []string{"M1013 4:32"}},
		{"another part", "args: [env.A]\nenv: A: \"x\"\nregions: \"aws-oregon\": env: B: \"y\"\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, list := read(t, appHead+test.text)
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestModule imports a package under the file's own cue.mod root, and nothing else.
func TestModule(t *testing.T) {
	module := &Module{Path: "my.org/apps", Package: func(folder string) (map[string][]byte, error) {
		if folder != "lib" {
			return nil, fs.ErrNotExist
		}
		return map[string][]byte{"lib.cue": []byte("package lib\nOwner: \"team-lib\"\nUser: 0\n")}, nil
	}}
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"used", "import \"my.org/apps/lib\"\nname: \"a\", space: \"s\", owner: lib.Owner, image: \"r.io/a:1\"\n", nil},
		{"no such folder", "import \"my.org/apps/gone\"\n" + appHead + "_x: gone\n", []string{"M1003 1:8"}},
		{"another module", "import \"my.org/appsx/lib\"\n" + appHead + "_x: lib\n", []string{"M1003 1:8"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			app, list := newSchema(t).App(Source{Name: "app.cue", Data: []byte(test.text), Module: module}, nil)
			if diff := cmp.Diff(test.want, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if test.want == nil && app.Owner != "team-lib" {
				t.Errorf("owner %q", app.Owner)
			}
		})
	}
}
