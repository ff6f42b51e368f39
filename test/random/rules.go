package random

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meridian-gitops/meridian/regions"
)

// allRules are what must hold between the parts of an application, besides what the schema's model says.
func allRules() map[string]rule {
	rules := map[string]rule{}
	for _, part := range []map[string]rule{scaleRules(), contentRules(), portRules(), exposureRules(), healthRules(), otherRules()} {
		maps.Copy(rules, part)
	}
	return rules
}

// scaleRules keep amounts and numbers of pods in order.
func scaleRules() map[string]rule {
	return map[string]rule{
		"#Resources": func(d *drawing, _ *value) *value { return d.resources() },
		"#Autoscale.max": func(d *drawing, owner *value) *value {
			return numberOf(pick(d, above([]int{1, 2, 3, 9, 10000}, owner.get("min").integer())))
		},
		"#Rollout":          func(d *drawing, _ *value) *value { return d.rollout() },
		"#DisruptionBudget": func(d *drawing, _ *value) *value { return d.budget() },
	}
}

func above(numbers []int, least int) []int {
	return slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return n < least })
}

// resources draws requests and limits: no limit is below its request, nor below what the request is without one.
func (d *drawing) resources() *value {
	requests, limits := structOf(), structOf()
	for _, amount := range []struct {
		name  string
		sizes []string
		least string // the request where none is given
	}{{"cpu", cores(), "100m"}, {"memory", amounts(), "0"}, {"ephemeral-storage", amounts(), "0"}} {
		least := amount.least
		if d.chance(2) {
			least = pick(d, amount.sizes)
			requests = requests.with(amount.name, textOf(least))
		}
		if enough := atLeast(amount.sizes, least); d.chance(2) {
			limits = limits.with(amount.name, textOf(pick(d, enough)))
		}
	}
	drawn := structOf()
	if len(requests.fields) > 0 || d.chance(8) {
		drawn = drawn.with("requests", requests)
	}
	if len(limits.fields) > 0 || d.chance(8) {
		drawn = drawn.with("limits", limits)
	}
	return drawn
}

func atLeast(sizes []string, least string) []string {
	low := resource.MustParse(least)
	return slices.DeleteFunc(slices.Clone(sizes), func(s string) bool {
		size := resource.MustParse(s)
		return size.Cmp(low) < 0
	})
}

// rollout draws a strategy whose parts let pods be replaced, in the time that there is.
func (d *drawing) rollout() *value {
	drawn := structOf()
	strategy := pick(d, []string{"", "RollingUpdate", "Recreate"})
	if strategy != "" {
		drawn = drawn.with("strategy", textOf(strategy))
	}
	if strategy != "Recreate" {
		surges := []*value{nil, numberOf(1), numberOf(10000), textOf("1%"), textOf("100%")}
		stays := []*value{nil, numberOf(0), textOf("0%")}
		if d.chance(2) { // some pod may go, so that none need come first
			surges = append(surges, numberOf(0), textOf("0%"))
			stays = []*value{numberOf(1), numberOf(10000), textOf("1%"), textOf("100%"), textOf("25%")}
		}
		drawn = drawn.with("maxSurge", pick(d, surges)).with("maxUnavailable", pick(d, stays))
	}
	progress := 600
	if d.chance(2) {
		progress = pick(d, []int{1, 2, 601, 86400})
		drawn = drawn.with("progressDeadlineSeconds", numberOf(progress))
	}
	if d.chance(2) {
		drawn = drawn.with("minReadySeconds", numberOf(pick(d, []int{0, progress / 2, progress - 1})))
	}
	if d.chance(2) {
		drawn = drawn.with("revisionHistoryLimit", numberOf(pick(d, []int{0, 1, 10000})))
	}
	return drawn
}

// pods is the fewest pods that there may be.
func pods(app *value) int {
	if scale := app.get("autoscale"); scale != nil {
		return scale.get("min").integer()
	}
	if n := app.get("replicas"); n != nil {
		return n.integer()
	}
	return 2
}

// budget draws a budget that lets some pod go.
func (d *drawing) budget() *value {
	n := pods(d.app)
	going := []*value{numberOf(1), numberOf(10000), textOf("1%"), textOf("100%")}
	staying := []*value{numberOf(0), textOf("0%")}
	if n > 1 {
		staying = append(staying, numberOf(n-1), numberOf(1))
		staying = append(staying, textOf(strconv.Itoa(100*(n-1)/n)+"%")) // rounded up it is n-1 pods at most
	}
	if n == 0 { // there is none to keep
		going = append(going, numberOf(0), textOf("0%"))
		staying = append(staying, numberOf(10000), textOf("100%"))
	}
	if d.chance(2) {
		return structOf(field{"maxUnavailable", pick(d, going)})
	}
	return structOf(field{"minAvailable", pick(d, staying)})
}

// contentRules put files and folders where nothing else is.
func contentRules() map[string]rule {
	return map[string]rule{
		"#App.files": func(d *drawing, _ *value) *value {
			files := d.generator.app.Field("files").Type
			return d.entries(d.few(), func(int) string { return d.mount(true) }, func() *value { return d.ref(files.Elem) })
		},
		"#App.scratch": func(d *drawing, _ *value) *value {
			scratch := d.generator.app.Field("scratch").Type
			return d.entries(d.few(), func(int) string { return d.mount(false) }, func() *value { return d.ref(scratch.Elem) })
		},
		"#File.file": func(d *drawing, _ *value) *value { return textOf(d.besideFile()) },
		"#CPU":       func(d *drawing, _ *value) *value { return textOf(pick(d, cores())) },
	}
}

