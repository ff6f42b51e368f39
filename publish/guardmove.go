package publish

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/diag"
)

// checkMoved refuses an application that is new while another one of the same place is recorded: it was renamed, or
// moved to another space, and the clusters would run both, or delete the old one and start the new.
func (p *plan) checkMoved(ctx context.Context, entries []entry) error {
	if p.options.allows(SameSource) {
		return nil
	}
	coming := map[string]*entry{} // by place
	for i := range entries {
		e := &entries[i]
		if e.old == nil && len(e.Regions) > 0 && e.Source.Repository != "" && e.Source.Path != "" && !p.succeeds(e) {
			coming[e.Source.place()] = e
		}
	}
	if len(coming) == 0 {
		return nil
	}
	recorded, err := p.recordedPlaces(ctx, coming)
	if err != nil {
		return err
	}
	for _, r := range recorded {
		e := coming[r.source.place()]
		if slices.ContainsFunc(entries, func(other entry) bool { return other.id() == r.id }) {
			continue // it is published now, from somewhere else
		}
		p.moved[r.id] = true
		d := diag.New(diag.AppMoved, e.Pos, "name", "application %s is new, and comes from where %s was published from, which is still there: %s", e.id(), r.id, r.source)
		p.report(d.WithHint("if it was renamed or moved, add --rename-from %s: the clusters delete the old one and start the new one, with downtime between; if both are meant, add --allow %s", r.id, SameSource))
	}
	return nil
}

// recordedPlace is where an application was published from.
type recordedPlace struct {
	id     AppID
	source Source
}

// recordedPlaces reads the records that name one of some places, in order of applications. All are fetched in one
// request, and a lost race reads only those that have changed.
func (p *plan) recordedPlaces(ctx context.Context, wanted map[string]*entry) ([]recordedPlace, error) {
	ids, err := listApps(ctx, p.draft)
	if err != nil {
		return nil, err
	}
	records := make([]plumbing.Hash, len(ids))
	var unread []plumbing.Hash
	for i, id := range ids {
		n, err := p.draft.lookup(ctx, ownerFile(id.Namespace, id.Name))
		if err != nil {
			return nil, err
		}
		if n == nil || !isRegular(n.mode) {
			continue
		}
		records[i] = n.hash
		if _, known := p.places[n.hash]; !known {
			unread = append(unread, n.hash)
		}
	}
	if err := p.draft.engine.prefetch(ctx, unread); err != nil {
		return nil, err
	}
	var list []recordedPlace
	for i, id := range ids {
		if records[i].IsZero() {
			continue
		}
		source, err := p.sourceOf(ctx, records[i], wanted)
		if err != nil {
			return nil, err
		}
		if source.Repository != "" && wanted[source.place()] != nil {
			list = append(list, recordedPlace{id, source})
		}
	}
	return list, nil
}

// sourceOf reads the source of a record, or none where it is not one of those that are wanted. A record that cannot be
// read names none: whoever publishes its application is told.
func (p *plan) sourceOf(ctx context.Context, hash plumbing.Hash, wanted map[string]*entry) (Source, error) {
	if source, known := p.places[hash]; known {
		return source, nil
	}
	data, err := p.draft.engine.read(ctx, plumbing.BlobObject, hash)
	if err != nil {
		return Source{}, err
	}
	var record struct {
		Source Source `yaml:"source"`
	}
	for _, e := range wanted {
		if mentions(data, e.Source.Path) {
			_ = yaml.Unmarshal(data, &record)
			break
		}
	}
	p.places[hash] = record.Source
	return record.Source, nil
}

// mentions reports whether a record may name a path: thousands are looked through, and decoding one takes longer.
func mentions(record []byte, path string) bool {
	plain := !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\'' || r == '\\' })
	return !plain || bytes.Contains(record, []byte(strings.Trim(path, "/")))
}
