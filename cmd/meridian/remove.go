package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/publish"
)

// removeFlags are the flags of remove.
type removeFlags struct {
	target       targetFlags
	space        string
	breakCallers bool
	dryRun       bool
	message      string
	authorshipFlags
	untrusted untrustedFlags
}

func (c *cli) removeCommand() *cobra.Command {
	var f removeFlags
	cmd := &cobra.Command{
		Use:   "remove --to REPOSITORY (APP | --space SPACE)",
		Short: "Remove an application or an empty space from the repository",
		Long: `Remove a published application from all regions in one commit: its manifests,
its record with the recorded inputs, and its hosts and ports, which others may
take from then on. The clusters delete what they run of it. What is deleted is
listed. An application that others call is not removed, and they are named,
unless --break-callers says that they may fail.

With --space a space is removed: its folders and sync objects, and hosts that
are reserved for it. That is refused while it has applications. A space that the
platform still declares comes back with the next publish --spaces: take it out
there first; then publish --spaces --remove-space removes it, too.` + authorshipHelp + recordedHelp + recordedUntrustedHelp,
		Example: `  meridian remove --to ./gitops.git --dry-run web/app1
  meridian remove --to ./gitops.git web/app1
  meridian remove --to ./gitops.git --space old`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0 && f.space == "":
				return usageError{errors.New("remove wants an application or --space SPACE")}
			case len(args) == 1 && f.space != "":
				return usageError{errors.New("remove takes an application or --space, not both")}
			case f.space != "" && f.breakCallers:
				return usageError{errors.New("--break-callers belongs to an application")}
			}
			return c.remove(cmd, f, args)
		},
	}
	f.target.register(cmd, "to")
	f.untrusted.register(cmd, true)
	flags := cmd.Flags()
	flags.StringVar(&f.space, "space", "", "remove this `SPACE`, which must have no applications")
	flags.BoolVar(&f.breakCallers, "break-callers", false, "remove an application that others call")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be deleted, write nothing")
	flags.StringVar(&f.message, "message", "", "the commit's message (default: derived)")
	f.register(cmd, c)
	return cmd
}

func (c *cli) remove(cmd *cobra.Command, f removeFlags, args []string) error {
	ctx := cmd.Context()
	r, err := c.openRepository(ctx, cmd, f.target, f.untrusted)
	if err != nil {
		return err
	}
	defer r.close()
	if err := c.complete(&r.options, publishFlags{authorshipFlags: f.authorshipFlags, message: f.message, dryRun: f.dryRun}, r.session.compiler); err != nil {
		return err
	}
	work := c.removeSpace
	name := f.space
	if f.space == "" {
		work, name = c.removeApp, args[0]
	}
	result, err := work(ctx, r, name, f)
	if err != nil {
		return c.recordProblem(err)
	}
	return c.printResult(result, f.dryRun, true)
}

func (c *cli) removeSpace(ctx context.Context, r *repository, name string, _ removeFlags) (publish.Result, error) {
	namespace := r.namespace(name)
	m := c.publishing(&r.options)
	defer m.stop()
	result, list, err := publish.RemoveSpace(ctx, r.options, namespace)
	if err != nil {
		return result, err
	}
	if p := r.session.compiler.Platform(); !diag.HasErrors(list) {
		for space := range p.Spaces {
			if p.Namespace(space) == namespace {
				list = append(list, diag.New(diag.SpaceDeclared, diag.Pos{}, "", "the platform declares the space %s: the next publish --spaces writes it again", space))
			}
		}
	}
	return result, c.report(list, nil)
}

