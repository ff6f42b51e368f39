package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// mostCandidates bounds what completion offers; the first are enough to type on.
const mostCandidates = 2000

// completeApps completes an argument that names applications: folders that hold an app.cue, and FOLDER/... for all
// below. Where there is none the shell completes files.
func completeApps(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	base := filepath.Dir(prefix)
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		base = filepath.Clean("./" + prefix)
		if filepath.IsAbs(prefix) {
			base = filepath.Clean(prefix)
		}
	}
	paths, err := walk(base, isApp)
	if err != nil || len(paths) == 0 {
		return []string{"cue"}, cobra.ShellCompDirectiveFilterFileExt
	}
	var found []string
	for _, path := range paths[:min(len(paths), mostCandidates)] {
		folder := filepath.Dir(path)
		if strings.HasPrefix(prefix, "./") && folder != "." {
			folder = "./" + folder
		}
		if strings.HasPrefix(folder, prefix) {
			found = append(found, folder)
		}
	}
	if all := "./..."; strings.HasPrefix(all, prefix) {
		found = append(found, all)
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeRegions completes a flag that names open regions of the platform, also behind a comma.
func (c *cli) completeRegions(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	s, err := c.newSession()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	before := prefix[:strings.LastIndex(prefix, ",")+1]
	var found []string
	for _, id := range s.compiler.Platform().Open() {
		if candidate := before + id; strings.HasPrefix(candidate, prefix) && !slices.Contains(strings.Split(before, ","), id) {
			found = append(found, candidate+"\t"+s.compiler.Platform().Region(id).Title)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completions gives every command's arguments and flags what a shell may offer for them.
func (c *cli) completions(root *cobra.Command) {
	fixed := func(values ...string) cobra.CompletionFunc {
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return values, cobra.ShellCompDirectiveNoFileComp
		}
	}
	folder := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	flags := map[string]cobra.CompletionFunc{
		"diagnostics": fixed(formatNames()...), "color": fixed("auto", "always", "never"), "platform": folder,
		"ci":     fixed("github", "gitlab"),
		"region": c.completeRegions, "remove-from": c.completeRegions,
	}
	for _, cmd := range append(root.Commands(), root) {
		if strings.Contains(cmd.Use, appsUsage) {
			cmd.ValidArgsFunction = completeApps
		}
		if formats, ok := cmd.Annotations[formatsAnnotation]; ok {
			_ = cmd.RegisterFlagCompletionFunc("format", fixed(strings.Fields(formats)...))
		}
		for name, complete := range flags {
			if cmd.LocalFlags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
				_ = cmd.RegisterFlagCompletionFunc(name, complete)
			}
		}
	}
}

// formatsAnnotation notes on a command which values its flag format has, separated by blanks.
const formatsAnnotation = "formats"
