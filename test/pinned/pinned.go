// Package pinned brings programs and modules that tests compare Meridian with, at versions that tests name.
//
// In: a Go package with its version. Out: the folder of the program that was built of it, or of the module's source.
// What is built is kept in the user's cache, outside of the tree, so that go.mod has none of it; what was compiled on the way
// is not.
// Refused: whatever the go command cannot build.
package pinned

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Folder is where something is kept, by its name and version.
func Folder(name, version string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "meridian", "tools", name+"-"+version), nil
}

// Program is a command that is built from the Go module that has it.
type Program struct {
	Name    string // of the file
	Package string
	Version string
	Module  string // that the package is in, where go install cannot find it out; then it is built in a module that requires it
}

// Built returns the program's file, if it is there.
func (p Program) Built() (string, bool) {
	folder, err := Folder(p.Name, p.Version)
	if err != nil {
		return "", false
	}
	file := filepath.Join(folder, p.Name)
	_, err = os.Stat(file)
	return file, err == nil
}

// Install builds the program, unless it is there, and returns its file. What go printed comes with an error that is its.
func (p Program) Install(ctx context.Context) (file string, printed []byte, err error) {
	if file, ok := p.Built(); ok {
		return file, nil, nil
	}
	folder, err := Folder(p.Name, p.Version)
	if err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", nil, err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(folder), p.Name+"-")
	if err != nil {
		return "", nil, err
	}
	defer os.RemoveAll(temporary)
	if printed, err = p.build(ctx, temporary); err != nil {
		return "", printed, fmt.Errorf("install %s %s: %w", p.Package, p.Version, err)
	}
	return p.keep(temporary, folder)
}

// build builds the program into a folder, and returns what go printed.
func (p Program) build(ctx context.Context, into string) ([]byte, error) {
	cache, err := scratch()
	if err != nil {
		return nil, err
	}
	args, flags, folder := []string{"install", "-trimpath", p.Package + "@" + p.Version}, "", os.TempDir()
	if p.Module != "" {
		own, err := os.MkdirTemp("", "meridian-pinned-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(own)
		text := "module pinned\n\ngo 1.26.0\n\nrequire " + p.Module + " " + p.Version + "\n"
		if err := os.WriteFile(filepath.Join(own, "go.mod"), []byte(text), 0o644); err != nil {
			return nil, err
		}
		args, flags, folder = []string{"build", "-trimpath", "-o", into + string(filepath.Separator), p.Package}, " -mod=mod", own
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "GOBIN="+into, "GOCACHE="+cache, "GOWORK=off", "GOFLAGS=-p=1"+flags) // one package at a time: this need not be fast
	cmd.Dir = folder
	cmd.WaitDelay = time.Second // go's own children may outlive it
	return cmd.CombinedOutput()
}

// keep moves what was built to its place, under the program's name: go install names it after the last part of the
// package's path.
func (p Program) keep(temporary, folder string) (string, []byte, error) {
	entries, err := os.ReadDir(temporary)
	if err != nil || len(entries) != 1 {
		return "", nil, fmt.Errorf("install %s: %d files were built: %w", p.Package, len(entries), err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", nil, err
	}
	file := filepath.Join(folder, p.Name)
	return file, nil, os.Rename(filepath.Join(temporary, entries[0].Name()), file)
}

// Scratch is a build cache (GOCACHE) for what go compiles on the way to programs that are kept: gigabytes that nothing else
// would use. drop removes it.
func Scratch() (folder string, drop func(), err error) {
	folder, err = os.MkdirTemp("", "meridian-pinned-")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}

// compiled is the scratch that the programs of this process share: the standard library is compiled once.
var compiled struct {
	sync.Mutex
	folder string
	drop   func()
}

// scratch makes it, if need be.
func scratch() (folder string, err error) {
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.drop != nil {
		return compiled.folder, nil
	}
	folder, drop, err := Scratch()
	if err == nil {
		compiled.folder, compiled.drop = folder, drop
	}
	return folder, err
}

// Drop removes what was compiled on the way to the programs that [Program.Install] has built. Who installs calls it in the end.
func Drop() {
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.drop != nil {
		compiled.drop()
		compiled.drop = nil
	}
}

// Module brings a module (path@version) into the module cache and returns its folder there.
func Module(ctx context.Context, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", module)
	cmd.Stderr = os.Stderr
	cmd.Dir = os.TempDir() // outside of a module, whose go.mod it must not touch
	output, err := cmd.Output()
	var found struct{ Dir, Error string }
	if failed := json.Unmarshal(output, &found); failed == nil && found.Error != "" {
		return "", errors.New(found.Error)
	}
	if err != nil {
		return "", fmt.Errorf("download %s: %w", module, err)
	}
	return found.Dir, nil
}
