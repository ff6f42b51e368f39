package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/meridian-gitops/meridian/test/pinned"
)

// patience is how long a peer may take to build before it is left out.
const patience = 6 * time.Minute

// install builds a peer into the cache, unless it is there, and returns the folder of its program. A peer that cannot
// be built is missing, for the reason returned; that is no error.
func install(ctx context.Context, t tool) (folder, missing string, err error) {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	file, output, err := pinned.Program{Name: program(t), Package: t.install, Version: t.version}.Install(within)
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case within.Err() != nil:
		return "", fmt.Sprintf("took longer than %v to build", patience), nil
	case errors.Is(err, exec.ErrNotFound):
		return "", "", err
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s", output)
		return "", "could not be installed with `go install`", nil
	}
	return filepath.Dir(file), "", nil
}

// program is the name of the file that go install writes.
func program(t tool) string { return t.steps[0].args[0] }

// kubernetes is the version whose OpenAPI document kubeconform's schemas are made of.
const kubernetes = "v1.36.0"
