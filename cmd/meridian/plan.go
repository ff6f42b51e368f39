package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
)

// appPlan is an application in `plan --format json`.
type appPlan struct {
	Name      string       `json:"name"`
	Namespace string       `json:"namespace"`
	Owner     string       `json:"owner"`
	Regions   []regionTodo `json:"regions"`
}

type regionTodo struct {
	Region  string          `json:"region"`
	Objects []string        `json:"objects"` // kind/name
	Outside []compiler.Task `json:"outside"`
}

func (c *cli) planCommand() *cobra.Command {
	var format string
	var only []string
	var partial bool
	cmd := &cobra.Command{
		Use:   "plan " + appsUsage,
		Short: "Say what applications become, and what to do outside the cluster",
		Long: `Say which objects an application becomes and what no object can do, in the order
in which it is best done: the registry's allow-list, secrets by name, type and
keys, domain registration and ICP filing, DNS records, proxy ports to open,
peering and routes, security groups. What is the same in several regions is told
once; markdown and json go region by region.` + appsHelp,
		Example: `  meridian plan
  meridian plan --region aws-oregon --format markdown app.cue`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{formatsAnnotation: "text markdown json"},
		RunE: func(cmd *cobra.Command, args []string) error {
			printer, ok := planPrinters()[format]
			if !ok {
				return usageError{fmt.Errorf("unknown format %q; want %s", format, strings.Join(slices.Sorted(maps.Keys(planPrinters())), ", "))}
			}
			s, err := c.newSession()
			if err != nil {
				return err
			}
			if err := checkRegions(s, only); err != nil {
				return err
			}
			plans := []appPlan{}
			err = c.compileAll(cmd.Context(), s, args, partial, func(app *compiled) error {
				plans = append(plans, planOf(app.whole, only))
				return nil
			})
			if err != nil {
				return err
			}
			return printer(c, plans)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, markdown or json")
	regionFlag(cmd, &only)
	partialFlag(cmd, &partial)
	return cmd
}

func planPrinters() map[string]func(*cli, []appPlan) error {
	return map[string]func(*cli, []appPlan) error{
		"text":     (*cli).printPlanText,
		"markdown": (*cli).printPlanMarkdown,
		"json":     func(c *cli, plans []appPlan) error { return printJSON(c, plans) },
	}
}

func planOf(r *compiler.Result, only []string) appPlan {
	plan := appPlan{Name: r.App.Name, Namespace: r.Namespace, Owner: r.App.Owner, Regions: []regionTodo{}}
	for _, output := range r.Outputs {
		if len(only) > 0 && !slices.Contains(only, output.Region) {
			continue
		}
		todo := regionTodo{Region: output.Region, Outside: output.Outside}
		for _, object := range output.Objects {
			todo.Objects = append(todo.Objects, object.Kind()+"/"+object.Name())
		}
		plan.Regions = append(plan.Regions, todo)
	}
	return plan
}

func (c *cli) printPlanMarkdown(plans []appPlan) error {
	var b strings.Builder
	for _, plan := range plans {
		fmt.Fprintf(&b, "## %s in `%s`\n\nOwned by %s.\n", plan.Name, plan.Namespace, markdown(plan.Owner))
		for _, region := range plan.Regions {
			fmt.Fprintf(&b, "\n### %s\n\nObjects: `%s`\n\n", region.Region, strings.Join(region.Objects, "`, `"))
			b.WriteString("| what | who | do | with | source |\n|---|---|---|---|---|\n")
			for _, task := range region.Outside {
				var details []string
				for _, key := range slices.Sorted(maps.Keys(task.Details)) {
					details = append(details, key+": `"+strings.ReplaceAll(task.Details[key], "`", "'")+"`")
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", task.Topic, task.Who, markdown(task.Do), strings.Join(details, "<br>"), task.Fact)
			}
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(c.Stdout, b.String())
	return err
}

// markdown escapes what Markdown would take for markup.
func markdown(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", "`", "\\`").Replace(s)
}
