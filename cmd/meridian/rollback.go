package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// rollbackFlags are the flags of rollback.
type rollbackFlags struct {
	target     targetFlags
	commit     string
	yes        bool
	dryRun     bool
	removeFrom []string
	allow      []string
	message    string
	authorshipFlags
	untrusted untrustedFlags
}

func (c *cli) rollbackCommand() *cobra.Command {
	var f rollbackFlags
	cmd := &cobra.Command{
		Use:   "rollback --to REPOSITORY " + appNames,
		Short: "Put a published application back to what it was",
		Long: `Put an application back to an earlier version in one commit: its inputs,
manifests and claims. Without --commit that is the version before the last
change, whoever made that; rolling back once more undoes the rollback. An
application that was removed comes back. Other applications stay as they are.

The inputs that were recorded then are compiled with the platform in force now.
Where that gives other manifests than then, it is refused with what differs,
unless --yes is given. As for publish, leaving a region or giving up a host or a
port wants --remove-from, a large removal, an autoscale gap or a renamed entry
wants --allow, and what others hold by now cannot be taken.

The source does not go back by itself: its next publication brings the newer
version again.` + authorshipHelp + recordedHelp + recordedUntrustedHelp,
		Example: `  meridian rollback --to ./gitops.git --dry-run web/app1
  meridian rollback --to ./gitops.git web/app1
  meridian rollback --to ./gitops.git --commit 3f2a1c9 web/app1`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.rollback(cmd, f, args[0]) },
	}
	f.target.register(cmd, "to")
	f.untrusted.register(cmd, true)
	flags := cmd.Flags()
	flags.StringVar(&f.commit, "commit", "", "go back to what it was in this `COMMIT` of the repository: a hash or 7 digits or more of its beginning (default: before the last change)")
	flags.BoolVar(&f.yes, "yes", false, "go on though the platform in force makes other manifests of it than then")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would change, write nothing")
	flags.StringSliceVar(&f.removeFrom, "remove-from", nil, "region that the application may leave, or give up hosts and ports in (repeat, or separate with commas)")
	allowFlag(flags, &f.allow, rollbackGuards())
	flags.StringVar(&f.message, "message", "", "the commit's message; the commit gone back to is added (default: derived)")
	f.register(cmd, c)
	return cmd
}

func (c *cli) rollback(cmd *cobra.Command, f rollbackFlags, arg string) error {
	ctx := cmd.Context()
	r, id, err := c.openApp(ctx, cmd, f.target, f.untrusted, arg)
	if err != nil {
		return err
	}
	defer r.close()
	to, err := c.earlier(ctx, r, id, f.commit)
	if err != nil {
		return c.recordProblem(err)
	}
	app, seen, err := c.again(r, id, to)
	if err != nil {
		return err
	}
	if err := c.compareThen(r, id, to, app, f.yes); err != nil {
		return err
	}
	if err := c.complete(&r.options, publishFlags{authorshipFlags: f.authorshipFlags, message: to.message(id, f.message), dryRun: f.dryRun, removeFrom: f.removeFrom}, r.session.compiler); err != nil {
		return err
	}
	if r.options.Allow, err = guardNames(f.allow, rollbackGuards()); err != nil {
		return err
	}
	// To go back is to publish an older source on purpose, from wherever it was then.
	r.options.Allow = append(r.options.Allow, publish.OlderSource, publish.SameSource)
	r.options.TakeOver = []publish.AppID{id}
	around := &neighbours{session: r.session, options: r.options, apps: []*compiler.Interface{seen}}
	r.options.Check = func(ctx context.Context, head *publish.Snapshot) ([]diag.Diagnostic, error) {
		if list, err := to.checkLast(ctx, id, head); err != nil || len(list) > 0 {
			return list, err
		}
		return around.checkAgain(ctx, head)
	}
	result, err := c.publishAgain(ctx, r, app, around)
	if err != nil {
		return c.recordProblem(err)
	}
	fmt.Fprintf(c.Stdout, "%s as in %s\n", id, to.commit)
	return c.printResult(result, f.dryRun, f.dryRun)
}

// earlierVersion is an application as it was in a commit.
type earlierVersion struct {
	commit string
	app    *publish.Published

	// Where it is the one before the last change: what that left. To undo another change was not asked for.
	undoes bool
	last   *publish.OwnerRecord // nil when it removed the application
}

// checkLast reports a change that came after the one that is to be undone.
func (v earlierVersion) checkLast(ctx context.Context, id publish.AppID, head *publish.Snapshot) ([]diag.Diagnostic, error) {
	if !v.undoes {
		return nil, nil
	}
	now, err := head.Owner(ctx, id)
	if err != nil || reflect.DeepEqual(now, v.last) {
		return nil, err
	}
	d := diag.New(diag.ChangedMeanwhile, diag.Pos{}, "", "application %s has changed while the change before was about to be undone", id)
	return []diag.Diagnostic{d}, nil
}

func (v earlierVersion) message(id publish.AppID, text string) string {
	if text == "" {
		return fmt.Sprintf("roll back %s to %s", id, v.commit)
	}
	return strings.TrimSpace(text) + "\n\nRolls back to " + v.commit
}

