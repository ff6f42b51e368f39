package manifest

import "cmp"

// ClaimKind is the kind of shared name that an application claims.
type ClaimKind string

const (
	ClaimHTTP ClaimKind = "http" // a host and path of the region's HTTP edge
	ClaimTCP  ClaimKind = "tcp"  // a TCP port of the region's proxies
	ClaimUDP  ClaimKind = "udp"  // a UDP port of the region's proxies
)

// Claim is an application's use of a name that others could want too (S7, S10, S11, S13): a host and path, or a
// port on a region's proxy servers. A host belongs to one namespace over all regions but for the paths that the platform
// delegates to others, a path to one app, a port of a region to one app.
type Claim struct {
	Region    string
	Kind      ClaimKind
	Namespace string // <org>-<space>
	App       string
	Entry     string // the exposure's name in app.cue

	Host     string // http only, lower case
	Path     string // http only
	PathType string // http only: Prefix or Exact
	// Delegated says of an http claim that the platform gives the path to this namespace, whoever has the host.
	Delegated bool

	Port        int32  // tcp and udp only: the port on the proxies, 1–65535
	Service     string // tcp and udp only: the Service it leads to
	ServicePort int32  // tcp and udp only
}

// Compare orders claims by region, kind, host, port, path and application.
func (c Claim) Compare(d Claim) int {
	return cmp.Or(cmp.Compare(c.Region, d.Region), cmp.Compare(c.Kind, d.Kind), cmp.Compare(c.Host, d.Host),
		cmp.Compare(c.Port, d.Port), cmp.Compare(c.Path, d.Path), cmp.Compare(c.PathType, d.PathType),
		cmp.Compare(c.Namespace, d.Namespace), cmp.Compare(c.App, d.App), cmp.Compare(c.Entry, d.Entry))
}
