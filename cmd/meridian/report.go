package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/report"
	"github.com/meridian-gitops/meridian/schema"
)

// findings are the diagnostics of a run. They are printed once, in the end, so that every format is one document and
// what several stages find is sorted together.
type findings struct {
	list    []diag.Diagnostic
	sources map[string][]byte // of files that diagnostics point into, as far as they are at hand
}

// outputFlags say how diagnostics are printed.
type outputFlags struct {
	format    formatFlag
	colour    string
	maxErrors int
	toStdout  bool // the command has no other result
}

// formatFlag is a flag whose value is a format of diagnostics.
type formatFlag struct{ report.Format }

func (f *formatFlag) String() string { return string(f.Format) }

func (f *formatFlag) Type() string { return "FORMAT" }

func (f *formatFlag) Set(text string) error {
	for _, format := range report.Formats() {
		if text == string(format) {
			f.Format = format
			return nil
		}
	}
	return fmt.Errorf("want %s", strings.Join(formatNames(), ", "))
}

func formatNames() []string {
	var names []string
	for _, format := range report.Formats() {
		names = append(names, string(format))
	}
	return names
}

func (f *outputFlags) register(root *cobra.Command) {
	f.format.Format = report.Human
	flags := root.PersistentFlags()
	flags.Var(&f.format, "diagnostics", "`FORMAT` of what is told of mistakes: human, json, sarif or github (default: $MERIDIAN_DIAGNOSTICS, or human)")
	flags.StringVar(&f.colour, "color", "auto", "`WHEN` to colour: always, never, or auto: on a terminal, unless NO_COLOR is set")
	flags.IntVar(&f.maxErrors, "max-errors", 0, "show the first `N` errors only; 0 shows all")
	flags.Lookup("diagnostics").DefValue = ""
}

// check completes the flags from the environment and refuses values that mean nothing.
func (f *outputFlags) check(cmd *cobra.Command, getenv func(string) string) error {
	given := cmd.Flags().Changed("diagnostics") || cmd.Name() == "vet" && cmd.Flags().Changed("format")
	if text := getenv("MERIDIAN_DIAGNOSTICS"); text != "" && !given {
		if err := f.format.Set(text); err != nil {
			return usageError{fmt.Errorf("MERIDIAN_DIAGNOSTICS is %q: %w", text, err)}
		}
	}
	switch {
	case f.colour != "auto" && f.colour != "always" && f.colour != "never":
		return usageError{fmt.Errorf("--color is %q; want auto, always or never", f.colour)}
	case f.maxErrors < 0:
		return usageError{fmt.Errorf("--max-errors wants 0 or more")}
	}
	return nil
}

// report notes diagnostics, which are printed when the command ends, and returns errReported if one is an error.
// sources holds texts of the files that they point into; what it lacks is read when it is needed.
func (c *cli) report(list []diag.Diagnostic, sources map[string][]byte) error {
	c.found.list = append(c.found.list, list...)
	if c.found.sources == nil {
		c.found.sources = map[string][]byte{}
	}
	maps.Copy(c.found.sources, sources)
	if diag.HasErrors(list) {
		return errReported
	}
	return nil
}

// printFindings prints what was found. A machine's document is printed also when nothing was, if the command has no
// other result and came to its end.
func (c *cli) printFindings(ended bool) error {
	c.found.list = diag.Sort(c.found.list)
	toStdout := c.output.toStdout && c.output.format.Format != report.Human
	if len(c.found.list) == 0 && !(toStdout && ended) {
		return nil
	}
	list, omitted := report.Limit(c.found.list, c.output.maxErrors)
	r := report.Report{List: list, Omitted: omitted, Version: version(), Lines: report.NewLines(c.found.list, c.text)}
	if format := c.output.format.Format; format == report.SARIF || format == report.GitHub {
		r = c.fromCheckout(r)
	}
	var out io.Writer = c.Stderr
	if toStdout {
		out = c.Stdout
	}
	data, err := r.Print(c.output.format.Format, c.style(out))
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

// text returns the text of a file that diagnostics point into. What is not at hand, such as the platform's files
// or another application's, is read now; nil when it cannot be shown.
func (c *cli) text(file string) []byte {
	if data, ok := c.found.sources[file]; ok {
		return data
	}
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > schema.MaxSourceBytes {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return data
}

// style is how text is shown on a stream.
func (c *cli) style(stream any) report.Style {
	width := c.Terminal(stream)
	style := report.Style{Width: width}
	switch c.output.colour {
	case "always":
		style.Colour = true
	case "auto":
		style.Colour = width > 0 && c.Getenv("NO_COLOR") == "" && c.Getenv("TERM") != "dumb"
	}
	return style
}

// fromCheckout names files from the root of the CI job's checkout, where the services that read SARIF and
// annotations look for them.
func (c *cli) fromCheckout(r report.Report) report.Report {
	root := c.getenv("GITHUB_WORKSPACE", c.Getenv("CI_PROJECT_DIR"))
	if root == "" {
		return r
	}
	original := map[string]string{}
	rename := func(pos diag.Pos) diag.Pos {
		if absolute, err := filepath.Abs(pos.File); err == nil && pos.IsValid() {
			if relative, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(relative) {
				original[filepath.ToSlash(relative)] = pos.File
				pos.File = filepath.ToSlash(relative)
			}
		}
		return pos
	}
	var list []diag.Diagnostic
	for _, d := range r.List {
		related := d.Related
		d.Pos, d.Related = rename(d.Pos), nil
		for _, note := range related {
			d = d.WithRelated(rename(note.Pos), "%s", note.Message)
		}
		list = append(list, d)
	}
	r.List = list
	r.Lines = report.NewLines(list, func(file string) []byte { return c.text(getOr(original, file)) })
	return r
}

func getOr(names map[string]string, name string) string {
	if known, ok := names[name]; ok {
		return known
	}
	return name
}

// exitCode prints what a command's error says, if it has not been told, and returns the exit code.
func (c *cli) exitCode(err error) int {
	style := c.style(c.Stderr)
	switch {
	case err == nil && c.strict && len(c.found.list) > 0, errors.Is(err, errReported):
		return exitInput
	case err == nil:
		return exitFine
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(c.Stderr, style.Bad("meridian:")+" interrupted")
	default:
		for line := range strings.SplitSeq(fmt.Sprintf("%s %v", style.Bad("meridian:"), err), "\n") {
			fmt.Fprintln(c.Stderr, style.Wrap(line, "  "))
		}
	}
	return exitMachine
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
