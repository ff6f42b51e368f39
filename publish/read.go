package publish

import (
	"context"
	"errors"
	"path"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Snapshot is a branch's head as it was when it was read. It is used by one goroutine and must be closed.
type Snapshot struct {
	commit plumbing.Hash
	draft  *draft
}

// AppID names an application of the repository.
type AppID struct{ Namespace, Name string }

// Published is an application as the repository has it.
type Published struct {
	Owner   OwnerRecord
	Regions map[string]manifest.Tree // region → files relative to the app's folder
	Inputs  manifest.Tree            // of the newest version
	Held    []Held                   // the versions that other regions carry, newest first
	Claims  []manifest.Claim         // sorted
}

// Read reads a branch's head, for comparisons. Files are fetched when they are asked for, where the server can.
// A warning may come beside it. The options that say how to publish do not matter; of Timeout, failures are tried again
// for that long.
func Read(ctx context.Context, o Options) (*Snapshot, []diag.Diagnostic, error) {
	e, warnings, err := connectToRead(o)
	if err != nil || diag.HasErrors(warnings) {
		return nil, warnings, err
	}
	head, err := e.head(ctx)
	root := plumbing.ZeroHash
	if err == nil {
		root, err = treeOf(ctx, e, head)
	}
	if err != nil {
		diags, err := told(err)
		return nil, diags, errors.Join(err, e.close())
	}
	return &Snapshot{head, newDraft(e, root)}, warnings, nil
}

// Close lets go of the repository.
func (s *Snapshot) Close() error { return s.draft.engine.close() }

// Commit is the head's hash, empty when the branch does not exist.
func (s *Snapshot) Commit() string { return hashText(s.commit) }

// Tree returns the files below a folder, with their paths relative to it.
func (s *Snapshot) Tree(ctx context.Context, folder string) (manifest.Tree, error) {
	return s.draft.tree(ctx, folder)
}

// Prefetch says what will be read, so that a server is asked for it once and not file by file.
func (s *Snapshot) Prefetch(ctx context.Context, folders ...string) error {
	return s.draft.prefetch(ctx, folders...)
}

// Regions returns the names of the regions that the repository has, sorted.
func (s *Snapshot) Regions(ctx context.Context) ([]string, error) {
	return s.draft.names(ctx, regionsDir, true)
}

// Platform returns the record of the platform in force and the platform's files; nil when none was published.
func (s *Snapshot) Platform(ctx context.Context) (*PlatformRecord, manifest.Tree, error) {
	p := plan{draft: s.draft}
	record, err := p.platform(ctx)
	if record == nil || err != nil {
		return nil, manifest.Tree{}, err
	}
	inputs, err := s.draft.tree(ctx, platformDir)
	return record, inputs, err
}

// Apps lists the applications, sorted.
func (s *Snapshot) Apps(ctx context.Context) ([]AppID, error) { return listApps(ctx, s.draft) }

func listApps(ctx context.Context, d *draft) ([]AppID, error) {
	var list []AppID
	namespaces, err := d.names(ctx, appsDir, true)
	if err != nil {
		return nil, err
	}
	for _, namespace := range namespaces {
		names, err := d.names(ctx, path.Join(appsDir, namespace), true)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			list = append(list, AppID{namespace, name})
		}
	}
	return list, nil
}

// App returns an application; nil when there is none.
func (s *Snapshot) App(ctx context.Context, id AppID) (*Published, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return nil, err
	}
	owner, err := readOwner(ctx, s.draft, id.Namespace, id.Name)
	if owner == nil || err != nil {
		return nil, err
	}
	app := &Published{Owner: *owner, Regions: map[string]manifest.Tree{}}
	versions, err := readVersions(ctx, s.draft, owner)
	if err != nil {
		return nil, err
	}
	app.Inputs, app.Held = versions[0].tree, held(versions)
	regions, err := s.Regions(ctx)
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		tree, err := s.draft.tree(ctx, AppFolder(region, id.Namespace, id.Name))
		if err != nil {
			return nil, err
		}
		if tree.Len() > 0 {
			app.Regions[region] = tree
		}
	}
	app.Claims, err = newBook(s.draft).releaseAll(ctx, owner)
	return app, err
}

// Owner returns the record of an application; nil when there is none.
func (s *Snapshot) Owner(ctx context.Context, id AppID) (*OwnerRecord, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return nil, err
	}
	return readOwner(ctx, s.draft, id.Namespace, id.Name)
}

// Claims returns what an application claims, sorted; nothing when there is no such application.
func (s *Snapshot) Claims(ctx context.Context, id AppID) ([]manifest.Claim, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return nil, err
	}
	owner, err := readOwner(ctx, s.draft, id.Namespace, id.Name)
	if owner == nil || err != nil {
		return nil, err
	}
	return newBook(s.draft).releaseAll(ctx, owner)
}
