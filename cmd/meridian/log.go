package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/change"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/report"
	"github.com/meridian-gitops/meridian/sandbox"
)

// logFlags are the flags of log.
type logFlags struct {
	target targetFlags
	limit  int
	format string
}

func (c *cli) logCommand() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log --to REPOSITORY " + appNames,
		Short: "Say who changed a published application, when, and what that meant",
		Long: `List the commits of the GitOps repository that changed an application, the
newest first: its manifests, its record and inputs, or its entries in the
claims. Told are author, time, the commit of the source, and the classes of what
changed with their regions (see meridian diff --help).

A commit that did not change it costs a look at a few folders. Of a local
repository some thousand commits are read in a second. Over https the history is
fetched as far as it is needed, in steps of 50, 2500 and all commits; a server
that can leave blobs out sends commits and folders only.` + recordedHelp,
		Example: `  meridian log --to ./gitops.git web/app1
  meridian log --to gitops.git --limit 1 --format json web/app1`,
		Args:        cobra.ExactArgs(1),
		Annotations: map[string]string{formatsAnnotation: "text json"},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.format != "text" && f.format != "json":
				return usageError{fmt.Errorf("unknown format %q; want text or json", f.format)}
			case f.limit < 0:
				return usageError{fmt.Errorf("--limit wants 0 or more")}
			}
			return c.log(cmd, f, args[0])
		},
	}
	f.target.register(cmd, "to")
	flags := cmd.Flags()
	flags.IntVar(&f.limit, "limit", 10, "tell the last `N` commits only; 0 tells all")
	flags.StringVar(&f.format, "format", "text", "text or json")
	return cmd
}

func (c *cli) log(cmd *cobra.Command, f logFlags, arg string) error {
	ctx := cmd.Context()
	r, id, err := c.openApp(ctx, cmd, f.target, untrustedFlags{on: true, timeout: sandbox.DefaultLimits().Time}, arg)
	if err != nil {
		return err
	}
	defer r.close()
	commits := []logCommit{}
	m := c.newMeter("reading the history")
	defer m.stop()
	var failed error
	list, err := publish.History(ctx, r.options, id, func(one publish.AppCommit) bool {
		var entry logCommit
		entry, failed = newLogCommit(r.session.compiler.Platform(), id, one)
		commits = append(commits, entry)
		return failed == nil && len(commits) != f.limit
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return c.recordProblem(err)
	}
	if len(commits) == 0 && len(list) == 0 {
		list = []diag.Diagnostic{r.unknown(ctx, id)}
	}
	if err := c.report(list, nil); err != nil {
		return err
	}
	m.stop()
	if f.format == "json" {
		return printJSON(c, commits)
	}
	for i, one := range commits {
		c.printLogCommit(one, i > 0)
	}
	return nil
}

// logCommit is a commit in `log --format json`. Fields are added, never renamed or removed.
type logCommit struct {
	Commit   string      `json:"commit"`
	Author   string      `json:"author"` // Name <address>
	Time     time.Time   `json:"time"`   // UTC
	Subject  string      `json:"subject"`
	Source   *logSource  `json:"source,omitempty"` // as recorded with it; absent once the application is gone
	Platform string      `json:"platform,omitempty"`
	Meridian string      `json:"meridian,omitempty"`
	Changes  []logChange `json:"changes"` // most dangerous first; empty: no manifest changed
}

type logSource struct {
	Repository string `json:"repository,omitempty"`
	Commit     string `json:"commit,omitempty"`
	Path       string `json:"path,omitempty"`
}

// logChange is a class of change with the regions that had it.
type logChange struct {
	Class   change.Class `json:"class"`
	Regions []string     `json:"regions"` // sorted
}

func newLogCommit(p *regions.Platform, id publish.AppID, one publish.AppCommit) (logCommit, error) {
	l := logCommit{Commit: one.Commit, Time: one.Author.When.UTC(), Changes: []logChange{}}
	l.Author = one.Author.Name + " <" + one.Author.Email + ">"
	l.Subject, _, _ = strings.Cut(one.Message, "\n")
	if one.New != nil {
		owner := one.New.Owner
		l.Platform, l.Meridian = owner.Platform, owner.Meridian
		if owner.Source != (publish.Source{}) {
			l.Source = &logSource{owner.Source.Repository, owner.Source.Commit, owner.Source.Path}
		}
	}
	old, err := publishedTree(p, id, one.Old)
	if err != nil {
		return l, err
	}
	new, err := publishedTree(p, id, one.New)
	if err != nil {
		return l, err
	}
	l.Changes = classRegions(change.Compare(old, new))
	return l, nil
}

// classRegions lists the classes of changes with their regions.
func classRegions(changes []change.Change) []logChange {
	where := map[change.Class]map[string]bool{}
	for _, one := range changes {
		for _, class := range one.Classes {
			if where[class] == nil {
				where[class] = map[string]bool{}
			}
			for _, region := range one.Regions {
				where[class][region] = true
			}
		}
	}
	list := []logChange{}
	for _, class := range slices.SortedFunc(maps.Keys(where), change.Class.Compare) {
		list = append(list, logChange{class, slices.Sorted(maps.Keys(where[class]))})
	}
	return list
}

// publishedTree is an application as it lies in the repository, with what the proxies read of it; nil is nothing.
func publishedTree(p *regions.Platform, id publish.AppID, app *publish.Published) (manifest.Tree, error) {
	if app == nil {
		return manifest.Tree{}, nil
	}
	files, err := edgeFiles(p, app.Claims)
	if err != nil {
		return manifest.Tree{}, err
	}
	for region, tree := range app.Regions {
		files = appendTree(files, publish.AppFolder(region, id.Namespace, id.Name), tree)
	}
	return manifest.NewTree(files)
}

func (c *cli) printLogCommit(l logCommit, further bool) {
	if further {
		fmt.Fprintln(c.Stdout)
	}
	fmt.Fprintf(c.Stdout, "%s %s %s\n", l.Commit, l.Time.Format(time.RFC3339), report.Harmless(l.Author))
	fmt.Fprintf(c.Stdout, "    %s\n", report.Harmless(l.Subject))
	if l.Source != nil {
		source := publish.Source{Repository: l.Source.Repository, Commit: l.Source.Commit, Path: l.Source.Path}
		fmt.Fprintf(c.Stdout, "    source %s\n", report.Harmless(source.String()))
	}
	for _, one := range l.Changes {
		text := classText(one.Class) + " in " + strings.Join(one.Regions, ", ")
		fmt.Fprintf(c.Stdout, "    %s\n", strings.Join(wrap(text, "      ", textWidth-4), "\n    "))
	}
	if len(l.Changes) == 0 {
		fmt.Fprintln(c.Stdout, "    no manifest changed")
	}
}
