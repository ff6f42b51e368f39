package compiler

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// check reports what is wrong with an application in a region although each value by itself is right.
func (p *RegionPlan) check() []diag.Diagnostic {
	c := &planCheck{RegionPlan: p}
	c.name()
	c.image()
	c.resources()
	c.scale()
	c.ports()
	c.http()
	c.l4("tcp", p.Spec.TCP, "TCP")
	c.l4("udp", p.Spec.UDP, "UDP")
	c.health()
	c.shutdown()
	c.backends()
	c.accepts()
	c.metadata()
	c.files()
	c.credentials()
	return c.list
}

type planCheck struct {
	*RegionPlan
	list []diag.Diagnostic
}

// reservedNames are names of objects that every space has already, and whose they are: an application's objects carry
// its name.
var reservedNames = map[string]string{
	spacePolicy: "the space's own NetworkPolicy",
	"default":   "the ServiceAccount that Kubernetes gives every namespace",
}

func (c *planCheck) name() {
	if whose, reserved := reservedNames[c.Spec.Name]; reserved {
		c.add(diag.ReservedName, []string{"name"}, "%q is the name of %s", c.Spec.Name, whose)
	}
}

// add reports a mistake at a field; the returned diagnostic may be completed until the next add.
func (c *planCheck) add(code diag.Code, path []string, format string, args ...any) *diag.Diagnostic {
	c.list = append(c.list, diag.New(code, c.Where(path...), fieldPath(path), format, args...))
	return &c.list[len(c.list)-1]
}

// clash reports two values that do not go together, with both places. The one that was written later is told first: an
// override stands below what it overrides. A value that nobody wrote is a default and has no place.
func (c *planCheck) clash(code diag.Code, path, other []string, format string, args ...any) *diag.Diagnostic {
	d := c.add(code, path, format, args...)
	own, theirs := c.written(path), c.written(other)
	beside := other
	switch {
	case !theirs.IsValid():
		return d
	case !own.IsValid():
		d.Pos, d.Path = theirs, fieldPath(other)
		return d
	case own.File == theirs.File && own.Compare(theirs) < 0:
		d.Pos, d.Path = theirs, fieldPath(other)
		beside, theirs = path, own
	}
	verb := "is"
	if c.Node.Get(beside...) == nil {
		verb = "is removed"
	}
	*d = d.WithRelated(theirs, "%s %s here", fieldPath(beside), verb)
	return d
}

// written returns where the user gave a value, or removed it.
func (c *planCheck) written(path []string) diag.Pos {
	if n := c.Node.Get(path...); n != nil {
		if n.Pos.IsValid() {
			return c.Where(path...)
		}
		return diag.Pos{}
	}
	return c.Node.Removed(path...)
}

// fieldPath prints a path as the user would write it.
func fieldPath(path []string) string {
	var b strings.Builder
	for i, name := range path {
		if _, err := strconv.Atoi(name); err == nil && i > 0 {
			fmt.Fprintf(&b, "[%s]", name)
			continue
		}
		if i > 0 {
			b.WriteByte('.')
		}
		if strings.ContainsAny(name, "/-. ") {
			name = strconv.Quote(name)
		}
		b.WriteString(name)
	}
	return b.String()
}

func (c *planCheck) image() {
	image := c.Spec.Image
	reference := image.Reference
	switch {
	case reference != "":
		name, digest, _ := strings.Cut(reference, "@")
		repository, tag, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
		if digest == "" {
			c.tag(tag, repository, []string{"image", "reference"})
		}
	case image.Digest == "":
		c.tag(image.Tag, image.Name, []string{"image", "tag"})
	}
	if image.Project != "" && !slices.Contains(c.Platform.Projects, image.Project) {
		c.add(diag.UnknownProject, []string{"image", "project"}, "the company has no project %q in the registry", image.Project).
			Hint = didYouMean(image.Project, c.Platform.Projects) + "the projects are " + joinWords(c.Platform.Projects)
	}
}

func (c *planCheck) tag(tag, name string, path []string) {
	switch tag {
	case "":
		c.add(diag.ImageTagMissing, path, "the image %s has neither tag nor digest, so what runs would change by itself", name)
	case "latest":
		c.add(diag.ImageTagLatest, path, "the tag latest means another image tomorrow")
	}
}

