package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
)

// guardFlags are the flags of publish that let something pass which is rarely meant.
type guardFlags struct {
	allow        []string
	removeSpaces []string
	renameFrom   []string
	takeOver     []string
	breakCallers bool
}

func (f *guardFlags) register(flags *pflag.FlagSet) {
	allowFlag(flags, &f.allow, publish.Guards())
	flags.StringSliceVar(&f.removeSpaces, "remove-space", nil, "`SPACE` that is deleted because the platform no longer has it (repeat, or separate with commas)")
	flags.StringSliceVar(&f.renameFrom, "rename-from", nil, "`SPACE/NAME` of the repository that is renamed, or moved, to an application of this call: the old one is deleted (repeat, or separate with commas)")
	flags.StringSliceVar(&f.takeOver, "take-over", nil, "`SPACE/NAME` of the repository that may be published from another source; or that is deleted when an application of this call claims its hosts, paths or ports, which pass (repeat, or separate with commas)")
	flags.BoolVar(&f.breakCallers, "break-callers", false, "rename or take over an application that others call")
}

// allowFlag registers --allow for some guards.
func allowFlag(flags *pflag.FlagSet, into *[]string, guards []publish.Guard) {
	flags.StringSliceVar(into, "allow", nil, "`GUARD` that is let pass: "+guardList(guards)+" (repeat, or separate with commas)")
}

func guardList(guards []publish.Guard) string {
	var names []string
	for _, g := range guards {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}

// rollbackGuards are those that a rollback can meet and does not let pass by itself.
func rollbackGuards() []publish.Guard {
	return []publish.Guard{publish.AutoscaleGap, publish.MassRemoval, publish.RenamedEntry}
}

// guardNames understands the values of --allow.
func guardNames(names []string, known []publish.Guard) ([]publish.Guard, error) {
	var list []publish.Guard
	for _, name := range names {
		if !slices.Contains(known, publish.Guard(name)) {
			return nil, usageError{fmt.Errorf("--allow %s: there is no such guard; there are %s", name, guardList(known))}
		}
		list = append(list, publish.Guard(name))
	}
	return list, nil
}

// check refuses flags that do not go with what is published.
func (f guardFlags) check(spaces bool) error {
	switch {
	case spaces && len(f.renameFrom)+len(f.takeOver) > 0:
		return usageError{errors.New("--rename-from and --take-over are for applications, not for --spaces")}
	case !spaces && len(f.removeSpaces) > 0:
		return usageError{errors.New("--remove-space goes with --spaces")}
	case f.breakCallers && len(f.renameFrom)+len(f.takeOver) == 0:
		return usageError{errors.New("--break-callers goes with --rename-from or --take-over")}
	}
	return nil
}

// complete hands the flags on.
func (f guardFlags) complete(o *publish.Options, p *regions.Platform) error {
	var err error
	if o.Allow, err = guardNames(f.allow, publish.Guards()); err != nil {
		return err
	}
	for _, space := range f.removeSpaces {
		o.RemoveSpaces = append(o.RemoveSpaces, namespaceOf(p, space))
	}
	namespace := func(space string) string { return namespaceOf(p, space) }
	for _, list := range []struct {
		args []string
		into *[]publish.AppID
	}{{f.renameFrom, &o.RenameFrom}, {f.takeOver, &o.TakeOver}} {
		for _, arg := range list.args {
			id, err := parseAppID(arg, namespace)
			if err != nil {
				return err
			}
			*list.into = append(*list.into, id)
		}
	}
	return nil
}

// withoutEmpty leaves out the FOLDER/... that hold no application, where that is allowed, and reports whether none is
// left.
func (f guardFlags) withoutEmpty(args []string) (kept []string, none bool) {
	if !slices.Contains(f.allow, string(publish.Empty)) {
		return args, false
	}
	for _, arg := range orHere(args) {
		if strings.HasSuffix(arg, "...") {
			if found, err := (origin{}).find(arg); err == nil && len(found) == 0 {
				continue
			}
		}
		kept = append(kept, arg)
	}
	return kept, len(kept) == 0
}

// sourceHistory is the git repository of the sources, opened when a source commit is to be looked up.
type sourceHistory struct {
	folder  string
	sources *publish.Sources
	failed  bool // there is none
	known   map[[2]string]publish.Order
}

// sourceHistory is that of the first application: a call has one source commit.
func (c *cli) sourceHistory(args []string) *sourceHistory {
	h := &sourceHistory{folder: ".", known: map[[2]string]publish.Order{}}
	if len(args) > 0 {
		h.folder = strings.TrimSuffix(args[0], "...")
		if !isFolder(h.folder) {
			h.folder = filepath.Dir(h.folder)
		}
	}
	return h
}

func isFolder(path string) bool {
	info, err := origin{}.stat(path)
	return err == nil && info.IsDir()
}

func (h *sourceHistory) close() {
	if h.sources != nil {
		_ = h.sources.Close() // it was only read
	}
}

// open reports whether there is a repository. One that cannot be read is as good as none: what it would have told is
// then not known, which is said.
func (h *sourceHistory) open() bool {
	if h.sources == nil && !h.failed {
		var err error
		h.sources, err = publish.OpenSources(h.folder)
		h.failed = err != nil
	}
	return !h.failed
}

// complete gives the applications the time of their commit, and publishing the order of commits.
func (h *sourceHistory) complete(ctx context.Context, o *publish.Options, apps []publish.App) error {
	times := map[string]string{}
	for i := range apps {
		if apps[i].Source.Time != "" {
			continue
		}
		commit := apps[i].Source.Commit
		text, known := times[commit]
		if !known && commit != "" && h.open() {
			when, ok, err := h.sources.CommitTime(ctx, commit)
			if err != nil {
				return err
			}
			if ok {
				text = when.Format(time.RFC3339)
			}
			times[commit] = text
		}
		apps[i].Source.Time = text
	}
	o.SourceOrder = h.order
	return nil
}

// order answers once for each pair of commits: a lost race asks again.
func (h *sourceHistory) order(ctx context.Context, published, now string) (publish.Order, error) {
	key := [2]string{published, now}
	if order, known := h.known[key]; known || !h.open() {
		return order, nil
	}
	order, err := h.sources.Order(ctx, published, now)
	if err == nil {
		h.known[key] = order
	}
	return order, err
}
