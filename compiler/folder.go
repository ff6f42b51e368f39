package compiler

import (
	"fmt"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Together checks applications against one another (S7, S13, S19): calls against what the called application
// accepts, in every region; hosts, paths and ports against those of the others. A call to a space of which no
// application is given cannot be checked and is passed over: it is checked again when it is published.
func Together(results []*Result) []diag.Diagnostic {
	t := &together{apps: map[appKey]*Result{}, spaces: map[string]bool{}}
	var list []diag.Diagnostic
	for _, r := range results {
		key := appKey{r.App.Space, r.App.Name}
		if other, twice := t.apps[key]; twice {
			list = append(list, diag.New(diag.SameApplication, r.App.Node().Where("name"), "name", "the space %s has an application %s already", key.space, key.name).
				WithRelated(other.App.Node().Where("name"), "the other one"))
			continue
		}
		t.apps[key] = r
		t.spaces[key.space] = true
	}
	for _, r := range results {
		found := map[string][]diag.Diagnostic{}
		for i := range r.Plans {
			p := &r.Plans[i]
			found[p.Region.ID] = append(t.calls(p), t.accepts(p)...)
		}
		list = append(list, diag.Fold(found, len(r.Plans))...)
	}
	return diag.Sort(append(list, claimedTwice(results)...))
}

type appKey struct{ space, name string }

type together struct {
	apps   map[appKey]*Result
	spaces map[string]bool
}

func (t *together) calls(p *RegionPlan) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, name := range sortedKeys(p.Spec.Calls) {
		call, path := p.Spec.Calls[name], []string{"calls", name}
		callee := t.apps[appKey{call.Space, call.App}]
		if callee == nil {
			if t.spaces[call.Space] {
				list = append(list, p.diagnostic(diag.CalleeMissing, path, "there is no application %s in the space %s", call.App, call.Space))
			}
			continue
		}
		there := callee.plan(p.Region.ID)
		if there == nil {
			list = append(list, p.diagnostic(diag.CalleeNotHere, path, "%s is not in this region", call.App).
				WithRelated(callee.App.Node().Where("name"), "%s is here", call.App))
			continue
		}
		list = append(list, checkCall(p, there, path)...)
	}
	return list
}

func (r *Result) plan(region string) *RegionPlan {
	if i := slices.IndexFunc(r.Plans, func(p RegionPlan) bool { return p.Region.ID == region }); i >= 0 {
		return &r.Plans[i]
	}
	return nil
}

func checkCall(p, callee *RegionPlan, path []string) []diag.Diagnostic {
	call := p.Spec.Calls[path[1]]
	port, ok := callee.Spec.Ports[call.Port]
	if !ok {
		return []diag.Diagnostic{p.diagnostic(diag.CalleePort, append(path, "port"), "%s has no port %q", call.App, call.Port).
			WithHint("its ports are %s", joinWords(sortedKeys(callee.Spec.Ports))).WithRelated(callee.Where("ports"), "its ports")}
	}
	var list []diag.Diagnostic
	if port.Protocol != call.Protocol {
		list = append(list, p.diagnostic(diag.CalleePort, append(path, "port"), "port %q of %s is %s, the call is %s", call.Port, call.App, port.Protocol, call.Protocol).
			WithHint("add protocol: %q to the call", port.Protocol).WithRelated(callee.Where("ports", call.Port), "the port"))
	}
	if call.Space == p.Spec.Space {
		return list // the same space is granted
	}
	for _, accept := range callee.Spec.Accepts {
		if accept.App == p.Spec.Name && accept.Space == p.Spec.Space && (len(accept.Ports) == 0 || slices.Contains(accept.Ports, call.Port)) {
			return list
		}
	}
	return append(list, p.diagnostic(diag.CalleeRefuses, path, "%s does not accept calls from %s of the space %s to its port %s", call.App, p.Spec.Name, p.Spec.Space, call.Port).
		WithHint("have %s add: accepts: %q: space: %q", call.App, p.Spec.Name, p.Spec.Space).WithRelated(callee.Where("accepts"), "what it accepts"))
}

// accepts warns of callers that do not exist and of ports that are not there.
func (t *together) accepts(p *RegionPlan) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, name := range sortedKeys(p.Spec.Accepts) {
		accept, path := p.Spec.Accepts[name], []string{"accepts", name}
		if t.spaces[accept.Space] && t.apps[appKey{accept.Space, accept.App}] == nil {
			list = append(list, p.diagnostic(diag.AcceptsNobody, path, "there is no application %s in the space %s", accept.App, accept.Space))
		}
		for i, port := range accept.Ports {
			if _, ok := p.Spec.Ports[port]; !ok {
				list = append(list, diag.New(diag.UndeclaredPort, p.Where("accepts", name, "ports", fmt.Sprint(i)), fieldPath(append(path, "ports", fmt.Sprint(i))), "there is no port %q in ports", port))
			}
		}
	}
	return list
}

// claimedTwice compares what applications claim: a host belongs to one space in all regions, a path to one
// application of a region, a port of a region to one application.
func claimedTwice(results []*Result) []diag.Diagnostic {
	type holder struct {
		result *Result
		claim  manifest.Claim
	}
	taken, hosts := map[manifest.Claim]holder{}, map[string]holder{}
	var list []diag.Diagnostic
	for _, r := range results {
		found := map[string][]diag.Diagnostic{}
		for i := range r.Plans {
			p := &r.Plans[i]
			for _, claim := range p.claims() {
				path, what := claimPlace(claim)
				key := manifest.Claim{Region: claim.Region, Kind: claim.Kind, Host: claim.Host, Path: claim.Path, PathType: claim.PathType, Port: claim.Port}
				if other, ok := taken[key]; ok && other.result != r {
					otherPath, _ := claimPlace(other.claim)
					d := p.diagnostic(diag.ClaimedTwice, path, "%s is claimed by %s of the space %s too", what, other.result.App.Name, other.result.App.Space)
					found[p.Region.ID] = append(found[p.Region.ID], d.WithRelated(other.result.plan(claim.Region).Where(otherPath...), "its claim"))
				}
				taken[key] = holder{r, claim}
				if claim.Kind != manifest.ClaimHTTP {
					continue
				}
				if other, ok := hosts[claim.Host]; ok && other.claim.Namespace != claim.Namespace {
					otherPath, _ := claimPlace(other.claim)
					d := p.diagnostic(diag.HostOtherSpace, path, "the host %s belongs to the space %s", claim.Host, other.result.App.Space)
					found[p.Region.ID] = append(found[p.Region.ID], d.WithRelated(other.result.plan(other.claim.Region).Where(otherPath...), "its claim"))
				} else if !ok {
					hosts[claim.Host] = holder{r, claim}
				}
			}
		}
		list = append(list, diag.Fold(found, len(r.Plans))...)
	}
	return list
}

func claimPlace(claim manifest.Claim) (path []string, what string) {
	if claim.Kind == manifest.ClaimHTTP {
		return []string{"http", claim.Entry, "host"}, claim.Host + claim.Path
	}
	return []string{string(claim.Kind), claim.Entry, "port"}, fmt.Sprintf("%s port %d", claim.Kind, claim.Port)
}
