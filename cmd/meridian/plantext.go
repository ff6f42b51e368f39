package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/report"
)

// shared is something that is the same in some of an application's regions.
type shared[T any] struct {
	what    T
	regions []string
}

// share joins what several regions have in common, in the order of first appearance. key tells what is the same.
func share[T any](list []shared[T], what T, region string, key func(T) string) []shared[T] {
	for i := range list {
		if key(list[i].what) == key(what) {
			list[i].regions = append(list[i].regions, region)
			return list
		}
	}
	return append(list, shared[T]{what, []string{region}})
}

func (c *cli) printPlanText(plans []appPlan) error {
	var b strings.Builder
	style := c.prose()
	for i, plan := range plans {
		if i > 0 {
			b.WriteByte('\n')
		}
		planText(&b, plan, style)
	}
	_, err := fmt.Fprint(c.Stdout, b.String())
	return err
}

// planText prints one application: its objects, then what must be done elsewhere, each with the regions it is for.
func planText(b *strings.Builder, plan appPlan, style report.Style) {
	var objects []shared[[]string]
	var tasks []shared[compiler.Task]
	for _, region := range plan.Regions {
		objects = share(objects, region.Objects, region.Region, func(names []string) string { return strings.Join(names, " ") })
		for _, task := range region.Outside {
			tasks = share(tasks, task, region.Region, taskKey)
		}
	}
	slices.SortStableFunc(tasks, func(a, b shared[compiler.Task]) int { return compiler.CompareTasks(a.what, b.what) })
	fmt.Fprintf(b, "%s in %s, owned by %s\n", style.Strong(plan.Name), plan.Namespace, report.Harmless(plan.Owner))
	for _, o := range objects {
		fmt.Fprintf(b, "\n%s\n%s\n", style.Wrap("objects, "+inRegions(o.regions, len(plan.Regions))+":", "  "), style.Wrap("  "+strings.Join(o.what, ", "), "  "))
	}
	if len(tasks) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", style.Strong("outside the cluster:"))
	for _, task := range tasks {
		taskText(b, task, len(plan.Regions), style)
	}
	for _, note := range placeNotes(plan) {
		fmt.Fprintln(b, style.Wrap("  note: "+report.Harmless(note), "    "))
	}
}

func taskText(b *strings.Builder, task shared[compiler.Task], total int, style report.Style) {
	t := task.what
	head := fmt.Sprintf("  - [%s] %s, %s:", t.Topic, t.Who, inRegions(task.regions, total))
	text := style.Wrap(report.Harmless(fmt.Sprintf("%s %s (%s)", head, t.Do, t.Fact)), "    ")
	if rest, ok := strings.CutPrefix(text, head); ok {
		text = style.Aside(head) + rest
	}
	fmt.Fprintln(b, text)
	for _, key := range slices.Sorted(maps.Keys(t.Details)) {
		fmt.Fprintln(b, style.Wrap("      "+key+": "+report.Harmless(t.Details[key]), "        "))
	}
}

func taskKey(t compiler.Task) string {
	words := []string{string(t.Topic), t.Who, t.Do, t.Fact}
	for _, key := range slices.Sorted(maps.Keys(t.Details)) {
		words = append(words, key, t.Details[key])
	}
	return strings.Join(words, "\x00")
}

// inRegions names regions, or says that there are no others.
func inRegions(ids []string, total int) string {
	switch {
	case len(ids) == total && total > 2:
		return fmt.Sprintf("in all %d regions", total)
	default:
		return "in " + strings.Join(ids, ", ")
	}
}

// placeNotes says of hosts that lead to several regions what a plain record cannot do (S12).
func placeNotes(plan appPlan) []string {
	regions := map[string][]string{}
	for _, region := range plan.Regions {
		for _, task := range region.Outside {
			if task.Topic == compiler.TopicDNS {
				regions[task.Subject] = append(regions[task.Subject], region.Region)
			}
		}
	}
	var notes []string
	for _, host := range slices.Sorted(maps.Keys(regions)) {
		if n := len(regions[host]); n > 1 {
			notes = append(notes, fmt.Sprintf("%s is exposed in %d regions, and a name has one record: let your DNS answer by the client's place, or point it at one of %s", host, n, strings.Join(regions[host], ", ")))
		}
	}
	return notes
}
