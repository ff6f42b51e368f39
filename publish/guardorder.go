package publish

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// checkOrder refuses applications that an older commit of their source would change: a job that was overtaken, or run
// again. What the older commit does not change is let pass.
func (p *plan) checkOrder(ctx context.Context, entries []entry) error {
	if p.options.allows(OlderSource) {
		return nil
	}
	found := map[Order][]*entry{}
	for i := range entries {
		e := &entries[i]
		if !e.changed || e.old == nil || !differentCommits(e.old.Source, e.Source) {
			continue
		}
		order, err := p.order(ctx, e.old.Source, e.Source)
		if err != nil {
			return err
		}
		found[order] = append(found[order], e)
	}
	for _, order := range []Order{Older, OrderUnknown} {
		if len(found[order]) > 0 {
			p.report(orderMistake(order, found[order]))
		}
	}
	return nil
}

// differentCommits reports whether two sources are different commits of what may be one repository.
func differentCommits(published, now Source) bool {
	if published.Commit == "" || now.Commit == "" || sameCommit(published.Commit, now.Commit) {
		return false
	}
	published.Path, now.Path = "", ""
	return samePlace(published, now)
}

// sameCommit compares hashes of which one may be shortened.
func sameCommit(a, b string) bool {
	n := min(len(a), len(b))
	return n >= 7 && strings.EqualFold(a[:n], b[:n]) || a == b
}

// order asks the sources' repository, and else the recorded times.
func (p *plan) order(ctx context.Context, published, now Source) (Order, error) {
	if p.options.SourceOrder != nil {
		order, err := p.options.SourceOrder(ctx, published.Commit, now.Commit)
		if order != OrderUnknown || err != nil {
			return order, err
		}
	}
	switch {
	case published.Time != "" && now.Time != "":
		if now.Time < published.Time { // both in UTC and of one length
			return Older, nil
		}
		return Newer, nil
	case p.options.SourceOrder == nil:
		return Newer, nil // nobody to ask
	}
	return OrderUnknown, nil
}

// orderMistake is one diagnostic for all applications of a call.
func orderMistake(order Order, found []*entry) diag.Diagnostic {
	slices.SortStableFunc(found, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	var names []string
	for _, e := range found {
		names = append(names, fmt.Sprintf("%s from %s", e.id(), shortCommit(e.old.Source.Commit)))
	}
	first := found[0]
	code, text := diag.OlderSource, "commit %s of the source is older than what is published: %s"
	if order == OrderUnknown {
		code, text = diag.SourceOrderUnknown, "it is not known whether commit %s of the source is newer than what is published: %s"
	}
	d := diag.New(code, first.Pos, "", text, shortCommit(first.Source.Commit), listed(names))
	for _, e := range found[1:min(len(found), someNames)] {
		d = d.WithRelated(e.Pos, "%s is here", e.id())
	}
	return d
}

// shortCommit is as much of a commit as people compare.
func shortCommit(commit string) string { return commit[:min(12, len(commit))] }

func (e *entry) id() AppID { return AppID{e.Namespace, e.Name} }
