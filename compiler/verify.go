package compiler

import (
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// checkObjects checks the finished objects, after patches: what they are is what counts.
func (p *RegionPlan) checkObjects(objects []manifest.Object, beside map[string][]byte) []diag.Diagnostic {
	v := &objectCheck{RegionPlan: p, beside: beside}
	for _, object := range objects {
		switch o := object.Value.(type) {
		case *appsv1.Deployment:
			v.deployment = o
		case *autoscalingv2.HorizontalPodAutoscaler:
			v.autoscaler = o
		case *policyv1.PodDisruptionBudget:
			v.budget = o
		}
	}
	v.pod(v.deployment.Spec.Template.Spec)
	v.ports(v.deployment.Spec.Template.Spec)
	v.checkProbes(v.deployment.Spec.Template.Spec)
	v.scale()
	return v.list
}

type objectCheck struct {
	*RegionPlan
	beside     map[string][]byte
	deployment *appsv1.Deployment
	autoscaler *autoscalingv2.HorizontalPodAutoscaler
	budget     *policyv1.PodDisruptionBudget
	list       []diag.Diagnostic
}

// add points at the patch that touches a part of the object, such as spec.replicas, if there are patches: nothing else
// can break an object. Without patches it points at the field.
func (v *objectCheck) add(code diag.Code, path []string, part, format string, args ...any) {
	d := v.diagnostic(code, path, format, args...)
	if n := len(v.Spec.Patches); n > 0 {
		d = v.diagnostic(code, []string{"patches"}, format, args...)
		for i := n - 1; i >= 0; i-- {
			pos, named := v.touches(i, v.beside, strings.Split(part, "."))
			if named || n == 1 {
				d.Pos, d.Path = pos, fieldPath([]string{"patches", strconv.Itoa(i)})
				break
			}
		}
	}
	v.list = append(v.list, d)
}

// pod holds the pods to Pod Security's restricted profile, with what Meridian adds to it: no token, no node's
// folder, nothing of the host.
func (v *objectCheck) pod(spec corev1.PodSpec) {
	leaves := func(part, format string, args ...any) {
		v.add(diag.PodNotRestricted, nil, "spec.template.spec."+part, format, args...)
	}
	shared := [3]bool{spec.HostNetwork, spec.HostPID, spec.HostIPC}
	for i, part := range []string{"hostNetwork", "hostPID", "hostIPC"} {
		if shared[i] {
			leaves(part, "the pods share the node's network, processes or memory: %s", part)
		}
	}
	if len(spec.EphemeralContainers) > 0 {
		leaves("ephemeralContainers", "the pods have ephemeral containers")
	}
	if spec.NodeName != "" {
		leaves("nodeName", "the pods are bound to the node %s", spec.NodeName)
	}
	if s := spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil || len(s.Sysctls) > 0 {
		leaves("securityContext", "the pods' security context is not the restricted one")
	}
	for _, volume := range spec.Volumes {
		if kind := volumeKind(volume); kind != "" {
			leaves(volumePart(volume), "the volume %s is %s", volume.Name, kind)
		}
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		v.container(c, leaves)
	}
}

func (v *objectCheck) container(c corev1.Container, leaves func(string, string, ...any)) {
	s := c.SecurityContext
	switch {
	case s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation:
		leaves("containers.securityContext", "the container %s may gain privileges", c.Name)
	case s.Capabilities == nil || !slices.Contains(s.Capabilities.Drop, "ALL") || len(s.Capabilities.Add) > 0:
		leaves("containers.securityContext", "the container %s keeps capabilities", c.Name)
	case s.Privileged != nil && *s.Privileged || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem:
		leaves("containers.securityContext", "the container %s is privileged, or may write outside its scratch folders", c.Name)
	case s.RunAsUser != nil && *s.RunAsUser == 0 || s.RunAsNonRoot != nil && !*s.RunAsNonRoot:
		leaves("containers.securityContext", "the container %s runs as root", c.Name)
	}
	for _, port := range c.Ports {
		if port.HostPort != 0 || port.HostIP != "" {
			leaves("containers.ports", "the container %s takes a port of the node", c.Name)
		}
	}
	for _, handler := range handlers(c) {
		if handler.HTTPGet != nil && handler.HTTPGet.Host != "" || handler.TCPSocket != nil && handler.TCPSocket.Host != "" {
			leaves("containers", "a probe or hook of the container %s names a host", c.Name)
		}
	}
}

// handlers returns what probes and hooks do; a probe's handler has the same fields.
func handlers(c corev1.Container) []corev1.LifecycleHandler {
	var list []corev1.LifecycleHandler
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if probe != nil {
			list = append(list, corev1.LifecycleHandler{HTTPGet: probe.HTTPGet, TCPSocket: probe.TCPSocket})
		}
	}
	if c.Lifecycle != nil {
		for _, handler := range []*corev1.LifecycleHandler{c.Lifecycle.PostStart, c.Lifecycle.PreStop} {
			if handler != nil {
				list = append(list, *handler)
			}
		}
	}
	return list
}

