package publish_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// A platform and then an application go into a repository that does not exist yet.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := func(path, text string) manifest.Tree {
		tree, err := manifest.NewTree([]manifest.File{{Path: path, Data: []byte(text)}})
		if err != nil {
			panic(err)
		}
		return tree
	}
	options := publish.Options{
		URL:    filepath.Join(dir, "fleet.git"),
		Author: publish.Signature{Name: "CI", Email: "ci@mydomain.com", When: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)},
	}
	platform := publish.Platform{Digest: "sha256:abc", Spaces: []publish.Space{{
		Namespace: "myorg-web",
		Regions:   map[string]manifest.Tree{"aws-oregon": file("namespace.yaml", "kind: Namespace\n")},
	}}}
	if _, _, err := publish.PublishPlatform(context.Background(), options, platform); err != nil {
		panic(err)
	}
	app := publish.App{
		Namespace: "myorg-web", Name: "app1", PlatformDigest: "sha256:abc",
		Regions: map[string]manifest.Tree{
			"aws-oregon":    file("deployment.yaml", "kind: Deployment\n"),
			"aws-frankfurt": file("deployment.yaml", "kind: Deployment\n"),
		},
	}
	_, diags, err := publish.Apps(context.Background(), options, []publish.App{app})
	fmt.Println(diags, err)

	delete(app.Regions, "aws-frankfurt")
	result, _, _ := publish.Apps(context.Background(), options, []publish.App{app})
	for _, change := range result.Changed {
		fmt.Println(change.Op, change.Path)
	}
	// Output:
	// [error M8001: space myorg-web is not in the repository for aws-frankfurt] <nil>
	// added .meridian/apps/myorg-web/app1/owner.yaml
	// added regions/aws-oregon/spaces/myorg-web/apps/app1/deployment.yaml
}
