package compiler

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
)

// Bootstrap is what a region's clusters are told once, so that they follow the repository from then on.
type Bootstrap struct {
	Region  string
	Objects []manifest.Object // in the order in which they are best applied
	Files   manifest.Tree     // the objects' YAML, by file name
	Outside []Task            // what must be there before, or is done elsewhere
}

// Bootstrap builds what makes the clusters of an open region sync from the repository: the source, and the two roots
// of all that is synced, over the folders sync and edge. Everything else is in the repository.
func (c *Compiler) Bootstrap(region string) (Bootstrap, []diag.Diagnostic, error) {
	b := bootstrapper{platform: c.platform, region: c.platform.Region(region)}
	b.url, b.secret = c.platform.ReadFrom(b.region)
	list := b.check()
	if diag.HasErrors(list) {
		return Bootstrap{}, list, nil
	}
	objects := b.flux()
	if c.platform.Sync.Engine == engineArgoCD {
		objects = b.argo()
	}
	files, err := Encode(objects)
	if err != nil {
		return Bootstrap{}, nil, fmt.Errorf("compile the bootstrap of %s: %w", region, err)
	}
	return Bootstrap{region, objects, files, b.outside()}, list, nil
}

type bootstrapper struct {
	platform *regions.Platform
	region   *regions.Region
	url      string // where the region's clusters read from
	secret   string // what they read with; may be empty
}

// folder is a folder of the region in the repository.
func (b bootstrapper) folder(name string) string { return "regions/" + b.region.ID + "/" + name }

// edgeName is the name of what concerns the region's edge.
func (b bootstrapper) edgeName() string { return b.platform.Sync.Name + "-edge" }

// syncName is the name of the artifact that the root reads.
func (b bootstrapper) syncName() string { return b.platform.Sync.Name + "-sync" }

func (b bootstrapper) check() []diag.Diagnostic {
	where, with := []string{"sync", "repository"}, `sync: secret: "NAME"`
	if b.region.Mirror != nil {
		where, with = []string{"regions", b.region.ID, "mirror"}, `mirror: {url: "…", secret: "NAME"}`
	}
	report := func(code diag.Code, format string, args ...any) []diag.Diagnostic {
		return []diag.Diagnostic{diag.New(code, b.platform.Where(where...), strings.Join(where, "."), format, args...)}
	}
	switch u, err := url.Parse(b.url); {
	case b.url == "":
		return report(diag.SyncRepositoryMissing, "the clusters are not told where the repository is: there is no sync.repository")
	case err != nil:
		return report(diag.SyncRepositoryMissing, "%s cannot be read as an address", b.url)
	case u.Scheme == "ssh" && b.secret == "" && b.platform.Sync.Engine != engineArgoCD:
		d := diag.New(diag.SyncSecretMissing, b.platform.Where(where...), strings.Join(where, "."), "%s is read over ssh, and no secret is named for it", b.url)
		return []diag.Diagnostic{d.WithHint("name the Secret with the keys identity and known_hosts in the platform: %s", with)}
	case u.Scheme == "http" && !nearby(u.Hostname()):
		return report(diag.SyncUnprotected, "the clusters read %s over plain http: whoever is on the way decides what runs", b.url)
	}
	return nil
}

// nearby reports whether a host is this machine or a Service of the cluster.
func nearby(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}
