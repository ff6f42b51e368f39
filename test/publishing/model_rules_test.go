package publishing

import (
	"slices"
	"strings"
)

// codes is a set of diagnostics' codes: why a command is refused. It is empty when it is not.
type codes map[string]bool

func (c codes) add(list ...string) {
	for _, code := range list {
		c[code] = true
	}
}

// request is a spec that is to be published from a slot.
type request struct {
	Slot string
	Spec spec
}

// compileRules are the rules for a spec by itself against a platform. It returns the regions that it is for.
func compileRules(s spec, p platformSpec, found codes) []string {
	regions, known := p.regions(s.Space), true
	if _, known = p.Spaces[s.Space]; !known {
		found.add("M3005")
		regions = slices.Clone(p.Open)
	}
	closed := false
	for _, region := range s.Only {
		if !slices.Contains(p.Open, region) {
			found.add("M3007")
			closed = true
		}
	}
	regions = slices.DeleteFunc(regions, func(region string) bool { return s.Only != nil && !slices.Contains(s.Only, region) })
	if len(regions) == 0 {
		if known && !closed {
			found.add("M4033")
		}
		return nil
	}
	for host := range s.Hosts {
		_, domain, _ := strings.Cut(host, ".")
		switch spaces, registered := p.Domains[domain]; {
		case !registered:
			found.add("M4011")
		case spaces != nil && !slices.Contains(spaces, s.Space):
			found.add("M4012")
		}
	}
	return regions
}

// compileAll compiles requests and checks them together.
func compileAll(requests []request, p platformSpec, found codes) []version {
	var versions []version
	for _, r := range requests {
		own := codes{}
		regions := compileRules(r.Spec, p, own)
		for code := range own {
			found.add(code)
		}
		if len(own) == 0 {
			versions = append(versions, version{Spec: r.Spec, Slot: r.Slot, Regions: regions})
		}
	}
	seen := map[appID]bool{}
	for i, v := range versions {
		if seen[v.Spec.appID] {
			found.add("M6006")
		}
		seen[v.Spec.appID] = true
		for _, callee := range v.Spec.Calls {
			if i := indexOf(versions, callee); i >= 0 {
				callRules(v, versions[i], found)
			}
		}
		claimedTwice(v, versions[:i], found)
	}
	return versions
}

func indexOf(versions []version, id appID) int {
	return slices.IndexFunc(versions, func(v version) bool { return v.Spec.appID == id })
}

// claimedTwice are the rules between specs that are looked at together.
func claimedTwice(v version, others []version, found codes) {
	for _, other := range others {
		for _, c := range v.claims() {
			for _, o := range other.claims() {
				if c == o {
					found.add("M6005")
				}
				if c.kind == "http" && o.kind == "http" && c.name == o.name && v.Spec.Space != other.Spec.Space {
					found.add("M6007")
				}
			}
		}
	}
}

// callRules are the rules for a call.
func callRules(caller, callee version, found codes) {
	for _, region := range caller.Regions {
		switch {
		case !slices.Contains(callee.Regions, region):
			found.add("M6003")
		case caller.Spec.Space != callee.Spec.Space && !slices.Contains(callee.Spec.Accepts, caller.Spec.appID):
			found.add("M6002")
		}
	}
}

// callees checks calls, in both directions, against applications that are called and lie in the repository.
func (w world) callees(versions []version, found codes) {
	var there []version
	for _, v := range versions {
		for _, id := range v.Spec.Calls {
			callee, ok := w.apps[id]
			switch {
			case indexOf(versions, id) >= 0:
			case !ok:
				found.add("M6001")
			case indexOf(there, id) < 0:
				there = append(there, callee)
			}
		}
	}
	for i, callee := range there {
		for _, v := range versions {
			if slices.Contains(v.Spec.Calls, callee.Spec.appID) {
				callRules(v, callee, found)
			}
			if slices.Contains(callee.Spec.Calls, v.Spec.appID) {
				callRules(callee, v, found)
			}
		}
		claimedTwice(callee, slices.Concat(versions, there[:i]), found)
	}
}

// permissions are what a command may do beside the ordinary.
type permissions struct {
	removeFrom []string
	adopt      bool
}

// admit applies the rules of publishing to versions that go into one commit.
func (w world) admit(versions []version, may permissions, found codes) world {
	next := w.clone()
	for _, v := range versions {
		if old, ok := w.apps[v.Spec.appID]; ok {
			if old.Slot != v.Slot && !may.adopt {
				found.add("M8011")
			}
			givenUp(old, v, may.removeFrom, found)
		}
		for _, region := range v.Regions {
			if !slices.Contains(w.spaces[v.Spec.Space], region) {
				found.add("M8001")
			}
		}
		next.put(v.Spec.appID, nil)
	}
	for i, v := range versions {
		for _, other := range next.apps {
			taken(v, other, found)
		}
		for _, other := range versions[:i] {
			taken(v, other, found)
		}
	}
	next = w.clone()
	for _, v := range versions {
		next.put(v.Spec.appID, &v)
	}
	return next
}

// givenUp are the rules for what an application loses.
func givenUp(old, v version, removeFrom []string, found codes) {
	for _, region := range old.Regions {
		if slices.Contains(removeFrom, region) {
			continue
		}
		if !slices.Contains(v.Regions, region) {
			found.add("M8009")
			continue
		}
		for _, c := range old.claims() {
			kept := slices.ContainsFunc(v.claims(), func(n claim) bool {
				return n.region == c.region && n.kind == c.kind && n.name == c.name
			})
			if c.region == region && !kept {
				found.add("M8010")
			}
		}
	}
}

// taken are the rules for a name that somebody else in the repository holds. A host of another space hides the rest.
func taken(v, other version, found codes) {
	for _, c := range v.claims() {
		for _, o := range other.claims() {
			switch {
			case c.kind != o.kind || c.name != o.name:
			case c.kind == "http" && v.Spec.Space != other.Spec.Space:
				found.add("M8006")
			case c.kind == "http" && c == o:
				found.add("M8007")
			case c.kind != "http" && c.region == o.region:
				found.add("M8008")
			}
		}
	}
}
