package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/golden"
)

// goldenDir is the folder beside app.cue that holds its golden files.
const goldenDir = "golden"

func (c *cli) testCommand() *cobra.Command {
	var update, partial, changed bool
	cmd := &cobra.Command{
		Use:   "test " + appsUsage,
		Short: "Compare what is compiled with golden files",
		Long: `Compile applications and compare the manifests of every region with the folder golden beside
app.cue, file by file: one that is missing or too many fails as well. With --update the folder is
rewritten; read the difference before you commit it.` + appsHelp + changedHelp,
		Example: `  meridian test ./...
  meridian test --update services/app1`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if changed {
				if args = owners(args); len(args) == 0 {
					return nil
				}
			}
			s, err := c.newSession()
			if err != nil {
				return err
			}
			t := tester{c: c, update: update}
			err = c.compileAll(cmd.Context(), s, args, partial, t.test)
			if t.tested > 0 {
				t.summary()
			}
			if err == nil && t.failed > 0 {
				return errReported
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&update, "update", "u", false, "rewrite the golden files")
	partialFlag(cmd, &partial)
	changedFlag(cmd, &changed)
	return cmd
}

type tester struct {
	c                       *cli
	update                  bool
	tested, failed, changed int
}

func (t *tester) test(app *compiled) error {
	t.tested++
	dir := filepath.Join(filepath.Dir(app.input.path), goldenDir)
	want, err := readTree(dir)
	if err != nil {
		return err
	}
	got, err := goldenTree(app.result)
	if err != nil {
		return err
	}
	difference := golden.Compare(want, got)
	if len(difference) == 0 {
		return nil
	}
	if t.update {
		t.changed++
		staging, err := stagingDir(dir)
		if err != nil {
			return err
		}
		defer os.RemoveAll(staging)
		if err := writeTree(filepath.Join(staging, goldenDir), got); err != nil {
			return err
		}
		fmt.Fprintf(t.c.Stdout, "updated %s: %s\n", dir, count(len(difference), "file"))
		return replaceDir(filepath.Join(staging, goldenDir), dir)
	}
	t.failed++
	pos := diag.Pos{File: app.input.path}
	d := diag.New(diag.GoldenDiffers, pos, "", "what is compiled differs from %s in %s", dir, count(len(difference), "file"))
	if want.Len() == 0 {
		d = diag.New(diag.GoldenMissing, pos, "", "there are no golden files in %s", dir)
	} else {
		fmt.Fprint(t.c.Stdout, difference.Unified(), "\n", difference.Summary())
	}
	if err := t.c.report([]diag.Diagnostic{d}, nil); err != errReported {
		return err
	}
	return nil
}

func (t *tester) summary() {
	switch {
	case t.update:
		fmt.Fprintf(t.c.Stdout, "%s, %d updated\n", count(t.tested, "application"), t.changed)
	default:
		fmt.Fprintf(t.c.Stdout, "%d passed, %d failed\n", t.tested-t.failed, t.failed)
	}
}
