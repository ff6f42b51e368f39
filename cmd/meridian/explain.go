package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/report"
)

func (c *cli) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Say what a diagnostic's code means",
		Long: `Say what a diagnostic's code means: when it is given and why it matters, an
example of it, and how to mend it. Without a code, list all there are.
docs/errors.md has the same text.`,
		Example: `  meridian explain M4015
  meridian explain`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeCodes,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.listCodes()
			}
			entry, known := diag.Find(diag.Code(strings.ToUpper(args[0])))
			if !known {
				return usageError{fmt.Errorf("there is no code %q; meridian explain lists all", args[0])}
			}
			return c.explain(entry)
		},
	}
}

func (c *cli) explain(entry diag.Entry) error {
	style := c.prose()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", style.Strong(fmt.Sprintf("%s (%s): %s", entry.Code, entry.Severity, entry.Title)), style.Wrap(entry.Cause, ""))
	if example := diag.Example(entry.Code); example != "" {
		fmt.Fprintf(&b, "\n%s\n%s", style.Strong("example:"), indent(example, style))
	}
	fmt.Fprintf(&b, "\n%s\n", style.Wrap(style.Good("fix:")+" "+entry.Fix, "     "))
	_, err := fmt.Fprint(c.Stdout, b.String())
	return err
}

func (c *cli) listCodes() error {
	var b strings.Builder
	style := c.prose()
	for _, entry := range diag.Codes() {
		severity := ""
		if entry.Severity == diag.Warning {
			severity = " " + style.Careful("(warning)")
		}
		fmt.Fprintln(&b, style.Wrap(style.Strong(string(entry.Code))+"  "+entry.Title+severity, "       "))
	}
	_, err := fmt.Fprint(c.Stdout, b.String())
	return err
}

// indent moves every line of an example to the right, and wraps those that are no source: a caret stands under a column.
func indent(text string, style report.Style) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = "  " + strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "      ") {
			line = style.Wrap(line, "    ")
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// completeCodes completes a diagnostic's code.
func completeCodes(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []string
	for _, entry := range diag.Codes() {
		if code := string(entry.Code); strings.HasPrefix(code, strings.ToUpper(prefix)) {
			found = append(found, code+"\t"+entry.Title)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
