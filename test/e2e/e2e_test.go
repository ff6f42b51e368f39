package e2e

import (
	"os"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/test/cluster"
)

// onEach runs a suite on every wanted minor version of Kubernetes that can run the parts.
func onEach(t *testing.T, parts cluster.Parts, suite func(t *testing.T, c *cluster.Cluster)) {
	t.Helper()
	for _, minor := range wanted(t) {
		t.Run(minor.Name, func(t *testing.T) {
			suite(t, cluster.Start(t, minor, parts))
		})
	}
}

// onFirst runs a suite on the first wanted minor version alone.
func onFirst(t *testing.T, parts cluster.Parts, suite func(t *testing.T, c *cluster.Cluster)) {
	t.Helper()
	minor := wanted(t)[0]
	t.Run(minor.Name, func(t *testing.T) {
		suite(t, cluster.Start(t, minor, parts))
	})
}

// wanted are the minor versions that MERIDIAN_E2E names, in its order.
func wanted(t *testing.T) []cluster.Minor {
	t.Helper()
	names := os.Getenv("MERIDIAN_E2E")
	if names == "" {
		t.Skip("needs real servers: make e2e")
	}
	list, err := cluster.MinorsOf(strings.Split(names, ",")...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
