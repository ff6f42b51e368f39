package expect_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/expect"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

const app = `
name:  "app1"
space: "web"
owner: "team-web"
image: {name: "app1", tag: "1.0"}
env: LEVEL: "info"
ports: web: 8080
http: public: {host: "app1.mydomain.com", port: "web", allowFrom: ["111.111.111.0/24"]}
only: ["aws-beijing", "aws-oregon"]
regions: "aws-oregon": {
	env: LEVEL: "debug"
	http: public: allowFrom: null
}
`

// TestCheck checks expectations of an application in two regions, of which one widens an exposure (M4031).
func TestCheck(t *testing.T) {
	level := func(level string) string {
		return `contains: spec: template: spec: containers: [{name: "app1", env: [{name: "LEVEL", value: "` + level + `"}]}]`
	}
	tests := []struct {
		name, text string
		want       []string // code line:column region
	}{
		{name: "a region's own value", text: `regions: ["aws-oregon"], object: kind: "Deployment", ` + level("debug")},
		{name: "in all regions", text: `object: kind: "Deployment", ` + level("info"), want: []string{"M7004 3:112 aws-oregon"}},
		{name: "the region's facts", text: `object: kind: "Deployment", ` + level(`\({"aws-oregon": "debug", "aws-beijing": "info"}[region.id])`)},
		{name: "what is given goes over the overrides", text: `given: env: LEVEL: "warn", object: kind: "Deployment", ` + level("warn")},
		{name: "null takes away", text: `given: http: null, object: kind: "Ingress", absent: true`},
		{name: "only where it is asked for", text: `regions: ["aws-oregon"], given: ports: null, codes: ["M4009", "M4031"]`},
		{name: "what is reported anyway counts", text: `codes: ["M4031"]`},
		{name: "of another region it does not", text: `regions: ["aws-beijing"], codes: []`},
		{name: "what is given does not widen by itself", text: `given: http: public: allowFrom: null, codes: []`},
		{name: "given by region", text: `given: env: LEVEL: region.id, regions: ["aws-oregon"], object: kind: "Deployment", ` + level("aws-oregon")},
		{name: "only in regions where the file has it", text: `if region.id == "aws-oregon" {object: kind: "Deployment", ` + level("debug") + `}, if region.id != "aws-oregon" {object: kind: "Deployment"}`},
		{name: "as often as it is", text: `codes: ["M4031", "M4031"]`, want: []string{"M7004 3:19"}},
		{name: "another kind", text: `object: {kind: "Service", name: "app2"}`, want: []string{"M7004 3:2"}},
	}
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	platform, _, err := regions.Load(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := compiler.New(s, platform)
	parsed, list := s.App(schema.Source{Name: "app.cue", Data: []byte(app)}, platform.Facts())
	result, reported, err := c.Compile(parsed, nil)
	if err != nil || result.Outputs == nil {
		t.Fatal(err, list, reported)
	}
	checker := &expect.Checker{Platform: platform, App: result, Reported: reported, Suppose: func(given expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
		return c.Compile(parsed.With(given), nil)
	}}
	regional, list := s.Expectations(schema.Source{Name: "x.expect.cue", Data: []byte("if region.id == \"ksc-beijing6\" {expect: a: present: true}\nif region.id == \"aws-oregon\" {expect: b: codes: []}\nexpect: {}\n")}, platform.Facts())
	if len(list) > 0 || len(regional) != 2 {
		t.Fatal(list, regional)
	}
	for i, want := range []string{"aws-oregon", "ksc-beijing6"} {
		for _, id := range []string{"aws-oregon", "ksc-beijing6", "aws-beijing"} {
			if is := regional[i].In(id) != nil; is != (id == want) {
				t.Errorf("%s is there in %s: %v", regional[i].Name, id, is)
			}
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := "expect: x: {\n\n\t" + test.text + "\n}\n"
			read, list := s.Expectations(schema.Source{Name: "x.expect.cue", Data: []byte(text)}, platform.Facts())
			if len(list) > 0 || len(read) != 1 {
				t.Fatal(list)
			}
			outcome, err := checker.Check(read[0])
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range outcome.Problems {
				line := fmt.Sprintf("%s %d:%d", d.Code, d.Pos.Line, d.Pos.Col)
				if d.Region != "" {
					line += " " + d.Region
				}
				got = append(got, line)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("%s\n%v", d, outcome.Problems)
			}
		})
	}
}