// earlier finds the version to go back to.
func (c *cli) earlier(ctx context.Context, r *repository, id publish.AppID, commit string) (earlierVersion, error) {
	m := c.newMeter("reading the history")
	defer m.stop()
	var v earlierVersion
	var list []diag.Diagnostic
	var err error
	changes := 0
	if commit != "" {
		v.commit, v.app, list, err = publish.AppAt(ctx, r.options, id, commit)
	} else {
		list, err = publish.History(ctx, r.options, id, func(one publish.AppCommit) bool {
			changes++
			v.commit, v.app, v.undoes = one.Commit, one.New, true
			if changes == 1 && one.New != nil {
				v.last = &one.New.Owner
			}
			return changes < 2
		})
	}
	if err != nil {
		return v, err
	}
	switch {
	case len(list) > 0:
	case commit == "" && changes == 0:
		list = append(list, r.unknown(ctx, id))
	case v.commit == "":
		list = append(list, diag.New(diag.CommitUnknown, diag.Pos{}, "", "there is no commit %q in the history of the branch", commit))
	case commit == "" && changes == 1:
		list = append(list, diag.New(diag.NothingBefore, diag.Pos{}, "", "application %s has been changed once only, when it came", id))
	case v.app == nil:
		list = append(list, diag.New(diag.NothingBefore, diag.Pos{}, "", "application %s was not there in %s", id, v.commit))
	case v.app.Inputs.Len() == 0:
		list = append(list, diag.New(diag.InputsNotRecorded, diag.Pos{}, "", "application %s had no recorded inputs in %s", id, v.commit))
	case inputsEdited(v.app):
		list = append(list, diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s in %s are not those that were published", id, v.commit))
	}
	return v, c.report(list, nil)
}

// inputsEdited reports whether the inputs of a version are not those that its record names.
func inputsEdited(app *publish.Published) bool {
	edited := publish.InputsDigest(app.Inputs) != app.Owner.Inputs
	for i, h := range app.Held {
		edited = edited || publish.InputsDigest(h.Inputs) != app.Owner.Held[i].Inputs
	}
	return edited
}

// again compiles the inputs of then with the platform in force, each version for the regions that it was in.
func (c *cli) again(r *repository, id publish.AppID, to earlierVersion) (publish.App, *compiler.Interface, error) {
	var seen *compiler.Interface
	platform, err := r.session.publishedPlatform()
	if err != nil {
		return publish.App{}, nil, err
	}
	platform.Recompile = func(namespace, name string, inputs manifest.Tree, source publish.Source, regions []string) (publish.App, []diag.Diagnostic, error) {
		done, err := r.session.recompile(namespace, name, inputs, regions)
		if err != nil || !done.ok() {
			return publish.App{}, done.diagnostics(), err
		}
		if own := done.result.Interface(); seen == nil {
			seen = own
		} else {
			seen = seen.With(own)
		}
		app, err := r.session.publishable(done, source)
		return app, done.list, err
	}
	app, list, err := platform.Again(to.app)
	if err != nil {
		return app, nil, err
	}
	if err := c.report(list, recordedSources(id, to.app.Inputs)); err != nil {
		return app, nil, err
	}
	if app.Namespace != id.Namespace || app.Name != id.Name {
		d := diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s in %s are those of %s/%s", id, to.commit, app.Namespace, app.Name)
		return app, nil, c.report([]diag.Diagnostic{d}, nil)
	}
	return app, seen, nil
}

// recordedSources are the CUE files of recorded inputs, as diagnostics call them.
func recordedSources(id publish.AppID, inputs manifest.Tree) map[string][]byte {
	return fromRecord(id.String(), inputs).sources()
}

// compareThen says what the platform in force makes otherwise than then, and refuses it unless that is meant.
func (c *cli) compareThen(r *repository, id publish.AppID, to earlierVersion, app publish.App, meant bool) error {
	then, err := publishedTree(r.session.compiler.Platform(), id, to.app)
	if err != nil {
		return err
	}
	now, err := publishedTree(r.session.compiler.Platform(), id, &publish.Published{Regions: app.Regions, Claims: app.Claims})
	if err != nil {
		return err
	}
	differences := classRegions(change.Compare(then, now))
	if len(differences) == 0 {
		return nil
	}
	var words []string
	for _, one := range differences {
		words = append(words, classText(one.Class)+" in "+strings.Join(one.Regions, ", "))
	}
	if meant {
		fmt.Fprintf(c.Stdout, "other than in %s: %s\n", to.commit, strings.Join(words, "; "))
		return nil
	}
	d := diag.New(diag.RollbackDiffers, diag.Pos{}, "", "%s would not be what it was then: %s", id, strings.Join(words, "; "))
	return c.report([]diag.Diagnostic{d}, nil)
}

// publishAgain publishes what was compiled, by the rules of publish.
func (c *cli) publishAgain(ctx context.Context, r *repository, app publish.App, around *neighbours) (publish.Result, error) {
	m := c.publishing(&r.options)
	defer m.stop()
	list, err := around.check(ctx)
	if err == nil {
		err = c.report(list, nil)
	}
	if err != nil {
		return publish.Result{}, err
	}
	result, list, err := publish.Apps(ctx, r.options, []publish.App{app})
	if err != nil {
		return result, err
	}
	return result, c.report(list, nil)
}
