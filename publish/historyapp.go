package publish

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/manifest"
)

// app reads an application in a tree; nil when it is not there.
func (w *walk) app(ctx context.Context, root plumbing.Hash, id AppID) (*Published, error) {
	s := &Snapshot{draft: newDraft(w.engine, root)}
	app, err := s.App(ctx, id)
	var broken *recordError
	if app != nil || err != nil && !errors.As(err, &broken) {
		return app, err
	}
	app = &Published{Regions: map[string]manifest.Tree{}}
	regions, err := s.Regions(ctx)
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		tree, err := s.Tree(ctx, AppFolder(region, id.Namespace, id.Name))
		if err != nil {
			return nil, err
		}
		if tree.Len() > 0 {
			app.Regions[region] = tree
		}
	}
	if len(app.Regions) == 0 {
		return nil, nil
	}
	return app, nil
}

// same reports whether an application is the same in two trees. Only hashes are compared, but for claims: their files
// are shared with others.
func (w *walk) same(ctx context.Context, a, b plumbing.Hash, id AppID) (bool, error) {
	if a == b {
		return true, nil
	}
	before, after := newDraft(w.engine, a), newDraft(w.engine, b)
	was, claimed, err := w.print(ctx, before, id)
	if err != nil {
		return false, err
	}
	is, claims, err := w.print(ctx, after, id)
	if err != nil || was != is {
		return false, err
	}
	if claimed == claims {
		return true, nil
	}
	s, t := &Snapshot{draft: before}, &Snapshot{draft: after}
	old, err := s.Claims(ctx, id)
	if err != nil {
		return false, notBroken(err)
	}
	new, err := t.Claims(ctx, id)
	return slices.Equal(old, new), notBroken(err)
}

// notBroken passes over records that cannot be read: a history may hold some.
func notBroken(err error) error {
	var broken *recordError
	if errors.As(err, &broken) {
		return nil
	}
	return err
}

// print is a fingerprint of what an application owns, and one of the files that its claims are in.
func (w *walk) print(ctx context.Context, d *draft, id AppID) (own, claims string, err error) {
	regions, err := d.names(ctx, regionsDir, true)
	if err != nil {
		return "", "", err
	}
	folders := []string{RecordFolder(id.Namespace, id.Name)}
	for _, region := range regions {
		folders = append(folders, AppFolder(region, id.Namespace, id.Name))
	}
	if own, err = hashes(ctx, d, folders); err != nil {
		return "", "", err
	}
	files, err := w.claimFiles(ctx, d, id)
	if err != nil {
		return "", "", err
	}
	claims, err = hashes(ctx, d, files)
	return own, claims, err
}

// hashes lists the paths that are there with their hashes.
func hashes(ctx context.Context, d *draft, paths []string) (string, error) {
	var b strings.Builder
	for _, name := range paths {
		n, err := d.lookup(ctx, name)
		if err != nil {
			return "", err
		}
		if n != nil {
			b.WriteString(name + " " + n.base.String() + "\n")
		}
	}
	return b.String(), nil
}

// claimFiles are the files that an application's record names. A record is read once, however many commits have it.
func (w *walk) claimFiles(ctx context.Context, d *draft, id AppID) ([]string, error) {
	n, err := d.lookup(ctx, ownerFile(id.Namespace, id.Name))
	if n == nil || err != nil {
		return nil, err
	}
	if files, known := w.owned[n.base]; known {
		return files, nil
	}
	owner, err := readOwner(ctx, d, id.Namespace, id.Name)
	if err != nil {
		return nil, notBroken(err)
	}
	var files []string
	for _, file := range owner.Claims {
		files = append(files, path.Join(claimsDir, file))
	}
	w.owned[n.base] = files
	return files, nil
}
