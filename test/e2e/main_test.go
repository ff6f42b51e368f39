package e2e

import (
	"os"
	"testing"

	"github.com/meridian-gitops/meridian/test/publishing"
)

func TestMain(m *testing.M) { os.Exit(publishing.RunTests(m)) }
