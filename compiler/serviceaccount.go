package compiler

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/meridian-gitops/meridian/manifest"
)

// serviceAccount is the application's own, without a token: applications do not talk to the API server.
func (p *RegionPlan) serviceAccount() manifest.Object {
	return manifest.Object{File: "serviceaccount.yaml", Value: &corev1.ServiceAccount{
		TypeMeta:                     typeMeta("v1", "ServiceAccount"),
		ObjectMeta:                   p.meta(p.Spec.Name),
		AutomountServiceAccountToken: ptr(false),
	}}
}
