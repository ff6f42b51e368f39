package compiler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// Interface is what other applications see of an application: the ports it has, whom it calls and accepts, what it
// claims. It is small, so that a folder of ten thousand applications can be checked together.
type Interface struct {
	Space, Name string
	Pos         diag.Pos // of its name
	Callees     []Callee // the applications it calls, in any region, sorted and each once

	Regions []string // sorted
	Faces   []*face  // one a region, in the same order; shared by regions in which it is the same
}

// Callee names a called application.
type Callee struct{ Space, App string }

func (c Callee) compare(d Callee) int {
	return slices.Compare([]string{c.Space, c.App}, []string{d.Space, d.App})
}

// face is an application's interface in one region. Its fields, and those of its parts, are exported for encoders
// alone: an interface may come from another process.
type face struct {
	Ports    []portFace // sorted by name
	PortsPos diag.Pos
	Calls    []callFace
	Accepts  []acceptFace
	Claims   []claimFace
	Mentions []mention
}

type portFace struct {
	Name, Protocol string
	Number         int32 // that others call it by
	Pos            diag.Pos
}

type callFace struct {
	Name string
	schema.Call
	Pos, PortPos diag.Pos
}

type acceptFace struct {
	Name string
	schema.Accept
	Pos     diag.Pos
	PortPos []diag.Pos
}

// claimFace is a claim without its region.
type claimFace struct {
	Claim manifest.Claim
	Path  string
	Pos   diag.Pos
	TLS   string // http: the certificate's Secret; empty for none
}

// Interface returns what other applications see of a compiled application.
func (r *Result) Interface() *Interface {
	in := &Interface{Space: r.App.Space, Name: r.App.Name, Pos: r.App.Node().Where("name")}
	known := map[*schema.Spec]*face{}
	for i := range r.Plans {
		p := &r.Plans[i]
		f := known[p.Spec]
		if f == nil {
			f = p.face()
			known[p.Spec] = f
			for _, call := range f.Calls {
				in.Callees = append(in.Callees, Callee{call.Space, call.App})
			}
		}
		in.Regions = append(in.Regions, p.Region.ID)
		in.Faces = append(in.Faces, f)
	}
	slices.SortFunc(in.Callees, Callee.compare)
	in.Callees = slices.Compact(in.Callees)
	return in
}

// Calling returns the interface as it is without calls to others than those: all there is to know of an application that
// is only looked up, and whose own calls were checked when it was published.
func (in *Interface) Calling(others []*Interface) *Interface {
	known := func(callee Callee) bool {
		return slices.ContainsFunc(others, func(other *Interface) bool { return other.Space == callee.Space && other.Name == callee.App })
	}
	only := *in
	only.Callees = slices.DeleteFunc(slices.Clone(in.Callees), func(callee Callee) bool { return !known(callee) })
	only.Faces = make([]*face, len(in.Faces))
	for i, f := range in.Faces {
		own := *f
		own.Calls = slices.DeleteFunc(slices.Clone(f.Calls), func(call callFace) bool { return !known(Callee{call.Space, call.App}) })
		only.Faces[i] = &own
	}
	return &only
}

func (p *RegionPlan) face() *face {
	f := &face{PortsPos: p.Where("ports"), Mentions: p.mentions()}
	for _, name := range sortedKeys(p.Spec.Ports) {
		port := p.Spec.Ports[name]
		f.Ports = append(f.Ports, portFace{name, port.Protocol, port.ServicePort, p.Where("ports", name)})
	}
	for _, name := range sortedKeys(p.Spec.Calls) {
		f.Calls = append(f.Calls, callFace{name, p.Spec.Calls[name], p.Where("calls", name), p.Where("calls", name, "port")})
	}
	for _, name := range sortedKeys(p.Spec.Accepts) {
		accept := acceptFace{Name: name, Accept: p.Spec.Accepts[name], Pos: p.Where("accepts", name)}
		for i := range accept.Ports {
			accept.PortPos = append(accept.PortPos, p.Where("accepts", name, "ports", strconv.Itoa(i)))
		}
		f.Accepts = append(f.Accepts, accept)
	}
	for _, claim := range p.claims() {
		path := []string{string(claim.Kind), claim.Entry, "port"}
		if claim.Kind == manifest.ClaimHTTP {
			path[2] = "host"
		}
		claim.Region = ""
		face := claimFace{Claim: claim, Path: fieldPath(path), Pos: p.Where(path...)}
		if tls := p.Spec.HTTP[claim.Entry].TLS; claim.Kind == manifest.ClaimHTTP && tls != nil {
			face.TLS = tls.Secret
		}
		f.Claims = append(f.Claims, face)
	}
	return f
}

