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

	regions []string // sorted
	faces   []*face  // one a region, in the same order; shared by regions in which it is the same
}

// Callee names a called application.
type Callee struct{ Space, App string }

// face is an application's interface in one region.
type face struct {
	ports    []portFace // sorted by name
	portsPos diag.Pos
	calls    []callFace
	accepts  []acceptFace
	claims   []claimFace
	mentions []mention
}

type portFace struct {
	name, protocol string
	number         int32 // that others call it by
	pos            diag.Pos
}

type callFace struct {
	name string
	schema.Call
	pos, portPos diag.Pos
}

type acceptFace struct {
	name string
	schema.Accept
	pos     diag.Pos
	portPos []diag.Pos
}

// claimFace is a claim without its region.
type claimFace struct {
	claim manifest.Claim
	path  string
	pos   diag.Pos
	tls   string // http: the certificate's Secret; empty for none
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
			for _, call := range f.calls {
				in.Callees = append(in.Callees, Callee{call.Space, call.App})
			}
		}
		in.regions = append(in.regions, p.Region.ID)
		in.faces = append(in.faces, f)
	}
	slices.SortFunc(in.Callees, func(a, b Callee) int {
		return slices.Compare([]string{a.Space, a.App}, []string{b.Space, b.App})
	})
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
	only.faces = make([]*face, len(in.faces))
	for i, f := range in.faces {
		own := *f
		own.calls = slices.DeleteFunc(slices.Clone(f.calls), func(call callFace) bool { return !known(Callee{call.Space, call.App}) })
		only.faces[i] = &own
	}
	return &only
}

func (p *RegionPlan) face() *face {
	f := &face{portsPos: p.Where("ports"), mentions: p.mentions()}
	for _, name := range sortedKeys(p.Spec.Ports) {
		port := p.Spec.Ports[name]
		f.ports = append(f.ports, portFace{name, port.Protocol, port.ServicePort, p.Where("ports", name)})
	}
	for _, name := range sortedKeys(p.Spec.Calls) {
		f.calls = append(f.calls, callFace{name, p.Spec.Calls[name], p.Where("calls", name), p.Where("calls", name, "port")})
	}
	for _, name := range sortedKeys(p.Spec.Accepts) {
		accept := acceptFace{name: name, Accept: p.Spec.Accepts[name], pos: p.Where("accepts", name)}
		for i := range accept.Ports {
			accept.portPos = append(accept.portPos, p.Where("accepts", name, "ports", strconv.Itoa(i)))
		}
		f.accepts = append(f.accepts, accept)
	}
	for _, claim := range p.claims() {
		path := []string{string(claim.Kind), claim.Entry, "port"}
		if claim.Kind == manifest.ClaimHTTP {
			path[2] = "host"
		}
		claim.Region = ""
		face := claimFace{claim: claim, path: fieldPath(path), pos: p.Where(path...)}
		if tls := p.Spec.HTTP[claim.Entry].TLS; claim.Kind == manifest.ClaimHTTP && tls != nil {
			face.tls = tls.Secret
		}
		f.claims = append(f.claims, face)
	}
	return f
}

func (f *face) portNames() []string {
	names := make([]string, len(f.ports))
	for i, port := range f.ports {
		names[i] = port.name
	}
	return names
}

func (in *Interface) face(region string) *face {
	if i, found := slices.BinarySearch(in.regions, region); found {
		return in.faces[i]
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
		for i, region := range in.regions {
			found[region] = slices.Concat(t.calls(in, in.faces[i], region), t.accepts(in.faces[i]), t.mentions(in.faces[i], region))
		}
		list = append(list, diag.Fold(found, len(in.regions))...)
	}
	return diag.Sort(append(list, claimedTwice(apps)...))
}

type together struct {
	apps   map[Callee]*Interface
	spaces map[string]bool // those that are given as a whole
}

func (t *together) calls(in *Interface, f *face, region string) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, call := range f.calls {
		path := fieldPath([]string{"calls", call.name})
		callee := t.apps[Callee{call.Space, call.App}]
		if callee == nil {
			if t.spaces[call.Space] {
				list = append(list, diag.New(diag.CalleeMissing, call.pos, path, "there is no application %s in the space %s", call.App, call.Space))
			}
			continue
		}
		if there := callee.face(region); there != nil {
			list = append(list, checkCall(in, call, callee, there)...)
		} else {
			list = append(list, diag.New(diag.CalleeNotHere, call.pos, path, "%s is not in this region", call.App).WithRelated(callee.Pos, "%s is here", call.App))
		}
	}
	return list
}

