package compiler

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Labels and annotations of our own, and Kubernetes' recommended ones.
const (
	labelName      = "app.kubernetes.io/name" // the selector, for ever
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelNamespace = "kubernetes.io/metadata.name" // set by the API server on every namespace

	annotationOwner  = "meridian/owner"
	annotationConfig = "meridian/config-digest"

	managedBy = "meridian"
)

// objects builds everything that an application is in a region, in the order in which it is best applied.
func (p *RegionPlan) objects(beside map[string][]byte) ([]manifest.Object, []diag.Diagnostic) {
	config, list := p.configFiles(beside)
	if diag.HasErrors(list) {
		return nil, list
	}
	objects := []manifest.Object{p.serviceAccount()}
	objects = append(objects, p.configMap(config)...)
	objects = append(objects, p.networkPolicy())
	objects = append(objects, p.service()...)
	objects = append(objects, p.deployment(config))
	objects = append(objects, p.autoscaler()...)
	objects = append(objects, p.disruptionBudget()...)
	objects = append(objects, p.ingresses()...)
	return objects, list
}

func (p *RegionPlan) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: p.Namespace, Labels: p.identity()}
}

// identity are the labels that every object of the application carries.
func (p *RegionPlan) identity() map[string]string { return Identity(p.Spec.Space, p.Spec.Name) }

// Identity are the labels that every object and pod of an application carries, whatever else it has.
func Identity(space, app string) map[string]string {
	return map[string]string{labelName: app, labelPartOf: space, labelManagedBy: managedBy}
}

func (p *RegionPlan) selector() map[string]string { return map[string]string{labelName: p.Spec.Name} }

func typeMeta(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

func ptr[T any](v T) *T { return &v }

// union returns the entries of both maps; b wins.
func union(a, b map[string]string) map[string]string {
	u := maps.Clone(a)
	if u == nil {
		u = map[string]string{}
	}
	maps.Copy(u, b)
	return u
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// countOrPercent reads what #CountOrPercent admits.
func countOrPercent(s string) *intstr.IntOrString {
	v := intstr.Parse(s)
	return &v
}
