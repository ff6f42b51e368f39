package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// patience is how long a peer may take to build before it is left out.
const patience = 6 * time.Minute

// cache returns a folder for something that is fetched, by its name and version, outside of the tree.
func cache(name, version string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "meridian", "peers", name+"-"+version), nil
}

// install builds a peer into the cache, unless it is there, and returns the folder of its program. A peer that cannot
// be built is missing, for the reason returned; that is no error.
func install(ctx context.Context, t tool) (folder, missing string, err error) {
	folder, err = cache(program(t), t.version)
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat(filepath.Join(folder, program(t))); err == nil {
		return folder, "", nil
	}
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(within, "go", "install", t.install+"@"+t.version)
	cmd.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-p=1") // one package at a time: this need not be fast
	cmd.WaitDelay = time.Second                                     // go's own children may outlive it
	output, err := cmd.CombinedOutput()
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
	return folder, "", nil
}

// program is the name of the file that go install writes.
func program(t tool) string { return t.steps[0].args[0] }

// kubernetes is the version whose OpenAPI document kubeconform's schemas are made of.
const kubernetes = "v1.36.0"

// download returns the folder of a module in the module cache.
func download(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Stderr = os.Stderr
	cmd.Dir = os.TempDir() // outside of a module, whose go.mod it must not touch
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("download %s: %w", module, err)
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(output, &found); err != nil {
		return "", fmt.Errorf("download %s: %w", module, err)
	}
	return found.Dir, nil
}
