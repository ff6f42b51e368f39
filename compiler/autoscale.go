package compiler

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

// autoscaler is the HorizontalPodAutoscaler of an application that scales by load.
func (p *RegionPlan) autoscaler() []manifest.Object {
	a := p.Spec.Autoscale
	if a == nil {
		return nil
	}
	var metrics []autoscalingv2.MetricSpec
	for _, m := range []struct {
		name    corev1.ResourceName
		percent int32
	}{{corev1.ResourceCPU, a.CPU}, {corev1.ResourceMemory, a.Memory}} {
		if m.percent > 0 {
			metrics = append(metrics, autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
				Name:   m.name,
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: ptr(m.percent)},
			}})
		}
	}
	return []manifest.Object{{File: "horizontalpodautoscaler.yaml", Value: &autoscalingv2.HorizontalPodAutoscaler{
		TypeMeta:   typeMeta("autoscaling/v2", "HorizontalPodAutoscaler"),
		ObjectMeta: p.meta(p.Spec.Name),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: p.Spec.Name},
			MinReplicas:    ptr(a.Min),
			MaxReplicas:    a.Max,
			Metrics:        metrics,
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: ptr(a.ScaleDownDelaySeconds)},
			},
		},
	}}}
}

// disruptionBudget says how many pods a node's maintenance may take at once. A pod that is not ready may always
// go: it serves nobody, and keeping it would keep a broken application's node for ever.
func (p *RegionPlan) disruptionBudget() []manifest.Object {
	budget := p.Spec.DisruptionBudget
	if budget == nil {
		return nil
	}
	spec := policyv1.PodDisruptionBudgetSpec{
		Selector:                   &metav1.LabelSelector{MatchLabels: p.selector()},
		UnhealthyPodEvictionPolicy: ptr(policyv1.AlwaysAllow),
	}
	if budget.MinAvailable != "" {
		spec.MinAvailable = countOrPercent(budget.MinAvailable)
	} else {
		spec.MaxUnavailable = countOrPercent(budget.MaxUnavailable)
	}
	return []manifest.Object{{File: "poddisruptionbudget.yaml", Value: &policyv1.PodDisruptionBudget{
		TypeMeta:   typeMeta("policy/v1", "PodDisruptionBudget"),
		ObjectMeta: p.meta(p.Spec.Name),
		Spec:       spec,
	}}}
}