func (c *cli) removeApp(ctx context.Context, r *repository, name string, f removeFlags) (publish.Result, error) {
	id, err := r.appID(name)
	if err != nil {
		return publish.Result{}, err
	}
	if there, err := r.holds(ctx, id); err != nil || !there {
		if err == nil {
			err = c.report([]diag.Diagnostic{r.unknown(ctx, id)}, nil)
		}
		return publish.Result{}, err
	}
	if !f.breakCallers {
		around := &neighbours{session: r.session, options: r.options, going: []publish.AppID{id}}
		r.options.Check = around.checkAgain
		list, err := around.checkOn(ctx, r.snapshot)
		if err == nil {
			err = c.report(list, nil)
		}
		if err != nil {
			return publish.Result{}, err
		}
	}
	if r.options.RemoveFrom, err = r.snapshot.Regions(ctx); err != nil {
		return publish.Result{}, err
	}
	r.options.Allow = []publish.Guard{publish.MassRemoval}
	m := c.publishing(&r.options)
	defer m.stop()
	result, list, err := publish.Apps(ctx, r.options, []publish.App{{Namespace: id.Namespace, Name: id.Name}})
	if err != nil {
		return result, err
	}
	return result, c.report(list, nil)
}

// holds reports whether the repository has a record or manifests of an application.
func (r *repository) holds(ctx context.Context, id publish.AppID) (bool, error) {
	folders := []string{publish.RecordFolder(id.Namespace, id.Name)}
	names, err := r.snapshot.Regions(ctx)
	if err != nil {
		return false, err
	}
	for _, region := range names {
		folders = append(folders, publish.AppFolder(region, id.Namespace, id.Name))
	}
	for _, folder := range folders {
		tree, err := r.snapshot.Tree(ctx, folder)
		if err != nil || tree.Len() > 0 {
			return tree.Len() > 0, err
		}
	}
	return false, nil
}

// callers compiles the other applications' recorded inputs and reports those that call an application. One that does
// not compile is told with its mistakes: whom it calls is not known.
// Some applications are left out: they are published now, and checked as they will be.
func (r *repository) callers(ctx context.Context, id publish.AppID, besides []publish.AppID) ([]diag.Diagnostic, error) {
	ids, err := r.snapshot.Apps(ctx)
	if err != nil {
		return nil, err
	}
	folders := make([]string, len(ids))
	for i, other := range ids {
		folders[i] = publish.RecordFolder(other.Namespace, other.Name) + "/inputs"
	}
	if err := r.snapshot.Prefetch(ctx, folders...); err != nil {
		return nil, err
	}
	inputs := make([]*input, len(ids))
	found := make([][]diag.Diagnostic, len(ids))
	for i, other := range ids { // reading is one goroutine's
		if other == id || slices.Contains(besides, other) {
			continue
		}
		recorded, err := r.snapshot.Tree(ctx, folders[i])
		if err != nil {
			return nil, err
		}
		if recorded.Len() == 0 {
			found[i] = []diag.Diagnostic{diag.New(diag.InputsNotRecorded, diag.Pos{}, "", "application %s has no recorded inputs, so that it is not known whom it calls", other)}
			continue
		}
		inputs[i] = fromRecord(other.String(), recorded)
	}
	err = parallel(ctx, len(ids), func(i int) error {
		if inputs[i] == nil {
			return nil
		}
		done, err := r.session.compile(inputs[i]) // dropped when it has been asked
		if err == nil {
			found[i] = r.caller(done, ids[i], id)
		}
		return err
	})
	return slices.Concat(found...), err
}

// caller reports an application that calls another, or that cannot be asked.
func (r *repository) caller(app *compiled, name, id publish.AppID) []diag.Diagnostic {
	if !app.ok() {
		return app.list
	}
	in := app.result.Interface()
	if !r.calls(in, id) {
		return nil
	}
	return []diag.Diagnostic{diag.New(diag.StillCalled, in.Pos, "calls", "application %s calls %s", name, id)}
}

func (r *repository) calls(in *compiler.Interface, id publish.AppID) bool {
	p := r.session.compiler.Platform()
	for _, callee := range in.Callees {
		if callee.App == id.Name && p.Namespace(callee.Space) == id.Namespace {
			return true
		}
	}
	return false
}
