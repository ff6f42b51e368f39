package publish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// predecessor is a recorded application that one of the call replaces: it is withdrawn from all regions in the same
// commit. Its record goes with it, because a part of what was recorded could not be compiled again.
type predecessor struct {
	owner   *OwnerRecord
	held    []manifest.Claim // sorted
	by      *entry
	renamed bool // it is the same application under another name
}

func (old *predecessor) id() AppID { return AppID{old.owner.Namespace, old.owner.Name} }

func (p *plan) predecessor(id AppID) *predecessor {
	for _, old := range p.replaced {
		if old.id() == id {
			return old
		}
	}
	return nil
}

// succeeds reports whether an application replaces another.
func (p *plan) succeeds(e *entry) bool {
	return slices.ContainsFunc(p.replaced, func(old *predecessor) bool { return old.by == e })
}

// renames finds the applications that are renamed, with who they become, and gives their names free.
func (p *plan) renames(ctx context.Context, entries []entry) error {
	for _, id := range p.options.RenameFrom {
		by, problem := p.becomes(ctx, id, entries)
		if problem != nil || by == nil {
			if err := p.mistake(problem, p.pos); err != nil {
				return err
			}
			continue
		}
		if _, err := p.replace(ctx, id, by, true); err != nil {
			return err
		}
	}
	return nil
}

// becomes finds the application of the call that a recorded one becomes; nil when it has become that already, or when
// nobody can tell, which is reported.
func (p *plan) becomes(ctx context.Context, id AppID, entries []entry) (*entry, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return nil, err
	}
	owner, err := p.owner(ctx, id.Namespace, id.Name)
	if err != nil {
		return nil, err
	}
	var alike, coming []*entry
	for i := range entries {
		e := &entries[i]
		switch {
		case e.id() == id:
			p.report(diag.New(diag.RenameUnclear, e.Pos, "name", "application %s cannot become another one: it is published here", id))
			return nil, nil
		case len(e.Regions) == 0:
			continue
		case owner != nil && owner.Source.Repository != "" && e.Source.Repository != "" && samePlace(owner.Source, e.Source):
			alike = append(alike, e)
		}
		if e.old == nil {
			coming = append(coming, e)
		}
	}
	switch {
	case owner == nil && len(coming) == 0:
		return nil, nil // done: the flag has been left in a script
	case owner == nil:
		return nil, p.reportUnknown(ctx, id)
	case len(alike) == 1:
		return alike[0], nil
	case len(coming) == 1:
		return coming[0], nil
	case len(entries) == 1:
		return &entries[0], nil
	}
	p.report(diag.New(diag.RenameUnclear, p.pos, "", "which of %d applications %s has become is not clear", len(entries), id))
	return nil, nil
}

// reportUnknown tells of an application to rename that is not there, with the one that may be meant.
func (p *plan) reportUnknown(ctx context.Context, id AppID) error {
	ids, err := listApps(ctx, p.draft)
	if err != nil {
		return err
	}
	var names []string
	for _, known := range ids {
		names = append(names, known.String())
	}
	d := diag.New(diag.RenameUnclear, p.pos, "", "there is no application %s to rename", id)
	if near := diag.Nearest(id.String(), names); near != "" {
		d = d.WithHint("did you mean --rename-from %s?", near)
	}
	p.report(d)
	return nil
}

// replace withdraws a recorded application in favour of another, and reports whether there was one.
func (p *plan) replace(ctx context.Context, id AppID, by *entry, renamed bool) (bool, error) {
	owner, err := p.owner(ctx, id.Namespace, id.Name)
	if owner == nil || err != nil {
		return false, err
	}
	held, err := p.book.releaseAll(ctx, owner)
	if err != nil {
		return false, err
	}
	p.replaced = append(p.replaced, &predecessor{owner, held, by, renamed})
	return true, nil
}

// takeOver lets an application take a claim from one that was named for it, and reports whether it may.
func (p *plan) takeOver(ctx context.Context, e *entry, held manifest.Claim, entries []entry) (bool, error) {
	id := AppID{held.Namespace, held.App}
	if held.App == "" || !slices.Contains(p.options.TakeOver, id) || p.predecessor(id) != nil {
		return false, nil
	}
	if slices.ContainsFunc(entries, func(other entry) bool { return other.id() == id }) {
		return false, nil // it is published here and goes on claiming that
	}
	return p.replace(ctx, id, e, false)
}

// checkReplaced reports what those who are replaced would give up that nobody of the call takes, notes what passes,
// and takes their folders away.
func (p *plan) checkReplaced(ctx context.Context, entries []entry) error {
	for _, old := range p.replaced {
		for _, region := range p.regions {
			n, err := p.head.lookup(ctx, AppFolder(region, old.owner.Namespace, old.owner.Name))
			if err != nil {
				return err
			}
			if !slices.Contains(p.options.RemoveFrom, region) {
				p.checkNotTaken(old, region, n != nil, entries)
			}
			if err := p.draft.replace(ctx, AppFolder(region, old.owner.Namespace, old.owner.Name), manifest.Tree{}); err != nil {
				return err
			}
		}
		if err := p.draft.replace(ctx, RecordFolder(old.owner.Namespace, old.owner.Name), manifest.Tree{}); err != nil {
			return err
		}
		p.noteReplaced(old, entries)
	}
	return nil
}

func (p *plan) checkNotTaken(old *predecessor, region string, there bool, entries []entry) {
	lost := strings.Join(without(claimNames(old.held, region), claimNames(claimsOf(entries), region)), ", ")
	_, goesOn := old.by.Regions[region]
	var d diag.Diagnostic
	switch {
	case there && !goesOn:
		with := ""
		if lost != "" {
			with = " and give up " + lost
		}
		d = diag.New(diag.RegionLeft, old.by.Pos, "only", "application %s, which %s replaces, would be deleted where that one is not%s", old.id(), old.by.id(), with)
	case lost != "":
		d = diag.New(diag.ExposureDropped, old.by.Pos, "", "application %s, which %s replaces, would give up %s", old.id(), old.by.id(), lost)
	default:
		return
	}
	p.report(d.WithRegion(region))
}

// noteReplaced records in the commit what was replaced.
func (p *plan) noteReplaced(old *predecessor, entries []entry) {
	if old.renamed {
		p.trailers = append(p.trailers, "Meridian-Renamed-From: "+old.id().String())
		return
	}
	var passed []string
	for _, region := range p.regions {
		names := claimNames(old.held, region)
		passed = append(passed, without(names, without(names, claimNames(claimsOf(entries), region)))...)
	}
	slices.Sort(passed)
	p.trailers = append(p.trailers, fmt.Sprintf("Meridian-Taken-Over: %s from %s", listed(slices.Compact(passed)), old.id()))
}

func claimsOf(entries []entry) []manifest.Claim {
	var list []manifest.Claim
	for _, e := range entries {
		list = append(list, e.Claims...)
	}
	return list
}

// claimNames are the hosts and ports of a region's claims, sorted and each once.
func claimNames(claims []manifest.Claim, region string) []string {
	var names []string
	for _, c := range claims {
		if c.Region == region {
			names = append(names, claimName(c))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// without returns the names that are not among some others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}
