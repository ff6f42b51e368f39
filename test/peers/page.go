package main

import (
	"fmt"
	"strings"
)

const introduction = `# Four mistakes, side by side

The same four mistakes in the same workload, a Deployment with a readiness probe and an allow-list of addresses, and what
Meridian and other tools say of them:

%s
In manifests the first is spelt ` + "`terminationGracePeriodSecond`" + `, in kustomize's overlay the second is a ` + "`count`" + `. Each tool has
the workload as its users would write it, in [` + "`test/peers/workloads`" + `](../test/peers/workloads), with the validation it
recommends; where that is something one may leave out, it has a row of its own. The workload passes; then each mistake is
made alone, then all four together. To repeat it:

` + "```console\n$ make peers\n```" + `

That builds the pinned peers from the Go module proxy, outside of this repository, runs them, and rewrites this page from
what they print. The section on Meridian is held to the program by a test.

The tools are made for different things. A renderer without a schema does not promise to validate, and usually a checker
of manifests comes after it: the rows of the checkers are what that adds, and the place they tell is in the manifest, not
in the file that the user wrote. What an API server would say (` + "`kubectl apply --dry-run=server`" + `) needs a cluster and is not
compared; nor are timoni, score-k8s and kube-linter, which could not be installed with ` + "`go install`" + ` where this was run.
Meridian's authors wrote all of this: a workload that does a tool injustice is a mistake, and a correction is welcome.

`

const rules = `
Each cell follows from the outputs below by rules that a program applies (` + "[`judge.go`](../test/peers/judge.go)" + `):

- **caught**: a command fails; **silent**: none does.
- **its line**: the output has the user's file and the line of the mistake, and no other; **among others**: other lines as
  well, such as the schema's. Otherwise, what there is of: the user's **file**, the **field** or the wrong value, **a line
  elsewhere**.
- **together**: how many of the four the one run with all of them tells.
- **fix**: for how many of those caught the output says what would be right: a type, a range, a form or a name.

Outputs are real: paths are made relative, and what is longer than %d lines is cut at its end, with the number of lines that
are missing. Of rendered manifests only the lines with the four fields are shown. Some tools print what they found in another
order each time, so that this page may change when nothing did.
`

// page is docs/mistakes.md.
func page(records []*record) string {
	var rows, sections []string
	for _, r := range records {
		rows = append(rows, row(r))
		sections = append(sections, section(r))
	}
	return assemble(rows, sections)
}

// assemble puts the page together from a row and a section a tool.
func assemble(rows, sections []string) string {
	var b, list strings.Builder
	for i, m := range mistakes() {
		fmt.Fprintf(&list, "%d. **%s**: %s\n", i+1, m.name, m.title)
	}
	fmt.Fprintf(&b, introduction, list.String())
	b.WriteString(table(rows))
	fmt.Fprintf(&b, rules, limit)
	for _, s := range sections {
		b.WriteString("\n" + s)
	}
	return b.String()
}

func table(rows []string) string {
	var b strings.Builder
	b.WriteString("| tool |")
	for _, m := range mistakes() {
		fmt.Fprintf(&b, " %s |", m.name)
	}
	b.WriteString(" together | fix |\n|---|---|---|---|---|---|---|\n")
	b.WriteString(strings.Join(rows, ""))
	return b.String()
}

func row(r *record) string {
	if r.missing != "" {
		return fmt.Sprintf("| %s | not run: it %s | | | | | |\n", heading(r.tool), r.missing)
	}
	cells := []string{heading(r.tool)}
	caught, fixed := 0, 0
	for i, m := range mistakes() {
		f := find(r.alone[i], m, r.edits[i], r.lines[i])
		if f.caught {
			caught++
		}
		if f.fix {
			fixed++
		}
		cells = append(cells, f.String())
	}
	fix := "–"
	if caught > 0 {
		fix = fmt.Sprintf("%d of %d", fixed, caught)
	}
	cells = append(cells, fmt.Sprintf("%d of %d", r.told(), len(r.edits)), fix)
	return "| " + strings.Join(cells, " | ") + " |\n"
}

// heading is the tool's name with its version and variant; Meridian's version is that of this repository.
func heading(t tool) string {
	name := strings.TrimSpace(t.name + " " + t.version)
	if t.variant != "" {
		name += ", " + t.variant
	}
	return name
}
