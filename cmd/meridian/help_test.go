package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/report"
)

// TestHelp holds that every command explains itself, shows how it is called, and fits a terminal of 80 columns.
func TestHelp(t *testing.T) {
	c := &cli{World: World{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}, Getenv: func(string) string { return "" }, Terminal: func(any) int { return 0 }}}
	commands := 0
	walkCommands(c.rootCommand(), func(cmd *cobra.Command) {
		commands++
		t.Run(cmd.CommandPath(), func(t *testing.T) {
			if cmd.Long == "" {
				t.Error("no Long")
			}
			if !slices.ContainsFunc(strings.Split(cmd.Example, "\n"), func(line string) bool {
				return strings.HasPrefix(line+" ", "  "+cmd.CommandPath()+" ")
			}) {
				t.Errorf("no example begins with the command:\n%s", cmd.Example)
			}
			text := cmd.Long + "\n" + cmd.Example + "\n  " + cmd.UseLine()
			if cmd.HasParent() && cmd.Parent().Name() == "completion" {
				text = cmd.Example // the rest is cobra's
			}
			for line := range strings.SplitSeq(text, "\n") {
				if report.Columns(line) > 80 {
					t.Errorf("wider than 80 columns: %s", line)
				}
			}
			for _, sub := range cmd.Commands() {
				if width := 2 + cmd.NamePadding() + 1 + report.Columns(sub.Short); sub.IsAvailableCommand() && width > 80 {
					t.Errorf("the line of %s is %d columns wide", sub.Name(), width)
				}
			}
		})
	})
	if commands < 20 {
		t.Errorf("only %d commands", commands)
	}
}

// TestHelpFits holds that the help of flags is wrapped on a terminal, and nowhere else.
func TestHelpFits(t *testing.T) {
	for _, command := range []string{"", "diff", "publish", "reach", "schema export"} {
		args := append(strings.Fields(command), "--help")
		_, stdout, _ := terminal{width: 80}.run(t, args...)
		for line := range strings.Lines(stdout) {
			if report.Columns(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("%s: wider than 80 columns: %s", command, line)
			}
		}
		_, plain, _ := terminal{}.run(t, args...)
		if d := cmp.Diff(strings.Fields(plain), strings.Fields(stdout)); d != "" {
			t.Errorf("%s: wrapping changes words: %s", command, d)
		}
		if !strings.Contains(plain, `unless NO_COLOR is set (default "auto")`) {
			t.Errorf("%s: a pipe gets wrapped lines:\n%s", command, plain)
		}
	}
}

// TestMisspelt holds that what was perhaps meant is offered.
func TestMisspelt(t *testing.T) {
	tests := []struct{ args, want string }{
		{"vte", "meridian: there is no command \"vte\" (did you mean vet?); see meridian --help\n"},
		{"frobnicate", "meridian: there is no command \"frobnicate\"; see meridian --help\n"},
		{"schema exprot", "meridian: there is no command \"schema exprot\" (did you mean export?); see meridian schema --help\n"},
		{"vet --formt json", "meridian: unknown flag: --formt (did you mean --format?); see meridian vet --help\n"},
		{"--colour never", "meridian: unknown flag: --colour (did you mean --color?); see meridian --help\n"},
		{"vet -x", "meridian: unknown shorthand flag: 'x' in -x; see meridian vet --help\n"},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			code, stdout, stderr := terminal{}.run(t, strings.Fields(test.args)...)
			if d := cmp.Diff(test.want, stderr); d != "" || code != exitMachine || stdout != "" {
				t.Errorf("exit code %d, stdout %q\n%s", code, stdout, d)
			}
		})
	}
}
