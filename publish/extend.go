package publish

import (
	"fmt"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
)

// extend lets an application be compiled for regions that were opened to it. Each carries the version of its wave's
// other regions; where there are none that of the last wave before, or else of the next one behind it.
func (r *recorded) extend(platform Platform) {
	for _, region := range platform.Extend {
		if slices.Contains(r.owner.Regions, region) || slices.Contains(r.owner.Awaiting, region) {
			continue
		}
		v := &r.versions[r.carrier(platform, region)]
		v.Regions = append(slices.Clip(v.Regions), region)
		slices.Sort(v.Regions)
	}
}

// carrier is the number of the version that a region is to carry.
func (r *recorded) carrier(platform Platform, region string) int {
	nearest := func(waves [][]string) int {
		for _, wave := range waves {
			for i, v := range r.versions {
				if slices.ContainsFunc(v.Regions, func(other string) bool { return other != region && slices.Contains(wave, other) }) {
					return i
				}
			}
		}
		return -1
	}
	own := slices.IndexFunc(platform.Waves, func(wave []string) bool { return slices.Contains(wave, region) })
	if own < 0 {
		return 0
	}
	before := slices.Clone(platform.Waves[:own+1])
	slices.Reverse(before)
	if i := nearest(before); i >= 0 {
		return i
	}
	return max(0, nearest(platform.Waves[own:]))
}

// reportBroken names all applications that no longer compile: somebody has to talk to their owners.
func (p *plan) reportBroken(broken []recorded, all int, pos diag.Pos) {
	if len(broken) == 0 {
		return
	}
	d := diag.New(diag.AppsBroken, pos, "", "this platform breaks %d of %d published applications; nothing is committed", len(broken), all)
	for _, r := range broken {
		d = d.WithRelated(diag.Pos{File: r.namespace + "/" + r.name}, "owned by %s", orUnknown(r.owner.Owner))
	}
	p.report(d)
}

// reportOpened says of each region that applications select and are not in how many there are: the platform has opened
// it since they were published.
func (p *plan) reportOpened(list []recorded, apps []App, pos diag.Pos) {
	waiting := map[string]int{}
	for i, a := range apps {
		for _, region := range a.Elsewhere {
			if !slices.Contains(list[i].owner.Awaiting, region) {
				waiting[region]++
			}
		}
	}
	for _, region := range p.regions {
		if n := waiting[region]; n > 0 {
			p.report(diag.New(diag.RegionOpened, pos, "", "%s is open, and selected by %s not there", region, isOrAre(n)).
				WithHint("to deploy them there now, add --extend=%s", region))
		}
	}
}

// isOrAre counts published applications.
func isOrAre(n int) string {
	if n == 1 {
		return "1 published application that is"
	}
	return fmt.Sprintf("%d published applications that are", n)
}
