package publishing

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// step is one thing that is done to a repository. It is whole in itself: it means the same when steps before it are
// left out, though it may then be refused.
type step struct {
	Op           string
	Requests     []request // publish, and its kin
	Platform     *platformSpec
	ID           appID // of an application that lies in the repository
	Space        string
	RemoveFrom   []string
	RemoveSpaces []string
	TakeOver     []appID
	RenameFrom   []appID
	SameSource   bool
	Yes          bool
	BreakCallers bool
	Extend       []string // regions that published applications may enter
	Edit         string   // what a hand does
	Region       string
}

// verdict is what must come of a step.
type verdict struct {
	refused codes // nobody refused it when empty
	after   world
	opened  map[string]int // of how many applications it is said that they select a region and are not there
}

// operation is a kind of step.
type operation struct {
	name   string
	weight int
	make   func(g *generator) step
	want   func(w world, s step) verdict
	args   func(s step) []string // of meridian, without the target; nil for what is no command: an edit by hand
}

// operations are all of them. Another command is another entry.
func operations() []operation {
	publish := func(s step) []string {
		args := []string{"publish", "--platform", "platform", "--source-repository", "https://git.mydomain.com/source"}
		args = append(args, s.flags()...)
		for _, r := range s.Requests {
			args = append(args, "apps/"+r.Slot)
		}
		return args
	}
	platform := func(s step) []string {
		return append([]string{"publish", "--platform", "platform", "--spaces", "--allow", "mass-removal"}, s.flags()...)
	}
	return []operation{
		{"publish", 40, (*generator).publish, world.wantPublish, publish},
		{"change", 40, (*generator).change, world.wantPublish, publish},
		{"rename", 10, (*generator).rename, world.wantPublish, publish},
		{"hand-over", 8, (*generator).handOver, world.wantPublish, publish},
		{"take-over", 10, (*generator).takeOver, world.wantPublish, publish},
		{"other-platform", 4, (*generator).otherPlatform, world.wantPublish, publish},
		{"platform", 14, (*generator).platform, world.wantPlatform, platform},
		{"open", 16, (*generator).open, world.wantPlatform, platform},
		{"remove", 8, (*generator).remove, world.wantRemove, func(s step) []string {
			return append([]string{"remove", s.ID.String()}, s.flags()...)
		}},
		{"remove-space", 6, (*generator).removeSpace, world.wantRemoveSpace, func(s step) []string {
			return []string{"remove", "--space", s.Space}
		}},
		{"rollback", 16, (*generator).rollback, world.wantRollback, func(s step) []string {
			return append([]string{"rollback", s.ID.String()}, s.flags()...)
		}},
		{"edit", 16, (*generator).edit, world.wantEdit, nil},
	}
}

func operationOf(name string) operation {
	all := operations()
	return all[slices.IndexFunc(all, func(o operation) bool { return o.name == name })]
}

func (s step) flags() []string {
	var args []string
	list := func(flag string, values []string) {
		if len(values) > 0 {
			args = append(args, flag, strings.Join(values, ","))
		}
	}
	list("--remove-from", s.RemoveFrom)
	list("--remove-space", s.RemoveSpaces)
	list("--take-over", names(s.TakeOver))
	list("--rename-from", names(s.RenameFrom))
	if len(s.Extend) > 0 {
		args = append(args, "--extend="+strings.Join(s.Extend, ","))
	}
	if s.SameSource {
		args = append(args, "--allow", "same-source")
	}
	if s.Yes {
		args = append(args, "--yes")
	}
	if s.BreakCallers {
		args = append(args, "--break-callers")
	}
	return args
}

func names(ids []appID) []string {
	var list []string
	for _, id := range ids {
		list = append(list, id.String())
	}
	return list
}

// may is what the flags permit.
func (s step) may() permissions {
	return permissions{s.RemoveFrom, s.RemoveSpaces, s.TakeOver, s.RenameFrom, s.SameSource}
}

// refusedOr is the world as it was if there is a reason to refuse.
func (w world) refusedOr(found codes, next world) verdict {
	if len(found) > 0 {
		return verdict{refused: found, after: w}
	}
	return verdict{after: next}
}

