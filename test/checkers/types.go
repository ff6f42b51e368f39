package checkers

import (
	_ "embed"

	"github.com/meridian-gitops/meridian/test/cluster"
)

//go:embed testdata/types/main.go
var typesSource string

// Types is a program that decodes the objects that sync a region into the Go types of the controllers that read them.
// Argo CD's are of a release that builds here; they need Kubernetes itself.
func Types() cluster.Tool {
	return cluster.Tool{
		Name:   "types",
		Source: typesSource,
		Require: []string{
			"github.com/argoproj/argo-cd/v3@v3.2.11", "github.com/fluxcd/kustomize-controller/api@v1.9.5",
			"github.com/fluxcd/source-controller/api@v1.9.3", "github.com/fluxcd/source-watcher/api/v2@v2.2.4",
		},
		Kubernetes: "v1.34.2",
	}
}
