package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/publish"
)

// rollbackFlags are the flags of rollback.
type rollbackFlags struct {
	target     targetFlags
	commit     string
	yes        bool
	dryRun     bool
	removeFrom []string
	author     string
	message    string
	untrusted  untrustedFlags
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
port wants --remove-from, and what others hold by now cannot be taken.

The source does not go back by itself: its next publication brings the newer
version again.` + recordedHelp + recordedUntrustedHelp,
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
	flags.StringVar(&f.message, "message", "", "the commit's message; the commit gone back to is added (default: derived)")
	flags.StringVar(&f.author, "author", "", `the commit's author: "Name <address>"`)
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
	app, err := c.again(r, id, to)
	if err != nil {
		return err
	}
	if err := c.compareThen(r, id, to, app, f.yes); err != nil {
		return err
	}
	if err := c.complete(&r.options, publishFlags{author: f.author, message: to.message(id, f.message), dryRun: f.dryRun, removeFrom: f.removeFrom, adopt: true}, r.session.compiler); err != nil {
		return err
	}
	result, err := c.publishAgain(ctx, r, to, app)
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
			v = earlierVersion{one.Commit, one.New}
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
	case publish.InputsDigest(v.app.Inputs) != v.app.Owner.Inputs:
		list = append(list, diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s in %s are not those that were published", id, v.commit))
	}
	return v, c.report(list, nil)
}

// again compiles the inputs of then with the platform in force.
func (c *cli) again(r *repository, id publish.AppID, to earlierVersion) (*compiled, error) {
	app, err := r.session.recompile(id.Namespace, id.Name, to.app.Inputs)
	if err != nil {
		return nil, err
	}
	if err := c.report(app.list, app.input.sources()); err != nil {
		return nil, err
	}
	if app.result.Namespace != id.Namespace || app.result.App.Name != id.Name {
		d := diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s in %s are those of %s/%s", id, to.commit, app.result.Namespace, app.result.App.Name)
		return nil, c.report([]diag.Diagnostic{d}, nil)
	}
	return app, nil
}

// compareThen says what the platform in force makes otherwise than then, and refuses it unless that is meant.
func (c *cli) compareThen(r *repository, id publish.AppID, to earlierVersion, app *compiled, meant bool) error {
	then, err := publishedTree(r.session.compiler.Platform(), id, to.app)
	if err != nil {
		return err
	}
	now, err := r.session.withEdge(app.result)
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
func (c *cli) publishAgain(ctx context.Context, r *repository, to earlierVersion, app *compiled) (publish.Result, error) {
	published, err := r.session.publishable(app, to.app.Owner.Source)
	if err != nil {
		return publish.Result{}, err
	}
	m := c.publishing(&r.options)
	defer m.stop()
	list, err := r.session.checkCallees(ctx, r.options, []*compiler.Interface{app.result.Interface()})
	if err == nil {
		err = c.report(list, nil)
	}
	if err != nil {
		return publish.Result{}, err
	}
	result, list, err := publish.Apps(ctx, r.options, []publish.App{published})
	if err != nil {
		return result, err
	}
	return result, c.report(list, nil)
}
