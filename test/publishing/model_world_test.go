package publishing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The model is what a repository must hold, as simple as it can be said, and the rules by which a command is refused.
// It shares no code with Meridian. What it does not model (the content of manifests beside the image's tag) others test.

// The world is small, so that names are fought over.
var (
	modelRegions = []string{"aws-frankfurt", "aws-oregon", "ksc-russia"} // those that a platform opens and closes
	otherRegions = []string{"aws-beijing", "aws-singapore", "ksc-beijing6"}
	modelSpaces  = []string{"data", "ops", "web"}
	modelNames   = []string{"app1", "app2", "app3", "app4"}
	modelSlots   = []string{"s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"} // folders that sources lie in
	modelHosts   = []string{"a.mydomain.com", "b.mydomain.com", "c.yourdomain.com"}
	modelPaths   = []string{"/", "/x"}
	modelTCP     = []int{9000, 9001}
	modelUDP     = []int{5000, 5001}
)

// appID names an application.
type appID struct{ Space, Name string }

func (id appID) String() string { return id.Space + "/" + id.Name }

// spec is what an app.cue says.
type spec struct {
	appID
	Tag            int
	Only           []string          // nil: every region of the space
	Hosts          map[string]string // host → path
	TCP, UDP       []int
	Calls, Accepts []appID
}

func (s spec) clone() spec {
	s.Only, s.Hosts = slices.Clone(s.Only), maps.Clone(s.Hosts)
	s.TCP, s.UDP = slices.Clone(s.TCP), slices.Clone(s.UDP)
	s.Calls, s.Accepts = slices.Clone(s.Calls), slices.Clone(s.Accepts)
	return s
}

// The ports of every application that its hosts and ports lead to.
const webPort, dnsPort = 8080, 5353

// cue writes the spec as an app.cue. The same spec is the same text.
func (s spec) cue() string {
	var b strings.Builder
	fmt.Fprintf(&b, "package app\n\nname: %q\nspace: %q\nowner: \"team-%s@mydomain.com\"\n", s.Name, s.Space, s.Space)
	fmt.Fprintf(&b, "image: {name: \"app\", tag: \"1.%d\"}\n", s.Tag)
	fmt.Fprintf(&b, "ports: {web: %d, dns: {port: %d, protocol: \"UDP\"}}\n", webPort, dnsPort)
	for _, host := range slices.Sorted(maps.Keys(s.Hosts)) {
		entry, _, _ := strings.Cut(host, ".") // one that keeps its host keeps its name
		fmt.Fprintf(&b, "http: %s: {host: %q, paths: [%q], port: \"web\"}\n", entry, host, s.Hosts[host])
	}
	for _, port := range s.TCP {
		fmt.Fprintf(&b, "tcp: t%d: {port: %d, to: \"web\"}\n", port, port)
	}
	for _, port := range s.UDP {
		fmt.Fprintf(&b, "udp: u%d: {port: %d, to: \"dns\"}\n", port, port)
	}
	for i, id := range s.Calls {
		fmt.Fprintf(&b, "calls: c%d: {app: %q, space: %q, port: \"web\"}\n", i, id.Name, id.Space)
	}
	for i, id := range s.Accepts {
		fmt.Fprintf(&b, "accepts: a%d: {app: %q, space: %q}\n", i, id.Name, id.Space)
	}
	if s.Only != nil {
		fmt.Fprintf(&b, "only: %s\n", cueList(s.Only))
	}
	return b.String()
}

