package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/report"
)

// pullFlags are the flags of a pull request.
type pullFlags struct {
	base      string
	titleFile string
	bodyFile  string
}

func (f *pullFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.base, "base", "", "for a pull request: make --branch anew from this `BRANCH`, into which it is to be merged")
	flags.StringVar(&f.titleFile, "title-file", "", "`FILE` to write the pull request's title to; empty when there is nothing to merge")
	flags.StringVar(&f.bodyFile, "body-file", "", "`FILE` to write the pull request's body to, Markdown; empty when there is nothing to merge")
}

// check refuses what does not go together.
func (f *pullFlags) check(cmd *cobra.Command) error {
	switch {
	case f.base == "" && (f.titleFile != "" || f.bodyFile != ""):
		return usageError{errors.New("--title-file and --body-file belong to a pull request: --branch and --base")}
	case f.base != "" && !cmd.Flags().Changed("branch"):
		return usageError{errors.New("--base wants --branch: the pull request's own branch")}
	}
	return nil
}

// pull is a pull request on its way.
type pull struct {
	pullFlags
	branch  string
	session *session
	review  *review
	changed []publish.Difference // of applications, without their manifests
}

func newPull(f pullFlags, branch string, s *session, r *review) *pull {
	p := &pull{pullFlags: f, branch: branch, session: s, review: r}
	r.begin = func() { p.changed = nil }
	r.keep = func(d publish.Difference) {
		if d.ID.Name != "" {
			d.Old.Files, d.New.Files = manifest.Tree{}, manifest.Tree{}
			p.changed = append(p.changed, d)
		}
	}
	return p
}

// finish writes title and body and says what became of the branch.
func (p *pull) finish(c *cli, result publish.Result, dryRun bool) error {
	title, body := "", ""
	if !result.Unchanged() {
		title = oneLine(result.Title)
		var err error
		if body, err = p.body(result); err != nil {
			return err
		}
	}
	if err := writeUnlessDry(p.titleFile, title, dryRun); err != nil {
		return err
	}
	if err := writeUnlessDry(p.bodyFile, body, dryRun); err != nil {
		return err
	}
	if p.titleFile == "" && title != "" {
		fmt.Fprintf(c.Stdout, "title: %s\n", title)
	}
	if err := p.review.print(c); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.Stdout, p.outcome(c, result, dryRun))
	return err
}

func writeUnlessDry(file, text string, dryRun bool) error {
	if file == "" || dryRun {
		return nil
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func oneLine(text string) string { return report.Harmless(strings.Join(strings.Fields(text), " ")) }

// outcome is one line on what was pushed.
func (p *pull) outcome(c *cli, r publish.Result, dryRun bool) string {
	style := c.style(c.Stdout)
	made := fmt.Sprintf("made from %s at %s", p.base, shortHash(r.Parent))
	switch {
	case r.Unchanged() && r.Branch == "":
		return fmt.Sprintf("nothing differs from %s, nothing pushed", p.base)
	case r.Unchanged():
		return fmt.Sprintf("nothing differs from %s, nothing pushed; the branch %s is still there, at %s: it can be deleted", p.base, p.branch, shortHash(r.Branch))
	case r.Commit == r.Branch && r.Commit != "":
		return fmt.Sprintf("%s holds this already, %s; nothing pushed", p.branch, made)
	case dryRun:
		return fmt.Sprintf("%s; %s", style.Strong("dry run, nothing pushed"), changedFiles(r))
	}
	return fmt.Sprintf("%s %s to %s, %s; %s", style.Good("pushed"), r.Commit, p.branch, made, changedFiles(r))
}

func shortHash(hash string) string { return hash[:min(12, len(hash))] }

// body is what a reviewer reads: what changes, what must be done outside, and where it comes from.
func (p *pull) body(r publish.Result) (string, error) {
	tasks, err := p.newTasks()
	if err != nil {
		return "", err
	}
	end := tasksMarkdown(tasks) + p.provenance(r)
	return markdownReport(p.review.report(p.base, p.branch), maxComment-len(end)) + end, nil
}

// provenance is a table of what went into the commit.
func (p *pull) provenance(r publish.Result) string {
	var b strings.Builder
	b.WriteString("\n| from | |\n|---|---|\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "| %s | %s |\n", name, code(value))
		}
	}
	row("base", p.base+" at "+r.Parent)
	for i, source := range p.sources() {
		if i == mostSources {
			row("sources", fmt.Sprintf("and %d more", len(p.sources())-i))
			break
		}
		row("source", source)
	}
	row("platform", p.session.compiler.Platform().Digest)
	row("Meridian", version())
	return b.String()
}

const mostSources = 20

// sources are where the changed applications come from, each once, sorted.
func (p *pull) sources() []string {
	var list []string
	for _, d := range p.changed {
		if d.New.Owner == nil {
			continue
		}
		if text := d.New.Owner.Source.String(); text != "" {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// appTask is something to do outside the cluster for an application.
type appTask struct {
	id   publish.AppID
	what compiler.Task
	in   []string // regions
}

// newTasks are those that the applications did not have before.
func (p *pull) newTasks() ([]appTask, error) {
	var list []appTask
	for _, d := range p.changed {
		old, err := p.tasks(d.ID, d.Old)
		if err != nil {
			return nil, err
		}
		new, err := p.tasks(d.ID, d.New)
		if err != nil {
			return nil, err
		}
		for _, task := range new {
			known := slices.ContainsFunc(old, func(o shared[compiler.Task]) bool {
				return taskKey(o.what) == taskKey(task.what) && !slices.ContainsFunc(task.regions, func(r string) bool { return !slices.Contains(o.regions, r) })
			})
			if !known {
				list = append(list, appTask{d.ID, task.what, task.regions})
			}
		}
	}
	return list, nil
}

// tasks are what one side of an application wants done, from its inputs; nothing where they do not compile any more.
func (p *pull) tasks(id publish.AppID, side publish.Side) ([]shared[compiler.Task], error) {
	if side.Owner == nil || side.Inputs.Len() == 0 {
		return nil, nil
	}
	app, err := p.session.recompile(id.Namespace, id.Name, side.Inputs, side.Owner.Newest())
	if err != nil || !app.ok() {
		return nil, err
	}
	var tasks []shared[compiler.Task]
	for _, output := range app.result.Outputs {
		for _, task := range output.Outside {
			tasks = share(tasks, task, output.Region, taskKey)
		}
	}
	slices.SortStableFunc(tasks, func(a, b shared[compiler.Task]) int { return compiler.CompareTasks(a.what, b.what) })
	return tasks, nil
}

// mostTasks is how many tasks a body lists.
const mostTasks = 50

// tasksMarkdown is a list of what is to be done outside the cluster.
func tasksMarkdown(tasks []appTask) string {
	if len(tasks) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\n#### New, outside the cluster\n\n")
	for i, task := range tasks {
		if i == mostTasks {
			fmt.Fprintf(&b, "- and %d more: `meridian plan` lists all\n", len(tasks)-i)
			break
		}
		fmt.Fprintf(&b, "- [ ] %s, %s: %s in %s: %s", code(task.id.String()), task.what.Who, task.what.Topic, strings.Join(task.in, ", "), markdown(report.Harmless(task.what.Do)))
		for _, key := range slices.Sorted(maps.Keys(task.what.Details)) {
			fmt.Fprintf(&b, "; %s %s", key, code(task.what.Details[key]))
		}
		b.WriteString("\n")
	}
	return b.String()
}
