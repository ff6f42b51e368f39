package change

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/golden"
)

const template = "spec.template."

// quiet are the fields of a Deployment that change what later happens, and nothing now.
var quiet = []string{"metadata.", "spec.strategy", "spec.minReadySeconds", "spec.revisionHistoryLimit", "spec.progressDeadlineSeconds"}

func (p *pair) deployment(c *Change, before, after map[string]any) {
	if c.Op != golden.Changed {
		return
	}
	if !reflect.DeepEqual(at(before, "spec", "template"), at(after, "spec", "template")) {
		c.Reasons = restartReasons(c.Fields)
		if at(after, "spec", "strategy", "type") == "Recreate" {
			c.add(Recreate, "all pods stop before new ones start")
		} else {
			c.add(RollingRestart)
		}
	}
	for _, field := range c.Fields {
		switch {
		case field.Path == "spec.replicas":
			p.replicas(c, before, after)
		case strings.HasPrefix(field.Path, template) || strings.HasPrefix(template, field.Path+"."):
		case !slices.ContainsFunc(quiet, func(q string) bool { return strings.HasPrefix(field.Path, q) }):
			c.add(Policy) // pods are not replaced, but the controller behaves otherwise
		}
	}
}

// reasons are what pods are replaced for, by what the path of a field in the pod template holds; the first that fits
// is taken.
var reasons = []struct{ part, reason string }{
	{`["meridian/config-digest"]`, "config"},
	{".image", "image"},
	{".imagePullSecrets", "pull secret"},
	{".envFrom", "env"},
	{".env", "env"},
	{".resources", "resources"},
	{".livenessProbe", "health checks"},
	{".readinessProbe", "health checks"},
	{".startupProbe", "health checks"},
	{".lifecycle", "shutdown"},
	{".terminationGracePeriodSeconds", "shutdown"},
	{".volumeMounts", "files"},
	{".volumes", "files"},
	{".command", "command"},
	{".args", "command"},
	{".ports", "ports"},
	{".topologySpreadConstraints", "spread"},
	{".securityContext", "user and rights"},
	{".serviceAccountName", "user and rights"},
	{"metadata.labels", "labels"},
	{"metadata.annotations", "annotations"},
}

// restartReasons names what differs in the pod template, sorted. Where fields name nothing, only an order differs:
// that replaces pods too.
func restartReasons(fields []golden.Field) []string {
	var list []string
	for _, field := range fields {
		rest, ok := strings.CutPrefix(field.Path, template)
		if !ok {
			continue
		}
		list = append(list, restartReason(rest))
	}
	if len(list) == 0 {
		return []string{"order"}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func restartReason(path string) string {
	for _, r := range reasons {
		if i := strings.Index(path, r.part); i >= 0 && endsWord(path[i+len(r.part):]) {
			return r.reason
		}
	}
	return path
}

// endsWord reports whether a field's name ends where rest begins.
func endsWord(rest string) bool { return rest == "" || strings.ContainsAny(rest[:1], ".[") }

// replicas tells what becomes of the number of pods. While an autoscaler is there, the number is its own and not what
// is synced: the field comes or goes with it.
func (p *pair) replicas(c *Change, before, after map[string]any) {
	was, had := number(at(before, "spec", "replicas"))
	will, has := number(at(after, "spec", "replicas"))
	switch {
	case had && has:
		note := fmt.Sprintf("from %d to %s", was, count(will, "pod"))
		if will == 0 {
			note += ": nothing runs any more"
		}
		c.add(Scale, note)
	case has:
		note := fmt.Sprintf("the sync sets %s at once, whatever number the autoscaler has reached", count(will, "pod"))
		if low, high, ok := limits(p.old.kind("HorizontalPodAutoscaler")); ok {
			note += fmt.Sprintf(" between %d and %d", low, high)
		}
		c.add(Scale, note)
	case had:
		c.add(Scale)
		low, high, ok := limits(p.new.kind("HorizontalPodAutoscaler"))
		if !ok {
			c.add(AutoscaleGap, "replicas is no longer synced, and there is no autoscaler: the cluster makes it 1")
			return
		}
		if was > 1 {
			c.add(AutoscaleGap, fmt.Sprintf("replicas is no longer synced: the cluster may make it 1 before the autoscaler brings it back to %d to %d, after about 15 s and its pods' start; now it is %d", low, high, was))
		}
	}
}

// limits returns the fewest and the most pods of the one autoscaler.
func limits(autoscalers []map[string]any) (low, high int64, ok bool) {
	if len(autoscalers) != 1 {
		return 0, 0, false
	}
	low, ok = number(at(autoscalers[0], "spec", "minReplicas"))
	if !ok {
		low = 1 // Kubernetes' default
	}
	high, ok = number(at(autoscalers[0], "spec", "maxReplicas"))
	return low, high, ok
}

func autoscalerNotes(before, after map[string]any) []string {
	oldLow, oldHigh, had := limits([]map[string]any{before})
	low, high, has := limits([]map[string]any{after})
	switch {
	case had && has && (oldLow != low || oldHigh != high):
		return []string{fmt.Sprintf("from %d to %d pods, to %d to %d pods", oldLow, oldHigh, low, high)}
	case has && !had:
		return []string{fmt.Sprintf("%d to %d pods, by load", low, high)}
	}
	return nil
}

// configMap tells whether pods are replaced for a configuration: they read it when they start.
func (p *pair) configMap(c *Change) {
	for _, deployment := range p.new.kind("Deployment") {
		for _, old := range p.old.kind("Deployment") {
			if !reflect.DeepEqual(at(old, "spec", "template"), at(deployment, "spec", "template")) {
				c.Reasons = []string{"config"}
				if at(deployment, "spec", "strategy", "type") == "Recreate" {
					c.add(Recreate)
				} else {
					c.add(RollingRestart)
				}
				return
			}
		}
	}
	if c.Op == golden.Changed {
		c.Notes = append(c.Notes, "pods see it when they are next replaced")
	}
}

func number(value any) (int64, bool) {
	switch n := value.(type) {
	case int:
		return int64(n), true
	case int64:
		return n, true
	}
	return 0, false
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
