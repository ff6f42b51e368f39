package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFine    = 0
	exitInput   = 1 // the user's input is wrong, or a difference was found
	exitMachine = 2 // usage, or a machine that failed
)

// errReported ends a command whose diagnostics or differences have been printed.
var errReported = errors.New("reported")

// usageError is a command line that cannot be understood.
type usageError struct{ error }

// cli is what every command shares.
type cli struct {
	World
	platform string // folder of the platform's CUE files; empty for the embedded demo organisation
	strict   bool
	output   outputFlags
	found    findings
	closers  []func() error // what is to be closed when the run ends
}

// Run runs the command line and returns the exit code.
func Run(ctx context.Context, args []string, world World) int {
	c := &cli{World: world}
	if c.Terminal == nil {
		c.Terminal = func(any) int { return 0 }
	}
	root := c.rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	for _, done := range c.closers {
		_ = done() // nothing is written there
	}
	ended := err == nil || errors.Is(err, errReported)
	if failed := c.printFindings(ended); failed != nil && ended {
		err = failed
	}
	return c.exitCode(err)
}

func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "meridian",
		Short: "Compile app.cue into Kubernetes manifests for every region, and publish them",
		Long: `Meridian compiles one declarative app.cue into Kubernetes manifests for every
region and commits them to the git repository that the clusters sync from.

Exit codes: 0 fine; 1 the input is wrong, or a difference was found; 2 usage or
machine failure.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Example: `  meridian init
  meridian vet ./...
  meridian publish --to ./gitops.git ./...`,
		Args: asUsage(onlyCommands),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetIn(c.Stdin)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVar(&c.platform, "platform", c.Getenv("MERIDIAN_PLATFORM"), "`DIR` of the platform's CUE files (default: $MERIDIAN_PLATFORM, or the embedded demo organisation)")
	root.PersistentFlags().BoolVar(&c.strict, "strict", false, "let warnings fail too")
	c.output.register(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return c.output.check(cmd, c.Getenv) }
	root.AddCommand(
		c.bootstrapCommand(),
		c.buildCommand(),
		c.diffCommand(),
		c.explainCommand(),
		c.fmtCommand(),
		c.guardCommand(),
		c.initCommand(),
		c.logCommand(),
		c.planCommand(),
		c.promoteCommand(),
		c.publishCommand(),
		c.reachCommand(),
		c.regionsCommand(),
		c.removeCommand(),
		c.rollbackCommand(),
		c.schemaCommand(),
		c.testCommand(),
		c.verifyCommand(),
		c.versionCommand(),
		c.vetCommand(),
	)
	for _, cmd := range root.Commands() {
		cmd.Args = asUsage(cmd.Args)
	}
	completeHelp(root)
	c.completions(root)
	c.wrapHelp(root)
	return root
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print Meridian's version",
		Long: `Print Meridian's version, or the commit it was built from. Every commit that
publish makes carries it.`,
		Example: "  meridian version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.Stdout, version())
			return err
		},
	}
}

// version is the module's version, or the commit it was built from, as the Go tool recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return "devel-" + setting.Value[:min(12, len(setting.Value))]
		}
	}
	return "devel"
}