// volumeKind names a kind of volume that is not allowed, or returns "". No claim to a disk either (S9).
func volumeKind(volume corev1.Volume) string {
	s := volume.VolumeSource
	switch {
	case s.EmptyDir != nil, s.ConfigMap != nil, s.Secret != nil, s.Projected != nil, s.DownwardAPI != nil:
		return ""
	case s.HostPath != nil:
		return "a folder of the node"
	case s.PersistentVolumeClaim != nil, s.Ephemeral != nil:
		return "a disk: nothing persistent is kept locally (S9)"
	}
	return "of a kind that is not allowed"
}

// volumePart is the part of a pod that a patch names to give it such a volume.
func volumePart(volume corev1.Volume) string {
	switch s := volume.VolumeSource; {
	case s.HostPath != nil:
		return "volumes.hostPath"
	case s.PersistentVolumeClaim != nil:
		return "volumes.persistentVolumeClaim"
	case s.Ephemeral != nil:
		return "volumes.ephemeral"
	}
	return "volumes"
}

// ports checks that every port name of probes and hooks is still there, and that none is taken twice.
func (v *objectCheck) ports(spec corev1.PodSpec) {
	names := map[string]bool{}
	for _, c := range spec.Containers {
		for _, port := range c.Ports {
			names[port.Name] = true
		}
	}
	for _, c := range spec.Containers {
		for _, handler := range handlers(c) {
			var port intstr.IntOrString
			switch {
			case handler.HTTPGet != nil:
				port = handler.HTTPGet.Port
			case handler.TCPSocket != nil:
				port = handler.TCPSocket.Port
			default:
				continue
			}
			if port.Type == intstr.String && !names[port.StrVal] {
				v.add(diag.UndeclaredPort, nil, "spec.template.spec.containers", "a probe or hook of the container %s names the port %q, which is not there", c.Name, port.StrVal)
			}
		}
	}
	for name := range v.Spec.Ports {
		if !names[name] {
			v.add(diag.UndeclaredPort, []string{"ports", name}, "spec.template.spec.containers.ports", "the port %q is gone from the containers", name)
		}
	}
}

// checkProbes holds to the manual what a patch may have changed.
func (v *objectCheck) checkProbes(spec corev1.PodSpec) {
	for _, c := range spec.Containers {
		if c.LivenessProbe != nil && c.LivenessProbe.SuccessThreshold > 1 || c.StartupProbe != nil && c.StartupProbe.SuccessThreshold > 1 {
			v.add(diag.SuccessThreshold, nil, "spec.template.spec.containers", "the success threshold of the container %s's liveness or startup probe is not 1", c.Name)
		}
		if l := c.Lifecycle; l != nil && l.PreStop != nil && l.PreStop.Sleep != nil && spec.TerminationGracePeriodSeconds != nil && l.PreStop.Sleep.Seconds >= *spec.TerminationGracePeriodSeconds {
			v.add(diag.SleepTooLong, []string{"shutdown"}, "spec.template.spec.terminationGracePeriodSeconds", "sleeping %d s leaves nothing of the grace period of %d s", l.PreStop.Sleep.Seconds, *spec.TerminationGracePeriodSeconds)
		}
		if _, tag, _ := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":"); tag == "latest" || tag == "" && !strings.Contains(c.Image, "@") {
			v.add(diag.ImageTagLatest, nil, "spec.template.spec.containers.image", "the image of the container %s has no version of its own", c.Name)
		}
	}
}

func (v *objectCheck) scale() {
	pods := int32(1)
	if r := v.deployment.Spec.Replicas; r != nil {
		pods = *r
	}
	if h := v.autoscaler; h != nil {
		if v.deployment.Spec.Replicas != nil {
			v.add(diag.ManyAlternatives, []string{"autoscale"}, "spec.replicas", "the Deployment states replicas beside the autoscaler, which every sync would put back")
		}
		if h.Spec.MinReplicas != nil {
			pods = *h.Spec.MinReplicas
		}
		if pods > h.Spec.MaxReplicas {
			v.add(diag.MinAboveMax, []string{"autoscale"}, "spec.minReplicas", "the fewest pods, %d, are more than the most, %d", pods, h.Spec.MaxReplicas)
		}
		for _, metric := range h.Spec.Metrics {
			v.metric(metric)
		}
	}
	if b := v.budget; b != nil {
		budget := schema.DisruptionBudget{}
		if b.Spec.MinAvailable != nil {
			budget.MinAvailable = b.Spec.MinAvailable.String()
		}
		if b.Spec.MaxUnavailable != nil {
			budget.MaxUnavailable = b.Spec.MaxUnavailable.String()
		}
		if problem := neverSatisfied(&budget, pods); problem != "" && len(v.Spec.Patches) > 0 {
			v.add(diag.BudgetImpossible, nil, "spec.minAvailable", "%s", problem)
		}
	}
}

// metric reports utilisation of a resource that some container does not request: the autoscaler would never act.
func (v *objectCheck) metric(metric autoscalingv2.MetricSpec) {
	if metric.Resource == nil || metric.Resource.Target.Type != autoscalingv2.UtilizationMetricType {
		return
	}
	for _, c := range v.deployment.Spec.Template.Spec.Containers {
		if request, ok := c.Resources.Requests[metric.Resource.Name]; !ok || request.IsZero() {
			v.add(diag.AutoscaleNoRequest, []string{"resources", "requests"}, "spec.template.spec.containers.resources.requests", "the autoscaler looks at %s, which the container %s does not request", metric.Resource.Name, c.Name)
		}
	}
}
