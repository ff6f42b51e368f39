package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// find returns the files that arguments name: each file named by itself, and of a folder, or of all below
// FOLDER/..., those whose order is known.
func (f *formatter) find(args []string) ([]string, []diag.Diagnostic, error) {
	if len(args) == 0 {
		args = []string{"."}
	}
	var paths []string
	var list []diag.Diagnostic
	for _, arg := range args {
		if arg == stdinArg {
			return nil, nil, usageError{fmt.Errorf("- stands for standard input and cannot be named beside others")}
		}
		found, err := f.findOne(arg)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			list = append(list, diag.New(diag.SourceUnreadable, diag.Pos{File: arg}, "", "there is no such file"))
		case err != nil:
			return nil, nil, err
		case len(found) == 0:
			list = append(list, diag.New(diag.NothingToCompile, diag.Pos{File: arg}, "", "there is nothing to format in it"))
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), list, nil
}

func (f *formatter) findOne(arg string) ([]string, error) {
	known := func(path string) bool { return f.kind(path) != nil }
	if base, ok := strings.CutSuffix(arg, "..."); ok {
		return walk(base, known)
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{filepath.Clean(arg)}, nil
	}
	entries, err := os.ReadDir(arg)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		if path := filepath.Join(arg, entry.Name()); !entry.IsDir() && known(path) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
