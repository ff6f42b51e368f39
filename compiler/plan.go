package compiler

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// RegionPlan is an application in one region: merged, with defaults, checked.
type RegionPlan struct {
	Platform  *regions.Platform
	Region    *regions.Region
	Space     regions.Space
	Namespace string       // <org>-<space>
	Spec      *schema.Spec // shared by regions in which the application is the same; not to be changed
	Node      *schema.Node // the same with positions
	App       *schema.App

	incomplete bool // a field is missing, or given in two ways: checked as far as it goes, not compiled
}

// Where returns the position of a field: in the override if the value comes from there, else in the base.
func (p *RegionPlan) Where(path ...string) diag.Pos {
	if pos := p.Node.Where(path...); pos.IsValid() {
		return pos
	}
	return diag.Pos{File: p.App.Source.Name, Line: 1, Col: 1}
}

// Plan selects the regions, merges what differs there, fills in defaults and checks the result (S5).
func (c *Compiler) Plan(app *schema.App) ([]RegionPlan, []diag.Diagnostic) {
	ids, list := c.selectRegions(app)
	ref := c.schema.Ref("#App")
	found := map[string][]diag.Diagnostic{}
	cache := map[planKey]*merged{}
	var plans []RegionPlan
	for _, id := range ids {
		region := c.platform.Region(id)
		key := planKey{app.Base(id), app.Override(id), region.Defaults, app.Given(id)}
		if !app.Regional() {
			key.base = nil
		}
		m := cache[key]
		if m == nil {
			m = c.merge(ref, app, region)
			cache[key] = m
		}
		found[id] = append(found[id], m.list...)
		plan := RegionPlan{incomplete: diag.HasErrors(m.list), Platform: c.platform, Region: region, Space: c.platform.Spaces[app.Space], Namespace: c.platform.Namespace(app.Space), Spec: m.spec, Node: m.node, App: app}
		found[id] = append(found[id], withoutEchoes(plan.check(), m.list)...)
		found[id] = append(found[id], plan.checkWidening(c.baseSpec(ref, app, region, cache))...)
		plans = append(plans, plan)
	}
	if len(ids) == 0 {
		m := c.merge(ref, app, &regions.Region{})
		list = append(list, m.list...)
	}
	return plans, diag.Sort(append(list, diag.Fold(found, len(ids))...))
}

// planKey tells regions in which an application is the same from those in which it differs.
type planKey struct {
	base, override, defaults, given *schema.Node
}

type merged struct {
	node *schema.Node
	spec *schema.Spec
	list []diag.Diagnostic
}

func (c *Compiler) merge(ref *schema.Ref, app *schema.App, region *regions.Region) *merged {
	merged := schema.Merge(ref, c.base(ref, app, region), app.Override(region.ID))
	return c.finish(ref, schema.Merge(ref, merged, app.Given(region.ID)))
}

// base is the application before its override: the platform's defaults, the region's, the file's own.
func (c *Compiler) base(ref *schema.Ref, app *schema.App, region *regions.Region) *schema.Node {
	return schema.Merge(ref, schema.Merge(ref, c.platform.Defaults, region.Defaults), app.Base(region.ID))
}

func (c *Compiler) finish(ref *schema.Ref, node *schema.Node) *merged {
	list := schema.Check(ref, node)
	m := &merged{node: computeDefaults(schema.ApplyDefaults(ref, node)), spec: &schema.Spec{}, list: list}
	if err := schema.Decode(m.node, m.spec); err != nil {
		panic(fmt.Sprintf("compiler: the schema admits what schema.Spec cannot hold: %v", err))
	}
	inherit(m.spec)
	return m
}

// baseSpec is the application in a region without its override, or nil when it does not stand alone.
func (c *Compiler) baseSpec(ref *schema.Ref, app *schema.App, region *regions.Region, cache map[planKey]*merged) *schema.Spec {
	if app.Override(region.ID) == nil {
		return nil
	}
	key := planKey{nil, nil, region.Defaults, app.Given(region.ID)}
	if app.Regional() {
		key.base = app.Base(region.ID)
	}
	m := cache[key]
	if m == nil {
		m = c.finish(ref, schema.Merge(ref, c.base(ref, app, region), app.Given(region.ID)))
		cache[key] = m
	}
	if diag.HasErrors(m.list) {
		return nil
	}
	return m.spec
}

