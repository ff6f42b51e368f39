package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// record is all that was seen of a tool.
type record struct {
	tool
	missing  string  // why it was not run; empty when it was
	lines    []int   // of the planted mistakes, from 1
	alone    []trial // one a mistake
	together trial   // all of them
}

// trial is a run of a tool's steps over a workload.
type trial []output

// output is what a step printed; paths of this machine are gone from it.
type output struct {
	step
	exit           int
	stdout, stderr string
}

// laboratory runs tools in folders that are thrown away.
type laboratory struct {
	workloads string // the folder of all workloads
	bin       string // the folder of the tool's program
	schemas   string // Kubernetes' JSON schemas, which a tool finds beside its folder; may be empty
}

// record runs a tool on the workload without a mistake, which must pass, with each mistake, and with all of them.
func (l laboratory) record(ctx context.Context, t tool) (*record, error) {
	right, _, err := l.trial(ctx, t, nil)
	if err != nil {
		return nil, err
	}
	if right.failed() {
		return nil, fmt.Errorf("%s: the workload without a mistake does not pass:\n%s", t.name, right.said())
	}
	r := &record{tool: t}
	for _, e := range t.edits {
		one, _, err := l.trial(ctx, t, []edit{e})
		if err != nil {
			return nil, err
		}
		r.alone = append(r.alone, one)
	}
	r.together, r.lines, err = l.trial(ctx, t, t.edits)
	return r, err
}

// trial copies a workload, plants mistakes and runs the steps. It returns the lines of the mistakes as well.
func (l laboratory) trial(ctx context.Context, t tool, edits []edit) (trial, []int, error) {
	base, err := os.MkdirTemp("", "meridian-peers-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(base)
	if base, err = filepath.EvalSymlinks(base); err != nil { // tools print the real path
		return nil, nil, err
	}
	dir := filepath.Join(base, "workload")
	for _, folder := range t.folders {
		if err := overlay(dir, filepath.Join(l.workloads, folder)); err != nil {
			return nil, nil, err
		}
	}
	if l.schemas != "" {
		if err := os.Symlink(l.schemas, filepath.Join(base, "schemas")); err != nil {
			return nil, nil, err
		}
	}
	var lines []int
	for _, e := range edits {
		line, err := plant(dir, e)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", t.name, err)
		}
		lines = append(lines, line)
	}
	var outputs trial
	for _, s := range t.steps {
		o, err := l.run(ctx, base, s)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", t.name, err)
		}
		outputs = append(outputs, o)
	}
	return outputs, lines, nil
}

// overlay copies a folder over another; files that are there already are replaced.
func overlay(to, from string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		if entry.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
}

// plant makes a mistake in a file and returns its line.
func plant(dir string, e edit) (int, error) {
	path := filepath.Join(dir, filepath.FromSlash(e.file))
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	before, after, found := bytes.Cut(data, []byte(e.old))
	if !found || bytes.Contains(after, []byte(e.old)) || strings.Contains(e.new, "\n") {
		return 0, fmt.Errorf("%s: %q is not there exactly once", e.file, e.old)
	}
	line := 1 + bytes.Count(before, []byte("\n"))
	return line, os.WriteFile(path, bytes.Join([][]byte{before, []byte(e.new), after}, nil), 0o644)
}

// run executes a step in the workload's folder, with a home of its own and without the user's settings.
func (l laboratory) run(ctx context.Context, base string, s step) (output, error) {
	bin, err := filepath.Abs(l.bin)
	if err != nil {
		return output{}, err
	}
	dir := filepath.Join(base, "workload")
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, filepath.Join(bin, s.args[0]), s.args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + filepath.Join(base, "home"), "PWD=" + dir, "LANG=C", "NO_COLOR=1"}
	var failed *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
		return output{}, err
	}
	relative := strings.NewReplacer(dir+string(filepath.Separator), "", dir, ".", base+string(filepath.Separator), "../")
	return output{s, cmd.ProcessState.ExitCode(), relative.Replace(stdout.String()), relative.Replace(stderr.String())}, nil
}

func (t trial) failed() bool {
	for _, o := range t {
		if o.exit != 0 {
			return true
		}
	}
	return false
}

// said is what the tool had to say about its input: everything but the manifests.
func (t trial) said() string {
	var b strings.Builder
	for _, o := range t {
		if !o.manifests {
			b.WriteString(o.stdout)
		}
		b.WriteString(o.stderr)
	}
	return b.String()
}
