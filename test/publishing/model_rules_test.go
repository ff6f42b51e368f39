package publishing

import (
	"maps"
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

// againRules are the rules for a version whose recorded spec is compiled again: it stays in the regions that it is in, and
// enters no other that the platform has opened since, unless it is let in. elsewhere are those that it would be in otherwise.
func againRules(v version, p platformSpec, extend []string, found codes) (again version, elsewhere []string) {
	selected := compileRules(v.Spec, p, found)
	may := func(region string) bool { return slices.Contains(v.Regions, region) || slices.Contains(extend, region) }
	again = version{Spec: v.Spec, Slot: v.Slot, Edited: v.Edited}
	for _, region := range selected {
		if may(region) {
			again.Regions = append(again.Regions, region)
		} else {
			elsewhere = append(elsewhere, region)
		}
	}
	if len(selected) > 0 && len(again.Regions) == 0 {
		found.add("M4033")
	}
	return again, elsewhere
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

// callers checks who calls applications that are to go.
func (w world) callers(versions []version, going []appID, found codes) {
	for _, id := range going {
		if _, there := w.apps[id]; !there || indexOf(versions, id) >= 0 {
			continue
		}
		for other, v := range w.apps {
			if other != id && indexOf(versions, other) < 0 && slices.Contains(v.Spec.Calls, id) {
				found.add("M8041")
			}
		}
	}
}

// callees checks calls, in both directions, against applications that are called, lie in the repository and stay.
func (w world) callees(versions []version, going []appID, found codes) {
	var there []version
	for _, v := range versions {
		for _, id := range v.Spec.Calls {
			callee, ok := w.apps[id]
			ok = ok && !slices.Contains(going, id)
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
	removeFrom   []string
	removeSpaces []string
	takeOver     []appID
	renameFrom   []appID
	sameSource   bool
}

// admit applies the rules of publishing to versions that go into one commit.
func (w world) admit(versions []version, may permissions, found codes) world {
	staying := w.clone() // without those that are published, renamed or taken over
	for _, v := range versions {
		w.admitOne(v, may, found)
		staying.put(v.Spec.appID, nil)
	}
	replaced := w.renamed(versions, may, found)
	for _, id := range replaced {
		staying.put(id, nil)
	}
	moved := w.moved(versions, may, len(replaced) > 0, found)
	for i, v := range versions {
		for _, other := range versions[:i] {
			taken(v, other, found)
		}
		for _, id := range staying.ids() {
			conflict := codes{}
			taken(v, staying.apps[id], conflict)
			switch {
			case len(conflict) == 0 || moved[id]:
			case slices.Contains(may.takeOver, id):
				staying.put(id, nil)
				replaced = append(replaced, id)
			default:
				maps.Copy(found, conflict)
			}
		}
	}
	next := w.clone()
	for _, id := range replaced {
		replaces(w.apps[id], versions, may.removeFrom, found)
		next.put(id, nil)
	}
	for _, v := range versions {
		next.put(v.Spec.appID, &v)
	}
	return next
}

// admitOne applies the rules that do not depend on who else is there.
func (w world) admitOne(v version, may permissions, found codes) {
	if old, ok := w.apps[v.Spec.appID]; ok {
		if old.Slot != v.Slot && !slices.Contains(may.takeOver, v.Spec.appID) {
			found.add("M8011")
		}
		lost(old, v.Regions, v.claims(), may.removeFrom, found)
	}
	for _, region := range v.Regions {
		if !slices.Contains(w.spaces[v.Spec.Space], region) {
			found.add("M8001")
		}
	}
}

// renamed are the applications that become the only one that is published.
func (w world) renamed(versions []version, may permissions, found codes) []appID {
	var list []appID
	for _, id := range may.renameFrom {
		_, there := w.apps[id]
		_, old := w.apps[versions[0].Spec.appID]
		switch {
		case indexOf(versions, id) >= 0 || !there && !old:
			found.add("M8056")
		case there:
			list = append(list, id)
		}
	}
	return list
}

// moved are the applications that new ones come from the place of, unless these have been said to be renamed.
func (w world) moved(versions []version, may permissions, renamed bool, found codes) map[appID]bool {
	list := map[appID]bool{}
	if may.sameSource || renamed {
		return list
	}
	for _, v := range versions {
		if _, old := w.apps[v.Spec.appID]; old {
			continue
		}
		for id, other := range w.apps {
			if other.Slot == v.Slot && indexOf(versions, id) < 0 {
				found.add("M8055")
				list[id] = true
			}
		}
	}
	return list
}

// replaces has the rules for what an application loses that another one of the call replaces.
func replaces(old version, versions []version, removeFrom []string, found codes) {
	var claims []claim
	for _, v := range versions {
		claims = append(claims, v.claims()...)
	}
	lost(old, versions[0].Regions, claims, removeFrom, found)
}

// leaving are the rules for spaces that another platform does not have, or not where they were.
func (w world) leaving(wanted map[string][]string, may permissions, found codes) {
	for space, regions := range w.spaces {
		switch now, stays := wanted[space]; {
		case !stays && !slices.Contains(may.removeSpaces, space):
			found.add("M8057")
		case stays && slices.ContainsFunc(regions, func(region string) bool {
			return !slices.Contains(now, region) && !slices.Contains(may.removeFrom, region)
		}):
			found.add("M8009")
		}
	}
}

// lost are the rules for regions and names that are not kept.
func lost(old version, regions []string, claims []claim, removeFrom []string, found codes) {
	for _, region := range old.Regions {
		if slices.Contains(removeFrom, region) {
			continue
		}
		if !slices.Contains(regions, region) {
			found.add("M8009")
			continue
		}
		for _, c := range old.claims() {
			kept := slices.ContainsFunc(claims, func(n claim) bool {
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