// withoutEchoes drops what is only the consequence of a field that is missing, which has been told.
func withoutEchoes(list, missing []diag.Diagnostic) []diag.Diagnostic {
	return slices.DeleteFunc(list, func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(missing, func(m diag.Diagnostic) bool {
			rest, ok := strings.CutPrefix(d.Path, m.Path)
			return ok && m.Path != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
		})
	})
}

// computeDefaults fills in what depends on other fields; the schema's comments say the same in words.
func computeDefaults(n *schema.Node) *schema.Node {
	text := func(path ...string) string {
		if leaf := n.Get(path...); leaf != nil {
			return leaf.Text
		}
		return ""
	}
	fill := func(kind schema.Kind, value string, path ...string) {
		n = n.Fill(&schema.Node{Kind: kind, Text: value}, path...)
	}
	var fewest string
	if n.Get("autoscale") == nil {
		fill(schema.Int, "2", "replicas")
		fewest = text("replicas")
	} else {
		if n.Get("autoscale", "memory") == nil {
			fill(schema.Int, "80", "autoscale", "cpu")
		}
		fewest = text("autoscale", "min")
	}
	fill(schema.String, cmp.Or(text("resources", "limits", "memory"), "128Mi"), "resources", "requests", "memory")
	fill(schema.String, text("resources", "requests", "memory"), "resources", "limits", "memory")
	if text("rollout", "strategy") == "RollingUpdate" {
		fill(schema.String, "25%", "rollout", "maxSurge")
		fill(schema.Int, "0", "rollout", "maxUnavailable")
	}
	if n.Get("scratch", "/tmp") == nil {
		fill(schema.String, "64Mi", "scratch", "/tmp", "size")
		fill(schema.Bool, "false", "scratch", "/tmp", "memory")
	}
	if pods, err := strconv.Atoi(fewest); err == nil && pods >= 2 && n.Get("disruptionBudget") == nil {
		fill(schema.Int, "1", "disruptionBudget", "maxUnavailable")
	}
	return n
}

// inherit fills in what an entry takes from the entry or application around it.
func inherit(s *schema.Spec) {
	for name, port := range s.Ports {
		port.ServicePort = cmp.Or(port.ServicePort, port.Port)
		s.Ports[name] = port
	}
	for name, entry := range s.HTTP {
		for i := range entry.Paths {
			entry.Paths[i].Port = cmp.Or(entry.Paths[i].Port, entry.Port)
		}
		s.HTTP[name] = entry
	}
	for name, call := range s.Calls {
		call.App, call.Space = cmp.Or(call.App, name), cmp.Or(call.Space, s.Space)
		s.Calls[name] = call
	}
	for name, accept := range s.Accepts {
		accept.App, accept.Space = cmp.Or(accept.App, name), cmp.Or(accept.Space, s.Space)
		s.Accepts[name] = accept
	}
}

func minPods(s *schema.Spec) int32 {
	if s.Autoscale != nil {
		return s.Autoscale.Min
	}
	return *s.Replicas
}

func maxPods(s *schema.Spec) int32 {
	if s.Autoscale != nil {
		return s.Autoscale.Max
	}
	return *s.Replicas
}