func (c *planCheck) resources() {
	r := c.Spec.Resources
	pairs := []struct{ name, request, limit string }{
		{"cpu", r.Requests.CPU, r.Limits.CPU},
		{"memory", r.Requests.Memory, r.Limits.Memory},
		{"ephemeral-storage", r.Requests.EphemeralStorage, r.Limits.EphemeralStorage},
	}
	for _, pair := range pairs {
		c.wholeBytes(pair.name, pair.request, []string{"resources", "requests", pair.name})
		c.wholeBytes(pair.name, pair.limit, []string{"resources", "limits", pair.name})
		if pair.request == "" || pair.limit == "" {
			continue
		}
		if request, limit := resource.MustParse(pair.request), resource.MustParse(pair.limit); request.Cmp(limit) > 0 {
			c.clash(diag.LimitBelowRequest, []string{"resources", "limits", pair.name}, []string{"resources", "requests", pair.name}, "the %s limit %s is below the request %s", pair.name, pair.limit, pair.request)
		}
	}
}

// mostBytes is what API servers can count in thousandths; of more they warn as of a part of a byte.
const mostBytes = math.MaxInt64 / 1000

// wholeBytes refuses a part of a byte, which API servers warn of, and what they take for one. The value may be a default
// taken from the limit or the request, where it has been told.
func (c *planCheck) wholeBytes(name, amount string, path []string) {
	if name == "cpu" || amount == "" || !c.written(path).IsValid() {
		return
	}
	quantity := resource.MustParse(amount)
	if quantity.CmpInt64(mostBytes) > 0 {
		c.add(diag.BadValue, path, "%s is more than API servers count", amount).Hint = "write at most 8388Ti"
		return
	}
	if whole := resource.NewQuantity(quantity.Value(), quantity.Format); whole.Cmp(quantity) != 0 {
		c.add(diag.BadValue, path, "%s is no whole number of bytes", amount).
			Hint = fmt.Sprintf("write %s", whole)
	}
}

func (c *planCheck) scale() {
	s := c.Spec
	if a := s.Autoscale; a != nil && a.Max > 0 && a.Min > a.Max {
		c.clash(diag.MinAboveMax, []string{"autoscale", "min"}, []string{"autoscale", "max"}, "autoscale.min %d is above autoscale.max %d", a.Min, a.Max)
	}
	if b := s.DisruptionBudget; b != nil {
		if problem := neverSatisfied(b, minPods(s)); problem != "" {
			c.add(diag.BudgetImpossible, []string{"disruptionBudget"}, "%s", problem)
		}
	}
	rollout := s.Rollout
	switch {
	case rollout.Strategy == "Recreate" && (rollout.MaxSurge != "" || rollout.MaxUnavailable != ""):
		other := []string{"rollout", "maxSurge"}
		if rollout.MaxSurge == "" {
			other[1] = "maxUnavailable"
		}
		c.clash(diag.RolloutContradiction, []string{"rollout", "strategy"}, other, "Recreate ends all pods first; maxSurge and maxUnavailable belong to RollingUpdate")
	case rollout.Strategy == "RollingUpdate" && isZero(rollout.MaxSurge) && isZero(rollout.MaxUnavailable):
		c.clash(diag.RolloutContradiction, []string{"rollout", "maxSurge"}, []string{"rollout", "maxUnavailable"}, "with maxSurge and maxUnavailable both 0 no pod can ever be replaced")
	}
	if rollout.MinReadySeconds >= rollout.ProgressDeadlineSeconds {
		c.clash(diag.RolloutContradiction, []string{"rollout", "minReadySeconds"}, []string{"rollout", "progressDeadlineSeconds"}, "minReadySeconds %d is not below progressDeadlineSeconds %d, so every rollout fails", rollout.MinReadySeconds, rollout.ProgressDeadlineSeconds)
	}
}

func isZero(countOrPercent string) bool { return countOrPercent == "0" || countOrPercent == "0%" }

// neverSatisfied says why a budget lets no pod go with the fewest pods that there may be, or "".
func neverSatisfied(b *schema.DisruptionBudget, pods int32) string {
	if pods == 0 {
		return ""
	}
	if isZero(b.MaxUnavailable) {
		return "maxUnavailable 0 lets no pod go, so that no node can ever be emptied"
	}
	stay, ok := strings.CutSuffix(b.MinAvailable, "%")
	n, err := strconv.Atoi(stay)
	if err != nil {
		return ""
	}
	if ok { // Kubernetes rounds a percentage of pods up
		n = (n*int(pods) + 99) / 100
	}
	if n >= int(pods) {
		return fmt.Sprintf("minAvailable %s of %d pods lets no pod go, so that no node can ever be emptied", b.MinAvailable, pods)
	}
	return ""
}

