package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/schema/export"
)

func (c *cli) schemaCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Give the schema to editors and other tools",
		Long: `Give the schema to tools that do not know Meridian: print it as CUE or as JSON
Schema, or put it beside an app.cue where the cue command and its language
server find it.`,
		Example: `  meridian schema export > schema.cue
  meridian schema vendor services/app1`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	for _, sub := range []*cobra.Command{c.schemaExportCommand(), c.schemaVendorCommand()} {
		sub.Args = asUsage(sub.Args)
		cmd.AddCommand(sub)
	}
	return cmd
}

func (c *cli) schemaExportCommand() *cobra.Command {
	var format, definition string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the schema as CUE or as JSON Schema",
		Long: `Print a definition of the schema, with all that it is made of, on standard
output: as a file of a CUE package schema that needs nothing else, or as a JSON
Schema of draft-07. Both are closed. They hold the rules for single values;
rules between values, such as whether a port is declared, are Meridian's alone.
Regions are any well-formed identifier; with --platform they are the platform's.

Definitions: ` + definitionsHelp + `.`,
		Example: `  meridian schema export > schema.cue
  cue vet -c -d '#App' schema.cue app.yaml
  meridian schema export --format json-schema > app.schema.json
  meridian schema export --definition Platform > platform.cue`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.exportSchema(format, definition)
		},
	}
	cmd.Flags().StringVar(&format, "format", "cue", "`FORMAT`: cue or json-schema")
	cmd.Flags().StringVar(&definition, "definition", "App", "`NAME` of what to print: App, AppOverride, Platform, or one of those above")
	return cmd
}

// definitionsHelp is what [export.Definitions] returns; a test holds it, so that no other command need read the schema.
const definitionsHelp = `App, AppOverride, Image, Resources, Requests, Limits, Autoscale,
Rollout, DisruptionBudget, Spread, EnvSource, KeyRef, EnvFrom, File, FileRef,
Scratch, Port, HTTP, Path, TLS, L4, Health, Probe, HTTPAction, TCPAction,
GRPCAction, Shutdown, Hook, Call, Accept, Patch, PatchTarget, Platform,
Repository, Signer, Domain, Space, Subject, Backend, BackendPort,
BackendRegion, Quota, ContainerLimits, Amounts, Constraint, Sync, Region,
Mirror, Network, ClusterDNS, Peer, Edge, EdgeHTTP, EdgeL4, PortRange,
Monitoring, DNSRecord, Peering, Expectations, Expectation, ExpectedObject`

func (c *cli) exportSchema(format, definition string) error {
	s, err := schema.New()
	if err != nil {
		return err
	}
	if names := export.Definitions(s); !slices.Contains(names, definition) {
		return usageError{fmt.Errorf("there is no definition %q%s; see meridian schema export --help", definition, didYouMean(definition, names))}
	}
	o := export.Options{Definition: definition, Command: "meridian schema export --definition " + definition}
	if o.Known, err = manualRegions(s); err != nil {
		return err
	}
	if c.platform != "" {
		p, err := c.loadPlatform(s)
		if err != nil {
			return err
		}
		for i := range p.Regions {
			o.Regions = append(o.Regions, p.Regions[i].ID)
		}
	}
	write := export.CUE
	switch format {
	case "cue":
	case "json-schema":
		write = export.JSONSchema
		o.Command = "meridian schema export --format json-schema --definition " + definition
	default:
		return usageError{fmt.Errorf("unknown format %q; want cue or json-schema", format)}
	}
	text, err := write(s, o)
	if err != nil {
		return err
	}
	_, err = c.Stdout.Write(text)
	return err
}

// manualRegions are the regions that every platform starts from (S5).
func manualRegions(s *schema.Schema) ([]string, error) {
	p, _, err := regions.Load(s, nil)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range p.Regions {
		ids = append(ids, p.Regions[i].ID)
	}
	return ids, nil
}

func (c *cli) schemaVendorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "vendor [FOLDER]",
		Short: "Put the schema beside an app.cue for cue and editors",
		Long: `Write, for the app.cue of FOLDER (default: the working folder), what the cue
command (0.15 or later) and its language server need to know it by: a cue.mod,
unless one is above already; the schema in it, with the regions of the platform,
where it is found without a registry; and a companion file
` + companionFile + ` of the same package. Run it again after an upgrade of Meridian
or a change of the platform's regions: its own files are replaced, any other
file is left as it is.

Meridian itself needs none of these files.`,
		Example: `  meridian schema vendor services/app1
  cd services/app1 && cue vet -c .`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			written, err := c.writeEditorFiles(dir)
			for _, path := range written {
				fmt.Fprintf(c.Stdout, "wrote %s\n", path)
			}
			return err
		},
	}
}