func (f *face) portNames() []string {
	names := make([]string, len(f.Ports))
	for i, port := range f.Ports {
		names[i] = port.Name
	}
	return names
}

// Within returns the interface as it is in some regions.
func (in *Interface) Within(regions []string) *Interface {
	part := &Interface{Space: in.Space, Name: in.Name, Pos: in.Pos, Callees: in.Callees}
	for i, region := range in.Regions {
		if slices.Contains(regions, region) {
			part.Regions, part.Faces = append(part.Regions, region), append(part.Faces, in.Faces[i])
		}
	}
	return part
}

// With returns an interface that is in further regions as another version of the application has it there.
func (in *Interface) With(other *Interface) *Interface {
	both := &Interface{Space: in.Space, Name: in.Name, Pos: in.Pos, Callees: slices.Concat(in.Callees, other.Callees)}
	slices.SortFunc(both.Callees, Callee.compare)
	both.Callees = slices.Compact(both.Callees)
	faces := map[string]*face{}
	for _, one := range []*Interface{other, in} {
		for i, region := range one.Regions {
			faces[region] = one.Faces[i]
		}
	}
	for _, region := range sortedKeys(faces) {
		both.Regions, both.Faces = append(both.Regions, region), append(both.Faces, faces[region])
	}
	return both
}

func (in *Interface) face(region string) *face {
	if i, found := slices.BinarySearch(in.Regions, region); found {
		return in.Faces[i]
	}
	return nil
}

// Together checks applications against one another (S7, S13, S19): calls against what the called application
// accepts, in every region; hosts, paths and ports against those of the others. whole says that the spaces of the
// applications are given as a whole, so that one that is called and not given does not exist; a call to a space of
// which no application is given cannot be checked and is passed over: it is checked when it is published.
func Together(apps []*Interface, whole bool) []diag.Diagnostic {
	t := &together{apps: map[Callee]*Interface{}, spaces: map[string]bool{}}
	var list []diag.Diagnostic
	for _, in := range apps {
		key := Callee{in.Space, in.Name}
		if other, twice := t.apps[key]; twice {
			list = append(list, diag.New(diag.SameApplication, in.Pos, "name", "the space %s has an application %s already", in.Space, in.Name).
				WithRelated(other.Pos, "the other one"))
			continue
		}
		t.apps[key] = in
		t.spaces[in.Space] = whole
	}
	for _, in := range apps {
		found := map[string][]diag.Diagnostic{}
		for i, region := range in.Regions {
			found[region] = slices.Concat(t.calls(in, in.Faces[i], region), t.accepts(in.Faces[i]), t.mentions(in.Faces[i], region))
		}
		list = append(list, diag.Fold(found, len(in.Regions))...)
	}
	return diag.Sort(append(list, claimedTwice(apps)...))
}

type together struct {
	apps   map[Callee]*Interface
	spaces map[string]bool // those that are given as a whole
}

func (t *together) calls(in *Interface, f *face, region string) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, call := range f.Calls {
		path := fieldPath([]string{"calls", call.Name})
		callee := t.apps[Callee{call.Space, call.App}]
		if callee == nil {
			if t.spaces[call.Space] {
				list = append(list, diag.New(diag.CalleeMissing, call.Pos, path, "there is no application %s in the space %s", call.App, call.Space))
			}
			continue
		}
		if there := callee.face(region); there != nil {
			list = append(list, checkCall(in, call, callee, there)...)
		} else {
			list = append(list, diag.New(diag.CalleeNotHere, call.Pos, path, "%s is not in this region", call.App).WithRelated(callee.Pos, "%s is here", call.App))
		}
	}
	return list
}

func checkCall(in *Interface, call callFace, callee *Interface, there *face) []diag.Diagnostic {
	path := fieldPath([]string{"calls", call.Name})
	i := slices.IndexFunc(there.Ports, func(port portFace) bool { return port.Name == call.Port })
	if i < 0 {
		return []diag.Diagnostic{diag.New(diag.CalleePort, call.PortPos, path+".port", "%s has no port %q", call.App, call.Port).
			WithHint("%sthe ports it declares: %s", didYouMean(call.Port, there.portNames()), joinWords(there.portNames())).WithRelated(there.PortsPos, "%s is here", call.App)}
	}
	var list []diag.Diagnostic
	if port := there.Ports[i]; port.Protocol != call.Protocol {
		list = append(list, diag.New(diag.CalleePort, call.PortPos, path+".port", "port %q of %s is %s, the call is %s", call.Port, call.App, port.Protocol, call.Protocol).
			WithHint("add protocol: %q to the call", port.Protocol).WithRelated(port.Pos, "the port"))
	}
	if call.Space == in.Space {
		return list // the same space is granted
	}
	for _, accept := range there.Accepts {
		if accept.App == in.Name && accept.Space == in.Space && (len(accept.Ports) == 0 || slices.Contains(accept.Ports, call.Port)) {
			return list
		}
	}
	return append(list, diag.New(diag.CalleeRefuses, call.Pos, path, "%s does not accept calls from %s of the space %s to its port %s", call.App, in.Name, in.Space, call.Port).
		WithHint("have %s add: accepts: %s: space: %q", call.App, fieldPath([]string{in.Name}), in.Space).WithRelated(callee.Pos, "%s is here", call.App))
}