// asWritten orders the entries of a map by their places, so that of two that clash the later one is told.
func (c *planCheck) asWritten(field string, names []string) []string {
	slices.SortStableFunc(names, func(a, b string) int { return c.Where(field, a).Compare(c.Where(field, b)) })
	return names
}

func (c *planCheck) ports() {
	byNumber := map[string]string{}
	byService := map[string]string{}
	for _, name := range c.asWritten("ports", sortedKeys(c.Spec.Ports)) {
		port := c.Spec.Ports[name]
		number := fmt.Sprintf("%d/%s", port.Port, port.Protocol)
		other, twice := byNumber[number]
		if twice {
			c.clash(diag.DuplicatePort, []string{"ports", name}, []string{"ports", other}, "port %s is declared twice, as %s and %s", number, other, name)
		}
		byNumber[number] = name
		service := fmt.Sprintf("%d/%s", port.ServicePort, port.Protocol)
		if other, taken := byService[service]; taken && !twice {
			c.clash(diag.DuplicatePort, []string{"ports", name, "servicePort"}, []string{"ports", other, "servicePort"}, "service port %s is given to %s and %s", service, other, name)
		}
		byService[service] = name
	}
}

// port reports a port name that ports does not declare, or that has the wrong protocol; protocol "" means any.
func (c *planCheck) port(name, protocol string, path ...string) {
	port, ok := c.Spec.Ports[name]
	if !ok {
		d := c.add(diag.UndeclaredPort, path, "there is no port %q in ports", name)
		if names := slices.Sorted(maps.Keys(c.Spec.Ports)); len(names) > 0 {
			d.Hint = didYouMean(name, names) + "declare it in ports, or use one of " + joinWords(names)
		}
		return
	}
	if protocol != "" && port.Protocol != protocol {
		c.add(diag.PortProtocol, path, "port %s is %s; this needs %s", name, port.Protocol, protocol)
	}
}

func (c *planCheck) health() {
	h := c.Spec.Health
	c.probe(h.Startup, "startup")
	c.probe(h.Readiness, "readiness")
	c.probe(h.Liveness, "liveness")
	if h.Liveness != nil && h.Liveness.SuccessThreshold != 1 {
		c.add(diag.SuccessThreshold, []string{"health", "liveness", "successThreshold"}, "the success threshold of the health check is always 1 (S15)")
	}
	if h.Startup != nil && h.Readiness != nil && h.Startup.SuccessThreshold != 1 {
		d := c.add(diag.SuccessThreshold, []string{"health", "startup", "successThreshold"}, "with readiness given, startup only starts: its success threshold is 1")
		d.Hint = "give successThreshold to readiness"
		*d = d.WithRelated(c.Where("health", "readiness"), "health.readiness is here")
	}
}

func (c *planCheck) probe(probe *schema.Probe, name string) {
	if probe == nil {
		return
	}
	path := []string{"health", name}
	c.action(probe.HTTP, append(path, "http")...)
	if probe.TCP != nil {
		c.port(probe.TCP.Port, "TCP", append(path, "tcp", "port")...)
	}
	if probe.GRPC != nil {
		c.port(probe.GRPC.Port, "TCP", append(path, "grpc", "port")...)
	}
	c.command(probe.Command, c.Node.Get(append(path, "command")...), append(path, "command"))
	if probe.TimeoutSeconds > probe.PeriodSeconds {
		c.clash(diag.TimeoutAbovePeriod, append(slices.Clone(path), "timeoutSeconds"), append(slices.Clone(path), "periodSeconds"), "timeoutSeconds %d is above periodSeconds %d, so checks wait for one another", probe.TimeoutSeconds, probe.PeriodSeconds)
	}
}

func (c *planCheck) action(action *schema.HTTPAction, path ...string) {
	if action != nil {
		c.port(action.Port, "TCP", append(path, "port")...)
	}
}

// command refuses an empty list, which Kubernetes would take for no command at all.
func (c *planCheck) command(command []string, node *schema.Node, path []string) {
	if node != nil && len(command) == 0 {
		c.add(diag.BadValue, path, "an empty command does nothing").Hint = "name the command, or leave the field out"
	}
}

