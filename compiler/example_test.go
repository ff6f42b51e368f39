package compiler_test

import (
	"fmt"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// One application, compiled for the regions of the embedded demo organisation (S20).
func Example() {
	s, err := schema.New()
	if err != nil {
		panic(err)
	}
	platform, _, err := regions.Load(s, nil)
	if err != nil {
		panic(err)
	}
	app, mistakes := s.App(schema.Source{Name: "app.cue", Data: []byte(`
name:  "app1"
space: "web"
owner: "team-web"
image: {name: "app1", tag: "1.0"}
except: ["aws-frankfurt", "aws-singapore"]
`)}, platform.Facts())
	result, more, err := compiler.New(s, platform).Compile(app, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(len(mistakes), len(more))
	for _, output := range result.Outputs {
		fmt.Print(output.Region)
		for path := range output.Files.Files() {
			fmt.Print(" ", path)
		}
		fmt.Println()
	}
	// Output:
	// 0 0
	// aws-beijing deployment.yaml networkpolicy.yaml poddisruptionbudget.yaml serviceaccount.yaml
	// aws-oregon deployment.yaml networkpolicy.yaml poddisruptionbudget.yaml serviceaccount.yaml
	// ksc-beijing6 deployment.yaml networkpolicy.yaml poddisruptionbudget.yaml serviceaccount.yaml
}
