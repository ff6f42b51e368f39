package main

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

func changedFlag(cmd *cobra.Command, changed *bool) {
	cmd.Flags().BoolVar(changed, "changed", false, "arguments are changed files: look at the applications whose folders hold them, and at nothing else")
}

// owners returns the applications that changed files belong to: of each file the nearest app.cue, in its folder or
// above. Files that belong to none are passed over; a file need not exist any more.
func owners(files []string) []string {
	var paths []string
	for _, file := range files {
		if path, ok := owner(file); ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// owner looks upwards for app.cue: at most to the root of the git repository that holds the file, or to the working
// folder where there is none.
func owner(file string) (string, bool) {
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", false
	}
	for last := searchRoot(dir); ; dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, appFile)) {
			if !filepath.IsAbs(file) {
				dir = relative(dir)
			}
			return filepath.Join(dir, appFile), true
		}
		if dir == last || dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// searchRoot is the root of the git repository that holds a folder, or else the working folder.
func searchRoot(dir string) string {
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if exists(filepath.Join(dir, ".git")) {
			return dir
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		return dir
	}
	return wd
}