func (c *planCheck) shutdown() {
	s := c.Spec.Shutdown
	if hook := s.PreStop; hook != nil {
		c.action(hook.HTTP, "shutdown", "preStop", "http")
		path := []string{"shutdown", "preStop", "command"}
		c.command(hook.Command, c.Node.Get(path...), path)
	}
	if sleep := drainSeconds(c.RegionPlan); sleep >= s.GracePeriodSeconds {
		if s.PreStop != nil {
			c.clash(diag.SleepTooLong, []string{"shutdown", "preStop", "sleep"}, []string{"shutdown", "gracePeriodSeconds"}, "sleeping %d s leaves nothing of the grace period of %d s", sleep, s.GracePeriodSeconds)
			return
		}
		c.add(diag.SleepTooLong, []string{"shutdown", "gracePeriodSeconds"}, "the grace period of %d s leaves nothing after the %d s in which the region takes a pod out of the endpoints", s.GracePeriodSeconds, sleep).
			Hint = fmt.Sprintf("raise gracePeriodSeconds above %d, or say how long to wait: preStop: sleep: N, 0 for not at all", sleep)
	}
}

func (c *planCheck) backends() {
	seen := map[string]bool{}
	for i, name := range c.Spec.Backends {
		path := []string{"backends", strconv.Itoa(i)}
		if seen[name] {
			c.add(diag.BadValue, path, "%q is named twice", name).Hint = "name it once"
		}
		seen[name] = true
		backend, ok := c.Space.Backends[name]
		switch _, here := backend.Regions[c.Region.ID]; {
		case !ok:
			d := c.add(diag.UnknownBackend, path, "the space %s has no back end %q", c.Spec.Space, name)
			if names := slices.Sorted(maps.Keys(c.Space.Backends)); len(names) > 0 {
				d.Hint = didYouMean(name, names) + "it has " + joinWords(names) + "; the platform's team adds another (S19)"
			}
		case len(backend.Apps) > 0 && !slices.Contains(backend.Apps, c.Spec.Name):
			c.add(diag.BackendNotPermitted, path, "the back end %q is for %s only", name, joinWords(backend.Apps))
		case !here || len(backend.Regions[c.Region.ID].CIDRs) == 0:
			c.add(diag.BackendNotInRegion, path, "the back end %q has no addresses in this region", name)
		}
	}
}

func (c *planCheck) accepts() {
	for _, name := range slices.Sorted(maps.Keys(c.Spec.Accepts)) {
		for i, port := range c.Spec.Accepts[name].Ports {
			c.port(port, "", "accepts", name, "ports", strconv.Itoa(i))
		}
	}
}

// reservedPrefixes are those of label and annotation keys that mean something to someone else.
var reservedPrefixes = []string{"kubernetes.io", "k8s.io", "fluxcd.io", "argoproj.io", "cert-manager.io", "istio.io", "linkerd.io", "projectcalico.org", "cilium.io", "traefik.io", "haproxy.org", "konghq.com", "projectcontour.io", "nginx.org", "meridian", "helm.sh", "kustomize.config.k8s.io"}

func (c *planCheck) metadata() {
	for _, field := range []string{"labels", "annotations"} {
		keys := c.Spec.Labels
		if field == "annotations" {
			keys = c.Spec.Annotations
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if owner := reservedBy(key); owner != "" {
				d := c.add(diag.ReservedPrefix, []string{field, key}, "the prefix of %s is reserved: %s means something to others than you", key, owner)
				if pos := c.Node.Label(field, key); pos.IsValid() {
					d.Pos = pos
				}
			}
		}
	}
}

// reservedBy returns the reserved prefix that a key has, or "".
func reservedBy(key string) string {
	prefix, _, ok := strings.Cut(key, "/")
	if !ok {
		return ""
	}
	for _, reserved := range reservedPrefixes {
		if prefix == reserved || strings.HasSuffix(prefix, "."+reserved) {
			return reserved
		}
	}
	return ""
}

func (c *planCheck) files() {
	for _, path := range slices.Sorted(maps.Keys(c.Spec.Scratch)) {
		c.wholeBytes("scratch", c.Spec.Scratch[path].Size, []string{"scratch", path, "size"})
	}
	for _, path := range slices.Sorted(maps.Keys(c.Spec.Files)) {
		for _, folder := range slices.Sorted(maps.Keys(c.Spec.Scratch)) {
			if folder == path || strings.HasPrefix(folder, path+"/") {
				c.clash(diag.FileInTheWay, []string{"files", path}, []string{"scratch", folder}, "%s cannot be a file and the folder of scratch.%q", path, folder)
			}
		}
		for other := range c.Spec.Files {
			if strings.HasPrefix(other, path+"/") {
				c.clash(diag.FileInTheWay, []string{"files", path}, []string{"files", other}, "%s cannot be a file and the folder of %s", path, other)
			}
		}
	}
}

func joinWords(words []string) string {
	switch len(words) {
	case 0:
		return "none"
	case 1:
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
