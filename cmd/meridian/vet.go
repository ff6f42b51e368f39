package main

import (
	"strings"

	"github.com/spf13/cobra"
)

const appsUsage = "[FILE | FOLDER | FOLDER/...]..."

const appsHelp = `

An argument is an app.cue, a folder that holds one, or FOLDER/... for all below
it; none means the working folder.`

const changedHelp = `
With --changed an argument is any file that has changed; it stands for the
application whose folder holds it, and a file that belongs to none for nothing.`

func (c *cli) vetCommand() *cobra.Command {
	var partial, changed bool
	var untrusted untrustedFlags
	cmd := &cobra.Command{
		Use:   "vet " + appsUsage,
		Short: "Check applications",
		Long: `Check applications against the schema, the platform and, over FOLDER/...,
against one another. Nothing is written; every mistake is told once, with its
place and a fix. A warning that is meant is silenced behind its field:
@allow(M4031, reason="why").` + appsHelp + changedHelp + untrustedHelp,
		Example: `  meridian vet
  meridian vet ./...
  meridian vet --format sarif ./... > meridian.sarif
  meridian vet --platform ../platform services/app1/app.cue
  meridian vet --changed $(git diff --name-only main)`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{formatsAnnotation: strings.Join(formatNames(), " ")},
		RunE: func(cmd *cobra.Command, args []string) error {
			c.output.toStdout = true
			if changed {
				if args = owners(args); len(args) == 0 {
					return nil
				}
			}
			s, err := c.newSession()
			if err != nil {
				return err
			}
			if err := c.confine(cmd.Context(), s, untrusted); err != nil {
				return err
			}
			s.vetOnly = true
			return c.compileAll(cmd.Context(), s, args, partial, nil)
		},
	}
	cmd.Flags().VarP(&c.output.format, "format", "", "the same as --diagnostics; json, sarif and github go to standard output")
	partialFlag(cmd, &partial)
	changedFlag(cmd, &changed)
	untrusted.register(cmd, false)
	return cmd
}

func partialFlag(cmd *cobra.Command, partial *bool) {
	cmd.Flags().BoolVar(partial, "partial", false, "FOLDER/... does not hold all applications of its spaces: do not miss callees")
}