func (w world) wantPublish(s step) verdict {
	platform := w.platform
	if s.Platform != nil {
		platform = *s.Platform
	}
	found := codes{}
	versions := compileAll(s.Requests, platform, found)
	going := slices.Concat(s.RenameFrom, s.TakeOver)
	if len(found) == 0 && !s.BreakCallers {
		w.callers(versions, going, found)
	}
	if len(found) == 0 {
		w.callees(versions, going, found)
	}
	if len(found) > 0 {
		return verdict{refused: found, after: w}
	}
	if platform.cue() != w.platform.cue() {
		found.add("M8002")
	}
	return w.refusedOr(found, w.admit(versions, s.may(), found))
}

func (w world) wantPlatform(s step) verdict {
	found := codes{}
	wanted := s.Platform.spaceRegions()
	for id := range w.apps {
		if len(wanted[id.Space]) == 0 {
			found.add("M8014")
		}
	}
	if len(found) > 0 {
		return verdict{refused: found, after: w}
	}
	var versions []version
	opened := map[string]int{}
	for _, id := range w.ids() {
		v, elsewhere := againRules(w.apps[id], *s.Platform, s.Extend, found)
		versions = append(versions, v)
		for _, region := range elsewhere {
			opened[region]++
		}
	}
	if len(found) > 0 {
		found.add("M8081")
		return verdict{refused: found, after: w}
	}
	w.leaving(wanted, s.may(), found)
	next := w.clone()
	next.platform, next.spaces = *s.Platform, wanted
	next = next.admit(versions, s.may(), found)
	v := w.refusedOr(found, next)
	v.opened = opened
	return v
}

func (w world) wantRemove(s step) verdict {
	found := codes{}
	if _, ok := w.apps[s.ID]; !ok {
		return verdict{refused: codes{"M8040": true}, after: w}
	}
	for id, v := range w.apps {
		if id != s.ID && slices.Contains(v.Spec.Calls, s.ID) && !s.BreakCallers {
			found.add("M8041")
		}
	}
	next := w.clone()
	next.put(s.ID, nil)
	return w.refusedOr(found, next)
}

func (w world) wantRemoveSpace(s step) verdict {
	found := codes{}
	for id := range w.apps {
		if id.Space == s.Space {
			return verdict{refused: codes{"M8014": true}, after: w}
		}
	}
	if _, ok := w.spaces[s.Space]; !ok {
		found.add("M8042")
	}
	next := w.clone()
	delete(next.spaces, s.Space)
	return w.refusedOr(found, next)
}

func (w world) wantRollback(s step) verdict {
	found := codes{}
	past := w.past[s.ID]
	switch {
	case len(past) == 0:
		return verdict{refused: codes{"M8040": true}, after: w}
	case len(past) == 1 || past[len(past)-2] == nil:
		return verdict{refused: codes{"M8045": true}, after: w}
	}
	then := *past[len(past)-2]
	again, _ := againRules(then, w.platform, nil, found)
	again.Edited = false
	if len(found) == 0 && !s.Yes && (then.Edited || !slices.Equal(again.Regions, then.Regions)) {
		found.add("M8046")
	}
	if len(found) == 0 {
		w.callees([]version{again}, nil, found)
	}
	if len(found) > 0 {
		return verdict{refused: found, after: w}
	}
	may := s.may()
	may.takeOver, may.sameSource = []appID{s.ID}, true
	return w.refusedOr(found, w.admit([]version{again}, may, found))
}

// wantEdit is the world after a repair: as before, but that spaces which the platform has come back, and that the
// application has two more versions in its past.
func (w world) wantEdit(s step) verdict {
	next := w.clone()
	if !w.possible(s) {
		return verdict{after: next}
	}
	next.spaces = w.platform.spaceRegions()
	if v, ok := w.apps[s.ID]; ok && slices.Contains(appEdits, s.Edit) {
		edited := v
		edited.Edited = true
		next.put(s.ID, &edited)
		next.put(s.ID, &v)
	}
	return verdict{after: next}
}

// The edits that a hand makes: of an application in a region, and of a region.
var (
	appEdits    = []string{"image", "missing", "stray", "port"}
	regionEdits = []string{"aggregate", "orphan", "space", "sync", "mode"}
)

// possible reports whether there is something to edit.
func (w world) possible(s step) bool {
	if slices.Contains(regionEdits, s.Edit) {
		return slices.Contains(w.spaces[s.Space], s.Region)
	}
	v, ok := w.apps[s.ID]
	return ok && slices.Contains(v.Regions, s.Region) && (s.Edit != "port" || len(v.ports(s.Region)) > 0)
}

