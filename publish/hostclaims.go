package publish

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/manifest"
)

// hostTaken returns a claim of another space on a host, or on one that answers for the same names, in any region; nil
// when there is none, as for a path that is delegated: the platform says whose that is.
func (b *book) hostTaken(ctx context.Context, c manifest.Claim, regions []string) (*manifest.Claim, error) {
	if c.Kind != manifest.ClaimHTTP || c.Delegated {
		return nil, nil
	}
	for _, region := range regions {
		c.Region = region
		files := []string{claimFile(c)}
		if over, ok := wildcardOver(c); ok {
			files = append(files, claimFile(over))
		}
		under, err := b.hostsUnder(ctx, c)
		if err != nil {
			return nil, err
		}
		for _, file := range append(files, under...) {
			record, err := b.get(ctx, file)
			if err != nil {
				return nil, err
			}
			if held := record.hostClaim(region); held != nil && held.Namespace != c.Namespace {
				return held, nil
			}
		}
	}
	return nil, nil
}

// hostClaim returns a claim that gives a space the host itself, not only paths that are delegated; nil when there is
// none.
func (r *claimRecord) hostClaim(region string) *manifest.Claim {
	if r == nil {
		return nil
	}
	for _, c := range r.claims(region, manifest.ClaimHTTP) {
		if !c.Delegated {
			return &c
		}
	}
	return nil
}

// wildcardOver returns a claim of the wildcard host that answers for a host, too: *.x for a.x. It stands for one label.
func wildcardOver(c manifest.Claim) (manifest.Claim, bool) {
	_, rest, more := strings.Cut(c.Host, ".")
	if c.Kind != manifest.ClaimHTTP || !more || strings.HasPrefix(c.Host, "*.") {
		return c, false
	}
	c.Host = "*." + rest
	return c, true
}

// hostsUnder returns the files of the hosts that a wildcard host answers for, sorted, in the claim's region.
func (b *book) hostsUnder(ctx context.Context, c manifest.Claim) ([]string, error) {
	rest, wildcard := strings.CutPrefix(c.Host, "*.")
	if !wildcard {
		return nil, nil
	}
	folder := path.Join(c.Region, string(manifest.ClaimHTTP))
	names, err := b.draft.names(ctx, path.Join(claimsDir, folder), false)
	if err != nil {
		return nil, err
	}
	var files, full []string
	add := func(file string) {
		label, under := strings.CutSuffix(path.Base(file), "."+rest+".yaml")
		if under && !strings.ContainsAny(label, "._") {
			files = append(files, file)
		}
	}
	for _, name := range names {
		add(path.Join(folder, name))
	}
	for file := range b.dirty { // those of this call are not written yet
		if path.Dir(file) == folder {
			add(file)
		}
	}
	slices.Sort(files)
	files = slices.Compact(files)
	for _, file := range files {
		full = append(full, path.Join(claimsDir, file))
	}
	return files, b.draft.prefetch(ctx, full...)
}

// unreserve gives free a host that is reserved for a space, and leaves what is claimed of it.
func (b *book) unreserve(ctx context.Context, file string) error {
	record, err := b.get(ctx, file)
	if record == nil || err != nil {
		return err
	}
	if len(record.Paths) == 0 {
		b.set(file, nil)
		return nil
	}
	left := *record
	left.Namespace = ""
	b.set(file, &left)
	return nil
}