// selectRegions returns the regions that an application is compiled for, sorted.
func (c *Compiler) selectRegions(app *schema.App) ([]string, []diag.Diagnostic) {
	var list []diag.Diagnostic
	where := func(n *schema.Node, path ...string) diag.Pos {
		if pos := n.Where(path...); pos.IsValid() {
			return pos
		}
		return diag.Pos{File: app.Source.Name, Line: 1, Col: 1}
	}
	root := app.Node()
	_, known := c.platform.Spaces[app.Space]
	if app.Space != "" && !known {
		list = append(list, c.unknownSpace(app.Space, where(root, "space")))
	}
	check := func(field string, n *schema.Node) []string {
		var ids []string
		for i, item := range n.ItemList() {
			region := c.platform.Region(item.Text)
			if region == nil {
				list = append(list, c.unknownRegion(item.Text, where(root, field, strconv.Itoa(i)), fmt.Sprintf("%s[%d]", field, i)))
				continue
			}
			ids = append(ids, region.ID)
		}
		return ids
	}
	only, except := check("only", app.Only), check("except", app.Except)
	for i, item := range app.Only.ItemList() {
		if r := c.platform.Region(item.Text); r != nil && !r.Open {
			list = append(list, c.closedRegion(r, where(root, "only", strconv.Itoa(i)), fmt.Sprintf("only[%d]", i)))
		}
	}
	ids := c.platform.Open()
	if known {
		ids = c.platform.SpaceRegions(app.Space)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool {
		return app.Only != nil && !slices.Contains(only, id) || slices.Contains(except, id)
	})
	for _, f := range app.Overrides.FieldList() {
		pos, path := where(root, "regions", f.Name), "regions."+f.Name
		switch r := c.platform.Region(f.Name); {
		case r == nil:
			list = append(list, c.unknownRegion(f.Name, f.Pos, path))
		case !r.Open:
			list = append(list, c.closedRegion(r, f.Pos, path))
		case !slices.Contains(ids, f.Name):
			list = append(list, diag.New(diag.OverrideUnused, pos, path, "the application is not in %s, so this changes nothing", f.Name))
		}
	}
	if len(ids) == 0 && !diag.HasErrors(list) {
		list = append(list, diag.New(diag.NoRegion, where(root, "only"), "only", "no open region is left for the application").
			WithHint("the space is in %s; select at least one of them", joinWords(c.platform.SpaceRegions(app.Space))))
	}
	kept := c.keepWithin(ids)
	if len(kept) == 0 && len(ids) > 0 {
		list = append(list, diag.New(diag.NoRegion, where(root, "only"), "only", "the application was published to %s and to no other region, which is not open to it", joinWords(c.within)).
			WithHint("remove the application, or let it go where it selects: publish --spaces --extend"))
	}
	return kept, list
}

func (c *Compiler) keepWithin(ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return c.within != nil && !slices.Contains(c.within, id) })
}

// elsewhere are the regions that an application selects and that are not compiled for.
func (c *Compiler) elsewhere(app *schema.App) []string {
	if c.within == nil {
		return nil
	}
	all, _ := New(c.schema, c.platform).selectRegions(app)
	return slices.DeleteFunc(all, func(id string) bool { return slices.Contains(c.within, id) })
}

func (c *Compiler) unknownSpace(name string, pos diag.Pos) diag.Diagnostic {
	d := diag.New(diag.UnknownSpace, pos, "space", "there is no space %q", name)
	names := slices.Sorted(maps.Keys(c.platform.Spaces))
	if len(name) > len(c.platform.Org) && name[:len(c.platform.Org)] == c.platform.Org {
		return d.WithHint("a space's name does not contain the organisation's: the namespace is %s-<space> by itself (S3)", c.platform.Org)
	}
	return d.WithHint("%sthe spaces are %s", didYouMean(name, names), joinWords(names))
}

func (c *Compiler) unknownRegion(id string, pos diag.Pos, path string) diag.Diagnostic {
	return diag.New(diag.UnknownRegion, pos, path, "there is no region %q", id).
		WithHint("%sopen regions are %s", didYouMean(id, c.platform.Open()), joinWords(c.platform.Open()))
}

// didYouMean begins a fix with the name that a misspelt one most likely means, if there is one.
func didYouMean(name string, names []string) string {
	if near := diag.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q? ", near)
	}
	return ""
}

func (c *Compiler) closedRegion(r *regions.Region, pos diag.Pos, path string) diag.Diagnostic {
	return diag.New(diag.ClosedRegion, pos, path, "%s (%s) is in the tables, but not open", r.ID, r.Title).
		WithHint("open regions are %s; a platform opens one with regions: %q: open: true", joinWords(c.platform.Open()), r.ID)
}