func checkCall(in *Interface, call callFace, callee *Interface, there *face) []diag.Diagnostic {
	path := fieldPath([]string{"calls", call.name})
	i := slices.IndexFunc(there.ports, func(port portFace) bool { return port.name == call.Port })
	if i < 0 {
		return []diag.Diagnostic{diag.New(diag.CalleePort, call.portPos, path+".port", "%s has no port %q", call.App, call.Port).
			WithHint("%sthe ports it declares: %s", didYouMean(call.Port, there.portNames()), joinWords(there.portNames())).WithRelated(there.portsPos, "%s is here", call.App)}
	}
	var list []diag.Diagnostic
	if port := there.ports[i]; port.protocol != call.Protocol {
		list = append(list, diag.New(diag.CalleePort, call.portPos, path+".port", "port %q of %s is %s, the call is %s", call.Port, call.App, port.protocol, call.Protocol).
			WithHint("add protocol: %q to the call", port.protocol).WithRelated(port.pos, "the port"))
	}
	if call.Space == in.Space {
		return list // the same space is granted
	}
	for _, accept := range there.accepts {
		if accept.App == in.Name && accept.Space == in.Space && (len(accept.Ports) == 0 || slices.Contains(accept.Ports, call.Port)) {
			return list
		}
	}
	return append(list, diag.New(diag.CalleeRefuses, call.pos, path, "%s does not accept calls from %s of the space %s to its port %s", call.App, in.Name, in.Space, call.Port).
		WithHint("have %s add: accepts: %s: space: %q", call.App, fieldPath([]string{in.Name}), in.Space).WithRelated(callee.Pos, "%s is here", call.App))
}

// accepts warns of callers that do not exist.
func (t *together) accepts(f *face) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, accept := range f.accepts {
		if t.spaces[accept.Space] && t.apps[Callee{accept.Space, accept.App}] == nil {
			list = append(list, diag.New(diag.AcceptsNobody, accept.pos, fieldPath([]string{"accepts", accept.name}), "there is no application %s in the space %s", accept.App, accept.Space))
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
		for i, region := range in.regions {
			for j := range in.faces[i].claims {
				c := &in.faces[i].claims[j]
				k := place{region, c.claim.Kind, c.claim.Host, c.claim.Path, c.claim.PathType, c.claim.Port}
				if other, ok := taken[k]; ok && other.in != in {
					d := diag.New(diag.ClaimedTwice, c.pos, c.path, "%s is claimed by %s of the space %s too", claimName(c.claim), other.in.Name, other.in.Space)
					found[region] = append(found[region], d.WithRelated(other.claim.pos, "its claim"))
				}
				taken[k] = holder{in, c}
				if c.claim.Kind != manifest.ClaimHTTP {
					continue
				}
				switch other, ok := hosts[c.claim.Host]; {
				case c.claim.Delegated: // whoever has the host
				case !ok:
					hosts[c.claim.Host] = holder{in, c}
				case other.in.Space != in.Space:
					d := diag.New(diag.HostOtherSpace, c.pos, c.path, "the host %s belongs to the space %s", c.claim.Host, other.in.Space)
					found[region] = append(found[region], d.WithRelated(other.claim.pos, "its claim"))
				}
				here := place{region: region, host: c.claim.Host}
				if other, ok := certificates[here]; ok && other.in != in && other.claim.tls != c.tls {
					d := diag.New(diag.HostTLSDiffers, c.pos, c.path, "%s has two TLS settings: here %s, in %s %s", c.claim.Host, orNone(c.tls), other.in.Name, orNone(other.claim.tls))
					found[region] = append(found[region], d.WithRelated(other.claim.pos, "the other one"))
				}
				certificates[here] = holder{in, c}
			}
		}
		list = append(list, diag.Fold(found, len(in.regions))...)
	}
	for host, h := range hosts {
		wildcard, ok := wildcardOver(host)
		if over := hosts[wildcard]; ok && over.in != nil && over.in.Space != h.in.Space {
			d := diag.New(diag.HostOtherSpace, h.claim.pos, h.claim.path, "the host %s of the space %s answers for %s, too", wildcard, over.in.Space, host)
			list = append(list, d.WithRelated(over.claim.pos, "its claim"))
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