func cueList(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = fmt.Sprintf("%q", item)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// platformSpec is what a platform's folder says.
type platformSpec struct {
	Open    []string            // of modelRegions, sorted
	Spaces  map[string][]string // space → only; nil: every open region
	Domains map[string][]string // domain → the spaces that may use it; nil: all
}

func (p platformSpec) clone() platformSpec {
	return platformSpec{slices.Clone(p.Open), maps.Clone(p.Spaces), maps.Clone(p.Domains)}
}

func (p platformSpec) cue() string {
	var b strings.Builder
	b.WriteString("package platform\n\norg: \"myorg\"\nprojects: [\"myorg\"]\n")
	part := func(field string, lists map[string][]string, inner string) {
		for _, name := range slices.Sorted(maps.Keys(lists)) {
			fmt.Fprintf(&b, "%s: %q: {", field, name)
			if list := lists[name]; list != nil {
				fmt.Fprintf(&b, "%s: %s", inner, cueList(list))
			}
			b.WriteString("}\n")
		}
	}
	part("domains", p.Domains, "spaces")
	part("spaces", p.Spaces, "only")
	for _, region := range slices.Concat(modelRegions, otherRegions) {
		fmt.Fprintf(&b, "regions: %q: open: %t\n", region, slices.Contains(p.Open, region))
	}
	return b.String()
}

// regions are those that a space is in.
func (p platformSpec) regions(space string) []string {
	only, known := p.Spaces[space]
	if !known {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.Open), func(region string) bool { return only != nil && !slices.Contains(only, region) })
}

// spaceRegions are the spaces that a platform writes, with their regions.
func (p platformSpec) spaceRegions() map[string][]string {
	spaces := map[string][]string{}
	for space := range p.Spaces {
		if regions := p.regions(space); len(regions) > 0 {
			spaces[space] = regions
		}
	}
	return spaces
}

// version is an application as it was published.
type version struct {
	Spec    spec
	Slot    string // the folder of its source
	Regions []string
	Edited  bool // somebody's hand has changed manifests or claims since
}

// key tells versions apart as the repository does.
func (v *version) key() string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v.Spec.cue(), v.Slot, v.Regions, v.Edited)
}

// world is what the repository must hold. It is not changed, but copied.
type world struct {
	platform platformSpec
	spaces   map[string][]string  // as they are in the repository; remove --space takes one that the platform has
	apps     map[appID]version    // those that are there
	past     map[appID][]*version // every version there was, the last one last; nil: removed
}

func emptyWorld() world {
	return world{spaces: map[string][]string{}, apps: map[appID]version{}, past: map[appID][]*version{}}
}

func (w world) clone() world {
	w.spaces, w.apps, w.past = maps.Clone(w.spaces), maps.Clone(w.apps), maps.Clone(w.past)
	return w
}

// ids are the applications that are there, in order.
func (w world) ids() []appID {
	return slices.SortedFunc(maps.Keys(w.apps), func(a, b appID) int { return strings.Compare(a.String(), b.String()) })
}

// put makes a version an application's present one, nil removes it, and notes it in its past if it is another.
func (w world) put(id appID, v *version) {
	var now *version
	if there, ok := w.apps[id]; ok {
		now = &there
	}
	if now.key() == v.key() {
		return
	}
	w.past[id] = append(slices.Clip(w.past[id]), v)
	if v == nil {
		delete(w.apps, id)
		return
	}
	w.apps[id] = *v
}

// same reports whether a commit from one world to the other would be empty.
func (w world) same(other world) bool {
	return w.platform.cue() == other.platform.cue() && maps.EqualFunc(w.spaces, other.spaces, slices.Equal) &&
		maps.EqualFunc(w.apps, other.apps, func(a, b version) bool { return a.key() == b.key() })
}

// whole reports whether all spaces of the platform are there, so that verify has nothing to find.
func (w world) whole() bool { return maps.EqualFunc(w.spaces, w.platform.spaceRegions(), slices.Equal) }

// claim is a name that an application holds in a region.
type claim struct{ region, kind, name, path string }

// claims are a version's, in every region it is in.
func (v version) claims() []claim {
	var list []claim
	for _, region := range v.Regions {
		for host, path := range v.Spec.Hosts {
			list = append(list, claim{region, "http", host, path})
		}
		for _, port := range v.Spec.TCP {
			list = append(list, claim{region, "tcp", fmt.Sprint(port), ""})
		}
		for _, port := range v.Spec.UDP {
			list = append(list, claim{region, "udp", fmt.Sprint(port), ""})
		}
	}
	slices.SortFunc(list, func(a, b claim) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list
}
