package publish

import (
	"context"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/manifest"
)

// Difference is what a commit changes of one application, or, without a name, of one space.
type Difference struct {
	ID       AppID
	Old, New Side
}

// Side is one side of a Difference, empty where the application or space is not there.
type Side struct {
	Files  manifest.Tree    // its manifests in all regions, by their path in the repository
	Claims []manifest.Claim // sorted
	Inputs manifest.Tree    // of the newest version
	Owner  *OwnerRecord     // of an application
}

// ReviewFunc is shown what a commit will change before it is made, application by application in order. After a lost
// race it is called again: only what the last call saw counts. What an error of reading leaves out ends the sequence,
// and the publication.
type ReviewFunc func(iter.Seq[Difference])

// review shows what changes.
func (p *plan) review(ctx context.Context, changed []FileChange) error {
	if p.options.Review == nil {
		return nil
	}
	ids := changedApps(changed)
	if err := p.prefetchReview(ctx, ids); err != nil {
		return err
	}
	var failed error
	p.options.Review(func(yield func(Difference) bool) {
		for _, id := range ids {
			d, err := p.difference(ctx, id)
			if failed = err; err != nil || !yield(d) {
				return
			}
		}
	})
	return failed
}

// changedApps are the applications and spaces whose manifests are among the changes, sorted.
func changedApps(changed []FileChange) []AppID {
	seen := map[AppID]bool{}
	for _, c := range changed {
		parts := strings.Split(c.Path, "/")
		switch {
		case len(parts) < 4 || parts[0] != regionsDir:
		case parts[2] == "sync" && len(parts) == 4:
			seen[AppID{Namespace: strings.TrimSuffix(parts[3], ".yaml")}] = true
		case parts[2] == "spaces" && len(parts) > 6 && parts[4] == "apps":
			seen[AppID{parts[3], parts[5]}] = true
		case parts[2] == "spaces" && len(parts) > 5 && parts[4] == "space":
			seen[AppID{Namespace: parts[3]}] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b AppID) int { return strings.Compare(a.String(), b.String()) })
}

// prefetchReview announces everything that the head has of some applications and spaces, to get it at once.
func (p *plan) prefetchReview(ctx context.Context, ids []AppID) error {
	var paths []string
	for _, id := range ids {
		paths = append(paths, p.placesOf(id)...)
		if id.Name != "" {
			paths = append(paths, RecordFolder(id.Namespace, id.Name))
		}
	}
	return p.head.prefetch(ctx, paths...)
}

// placesOf are the files and folders of an application's or a space's manifests.
func (p *plan) placesOf(id AppID) []string {
	var places []string
	for _, region := range p.regions {
		if id.Name != "" {
			places = append(places, AppFolder(region, id.Namespace, id.Name))
			continue
		}
		places = append(places, SpaceFolder(region, id.Namespace), SyncFile(region, id.Namespace))
	}
	return places
}

func (p *plan) difference(ctx context.Context, id AppID) (Difference, error) {
	old, err := p.side(ctx, p.head, id)
	if err != nil {
		return Difference{}, err
	}
	new, err := p.side(ctx, p.draft, id)
	return Difference{id, old, new}, err
}

func (p *plan) side(ctx context.Context, d *draft, id AppID) (Side, error) {
	var side Side
	var files []manifest.File
	for _, place := range p.placesOf(id) {
		n, err := d.lookup(ctx, place)
		if err != nil {
			return side, err
		}
		if n == nil {
			continue
		}
		err = d.walkNode(ctx, n, place, func(file string, n *node) error {
			data, err := d.content(ctx, n)
			files = append(files, manifest.File{Path: file, Data: data})
			return err
		})
		if err != nil {
			return side, err
		}
	}
	var err error
	if side.Files, err = manifest.NewTree(files); err != nil || id.Name == "" {
		return side, err
	}
	if side.Owner, err = readOwner(ctx, d, id.Namespace, id.Name); side.Owner == nil || err != nil {
		return side, err
	}
	if side.Inputs, err = d.tree(ctx, path.Join(RecordFolder(id.Namespace, id.Name), inputsDir)); err != nil {
		return side, err
	}
	side.Claims, err = newBook(d).releaseAll(ctx, side.Owner)
	return side, err
}