// ports are the claims of an application that are files of its own.
func (v version) ports(region string) []claim {
	return slices.DeleteFunc(v.claims(), func(c claim) bool { return c.kind == "http" || c.region != region })
}

// generator makes steps that make sense in a world, most of the time.
type generator struct {
	*rand.Rand
	world world
	told  codes // why steps were refused
}

// news reports whether nothing was refused for one of the reasons yet, and notes them.
func (g *generator) news(reasons codes) bool {
	before := len(g.told)
	maps.Copy(g.told, reasons)
	return len(g.told) > before
}

// generate makes a sequence. The first step publishes a platform: without one there is nothing to be done.
func generate(seed uint64, n int) []step {
	g := &generator{rand.New(rand.NewPCG(seed, 4)), emptyWorld(), codes{}}
	steps := []step{{Op: "platform", Platform: &platformSpec{
		Open: slices.Clone(modelRegions[:2]), Spaces: map[string][]string{"data": nil, "web": nil},
		Domains: map[string][]string{"mydomain.com": nil},
	}}}
	g.world = g.world.wantPlatform(steps[0]).after
	var wheel []operation
	for _, o := range operations() {
		wheel = append(wheel, slices.Repeat([]operation{o}, o.weight)...)
	}
	for len(steps) < n {
		o := pick(g, wheel)
		s := o.make(g)
		s.Op = o.name
		want := o.want(g.world, s)
		if len(want.refused) > 0 && !g.news(want.refused) && g.chance(85) {
			continue // most of what comes to a random mind is refused, and for the same few reasons
		}
		g.world = want.after
		steps = append(steps, s)
	}
	return steps
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// some picks each element with a chance of one in n.
func some[T any](g *generator, list []T, n int) []T {
	var picked []T
	for _, item := range list {
		if g.IntN(n) == 0 {
			picked = append(picked, item)
		}
	}
	return picked
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// anID is an application, most of the time one that is there.
func (g *generator) anID() appID {
	if ids := g.world.ids(); len(ids) > 0 && g.chance(85) {
		return pick(g, ids)
	}
	return appID{pick(g, modelSpaces), pick(g, modelNames)}
}

// free leaves out names that others hold, most of the time: else hardly anything would be published.
func (g *generator) free(s *spec) {
	if g.chance(40) {
		return
	}
	for id, other := range g.world.apps {
		if id == s.appID {
			continue
		}
		for host := range other.Spec.Hosts {
			delete(s.Hosts, host)
		}
		s.TCP = slices.DeleteFunc(s.TCP, func(port int) bool { return slices.Contains(other.Spec.TCP, port) })
		s.UDP = slices.DeleteFunc(s.UDP, func(port int) bool { return slices.Contains(other.Spec.UDP, port) })
	}
}

func (g *generator) spec(id appID) spec {
	s := spec{appID: id, Tag: g.IntN(10), Hosts: map[string]string{}}
	if g.chance(40) {
		s.Only = some(g, modelRegions, 2)
		if len(s.Only) == 0 {
			s.Only = []string{pick(g, modelRegions)}
		}
	}
	for _, host := range some(g, modelHosts, 3) {
		s.Hosts[host] = pick(g, modelPaths)
	}
	s.TCP, s.UDP = some(g, modelTCP, 3), some(g, modelUDP, 4)
	g.free(&s)
	g.calls(&s)
	return s
}

// calls has an application call others, and accept them. Where the called one is, it is itself, most of the time.
func (g *generator) calls(s *spec) {
	s.Calls, s.Accepts = nil, nil
	ids := g.world.ids()
	if g.chance(5) {
		ids = append(ids, appID{pick(g, modelSpaces), pick(g, modelNames)})
	}
	for _, id := range some(g, ids, 3) {
		if id == s.appID || slices.Contains(s.Calls, id) || id.Space != s.Space && g.chance(50) {
			continue
		}
		s.Calls = append(s.Calls, id)
		if v, ok := g.world.apps[id]; ok && g.chance(80) {
			s.Only = slices.Clone(v.Regions)
		}
	}
	for _, space := range modelSpaces {
		for _, name := range some(g, modelNames, 2) {
			if id := (appID{space, name}); id != s.appID && space != s.Space {
				s.Accepts = append(s.Accepts, id)
			}
		}
	}
}

// slotFor is the folder that an application was published from, or one that nothing was published from, most of the time.
func (g *generator) slotFor(id appID) string {
	if v, ok := g.world.apps[id]; ok {
		return v.Slot
	}
	free := slices.DeleteFunc(slices.Clone(modelSlots), func(slot string) bool {
		return slices.ContainsFunc(g.world.ids(), func(id appID) bool { return g.world.apps[id].Slot == slot })
	})
	if len(free) == 0 || g.chance(10) {
		return pick(g, modelSlots)
	}
	return pick(g, free)
}

// permit is what a user adds who has read what a refusal says.
func (g *generator) permit(s *step) {
	if g.chance(50) {
		s.RemoveFrom = slices.Clone(modelRegions)
	}
}

func (g *generator) publish() step {
	var s step
	for range 1 + g.IntN(2) {
		id := appID{pick(g, modelSpaces[:2+g.IntN(2)]), pick(g, modelNames)}
		r := request{g.slotFor(id), g.spec(id)}
		if len(s.Requests) > 0 && g.chance(40) {
			r.Spec.Hosts = maps.Clone(s.Requests[0].Spec.Hosts) // both want the same
		}
		if g.chance(60) {
			g.forestall(&r.Spec)
		}
		s.request(r)
	}
	g.permit(&s)
	return s
}

// forestall has an application take a port where another one, which has it elsewhere, may still be let in.
func (g *generator) forestall(s *spec) {
	for _, id := range g.world.ids() {
		v := g.world.apps[id]
		_, elsewhere := againRules(v, g.world.platform, nil, codes{})
		if id != s.appID && len(elsewhere) > 0 && len(v.Spec.TCP) > 0 {
			*s = spec{appID: s.appID, Tag: s.Tag, Only: elsewhere, TCP: slices.Clone(v.Spec.TCP)}
			return
		}
	}
}

// request adds a request unless its folder is used by another.
func (s *step) request(r request) {
	if !slices.ContainsFunc(s.Requests, func(o request) bool { return o.Slot == r.Slot }) {
		s.Requests = append(s.Requests, r)
	}
}

// change changes one thing of an application, or of two.
func (g *generator) change() step {
	var s step
	for range 1 + g.IntN(3)/2 {
		id := g.anID()
		v, ok := g.world.apps[id]
		if !ok {
			return g.publish()
		}
		s.request(request{v.Slot, g.changed(v.Spec)})
	}
	g.permit(&s)
	return s
}

func (g *generator) changed(s spec) spec {
	s, fresh := s.clone(), g.spec(s.appID)
	switch g.IntN(6) {
	case 0:
		s.Only = fresh.Only
	case 1:
		s.Hosts = fresh.Hosts
	case 2:
		s.TCP, s.UDP = fresh.TCP, fresh.UDP
	case 3:
		s.Calls, s.Accepts = fresh.Calls, fresh.Accepts
	default:
		s.Tag = fresh.Tag
	}
	return s
}

// rename publishes the same source under another name, and says so, most of the time.
func (g *generator) rename() step {
	id := g.anID()
	v, ok := g.world.apps[id]
	if !ok {
		return g.publish()
	}
	r := request{v.Slot, v.Spec.clone()}
	r.Spec.appID = appID{pick(g, modelSpaces), pick(g, modelNames)}
	g.calls(&r.Spec)
	s := step{Requests: []request{r}, SameSource: g.chance(15)}
	if g.chance(75) {
		s.RenameFrom, s.BreakCallers = []appID{id}, g.chance(50)
	}
	g.permit(&s)
	return s
}

// handOver publishes an application from another folder.
func (g *generator) handOver() step {
	id := g.anID()
	s := step{Requests: []request{{pick(g, modelSlots), g.spec(id)}}}
	if g.chance(70) {
		s.TakeOver, s.BreakCallers = []appID{id}, g.chance(50)
	}
	g.permit(&s)
	return s
}

// takeOver publishes an application that wants what another one has.
func (g *generator) takeOver() step {
	old, ok := g.world.apps[g.anID()]
	id := g.anID()
	if !ok || id == old.Spec.appID {
		return g.publish()
	}
	r := request{g.slotFor(id), g.spec(id)}
	r.Spec.Hosts, r.Spec.TCP, r.Spec.UDP = maps.Clone(old.Spec.Hosts), slices.Clone(old.Spec.TCP), slices.Clone(old.Spec.UDP)
	s := step{Requests: []request{r}, TakeOver: []appID{old.Spec.appID}, BreakCallers: g.chance(50)}
	g.permit(&s)
	return s
}

// otherPlatform publishes against another platform than the one in force.
func (g *generator) otherPlatform() step {
	s := g.change()
	other := g.world.platform.clone()
	other.Domains["theirdomain.com"] = nil
	s.Platform = &other
	return s
}

func (g *generator) platform() step {
	p := g.world.platform.clone()
	for range 1 + g.IntN(2) {
		g.changePlatform(&p)
	}
	s := step{Platform: &p}
	g.permit(&s)
	for _, space := range modelSpaces {
		if _, stays := p.Spaces[space]; !stays && g.world.spaces[space] != nil && g.chance(70) {
			s.RemoveSpaces = append(s.RemoveSpaces, space)
		}
	}
	return s
}

// open opens a region, or none, and lets what was published enter some, or says nothing of it.
func (g *generator) open() step {
	p := g.world.platform.clone()
	closed := slices.DeleteFunc(slices.Clone(modelRegions), func(region string) bool { return slices.Contains(p.Open, region) })
	if len(closed) > 0 && g.chance(70) {
		p.Open = slices.Sorted(slices.Values(append(p.Open, pick(g, closed))))
	}
	s := step{Platform: &p}
	if g.chance(70) {
		s.Extend = some(g, p.Open, 2)
	}
	return s
}

func (g *generator) changePlatform(p *platformSpec) {
	space := pick(g, modelSpaces)
	switch g.IntN(8) {
	default: // open or close a region
		region := pick(g, modelRegions)
		if i, open := slices.BinarySearch(p.Open, region); !open {
			p.Open = slices.Insert(p.Open, i, region)
		} else if len(p.Open) > 1 {
			p.Open = slices.Delete(p.Open, i, i+1)
		}
	case 1: // a space comes or goes
		if _, there := p.Spaces[space]; !there {
			p.Spaces[space] = nil
		} else if len(p.Spaces) > 1 {
			delete(p.Spaces, space)
		}
	case 2: // a space changes its regions
		if _, there := p.Spaces[space]; there {
			p.Spaces[space] = some(g, modelRegions, 2)
		}
	case 3: // a domain comes or goes
		if _, there := p.Domains["yourdomain.com"]; there {
			delete(p.Domains, "yourdomain.com")
		} else {
			p.Domains["yourdomain.com"] = nil
		}
	case 4: // a domain gets an owner
		p.Domains["yourdomain.com"] = []string{space}
	}
	for space, only := range p.Spaces { // one without any region would be a mistake
		if len(p.regions(space)) == 0 || len(only) == 0 {
			p.Spaces[space] = nil
		}
	}
	for domain, spaces := range p.Domains {
		for _, space := range spaces {
			if _, there := p.Spaces[space]; !there {
				p.Domains[domain] = nil
			}
		}
	}
}

func (g *generator) remove() step {
	return step{ID: g.anID(), BreakCallers: g.chance(30)}
}

func (g *generator) removeSpace() step { return step{Space: pick(g, modelSpaces)} }

func (g *generator) rollback() step {
	s := step{ID: g.anID(), Yes: g.chance(70)}
	g.permit(&s)
	return s
}

func (g *generator) edit() step {
	s := step{ID: g.anID(), Edit: pick(g, slices.Concat(appEdits, regionEdits)), Region: pick(g, modelRegions), Space: pick(g, modelSpaces)}
	if v, ok := g.world.apps[s.ID]; ok {
		s.Region = pick(g, v.Regions)
	}
	if slices.Contains(appEdits, s.Edit) {
		s.Space = ""
	} else {
		s.ID = appID{}
	}
	return s
}

// String is the step as it is printed: the files that are written, and the command.
func (s step) String() string {
	var b strings.Builder
	file := func(path, text string) { fmt.Fprintf(&b, "cat > %s <<'EOF'\n%sEOF\n", path, text) }
	if s.Platform != nil {
		file("platform/platform.cue", s.Platform.cue())
	}
	for _, r := range s.Requests {
		file("apps/"+r.Slot+"/app.cue", r.Spec.cue())
	}
	if args := operationOf(s.Op).args; args != nil {
		fmt.Fprintf(&b, "meridian %s --to gitops.git", strings.Join(args(s), " "))
	} else {
		fmt.Fprintf(&b, "# by hand: %s %s %s in %s; meridian verify --repair --to gitops.git", s.Edit, s.ID, s.Space, s.Region)
	}
	return b.String()
}
