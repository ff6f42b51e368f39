package publish

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// claims enters what the applications claim and nothing else, and tells what that changes. It reports whether all
// claims could be read: aggregates of half of them would be wrong.
func (v *verifier) claims(ctx context.Context, entries []entry) (bool, error) {
	before, certain, err := v.claimed(ctx)
	if err != nil || !certain {
		return false, err
	}
	for file, held := range before {
		for _, c := range held {
			if !v.judged(c) {
				continue
			}
			if _, err := v.book.release(ctx, file, c.Namespace, c.App); err != nil {
				return false, err
			}
		}
	}
	for i := range entries {
		if v.uncertain[AppID{entries[i].Namespace, entries[i].Name}] {
			continue
		}
		if err := v.take(ctx, &entries[i]); err != nil {
			return false, err
		}
	}
	for file, record := range v.book.files {
		v.compareClaims(file, before[file], record)
	}
	_, err = v.book.flush(ctx)
	return true, err
}

// claimed reads all claims, and reports whether all can be read.
func (v *verifier) claimed(ctx context.Context) (map[string][]manifest.Claim, bool, error) {
	if err := v.draft.prefetch(ctx, claimsDir); err != nil {
		return nil, false, err
	}
	claims, certain := map[string][]manifest.Claim{}, true
	err := v.draft.walk(ctx, claimsDir, func(full string, _ *node) error {
		file := strings.TrimPrefix(full, claimsDir+"/")
		if !claimFileRE().MatchString(file) {
			if len(v.Apps) == 0 {
				v.tell(diag.FileStray, full, "nobody published this file")
			}
			return nil
		}
		record, err := v.book.get(ctx, file)
		var broken *recordError
		if errors.As(err, &broken) {
			v.tell(diag.RecordUnreadable, full, "the claim cannot be read, so that claims and aggregates cannot be compared: %v", broken.err)
			certain = false
			return nil
		}
		if err != nil {
			return err
		}
		claims[file] = record.claims(regionOf(file), kindOf(file))
		return nil
	})
	return claims, certain, err
}

// judged reports whether a claim is one that the applications at hand account for. One without an application is a
// name that somebody reserved for a space.
func (v *verifier) judged(c manifest.Claim) bool {
	id := AppID{c.Namespace, c.App}
	return c.App != "" && !v.uncertain[id] && (v.wanted(id) || len(v.Apps) == 0)
}

func (v *verifier) take(ctx context.Context, e *entry) error {
	for _, c := range e.sortedClaims() {
		held, err := v.book.take(ctx, c, v.regions)
		if err != nil {
			return err
		}
		if held == nil {
			continue
		}
		e.Pos = diag.Pos{File: path.Join(claimsDir, claimFile(c))}
		e.Where = nil
		v.left = append(v.left, claimTaken(e.App, c, *held, held.Namespace+"/"+held.App))
	}
	return nil
}

// compareClaims tells what a claim file holds and should not, and the other way round.
func (v *verifier) compareClaims(file string, before []manifest.Claim, record *claimRecord) {
	var after []manifest.Claim
	if record != nil {
		after = record.claims(regionOf(file), kindOf(file))
	}
	full := path.Join(claimsDir, file)
	add := func(code diag.Code, format string, args ...any) {
		v.mended = append(v.mended, diag.New(code, diag.Pos{File: full}, "", format, args...))
		v.told[full] = true
	}
	for _, c := range before {
		switch id := (AppID{c.Namespace, c.App}); {
		case slices.Contains(after, c):
		case !slices.Contains(v.known, id):
			add(diag.ClaimOrphaned, "%s is claimed for application %s, which is not in the repository", claimPlace(c), id)
		default:
			add(diag.ClaimOrphaned, "%s is claimed for application %s, which does not claim it (entry %s)", claimPlace(c), id, c.Entry)
		}
	}
	for _, c := range after {
		if !slices.Contains(before, c) {
			add(diag.ClaimMissing, "%s is not claimed for application %s/%s (entry %s)", claimPlace(c), c.Namespace, c.App, c.Entry)
		}
	}
}

// claimPlace is a host with its path, or a port.
func claimPlace(c manifest.Claim) string {
	if c.Kind == manifest.ClaimHTTP {
		return "host " + c.Host + " path " + c.Path + " (" + c.PathType + ")"
	}
	return claimName(c)
}
