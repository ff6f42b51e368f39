package regions_test

import (
	"fmt"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// The embedded demo organisation; Frankfurt uses Oregon's registry (S1).
func Example() {
	s, err := schema.New()
	if err != nil {
		panic(err)
	}
	p, _, err := regions.Load(s, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Namespace("web"), p.Region("aws-frankfurt").Registry)
	// Output: myorg-web us-repo.cloud.mi.com
}
