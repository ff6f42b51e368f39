package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// promoteFlags are the flags of promote.
type promoteFlags struct {
	target     targetFlags
	pull       pullFlags
	wave       int
	dryRun     bool
	removeFrom []string
	message    string
	allow      []string
	authorshipFlags
	untrusted untrustedFlags
}

func (c *cli) promoteCommand() *cobra.Command {
	var f promoteFlags
	cmd := &cobra.Command{
		Use:   "promote --to REPOSITORY " + appNames,
		Short: "Bring a published application to the next wave of regions",
		Long: `Bring an application to a wave of the platform's regions, in the version that
the wave before carries: its recorded inputs, compiled again for the regions of
the wave. Where the platform declares waves, publish brings a version to the
first of them only, and all other regions keep what they carry, hosts and ports
included. Without --wave the first wave is meant that does not carry what the
wave before does.

It is refused unless the wave before carries one version in all of the regions
that the version selects, and exactly as it would be compiled now. Nothing else
changes: what the folded diff says first is all. As for publish, leaving a
region or giving up a host or a port wants --remove-from, a large removal, an
autoscale gap or a renamed entry wants --allow, calls are checked, and with
--base the result is a pull request.` + authorshipHelp + recordedHelp + recordedUntrustedHelp,
		Example: `  meridian promote --to ./gitops.git --dry-run web/app1
  meridian promote --to ./gitops.git web/app1
  meridian promote --to ./gitops.git --wave 3 web/app1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.pull.check(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("wave") && f.wave < 1 {
				return usageError{fmt.Errorf("--wave wants the number of a wave")}
			}
			return c.promote(cmd, f, args[0])
		},
	}
	f.target.register(cmd, "to")
	f.pull.register(cmd)
	f.untrusted.register(cmd, true)
	flags := cmd.Flags()
	flags.IntVar(&f.wave, "wave", 0, "the `NUMBER` of the wave, from 2 (default: the first that does not carry what the wave before does)")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would change, write nothing")
	flags.StringSliceVar(&f.removeFrom, "remove-from", nil, "region that the application may leave, or give up hosts and ports in (repeat, or separate with commas)")
	flags.StringVar(&f.message, "message", "", "the commit's message (default: derived)")
	allowFlag(flags, &f.allow, rollbackGuards())
	f.register(cmd, c)
	return cmd
}

func (c *cli) promote(cmd *cobra.Command, f promoteFlags, arg string) error {
	ctx := cmd.Context()
	f.target.base = f.pull.base
	r, id, err := c.openApp(ctx, cmd, f.target, f.untrusted, arg)
	if err != nil {
		return err
	}
	defer r.close()
	if err := c.complete(&r.options, publishFlags{authorshipFlags: f.authorshipFlags, message: f.message, dryRun: f.dryRun, removeFrom: f.removeFrom}, r.session.compiler); err != nil {
		return err
	}
	if r.options.Allow, err = guardNames(f.allow, rollbackGuards()); err != nil {
		return err
	}
	// The version was let in when it was published; that it is another's by now, or older, is what waves are for.
	r.options.Allow = append(r.options.Allow, publish.OlderSource, publish.SameSource)
	r.options.TakeOver = []publish.AppID{id}
	seen := &review{platform: r.session.compiler.Platform()}
	var request *pull
	if f.pull.base != "" {
		request = newPull(f.pull, f.target.branch, r.session, seen)
	}
	r.options.Review = seen.look
	done, err := c.promoteWith(ctx, r, publish.Promotion{App: id, Wave: f.wave})
	if err != nil {
		return c.recordProblem(err)
	}
	c.printPromoted(r, id, done)
	if request != nil {
		return request.finish(c, done.Result, f.dryRun)
	}
	if err := seen.print(c); err != nil {
		return err
	}
	return c.printResult(done.Result, f.dryRun, false)
}

func (c *cli) promoteWith(ctx context.Context, r *repository, p publish.Promotion) (publish.Promoted, error) {
	var err error
	if p.Platform, err = r.session.publishedPlatform(); err != nil {
		return publish.Promoted{}, err
	}
	p.Check = func(inputs manifest.Tree, regions []string) ([]diag.Diagnostic, error) {
		return r.checkPromoted(ctx, p.App, inputs, regions)
	}
	m := c.publishing(&r.options)
	defer m.stop()
	done, list, err := publish.Promote(ctx, r.options, p)
	if err != nil {
		return done, err
	}
	if unknownApp(list) {
		list = []diag.Diagnostic{r.unknown(ctx, p.App)}
	}
	return done, c.report(list, nil)
}

func unknownApp(list []diag.Diagnostic) bool {
	return len(list) == 1 && list[0].Code == diag.AppUnknown
}

// checkPromoted checks whom a version calls in the regions that it is promoted to.
func (r *repository) checkPromoted(ctx context.Context, id publish.AppID, inputs manifest.Tree, regions []string) ([]diag.Diagnostic, error) {
	if len(regions) == 0 {
		return nil, nil
	}
	app, err := r.session.recompile(id.Namespace, id.Name, inputs, regions)
	if err != nil || !app.ok() {
		return app.diagnostics(), err
	}
	around := &neighbours{session: r.session, options: r.options, apps: []*compiler.Interface{app.result.Interface()}}
	return around.check(ctx)
}

// printPromoted says which version goes where.
func (c *cli) printPromoted(r *repository, id publish.AppID, done publish.Promoted) {
	waves := r.session.compiler.Platform().Waves()
	where := "no region"
	if len(done.Regions) > 0 {
		where = strings.Join(done.Regions, ", ")
	}
	fmt.Fprintf(c.Stdout, "%s to wave %d of %d: %s\n", id, done.Wave, len(waves), where)
	if source := done.Source.String(); source != "" {
		fmt.Fprintf(c.Stdout, "source %s\n", source)
	}
}
