package compiler

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// forbiddenChange is what a patch may not change.
type forbiddenChange struct {
	what string
	part []string // of the object
}

type forbiddenChanges []forbiddenChange

func (l *forbiddenChanges) compare(what, part string, before, after any) {
	if !cmp.Equal(before, after) {
		*l = append(*l, forbiddenChange{what, append(strings.Split(part, "."), changedKey(before, after)...)})
	}
}

// changedKey is the first key in which two maps of strings differ; none if they are no such maps.
func changedKey(before, after any) []string {
	a, _ := before.(map[string]string)
	b, _ := after.(map[string]string)
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if a[key] != b[key] {
			return []string{key}
		}
	}
	return nil
}

// forbidden says what a patch changed that it may not: names, selectors, identity labels, the service account,
// security contexts, the use of Secrets that the application does not declare, and more containers.
func (p *RegionPlan) forbidden(before, after runtime.Object) []forbiddenChange {
	var list forbiddenChanges
	report := list.compare
	a, b := before.(metav1.ObjectMetaAccessor).GetObjectMeta(), after.(metav1.ObjectMetaAccessor).GetObjectMeta()
	report("the object's name", "metadata.name", a.GetName(), b.GetName())
	report("the object's namespace", "metadata.namespace", a.GetNamespace(), b.GetNamespace())
	report("identity labels", "metadata.labels", identityLabels(a.GetLabels()), identityLabels(b.GetLabels()))
	report("reserved labels", "metadata.labels", reservedKeys(a.GetLabels()), reservedKeys(b.GetLabels()))
	report("reserved annotations", "metadata.annotations", reservedKeys(a.GetAnnotations()), reservedKeys(b.GetAnnotations()))
	switch after := after.(type) {
	case *appsv1.Deployment:
		list = append(list, p.forbiddenPod(before.(*appsv1.Deployment), after)...)
	case *autoscalingv2.HorizontalPodAutoscaler:
		report("what the autoscaler scales", "spec.scaleTargetRef", before.(*autoscalingv2.HorizontalPodAutoscaler).Spec.ScaleTargetRef, after.Spec.ScaleTargetRef)
	case *policyv1.PodDisruptionBudget:
		report("the selector", "spec.selector", before.(*policyv1.PodDisruptionBudget).Spec.Selector, after.Spec.Selector)
	}
	return list
}

func (p *RegionPlan) forbiddenPod(before, after *appsv1.Deployment) []forbiddenChange {
	var list forbiddenChanges
	report := list.compare
	a, b := before.Spec.Template, after.Spec.Template
	report("the selector", "spec.selector", before.Spec.Selector, after.Spec.Selector)
	report("identity labels of the pods", "spec.template.metadata.labels", identityLabels(a.Labels), identityLabels(b.Labels))
	report("reserved labels of the pods", "spec.template.metadata.labels", reservedKeys(a.Labels), reservedKeys(b.Labels))
	report("reserved annotations of the pods", "spec.template.metadata.annotations", reservedKeys(a.Annotations), reservedKeys(b.Annotations))
	report("the service account", "spec.template.spec.serviceAccountName", a.Spec.ServiceAccountName, b.Spec.ServiceAccountName)
	report("the service account", "spec.template.spec.serviceAccount", "", b.Spec.DeprecatedServiceAccount)
	report("the service account's token", "spec.template.spec.automountServiceAccountToken", a.Spec.AutomountServiceAccountToken, b.Spec.AutomountServiceAccountToken)
	report("the pods' security context", "spec.template.spec.securityContext", a.Spec.SecurityContext, b.Spec.SecurityContext)
	for _, c := range slices.Concat(b.Spec.InitContainers, b.Spec.Containers) {
		if diff := cmp.Diff(a.Spec.Containers[0].SecurityContext, explicit(c.SecurityContext)); diff != "" {
			list = append(list, forbiddenChange{"the security context of the container " + c.Name + "; leave it out for the application's own", []string{"spec", "template", "spec", "containers", "securityContext"}})
		}
	}
	declared := append(p.secretRefs(), p.pullSecret())
	for _, name := range podSecrets(b.Spec) {
		if !slices.Contains(declared, name) {
			list = append(list, forbiddenChange{"the use of the secret " + name + ", which the application does not declare", nil})
		}
	}
	if !slices.ContainsFunc(b.Spec.Containers, func(c corev1.Container) bool { return c.Name == p.Spec.Name }) {
		list = append(list, forbiddenChange{"the container " + p.Spec.Name, []string{"spec", "template", "spec", "containers"}})
	}
	return list
}

// secureAdded gives containers that a patch added, and that say nothing of it, the application's security context.
func (p *RegionPlan) secureAdded(before, after runtime.Object) {
	b, ok := after.(*appsv1.Deployment)
	if !ok {
		return
	}
	own := before.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].SecurityContext
	for _, containers := range [][]corev1.Container{b.Spec.Template.Spec.InitContainers, b.Spec.Template.Spec.Containers} {
		for i := range containers {
			if containers[i].SecurityContext == nil {
				containers[i].SecurityContext = own.DeepCopy()
			}
		}
	}
}

// explicit leaves out of a security context what says no more than Kubernetes' default.
func explicit(s *corev1.SecurityContext) *corev1.SecurityContext {
	if s == nil {
		return nil
	}
	s = s.DeepCopy()
	if s.Privileged != nil && !*s.Privileged {
		s.Privileged = nil
	}
	if s.ProcMount != nil && *s.ProcMount == corev1.DefaultProcMount {
		s.ProcMount = nil
	}
	return s
}

func identityLabels(labels map[string]string) map[string]string {
	return map[string]string{labelName: labels[labelName], labelPartOf: labels[labelPartOf], labelManagedBy: labels[labelManagedBy]}
}

func reservedKeys(m map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range m {
		if reservedBy(key) != "" && key != labelName && key != labelPartOf && key != labelManagedBy { // those are told by themselves
			kept[key] = value
		}
	}
	return kept
}

// podSecrets returns every Secret that a pod refers to.
func podSecrets(spec corev1.PodSpec) []string {
	var names []string
	for _, ref := range spec.ImagePullSecrets {
		names = append(names, ref.Name)
	}
	for _, v := range spec.Volumes {
		if v.Secret != nil {
			names = append(names, v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, source := range v.Projected.Sources {
				if source.Secret != nil {
					names = append(names, source.Secret.Name)
				}
			}
		}
		if v.CSI != nil && v.CSI.NodePublishSecretRef != nil {
			names = append(names, v.CSI.NodePublishSecretRef.Name)
		}
	}
	for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
		for _, env := range c.Env {
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				names = append(names, env.ValueFrom.SecretKeyRef.Name)
			}
		}
		for _, from := range c.EnvFrom {
			if from.SecretRef != nil {
				names = append(names, from.SecretRef.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
