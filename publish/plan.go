package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
)

// plan is one attempt: the head's tree, what is to become of it, and what is wrong with that.
type plan struct {
	options Options
	commit  plumbing.Hash // the head; zero when there is none
	draft   *draft
	head    *draft // stays as the head is
	book    *book
	regions []string // every region that the repository or this publication knows, sorted
	pos     diag.Pos // of mistakes that belong to no application
	diags   []diag.Diagnostic

	moved    map[AppID]bool           // applications that one of the call seems to be under another name
	replaced []*predecessor           // applications that go because one of the call takes their place
	trailers []string                 // of the commit, beside those of the job
	places   map[plumbing.Hash]Source // of records, by their hash; kept over attempts
	message  string                   // of the commit, where it depends on what is found; empty: the job's
}

// newPlan starts from a root tree.
func newPlan(ctx context.Context, e engine, o Options, root plumbing.Hash) (*plan, error) {
	d := newDraft(e, root)
	p := &plan{options: o, draft: d, head: newDraft(e, root), book: newBook(d), moved: map[AppID]bool{}, places: map[plumbing.Hash]Source{}}
	for _, folder := range []string{regionsDir, claimsDir} {
		names, err := d.names(ctx, folder, true)
		if err != nil {
			return nil, err
		}
		p.addRegions(names...)
	}
	return p, nil
}

func (p *plan) addRegions(names ...string) {
	p.regions = append(p.regions, names...)
	slices.Sort(p.regions)
	p.regions = slices.Compact(p.regions)
}

func (p *plan) report(diags ...diag.Diagnostic) { p.diags = append(p.diags, diags...) }

// mistake reports an error that the repository's content causes as a diagnostic and returns any other.
func (p *plan) mistake(err error, pos diag.Pos) error {
	d, ok := Problem(err)
	if !ok {
		return err
	}
	d.Pos = pos
	p.report(d)
	return nil
}

// Problem returns the diagnostic for an error of reading that the repository's content causes, not a machine.
func Problem(err error) (diag.Diagnostic, bool) {
	var way *wayError
	var record *recordError
	switch {
	case errors.As(err, &way):
		return diag.New(diag.PathInTheWay, diag.Pos{}, "", "%s in the repository is %s", way.path, modeName(way.mode)), true
	case errors.As(err, &record):
		return diag.New(diag.RecordUnreadable, diag.Pos{}, "", "%s in the repository: %v", record.path, record.err), true
	}
	return diag.Diagnostic{}, false
}

// checkAgain asks what was asked before planning of the commit that is built on.
func (p *plan) checkAgain(ctx context.Context) error {
	if p.options.Check == nil {
		return nil
	}
	found, err := p.options.Check(ctx, &Snapshot{p.commit, p.head})
	p.report(found...)
	return err
}

// finish writes the claims and the aggregates of the regions whose claims changed, and of more regions.
func (p *plan) finish(ctx context.Context, more ...string) error {
	regions, err := p.book.flush(ctx)
	if err != nil {
		return err
	}
	regions = append(regions, more...)
	slices.Sort(regions)
	for _, region := range slices.Compact(regions) {
		if err := p.writeEdge(ctx, region); err != nil {
			return err
		}
	}
	return nil
}

// platform reads the record of the platform in force, nil when none was published.
func (p *plan) platform(ctx context.Context) (*PlatformRecord, error) {
	return readPlatform(ctx, p.draft)
}

func readPlatform(ctx context.Context, d *draft) (*PlatformRecord, error) {
	data, ok, err := d.file(ctx, platformFile)
	if !ok || err != nil {
		return nil, err
	}
	record := new(PlatformRecord)
	return record, decodeRecord(platformFile, data, "Platform", record)
}

// owner reads the record of an application, nil when there is none.
func (p *plan) owner(ctx context.Context, namespace, app string) (*OwnerRecord, error) {
	return readOwner(ctx, p.draft, namespace, app)
}

func readOwner(ctx context.Context, d *draft, namespace, app string) (*OwnerRecord, error) {
	file := ownerFile(namespace, app)
	data, ok, err := d.file(ctx, file)
	if !ok || err != nil {
		return nil, err
	}
	record := new(OwnerRecord)
	if err := decodeRecord(file, data, "Owner", record); err != nil {
		return nil, err
	}
	if record.Namespace != namespace || record.Name != app {
		return nil, &recordError{file, fmt.Errorf("is about %s/%s", record.Namespace, record.Name)}
	}
	if err := record.check(); err != nil {
		return nil, &recordError{file, err}
	}
	return record, nil
}