// accepts warns of callers that do not exist.
func (t *together) accepts(f *face) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, accept := range f.Accepts {
		if t.spaces[accept.Space] && t.apps[Callee{accept.Space, accept.App}] == nil {
			list = append(list, diag.New(diag.AcceptsNobody, accept.Pos, fieldPath([]string{"accepts", accept.Name}), "there is no application %s in the space %s", accept.App, accept.Space))
		}
	}
	return list
}

// claimedTwice compares what applications claim: a host belongs to one space in all regions, a path to one
// application of a region, a port of a region to one application.
func claimedTwice(apps []*Interface) []diag.Diagnostic {
	type place struct {
		region               string
		kind                 manifest.ClaimKind
		host, path, pathType string
		port                 int32
	}
	type holder struct {
		in    *Interface
		claim *claimFace
	}
	taken, hosts, certificates := map[place]holder{}, map[string]holder{}, map[place]holder{}
	var list []diag.Diagnostic
	for _, in := range apps {
		found := map[string][]diag.Diagnostic{}
		for i, region := range in.Regions {
			for j := range in.Faces[i].Claims {
				c := &in.Faces[i].Claims[j]
				k := place{region, c.Claim.Kind, c.Claim.Host, c.Claim.Path, c.Claim.PathType, c.Claim.Port}
				if other, ok := taken[k]; ok && other.in != in {
					d := diag.New(diag.ClaimedTwice, c.Pos, c.Path, "%s is claimed by %s of the space %s too", claimName(c.Claim), other.in.Name, other.in.Space)
					found[region] = append(found[region], d.WithRelated(other.claim.Pos, "its claim"))
				}
				taken[k] = holder{in, c}
				if c.Claim.Kind != manifest.ClaimHTTP {
					continue
				}
				switch other, ok := hosts[c.Claim.Host]; {
				case c.Claim.Delegated: // whoever has the host
				case !ok:
					hosts[c.Claim.Host] = holder{in, c}
				case other.in.Space != in.Space:
					d := diag.New(diag.HostOtherSpace, c.Pos, c.Path, "the host %s belongs to the space %s", c.Claim.Host, other.in.Space)
					found[region] = append(found[region], d.WithRelated(other.claim.Pos, "its claim"))
				}
				here := place{region: region, host: c.Claim.Host}
				if other, ok := certificates[here]; ok && other.in != in && other.claim.TLS != c.TLS {
					d := diag.New(diag.HostTLSDiffers, c.Pos, c.Path, "%s has two TLS settings: here %s, in %s %s", c.Claim.Host, orNone(c.TLS), other.in.Name, orNone(other.claim.TLS))
					found[region] = append(found[region], d.WithRelated(other.claim.Pos, "the other one"))
				}
				certificates[here] = holder{in, c}
			}
		}
		list = append(list, diag.Fold(found, len(in.Regions))...)
	}
	for host, h := range hosts {
		wildcard, ok := wildcardOver(host)
		if over := hosts[wildcard]; ok && over.in != nil && over.in.Space != h.in.Space {
			d := diag.New(diag.HostOtherSpace, h.claim.Pos, h.claim.Path, "the host %s of the space %s answers for %s, too", wildcard, over.in.Space, host)
			list = append(list, d.WithRelated(over.claim.Pos, "its claim"))
		}
	}
	return list
}

// wildcardOver returns the wildcard host that answers for a host, too: *.x for a.x. It stands for one label.
func wildcardOver(host string) (string, bool) {
	_, rest, more := strings.Cut(host, ".")
	return "*." + rest, more && !strings.HasPrefix(host, "*.")
}

func claimName(claim manifest.Claim) string {
	if claim.Kind == manifest.ClaimHTTP {
		return claim.Host + claim.Path
	}
	return fmt.Sprintf("%s port %d", claim.Kind, claim.Port)
}
