package expect_test

import (
	"fmt"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/expect"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// Two expectations of an application: one holds, one does not (S21).
func Example() {
	s, err := schema.New()
	if err != nil {
		panic(err)
	}
	platform, _, err := regions.Load(s, nil)
	if err != nil {
		panic(err)
	}
	app, _ := s.App(schema.Source{Name: "app.cue", Data: []byte(`
name:  "app1"
space: "web"
owner: "team-web"
image: {name: "app1", tag: "1.0"}
autoscale: {min: 2, max: 12}
regions: "aws-oregon": autoscale: max: 30
`)}, platform.Facts())
	c := compiler.New(s, platform)
	result, reported, err := c.Compile(app, nil)
	if err != nil {
		panic(err)
	}
	expectations, _ := s.Expectations(schema.Source{Name: "app.expect.cue", Data: []byte(`
expect: {
	"never more than twenty pods": {
		object: kind: "HorizontalPodAutoscaler"
		contains: spec: maxReplicas: <=20
	}
	"latest is refused": {
		given: image: tag: "latest"
		codes: ["M4003"]
	}
}
`)}, platform.Facts())
	checker := &expect.Checker{
		Platform: platform, App: result, Reported: reported,
		Suppose: func(given expect.Given) (*compiler.Result, []diag.Diagnostic, error) {
			return c.Compile(app.With(given), nil)
		},
	}
	for _, e := range expectations {
		outcome, err := checker.Check(e)
		if err != nil {
			panic(err)
		}
		fmt.Println(outcome.Name, len(outcome.Problems) == 0)
		for _, d := range outcome.Problems {
			fmt.Println(d)
		}
	}
	// Output:
	// never more than twenty pods false
	// app.expect.cue:5:19: error M7004: "never more than twenty pods": spec.maxReplicas of HorizontalPodAutoscaler app1 is 30, want <=20 (in aws-oregon)
	// latest is refused true
}
