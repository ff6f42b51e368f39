package compiler

import (
	"fmt"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// Capabilities says what an ingress dialect can express. What it cannot is an error, never dropped.
type Capabilities struct {
	AllowList         bool   // admit clients by address (S10)
	PermanentRedirect bool   // HTTP to HTTPS (S10)
	RedirectCode      int    // of the permanent redirect
	RedirectNeedsCert bool   // redirect only while the certificate is valid, as the manual has it (S10)
	WildcardHost      bool   // *.mydomain.com
	TCP, UDP          bool   // L4 exposure (S11)
	Note              string // where it deviates from the manual
}

// Dialect turns an HTTP exposure into what a kind of ingress controller reads.
type Dialect interface {
	Capabilities() Capabilities
	// Ingress returns the objects of one exposure.
	Ingress(p *RegionPlan, name string, entry schema.HTTP) []manifest.Object
}

// L4Dialect turns a region's TCP and UDP claims into the aggregates that its proxy reads. An aggregate is shared
// by all applications of the region.
type L4Dialect interface {
	Aggregates(edge regions.EdgeL4, claims []manifest.Claim) []manifest.Object
}

// Dialects are the ingress dialects, by the names that regions give.
func Dialects() map[string]Dialect { return map[string]Dialect{"ingress-nginx": ingressNginx{}} }

func l4Dialects() map[string]L4Dialect { return map[string]L4Dialect{"ingress-nginx": ingressNginx{}} }

func dialectOf(r *regions.Region) Dialect { return Dialects()[r.Edge.HTTP.Dialect] }

// ingresses is one Ingress an exposure, so that a region changes one without touching the others.
func (p *RegionPlan) ingresses() []manifest.Object {
	var list []manifest.Object
	for _, name := range sortedKeys(p.Spec.HTTP) {
		list = append(list, dialectOf(p.Region).Ingress(p, name, p.Spec.HTTP[name])...)
	}
	return list
}

// ingress is the part of an Ingress that all controllers read alike.
func (p *RegionPlan) ingress(name string, entry schema.HTTP) *networkingv1.Ingress {
	var paths []networkingv1.HTTPIngressPath
	for _, path := range entry.Paths {
		paths = append(paths, networkingv1.HTTPIngressPath{
			Path:     path.Path,
			PathType: ptr(networkingv1.PathType(path.Type)),
			Backend: networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{
				Name: p.Spec.Name,
				Port: networkingv1.ServiceBackendPort{Name: path.Port},
			}},
		})
	}
	return &networkingv1.Ingress{
		TypeMeta:   typeMeta("networking.k8s.io/v1", "Ingress"),
		ObjectMeta: p.meta(p.Spec.Name + "-" + name),
		Spec: networkingv1.IngressSpec{
			IngressClassName: ptr(p.Region.Edge.HTTP.Class),
			Rules: []networkingv1.IngressRule{{
				Host:             entry.Host,
				IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: paths}},
			}},
		},
	}
}

// Edge returns the aggregates of a region: what its proxy reads of all applications' TCP and UDP claims.
func Edge(r *regions.Region, claims []manifest.Claim) ([]manifest.File, error) {
	if r.Edge.L4 == nil {
		return nil, nil
	}
	var files []manifest.File
	for _, object := range l4Dialects()[r.Edge.L4.Dialect].Aggregates(*r.Edge.L4, claims) {
		data, err := manifest.Encode(object.Value)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", object.File, err)
		}
		files = append(files, manifest.File{Path: object.File, Data: data})
	}
	return files, nil
}

// aggregateMeta is the metadata of an object that belongs to no application.
func aggregateMeta(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{labelManagedBy: managedBy}}
}
