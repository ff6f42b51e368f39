package random

import (
	"slices"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// groups are the fields that are drawn together when a region differs in one of them.
func groups() [][]string {
	return [][]string{
		{"image"}, {"command"}, {"args"}, {"user"}, {"resources"}, {"rollout"}, {"spread"}, {"env"}, {"envFrom"}, {"files", "scratch"},
		{"replicas", "autoscale", "disruptionBudget", "patches"}, {"backends"}, {"calls"}, {"labels"}, {"annotations"}, {"patches"}, {"health"}, {"shutdown"},
		{"ports", "http", "tcp", "udp", "health", "shutdown", "accepts"},
	}
}

// overrides draws what the application is in some regions, and writes down how that differs from the rest.
func (d *drawing) overrides(a Application) Application {
	base, all := d.app, d.regions
	var differ []field
	for _, r := range all {
		if d.chance(2) {
			continue
		}
		d.regions = []*regions.Region{r}
		d.app = base
		chosen := groups()
		d.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		for _, group := range chosen[:1+d.IntN(6)] {
			d.redraw(group)
		}
		ref := &schema.Ref{Type: d.generator.app}
		override := d.difference(ref, long(ref, base), long(ref, d.app))
		if override == nil {
			override = structOf()
		}
		differ = append(differ, field{r.ID, override})
		a.whole[r.ID] = d.app
	}
	if len(differ) > 0 {
		a.value = base.with("regions", structOf(differ...))
	}
	return a
}

// redraw draws a group of fields once more: some stay, some go, some are different.
func (d *drawing) redraw(group []string) {
	before := d.app
	for _, name := range group {
		d.app = d.app.with(name, d.redrawn(name, before.get(name)))
	}
}

// redrawn is a field in a region that differs. What stays must be right beside what has been drawn before it.
func (d *drawing) redrawn(name string, before *value) *value {
	f := d.generator.app.Field(name)
	switch {
	case name == "autoscale" && d.app.get("replicas") != nil:
		return nil
	case f.Type.Key != nil:
		return d.mixed(name, f, before)
	case !f.Required && d.chance(6):
		return nil
	}
	return d.field(d.generator.app, f, d.app)
}

// mixed is a map in a region that differs, entry by entry.
func (d *drawing) mixed(name string, f *schema.Field, before *value) *value {
	if before != nil && d.chance(8) {
		return nil
	}
	mix := structOf()
	for _, entry := range namesOf(before) {
		switch part := before.get(entry); {
		case d.chance(6): // it goes
		case d.chance(2):
			if again := d.again(name, f, part); again != nil {
				mix = mix.with(entry, again)
			}
		case d.stands(name, part):
			mix = mix.with(entry, part)
		}
	}
	for _, more := range d.fieldsOf(name, f) {
		if mix.get(more.name) == nil && before.get(more.name) == nil {
			mix = mix.with(more.name, more.value)
		}
	}
	return mix
}

func namesOf(v *value) []string { return slices.Clone(v.names()) }

func (d *drawing) fieldsOf(name string, f *schema.Field) []field {
	if drawn := d.field(d.generator.app, f, d.app); drawn != nil {
		return drawn.fields
	}
	return nil
}

// again draws an entry of a map once more, or nothing.
func (d *drawing) again(name string, f *schema.Field, part *value) *value {
	if less := d.less(name, part); less != nil && d.chance(2) {
		return less
	}
	switch name {
	case "ports": // who refers to it wants the same protocol
		return d.port(pick(d, spellings(protocolOf(part))))
	case "tcp", "udp":
		for _, drawn := range d.fieldsOf(name, f) {
			return drawn.value
		}
		return nil
	}
	return d.ref(f.Type.Elem)
}

// less is an entry without a part that another draw would hardly ever leave out alone; nothing where it has none.
func (d *drawing) less(name string, part *value) *value {
	switch {
	case name == "env" && part.get("secret", "optional") != nil:
		return part.with("secret", part.get("secret").with("optional", nil))
	case name == "http" && part.get("paths") != nil && d.stands(name, part):
		whole := part.get("host").text + " / "
		mayHaveAll := slices.ContainsFunc(hostsOf(d.space), func(h host) bool { return h.name == part.get("host").text && h.below == nil })
		if mayHaveAll && !d.routes[whole] {
			d.routes[whole] = true
			return part.with("paths", nil)
		}
	}
	return nil
}

// spellings are the ways to write a protocol; "" is not to write it.
func spellings(protocol string) []string {
	if protocol == "TCP" {
		return []string{"TCP", ""}
	}
	return []string{protocol}
}

// stands says whether an entry is right beside the ports that there are now, and in this region.
func (d *drawing) stands(name string, part *value) bool {
	any, tcp, udp := d.portsOf(""), d.portsOf("TCP"), d.portsOf("UDP")
	switch name {
	case "http":
		for _, path := range part.get("paths").list() {
			if port := path.get("port"); port != nil && !slices.Contains(tcp, port.text) {
				return false
			}
		}
		return slices.Contains(tcp, part.get("port").text)
	case "tcp":
		return slices.Contains(tcp, part.get("to").text)
	case "udp":
		return slices.Contains(udp, part.get("to").text)
	case "accepts":
		return !slices.ContainsFunc(part.get("ports").list(), func(port *value) bool { return !slices.Contains(any, port.text) })
	}
	return true
}

// difference is what turns one value into another when it is merged over it: null takes away, lists and scalars replace.
// Both are in their long forms. Nothing is returned where they are equal.
func (d *drawing) difference(ref *schema.Ref, from, to *value) *value {
	switch {
	case equal(from, to):
		return nil
	case to == nil:
		return &value{kind: null}
	case from == nil || from.kind != structure || to.kind != structure:
		return d.shortest(ref, to)
	}
	differ := structOf()
	for _, f := range to.fields {
		if part := d.difference(fieldOf(ref, f.name), from.get(f.name), f.value); part != nil {
			differ.fields = append(differ.fields, field{f.name, part})
		}
	}
	for _, f := range from.fields {
		if to.get(f.name) == nil && !(replacedIn(ref, f.name, differ) && d.chance(2)) {
			differ.fields = append(differ.fields, field{f.name, &value{kind: null}})
		}
	}
	return d.short(ref, differ)
}

// replacedIn says whether an override takes a field away by choosing another alternative.
func replacedIn(ref *schema.Ref, name string, override *value) bool {
	t := structType(ref)
	if t == nil || ref.Key != nil {
		return false
	}
	for _, group := range t.OneOf {
		own := alternativeOf(group, name)
		for _, f := range override.fields {
			if other := alternativeOf(group, f.name); own >= 0 && other >= 0 && other != own {
				return true
			}
		}
	}
	return false
}

func alternativeOf(group schema.Group, name string) int {
	return slices.IndexFunc(group.Alternatives, func(fields []string) bool { return slices.Contains(fields, name) })
}
