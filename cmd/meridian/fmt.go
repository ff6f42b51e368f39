package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// stdinArg is the argument that stands for standard input.
const stdinArg = "-"

func (c *cli) fmtCommand() *cobra.Command {
	var check bool
	var name string
	cmd := &cobra.Command{
		Use:   "fmt [FILE | FOLDER | FOLDER/... | -]...",
		Short: "Write CUE files in their canonical form",
		Long: `Write CUE files in their canonical form: the fields that the schema knows in the
schema's order, and CUE's own layout. Comments stay with their fields, and the
entries of maps (env, ports, http, regions ...) keep the order they have. So
does whatever is not a plain field, such as imports, let, hidden fields and
comprehensions: nothing moves across it. A struct that an expression refers to
keeps its order as well, so the meaning of the file is never changed.

The name decides what a file is: app.cue is ordered as an application,
NAME.expect.cue as its expectations, and a file of the folder given as
--platform as the platform's. Any other CUE file that is named is given CUE's
layout alone. A folder stands for those of its files whose order is known,
FOLDER/... for all such files below it, no argument for the working folder, and
- for standard input, which is written to standard output.

The names of the files that changed are printed. With a mistake in any of them
nothing is written.`,
		Example: `  meridian fmt ./...
  meridian fmt --check ./...
  meridian fmt --platform platform platform
  meridian fmt --stdin-name services/app1/app.cue - < services/app1/app.cue`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := schema.New()
			if err != nil {
				return err
			}
			f := &formatter{c: c, schema: s, check: check}
			if len(args) == 1 && args[0] == stdinArg {
				return f.stdin(name)
			}
			if cmd.Flags().Changed("stdin-name") {
				return usageError{fmt.Errorf("--stdin-name goes with the argument - alone")}
			}
			return f.files(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; fail when a file is not in its canonical form")
	cmd.Flags().StringVar(&name, "stdin-name", appFile, "`FILE` that standard input is taken for")
	return cmd
}

// formatter formats files, all or none.
type formatter struct {
	c      *cli
	schema *schema.Schema
	check  bool
}

// formatted is a file before and after; list says why there is no after.
type formatted struct {
	path          string
	before, after []byte
	list          []diag.Diagnostic
}

func (f *formatted) changed() bool { return len(f.list) == 0 && !bytes.Equal(f.before, f.after) }

func (f *formatter) stdin(name string) error {
	data, err := io.ReadAll(io.LimitReader(f.c.Stdin, schema.MaxSourceBytes+1))
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	result := f.format(name, data)
	switch {
	case len(result.list) > 0:
		return f.c.report(result.list, map[string][]byte{name: data})
	case f.check:
		return f.told([]*formatted{result})
	}
	_, err = f.c.Stdout.Write(result.after)
	return err
}

func (f *formatter) files(ctx context.Context, args []string) error {
	paths, list, err := f.find(args)
	if err != nil {
		return err
	}
	results := make([]*formatted, len(paths))
	err = parallel(ctx, len(paths), func(i int) (err error) {
		results[i], err = f.file(paths[i])
		return err
	})
	if err != nil {
		return err
	}
	sources := map[string][]byte{}
	for _, r := range results {
		list = append(list, r.list...)
		sources[r.path] = r.before
	}
	if len(list) > 0 {
		return f.c.report(diag.Sort(list), sources)
	}
	if f.check {
		return f.told(results)
	}
	return f.write(results)
}

func (f *formatter) file(path string) (*formatted, error) {
	data, list, err := origin{}.readSource(path)
	if err != nil || len(list) > 0 {
		return &formatted{path: path, list: list}, err
	}
	return f.format(path, data), nil
}

func (f *formatter) format(path string, data []byte) *formatted {
	after, list := f.schema.Format(f.kind(path), schema.Source{Name: path, Data: data})
	return &formatted{path, data, after, list}
}

// kind is what a file is, by its name and folder; nil when its order is not known.
func (f *formatter) kind(path string) *schema.Ref {
	switch {
	case filepath.Base(path) == appFile:
		return f.schema.Ref("#App")
	case strings.HasSuffix(path, expectSuffix):
		return f.schema.Ref("#Expectations")
	case f.c.platform != "" && filepath.Ext(path) == ".cue" && sameFolder(filepath.Dir(path), f.c.platform):
		return f.schema.Ref("#Platform")
	}
	return nil
}

func sameFolder(a, b string) bool {
	first, err := filepath.Abs(a)
	if err != nil {
		return false
	}
	second, err := filepath.Abs(b)
	return err == nil && first == second
}

// told reports the files that are not in their canonical form.
func (f *formatter) told(results []*formatted) error {
	var list []diag.Diagnostic
	sources := map[string][]byte{}
	for _, r := range results {
		if !r.changed() {
			continue
		}
		if _, err := fmt.Fprintln(f.c.Stdout, r.path); err != nil {
			return err
		}
		pos := diag.Pos{File: r.path, Line: firstDifference(r.before, r.after), Col: 1}
		list = append(list, diag.New(diag.NotFormatted, pos, "", "the file is not in its canonical form, from this line on"))
		sources[r.path] = r.before
	}
	return f.c.report(diag.Sort(list), sources)
}

// firstDifference is the first line of a text that differs from another.
func firstDifference(text, other []byte) int {
	lines, others := bytes.Split(text, []byte("\n")), bytes.Split(other, []byte("\n"))
	for i := range lines {
		if i >= len(others) || !bytes.Equal(lines[i], others[i]) {
			return i + 1
		}
	}
	return len(lines)
}

func (f *formatter) write(results []*formatted) error {
	contents := map[string][]byte{}
	var changed []string
	for _, r := range results {
		if r.changed() {
			contents[r.path] = r.after
			changed = append(changed, r.path)
		}
	}
	if err := rewriteFiles(contents); err != nil {
		return err
	}
	for _, path := range changed {
		if _, err := fmt.Fprintln(f.c.Stdout, path); err != nil {
			return err
		}
	}
	return nil
}
