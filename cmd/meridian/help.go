package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/meridian-gitops/meridian/diag"
)

// wrapHelp lets the help of flags fit the terminal, if standard output is one.
func (c *cli) wrapHelp(root *cobra.Command) {
	style := c.style(c.Stdout)
	if style.Width == 0 {
		return
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", fmt.Sprintf(".FlagUsagesWrapped %d", widthOf(style))))
}

// completeHelp gives the commands that cobra adds what all others have: an example.
func completeHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	examples := map[string]string{
		"meridian help":                  "  meridian help vet",
		"meridian completion":            "  meridian completion bash > /etc/bash_completion.d/meridian",
		"meridian completion bash":       "  meridian completion bash > /etc/bash_completion.d/meridian",
		"meridian completion fish":       "  meridian completion fish > ~/.config/fish/completions/meridian.fish",
		"meridian completion powershell": "  meridian completion powershell | Out-String | Invoke-Expression",
		"meridian completion zsh":        `  meridian completion zsh > "${fpath[1]}/_meridian"`,
	}
	walkCommands(root, func(cmd *cobra.Command) {
		if example, ok := examples[cmd.CommandPath()]; ok {
			cmd.Example = example
		}
	})
}

// walkCommands calls visit for a command and for all below it.
func walkCommands(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		walkCommands(sub, visit)
	}
}

// onlyCommands refuses an argument where only a command may stand.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return fmt.Errorf("there is no command %q%s", strings.TrimPrefix(cmd.CommandPath()+" "+args[0], "meridian "), didYouMean(args[0], names))
}

// didYouMean names what a misspelt name most likely means, or is empty.
func didYouMean(name string, names []string) string {
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}

// flagError says what is wrong with a flag, and which was perhaps meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		slices.Sort(names)
		err = fmt.Errorf("%w%s", err, didYouMean("--"+unknown.GetSpecifiedName(), names))
	}
	return seeHelp(cmd, err)
}

// seeHelp is a usage error that says where to read on.
func seeHelp(cmd *cobra.Command, err error) error {
	return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
}

// asUsage makes what is wrong with arguments a usage error.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return seeHelp(cmd, err)
		}
		return nil
	}
}
