package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/meridian-gitops/meridian/test/pinned"
)

// place is where a program is kept.
func (p program) place() (string, error) {
	folder, err := pinned.Folder(p.name, p.version)
	return filepath.Join(folder, p.name), err
}

// built tells whether a program is there.
func (p program) built() bool {
	file, err := p.place()
	if err != nil {
		return false
	}
	_, err = os.Stat(file)
	return err == nil
}

// builder builds programs that are not there yet. What it compiles is kept while it lives, so that the programs of one
// release share it, and is removed then.
type builder struct {
	cache string // GOCACHE
	say   func(format string, args ...any)
}

// install builds those programs that are not there.
func install(ctx context.Context, programs []program, say func(format string, args ...any)) error {
	cache, drop, err := pinned.Scratch()
	if err != nil {
		return err
	}
	defer drop()
	b := builder{cache: cache, say: say}
	for _, p := range programs {
		if p.built() {
			continue
		}
		if err := b.build(ctx, p); err != nil {
			return fmt.Errorf("build %s %s: %w", p.name, p.version, err)
		}
	}
	return nil
}

// build builds one program, and moves it to its place when it is whole.
func (b builder) build(ctx context.Context, p program) error {
	file, err := p.place()
	if err != nil {
		return err
	}
	b.say("building %s %s", p.name, p.version)
	module, err := os.MkdirTemp("", "meridian-cluster-module-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(module)
	if err := b.write(ctx, p, module); err != nil {
		return err
	}
	var flags []string
	for _, value := range p.set {
		flags = append(flags, "-X "+value)
	}
	made := filepath.Join(module, p.name)
	if _, err := b.run(ctx, module, "build", "-trimpath", "-ldflags=-s -w "+strings.Join(flags, " "), "-o", made, p.path); err != nil {
		return err
	}
	if err := keep(ctx, p, filepath.Dir(file)); err != nil {
		return err
	}
	return copyFile(made, file)
}

// keep copies the files of a program's module that are needed beside it into its folder.
func keep(ctx context.Context, p program, folder string) error {
	if len(p.keep) == 0 {
		return nil
	}
	module, err := pinned.Module(ctx, strings.Replace(p.module.require[0], " ", "@", 1))
	if err != nil {
		return err
	}
	for _, pattern := range p.keep {
		files, err := filepath.Glob(filepath.Join(module, pattern))
		if err != nil || len(files) == 0 {
			return fmt.Errorf("%s has no %s", p.name, pattern)
		}
		for _, file := range files {
			if err := copyFile(file, filepath.Join(folder, filepath.Base(file))); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes the module that a program is built in.
func (b builder) write(ctx context.Context, p program, folder string) error {
	text, err := b.module(ctx, p.module)
	if err != nil {
		return err
	}
	for i, l := range p.module.local {
		if err := l.write(ctx, filepath.Join(folder, fmt.Sprintf("local%d", i))); err != nil {
			return err
		}
		text += fmt.Sprintf("replace %s => ./local%d\n", l.path, i)
	}
	if err := writeAll(folder, p.sources); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "go.mod"), []byte(text), 0o644)
}

// write writes a module that is a folder.
func (l local) write(ctx context.Context, folder string) error {
	if l.of != "" {
		module, err := pinned.Module(ctx, l.of)
		if err != nil {
			return err
		}
		if err := os.CopyFS(folder, os.DirFS(module)); err != nil {
			return err
		}
	}
	for _, name := range l.without {
		if err := os.RemoveAll(filepath.Join(folder, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return writeAll(folder, l.files)
}

// writeAll writes files, by path, into a folder.
func writeAll(folder string, files map[string]string) error {
	for name, text := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// module is the go.mod of a recipe.
func (b builder) module(ctx context.Context, r recipe) (string, error) {
	lines := []string{"module cluster", "go 1.26.0", "godebug default=go1.26"}
	for _, require := range r.require {
		lines = append(lines, "require "+require)
	}
	for _, exclude := range r.exclude {
		lines = append(lines, "exclude "+exclude)
	}
	for _, replace := range r.replace {
		lines = append(lines, "replace "+replace)
	}
	if r.replaces != "" {
		staged, err := b.staged(ctx, r.replaces)
		if err != nil {
			return "", err
		}
		for _, path := range staged {
			lines = append(lines, fmt.Sprintf("replace %s => %s %s", path, path, r.release))
		}
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// staged are the modules that a module replaces by folders of its own repository.
func (b builder) staged(ctx context.Context, module string) ([]string, error) {
	folder, err := pinned.Module(ctx, module)
	if err != nil {
		return nil, err
	}
	data, err := b.run(ctx, os.TempDir(), "mod", "edit", "-json", filepath.Join(folder, "go.mod"))
	if err != nil {
		return nil, err
	}
	var parsed struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := json.Unmarshal(data, &parsed); err != nil {
		return nil, fmt.Errorf("read the go.mod of %s: %w", module, err)
	}
	var paths []string
	for _, replace := range parsed.Replace {
		if strings.HasPrefix(replace.New.Path, "./") {
			paths = append(paths, replace.Old.Path)
		}
	}
	if len(paths) == 0 {
		return nil, errors.New(module + " replaces nothing by its own folders")
	}
	return paths, nil
}

// run runs the go command and returns what it prints.
func (b builder) run(ctx context.Context, folder string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOCACHE="+b.cache, "GOFLAGS=-mod=mod -buildvcs=false", "CGO_ENABLED=0", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, tail(stderr.String(), 30))
	}
	return output, nil
}

// copyFile copies a file to its place, whole or not at all, also from another file system.
func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+"-") // another process may be at it
	if err != nil {
		return err
	}
	_, err = part.Write(data)
	if err = errors.Join(err, part.Chmod(0o755), part.Close()); err == nil {
		err = os.Rename(part.Name(), to)
	}
	if err != nil {
		os.Remove(part.Name())
	}
	return err
}

// tail is the end of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
