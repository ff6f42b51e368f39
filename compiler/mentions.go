package compiler

import (
	"slices"
	"strconv"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// mention is an address in a variable or an argument that looks as if it were another application's Service.
type mention struct {
	Space, App string
	Port       int32
	Path       string // the field
	Pos        diag.Pos
}

// serviceAddress finds "name:port" and "name.namespace:port", alone or in a URL.
var serviceAddress = lazily(`(?:^|//|@|,)([a-z][-a-z0-9]{0,49})(?:\.([a-z][-a-z0-9]{0,62})(?:\.svc(?:\.cluster\.local)?\.?)?)?:([1-9][0-9]{0,4})(?:$|[/?,])`)

// mentions returns the addresses of what may be applications that calls do not name. Whether they are is known
// only beside the others.
func (p *RegionPlan) mentions() []mention {
	var list []mention
	find := func(path []string, text string) {
		if !strings.Contains(text, ":") {
			return
		}
		for _, found := range serviceAddress().FindAllStringSubmatch(text, -1) {
			space, known := p.spaceOf(found[2])
			port, err := strconv.ParseInt(found[3], 10, 32)
			if !known || err != nil || p.callsApp(space, found[1]) || space == p.App.Space && found[1] == p.Spec.Name {
				continue
			}
			list = append(list, mention{space, found[1], int32(port), fieldPath(path), p.Where(path...)})
		}
	}
	for _, name := range sortedKeys(p.Spec.Env) {
		if value := p.Spec.Env[name].Value; value != nil {
			find([]string{"env", name}, *value)
		}
	}
	for i, arg := range p.Spec.Args {
		_, value, _ := strings.Cut(arg, "=")
		find([]string{"args", strconv.Itoa(i)}, arg)
		find([]string{"args", strconv.Itoa(i)}, value)
	}
	return list
}

// spaceOf returns the space of a namespace; that of the application itself where none is named.
func (p *RegionPlan) spaceOf(namespace string) (string, bool) {
	if namespace == "" {
		return p.App.Space, true
	}
	for space := range p.Platform.Spaces {
		if p.Platform.Namespace(space) == namespace {
			return space, true
		}
	}
	return "", false
}

func (p *RegionPlan) callsApp(space, app string) bool {
	for _, call := range p.Spec.Calls {
		if call.Space == space && call.App == app {
			return true
		}
	}
	return false
}

// mentions warns where an application is addressed and not called: the network policies keep the connection out.
func (t *together) mentions(f *face, region string) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, m := range f.Mentions {
		other := t.apps[Callee{m.Space, m.App}]
		if other == nil || other.face(region) == nil {
			continue
		}
		d := diag.New(diag.CallNotDeclared, m.Pos, m.Path, "%s names the application %s, which is not in calls: no connection is let through", m.Path, m.App)
		list = append(list, d.WithHint("%s", callHint(m, other.face(region))).WithRelated(other.Pos, "%s is here", m.App))
	}
	return list
}

// callHint is the entry of calls that is missing.
func callHint(m mention, there *face) string {
	i := slices.IndexFunc(there.Ports, func(port portFace) bool { return port.Number == m.Port })
	if i < 0 {
		return "add it to calls, with one of its ports: " + joinWords(there.portNames())
	}
	return "add it: calls: " + fieldPath([]string{m.App}) + `: port: "` + there.Ports[i].Name + `"`
}
