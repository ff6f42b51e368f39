package main

import (
	"fmt"
	"regexp"
	"strings"
)

// limit is how many lines of an output are shown. It is the same for all.
const limit = 18

// section is what a tool printed: all four mistakes in the open, each alone folded away.
func section(r *record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n", heading(r.tool), r.purpose)
	if r.missing != "" {
		fmt.Fprintf(&b, "\nNot run: it %s.\n", r.missing)
		return b.String()
	}
	fmt.Fprintf(&b, "\nAll four together:\n%s\n<details><summary>Each alone</summary>\n", r.together)
	for i, m := range mistakes() {
		fmt.Fprintf(&b, "\n%s, `%s:%d`:\n%s", m.name, r.edits[i].file, r.lines[i], r.alone[i])
	}
	b.WriteString("\n</details>\n")
	return b.String()
}

// String is what the steps printed, as Markdown.
func (t trial) String() string {
	var b strings.Builder
	for _, o := range t {
		text := o.stderr + o.stdout
		if o.manifests {
			text = o.stderr + fields(o.stdout)
		}
		shown, missing := cut(text)
		fmt.Fprintf(&b, "\n```console\n$ %s\n%s```\n\nexit %d", o.command(), shown, o.exit)
		switch {
		case missing > 0:
			fmt.Fprintf(&b, "; %d more lines", missing)
		case shown == "":
			b.WriteString("; it prints nothing")
		case o.manifests && o.stdout != "":
			b.WriteString("; these lines of the manifests hold the four fields")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// command is the step as one would type it.
func (s step) command() string {
	var words []string
	for _, a := range s.args {
		if strings.ContainsAny(a, "{ ") {
			a = "'" + a + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// cut returns the first lines of an output, without blank lines at its ends, and how many lines are left out.
func cut(text string) (string, int) {
	text = strings.Trim(text, "\n")
	if strings.TrimSpace(text) == "" {
		return "", 0
	}
	lines := strings.Split(text, "\n")
	n := min(len(lines), limit)
	return strings.Join(lines[:n], "\n") + "\n", len(lines) - n
}

// fields are the lines of rendered manifests that hold what the mistakes are about.
func fields(manifests string) string {
	pattern := regexp.MustCompile(`[gG]racePeriodSeconds?\b|\breplicas\b|\bperiodSeconds\b|\bcidr\b`)
	var b strings.Builder
	for line := range strings.Lines(manifests) {
		if pattern.MatchString(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}
