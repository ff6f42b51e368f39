package publish

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/meridian-gitops/meridian/manifest"
)

// claimRecord is one file below .meridian/claims: a host in a region, or a port of a region.
type claimRecord struct {
	Header    `yaml:",inline"`
	Host      string      `yaml:"host,omitempty"`
	Port      int32       `yaml:"port,omitempty"`
	Namespace string      `yaml:"namespace,omitempty"` // of a host: empty while only delegated paths of it are claimed
	Paths     []pathClaim `yaml:"paths,omitempty"`     // of a host; sorted

	App         string `yaml:"app,omitempty"` // these four of a port
	Entry       string `yaml:"entry,omitempty"`
	Service     string `yaml:"service,omitempty"`
	ServicePort int32  `yaml:"servicePort,omitempty"`
}

type pathClaim struct {
	Path      string `yaml:"path"`
	PathType  string `yaml:"pathType"`
	Namespace string `yaml:"namespace,omitempty"` // that the platform delegates the path to; empty: the host's
	App       string `yaml:"app"`
	Entry     string `yaml:"entry"`
}

// claimFileRE is the form of what claimFile returns.
var claimFileRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9][-a-z0-9.]*/(http|tcp|udp)/[a-z0-9_][-a-z0-9.]*\.yaml$`)
})

const (
	hostKind = "HostClaim"
	portKind = "PortClaim"
)

// book is the claims of the repository: read when asked for, changed in memory, written back by flush.
type book struct {
	draft *draft
	files map[string]*claimRecord // by path below claimsDir; nil where there is none
	dirty map[string]bool
}

func newBook(d *draft) *book {
	return &book{d, map[string]*claimRecord{}, map[string]bool{}}
}

// get reads a claim file. It returns nil when nobody holds the name.
func (b *book) get(ctx context.Context, file string) (*claimRecord, error) {
	if record, ok := b.files[file]; ok {
		return record, nil
	}
	full := path.Join(claimsDir, file)
	data, ok, err := b.draft.file(ctx, full)
	if err != nil {
		return nil, err
	}
	var record *claimRecord
	if ok {
		record = new(claimRecord)
		if err := decodeRecord(full, data, recordKind(file), record); err != nil {
			return nil, err
		}
	}
	b.files[file] = record
	return record, nil
}

func kindOf(file string) manifest.ClaimKind { return manifest.ClaimKind(path.Base(path.Dir(file))) }

func recordKind(file string) string {
	if kindOf(file) == manifest.ClaimHTTP {
		return hostKind
	}
	return portKind
}

// release removes an application's entries from a claim file and returns what they were.
func (b *book) release(ctx context.Context, file, namespace, app string) ([]manifest.Claim, error) {
	record, err := b.get(ctx, file)
	if record == nil || err != nil {
		return nil, err
	}
	held := record.claims(regionOf(file), kindOf(file))
	own := slices.DeleteFunc(slices.Clone(held), func(c manifest.Claim) bool { return c.App != app || c.Namespace != namespace })
	switch len(own) {
	case 0:
	case len(held):
		b.set(file, nil)
	default:
		b.set(file, record.without(namespace, app))
	}
	return own, nil
}

// without returns a copy of a host's record without an application's paths. A space that has no other path there gives
// the host up.
func (r *claimRecord) without(namespace, app string) *claimRecord {
	less := *r
	less.Paths = slices.DeleteFunc(slices.Clone(r.Paths), func(p pathClaim) bool {
		return p.App == app && cmp.Or(p.Namespace, r.Namespace) == namespace
	})
	own := func(p pathClaim) bool { return p.Namespace == "" }
	if slices.ContainsFunc(r.Paths, own) && !slices.ContainsFunc(less.Paths, own) {
		less.Namespace = ""
	}
	return &less
}

func (b *book) set(file string, record *claimRecord) {
	b.files[file], b.dirty[file] = record, true
}

// take enters a claim and returns the claim that is in its way, if there is one: in the same file, or a host
// of another space in any region.
func (b *book) take(ctx context.Context, c manifest.Claim, regions []string) (*manifest.Claim, error) {
	file := claimFile(c)
	if held, err := b.hostTaken(ctx, c, regions); held != nil || err != nil {
		return held, err
	}
	record, err := b.get(ctx, file)
	if err != nil {
		return nil, err
	}
	if record != nil {
		for _, held := range record.claims(c.Region, c.Kind) {
			if c.Kind != manifest.ClaimHTTP || held.Path == c.Path && held.PathType == c.PathType {
				return &held, nil
			}
		}
	}
	b.set(file, record.with(c))
	return nil, nil
}

// with returns a copy of a record with one claim more. A nil record is one without claims.
func (r *claimRecord) with(c manifest.Claim) *claimRecord {
	if c.Kind != manifest.ClaimHTTP {
		return &claimRecord{Header: Header{recordVersion, portKind}, Port: c.Port, Namespace: c.Namespace,
			App: c.App, Entry: c.Entry, Service: c.Service, ServicePort: c.ServicePort}
	}
	more := claimRecord{Header: Header{recordVersion, hostKind}, Host: c.Host}
	if r != nil {
		more.Namespace, more.Paths = r.Namespace, slices.Clone(r.Paths)
	}
	path := pathClaim{Path: c.Path, PathType: c.PathType, App: c.App, Entry: c.Entry}
	if c.Delegated {
		path.Namespace = c.Namespace
	} else {
		more.Namespace = c.Namespace
	}
	more.Paths = append(more.Paths, path)
	slices.SortFunc(more.Paths, func(a, b pathClaim) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.PathType, b.PathType))
	})
	return &more
}

// claims are the record's entries as claims.
func (r *claimRecord) claims(region string, kind manifest.ClaimKind) []manifest.Claim {
	if kind != manifest.ClaimHTTP {
		return []manifest.Claim{{Region: region, Kind: kind, Namespace: r.Namespace, App: r.App, Entry: r.Entry,
			Port: r.Port, Service: r.Service, ServicePort: r.ServicePort}}
	}
	list := make([]manifest.Claim, 0, max(1, len(r.Paths)))
	reserved := r.Namespace != ""
	for _, p := range r.Paths {
		list = append(list, manifest.Claim{Region: region, Kind: kind, Namespace: cmp.Or(p.Namespace, r.Namespace), App: p.App,
			Entry: p.Entry, Host: r.Host, Path: p.Path, PathType: p.PathType, Delegated: p.Namespace != ""})
		reserved = reserved && p.Namespace != ""
	}
	if reserved { // made by hand: a host that is reserved for a space
		list = append(list, manifest.Claim{Region: region, Kind: kind, Namespace: r.Namespace, Host: r.Host})
	}
	return list
}

// flush writes the changed files into the draft and returns the regions whose claims are not what they were.
func (b *book) flush(ctx context.Context) ([]string, error) {
	regions := map[string]bool{}
	for file := range b.dirty {
		full := path.Join(claimsDir, file)
		before, had, err := b.draft.file(ctx, full)
		if err != nil {
			return nil, err
		}
		record := b.files[file]
		if record == nil {
			if err := b.draft.remove(ctx, full); err != nil {
				return nil, err
			}
			regions[regionOf(file)] = regions[regionOf(file)] || had
			continue
		}
		data, err := encodeRecord(record)
		if err != nil {
			return nil, err
		}
		if had && bytes.Equal(before, data) {
			continue
		}
		if err := b.draft.put(ctx, full, data); err != nil {
			return nil, err
		}
		regions[regionOf(file)] = true
	}
	clear(b.dirty)
	var changed []string
	for region, really := range regions {
		if really {
			changed = append(changed, region)
		}
	}
	slices.Sort(changed)
	return changed, nil
}

func regionOf(file string) string {
	region, _, _ := strings.Cut(file, "/")
	return region
}

// all returns every claim of a region, in order.
func (b *book) all(ctx context.Context, region string) ([]manifest.Claim, error) {
	if err := b.draft.prefetch(ctx, path.Join(claimsDir, region)); err != nil {
		return nil, err
	}
	var list []manifest.Claim
	for _, kind := range []manifest.ClaimKind{manifest.ClaimHTTP, manifest.ClaimTCP, manifest.ClaimUDP} {
		names, err := b.draft.names(ctx, path.Join(claimsDir, region, string(kind)), false)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if path.Ext(name) != ".yaml" {
				continue
			}
			record, err := b.get(ctx, path.Join(region, string(kind), name))
			if err != nil {
				return nil, err
			}
			if record != nil {
				list = append(list, record.claims(region, kind)...)
			}
		}
	}
	slices.SortFunc(list, manifest.Claim.Compare)
	return list, nil
}

// releaseAll removes all of an application's entries and returns what they were, in order.
func (b *book) releaseAll(ctx context.Context, owner *OwnerRecord) ([]manifest.Claim, error) {
	var list []manifest.Claim
	for _, file := range owner.Claims {
		if !claimFileRE().MatchString(file) {
			return nil, &recordError{ownerFile(owner.Namespace, owner.Name), fmt.Errorf("%q is not a claim", file)}
		}
		claims, err := b.release(ctx, file, owner.Namespace, owner.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, claims...)
	}
	slices.SortFunc(list, manifest.Claim.Compare)
	return list, nil
}