// mount draws a path in the container that goes together with those that there are.
func (d *drawing) mount(file bool) string {
	list := []string{"/a", "/etc/app/config.yaml", "/etc/app", "/etc/ssl/certs/ca.pem", "/tmp/x", "/var/lib/app/data", "/yes", "/ünï cödé/日本.txt", "/..a/...b", "/-", "/etc/app/config.yaml.d/0", "/" + strings.Repeat("d/", 500) + "e"}
	if !file {
		list = append(list, "/tmp", "/cache")
	}
	path := pick(d, list)
	if slices.ContainsFunc(d.paths, func(m mount) bool { return inTheWay(m, mount{path, file}) || m.path == path }) {
		path = "/unique/" + strconv.Itoa(len(d.paths))
	}
	d.paths = append(d.paths, mount{path, file})
	return path
}

// inTheWay says whether one path is a file where the other needs a folder, or both are one.
func inTheWay(a, b mount) bool {
	return a.path == b.path && (a.file || b.file) || a.file && strings.HasPrefix(b.path, a.path+"/") || b.file && strings.HasPrefix(a.path, b.path+"/")
}

// besideFile draws a file beside app.cue; its content may be anything.
func (d *drawing) besideFile() string {
	path := d.generator.leaves["#SourcePath"](d).text
	unwritable := []string{"\x00\x01\xFE\xFF", "\xC3\x28", "%PDF-1.7\n\x00", "\u007F", "a\u0085b", "\u0080\u009F", "\uFFFE\uFFFF"}
	if _, there := d.beside[path]; !there {
		d.beside[path] = []byte(pick(d, append(texts(), unwritable...)))
	}
	return path
}

// portRules give every port a number of its own.
func portRules() map[string]rule {
	return map[string]rule{
		"#App.ports": func(d *drawing, _ *value) *value {
			return d.entries(d.few()+d.IntN(2), func(int) string { return d.generator.leaves["#PortName"](d).text }, func() *value { return d.port(pick(d, []string{"", "TCP", "UDP"})) })
		},
	}
}

// port draws a port of a protocol: "" is TCP that is not written.
func (d *drawing) port(protocol string) *value {
	kind := protocol
	if kind == "" {
		kind = "TCP"
	}
	free := func(what string) int {
		for {
			n := d.generator.leaves["#PortNumber"](d).integer()
			if d.chance(2) {
				n = 1 + d.IntN(65535)
			}
			if key := what + strconv.Itoa(n) + kind; !d.ports[key] {
				d.ports[key] = true
				return n
			}
		}
	}
	number := free("container")
	if service := "service" + strconv.Itoa(number) + kind; protocol == "" && !d.ports[service] && d.chance(2) {
		d.ports[service] = true
		return numberOf(number)
	}
	drawn := structOf(field{"port", numberOf(number)})
	if protocol != "" {
		drawn = drawn.with("protocol", textOf(protocol))
	}
	if service := "service" + strconv.Itoa(number) + kind; !d.ports[service] && d.chance(2) {
		d.ports[service] = true
		return drawn
	}
	return drawn.with("servicePort", numberOf(free("service")))
}

// portNamed draws the name of a port of a protocol; nothing where there is none.
func portNamed(protocol string) rule {
	return func(d *drawing, _ *value) *value {
		names := d.portsOf(protocol)
		if len(names) == 0 {
			return nil
		}
		return textOf(pick(d, names))
	}
}

// otherRules are those of names that the platform gave, and of what the application is called.
func otherRules() map[string]rule {
	return map[string]rule{
		"#App.space": func(d *drawing, _ *value) *value { return textOf(d.space) },
		"#SpaceName": func(d *drawing, _ *value) *value {
			return textOf(pick(d, slices.Sorted(maps.Keys(d.generator.platform.Spaces))))
		},
		"#Image": func(d *drawing, _ *value) *value { return d.image() },
		"#App.backends": func(d *drawing, _ *value) *value {
			var names []string
			for _, name := range slices.Sorted(maps.Keys(d.generator.platform.Spaces[d.space].Backends)) {
				if d.mayReach(name) && d.chance(2) {
					names = append(names, name)
				}
			}
			d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			return textsOf(names)
		},
		"#Accept.ports": func(d *drawing, _ *value) *value {
			names := d.portsOf("")
			d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			return textsOf(names[:min(len(names), d.few())])
		},
		"#App.patches": func(d *drawing, _ *value) *value { return d.patches() },
		"#App.only":    nothing,
		"#App.except":  nothing,
		"#App.regions": nothing,
	}
}

// nothing is drawn here: it is drawn before, or after.
func nothing(*drawing, *value) *value { return nil }

// mayReach says whether a back end is for the application, and in all its regions.
func (d *drawing) mayReach(name string) bool {
	backend := d.generator.platform.Spaces[d.space].Backends[name]
	if len(backend.Apps) > 0 && !slices.Contains(backend.Apps, d.app.get("name").word()) {
		return false
	}
	return d.everywhere(func(r *regions.Region) bool { return len(backend.Regions[r.ID].CIDRs) > 0 })
}

// image draws an image with a version of its own.
func (d *drawing) image() *value {
	leaf := func(name string) *value { return d.generator.leaves[name](d) }
	drawn := structOf()
	if d.chance(3) {
		drawn = drawn.with("reference", leaf("#ImageReference"))
	} else {
		drawn = drawn.with("name", leaf("#ImageName"))
		if d.chance(2) {
			drawn = drawn.with("project", textOf(pick(d, d.generator.platform.Projects)))
		}
		if d.chance(4) {
			drawn = drawn.with("digest", leaf("#ImageDigest"))
		} else {
			drawn = drawn.with("tag", leaf("#ImageTag"))
		}
	}
	if d.chance(3) {
		drawn = drawn.with("pullSecret", leaf("#ObjectName"))
	}
	return drawn
}
