package compiler

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/schema"
)

// probes maps the manual's two checks onto Kubernetes' three probes (S14, S15).
//
// The start-up check gates traffic and replaces a container that never comes up: it is the startupProbe, and the
// readinessProbe unless readiness is given. The health check takes a pod out of the endpoints and replaces its
// container: it is the livenessProbe, and the readinessProbe if nothing else is.
func (p *RegionPlan) probes(c *corev1.Container) {
	h := p.Spec.Health
	probe := p.probe
	c.LivenessProbe = probe(h.Liveness)
	c.StartupProbe = probe(h.Startup)
	if c.StartupProbe != nil {
		c.StartupProbe.SuccessThreshold = 1 // Kubernetes admits no other; the readinessProbe carries the manual's
	}
	switch {
	case h.Readiness != nil:
		c.ReadinessProbe = probe(h.Readiness)
	case h.Startup != nil:
		c.ReadinessProbe = probe(h.Startup)
	default:
		c.ReadinessProbe = probe(h.Liveness)
	}
}

func (p *RegionPlan) probe(s *schema.Probe) *corev1.Probe {
	if s == nil {
		return nil
	}
	probe := &corev1.Probe{
		InitialDelaySeconds: s.InitialDelaySeconds,
		PeriodSeconds:       s.PeriodSeconds,
		TimeoutSeconds:      s.TimeoutSeconds,
		SuccessThreshold:    s.SuccessThreshold,
		FailureThreshold:    s.FailureThreshold,
	}
	switch {
	case s.HTTP != nil:
		probe.HTTPGet = httpGet(s.HTTP)
	case s.TCP != nil:
		probe.TCPSocket = &corev1.TCPSocketAction{Port: intstr.FromString(s.TCP.Port)}
	case s.GRPC != nil:
		// A gRPC probe is the only one that admits no port name.
		probe.GRPC = &corev1.GRPCAction{Port: p.Spec.Ports[s.GRPC.Port].Port}
		if s.GRPC.Service != "" {
			probe.GRPC.Service = ptr(s.GRPC.Service)
		}
	default:
		probe.Exec = &corev1.ExecAction{Command: s.Command}
	}
	return probe
}

// httpGet asks the pod's own address: a host is never set, Pod Security's baseline refuses it since 1.34.
func httpGet(a *schema.HTTPAction) *corev1.HTTPGetAction {
	get := &corev1.HTTPGetAction{Path: a.Path, Port: intstr.FromString(a.Port), Scheme: corev1.URIScheme(a.Scheme)}
	for _, name := range sortedKeys(a.Headers) {
		get.HTTPHeaders = append(get.HTTPHeaders, corev1.HTTPHeader{Name: name, Value: a.Headers[name]})
	}
	return get
}

// lifecycle is what runs before the container is told to end (S16). Kubernetes takes a pod out of the endpoints
// while the hook runs, not before: an application that others reach and that has no hook of its own sleeps
// meanwhile, so that it still serves who comes late.
func (p *RegionPlan) lifecycle() *corev1.Lifecycle {
	var handler *corev1.LifecycleHandler
	hook := p.Spec.Shutdown.PreStop
	switch seconds := drainSeconds(p); {
	case hook != nil && hook.HTTP != nil:
		handler = &corev1.LifecycleHandler{HTTPGet: httpGet(hook.HTTP)}
	case hook != nil && len(hook.Command) > 0:
		handler = &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: hook.Command}}
	case seconds > 0:
		handler = &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}}
	default:
		return nil
	}
	return &corev1.Lifecycle{PreStop: handler}
}

// drainSeconds is how long the application sleeps before it ends: what it says, or what the region needs for an
// application that others reach; 0 when a hook of another kind runs.
func drainSeconds(p *RegionPlan) int64 {
	switch hook := p.Spec.Shutdown.PreStop; {
	case hook != nil:
		return hook.Sleep
	case len(p.Spec.Ports) > 0:
		return p.Region.DrainSeconds
	default:
		return 0
	}
}
