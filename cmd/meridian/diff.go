package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/change"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	target   targetFlags
	revision string
	platform string // the old one
	partial  bool
	unified  bool
	format   string
	failOn   []string

	untrusted untrustedFlags
}

func (c *cli) diffCommand() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff " + appsUsage,
		Short: "Say what would change, and what it means",
		Long: `Compile applications and say, object by object, what changes in which regions,
and what that means: what is deleted, what restarts, what is reachable by more
or by fewer. Equal changes of several regions and applications are told once,
the most dangerous first. They are compared with one of

  --revision A         the sources as they are in git at a branch, tag or
                       commit; without any of these flags, at HEAD. A..B
                       compares two revisions, A...B compares B with the
                       commit where it parted from A. Nothing is checked out.
                       A platform folder in the same repository is taken from
                       the revision too
  --against            a folder that build -o wrote, or the GitOps repository
  --against-platform   the same sources, compiled with another platform; also
                       what spaces become

An application is known by its space and name, wherever in the repository its
file lies; one that only the old side has is deleted. With a mistake on either
side nothing is compared. The ports that a region's proxies open are compared as
well, but not with a folder, which does not hold them.

Exit code 1 means that something differs; with --fail-on, that something of
these classes does:
` + strings.TrimSuffix(classHelp(), "\n") + appsHelp + untrustedHelp,
		Example: `  meridian diff
  meridian diff --revision origin/main...HEAD --format markdown ./...
  meridian diff --against ./gitops.git ./...
  meridian diff --platform ./platform --against-platform ../platform ./...
  meridian diff --revision main --fail-on deletion,exposure-wider ./...`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			return c.diff(cmd.Context(), f, args)
		},
	}
	f.target.register(cmd, "against")
	flags := cmd.Flags()
	flags.StringVar(&f.revision, "revision", "", "`REVISION` of the sources in git to compare with, or two: A..B (default: HEAD)")
	flags.StringVar(&f.platform, "against-platform", "", "`DIR` of the platform to compare with; --platform is the new one")
	flags.BoolVar(&f.unified, "unified", false, "print the unified diffs of the manifests too")
	flags.StringVar(&f.format, "format", "text", "`FORMAT`: text, json or markdown (for a comment on a pull request)")
	flags.StringSliceVar(&f.failOn, "fail-on", nil, "exit with 1 for changes of this `CLASS` only (repeat, or separate with commas)")
	partialFlag(cmd, &f.partial)
	f.untrusted.register(cmd, false)
	return cmd
}

// classHelp lists the classes, a few a line.
func classHelp() string {
	var names []string
	for _, class := range change.Classes() {
		names = append(names, string(class))
	}
	return "  " + strings.Join(wrap(strings.Join(names, ", "), "  ", 78), "\n") + "\n"
}

// check refuses what does not go together.
func (f *diffFlags) check(cmd *cobra.Command) error {
	given := 0
	for _, name := range []string{"revision", "against", "against-platform"} {
		if cmd.Flags().Changed(name) {
			given++
		}
	}
	if given > 1 {
		return usageError{errors.New("diff compares with one of --revision, --against and --against-platform")}
	}
	for _, name := range targetFlagNames() {
		if cmd.Flags().Changed(name) && f.target.url == "" {
			return usageError{fmt.Errorf("--%s belongs to --against REPOSITORY", name)}
		}
	}
	if _, ok := diffPrinters()[f.format]; !ok {
		return usageError{fmt.Errorf("unknown format %q; want %s", f.format, strings.Join(slices.Sorted(maps.Keys(diffPrinters())), ", "))}
	}
	for _, name := range f.failOn {
		if !slices.Contains(change.Classes(), change.Class(name)) {
			return usageError{fmt.Errorf("--fail-on: there is no class %q; classes are:\n%s", name, strings.TrimRight(classHelp(), "\n"))}
		}
	}
	return nil
}

// diff compares, prints what changes, and returns errReported when that is not as wanted.
func (c *cli) diff(ctx context.Context, f diffFlags, args []string) error {
	d := &differ{unified: f.unified}
	var err error
	switch {
	case f.target.url != "":
		err = c.diffAgainst(ctx, f, args, d)
	case f.platform != "":
		err = c.diffPlatforms(ctx, f, args, d)
	default:
		err = c.diffRevisions(ctx, f, args, d)
	}
	if err != nil {
		return err
	}
	report := d.report()
	if err := diffPrinters()[f.format](c, report); err != nil {
		return err
	}
	if slices.ContainsFunc(report.Changes, f.fails) {
		return errReported
	}
	return nil
}

// fails reports whether a change is one to fail for.
func (f *diffFlags) fails(one change.Change) bool {
	return len(f.failOn) == 0 || slices.ContainsFunc(one.Classes, func(class change.Class) bool { return slices.Contains(f.failOn, string(class)) })
}

// diffAgainst compares what is compiled with a folder or a repository.
func (c *cli) diffAgainst(ctx context.Context, f diffFlags, args []string, d *differ) error {
	s, err := c.newSession()
	if err != nil {
		return err
	}
	if err := c.confine(ctx, s, f.untrusted); err != nil {
		return err
	}
	baseline, err := c.openBaseline(ctx, f.target, s.compiler.Platform())
	if err != nil {
		return err
	}
	defer baseline.close()
	d.from, d.to = f.target.url, origin{}.String()
	return c.compileAll(ctx, s, args, f.partial, func(app *compiled) error {
		got, err := app.result.Tree()
		if err == nil && baseline.hasEdge() {
			got, err = s.withEdge(app.result)
		}
		if err != nil {
			return err
		}
		want, err := baseline.app(ctx, app.result.Namespace, app.result.App.Name)
		if err != nil {
			return err
		}
		d.add(compare(want, got, d.unified))
		return nil
	})
}
