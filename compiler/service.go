package compiler

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/manifest"
)

// service is the application's one Service, with every port it declares; none if it declares none.
func (p *RegionPlan) service() []manifest.Object {
	if len(p.Spec.Ports) == 0 {
		return nil
	}
	var ports []corev1.ServicePort
	for _, name := range sortedKeys(p.Spec.Ports) {
		port := p.Spec.Ports[name]
		ports = append(ports, corev1.ServicePort{
			Name:       name,
			Protocol:   corev1.Protocol(port.Protocol),
			Port:       port.ServicePort,
			TargetPort: intstr.FromString(name),
		})
	}
	return []manifest.Object{{File: "service.yaml", Value: &corev1.Service{
		TypeMeta:   typeMeta("v1", "Service"),
		ObjectMeta: p.meta(p.Spec.Name),
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, Selector: p.selector(), Ports: ports},
	}}}
}
