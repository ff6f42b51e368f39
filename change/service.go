package change

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/golden"
)

// service compares the ports that a Service leads to the application.
func (p *pair) service(c *Change, before, after map[string]any) {
	was, okWas := p.old.servicePorts(before)
	will, okWill := p.new.servicePorts(after)
	if !okWas || !okWill {
		c.add(ExposureChanged)
		return
	}
	for _, port := range will {
		if !contains(was, port) {
			c.add(ExposureWider, port.String()+" is new in the cluster")
		}
	}
	for _, port := range was {
		if !contains(will, port) {
			c.add(ExposureNarrower, port.String()+" is gone from the cluster")
		}
	}
	if c.Op == golden.Changed && len(c.Classes) == 0 && !onlyPorts(c) {
		c.add(ExposureChanged)
	}
}

// servicePort is a port of a Service and the container's port that it leads to.
type servicePort struct {
	name, protocol string
	port           int32
	target         string
}

func (s servicePort) String() string { return fmt.Sprintf("port %d/%s", s.port, s.protocol) }

func contains(list []servicePort, port servicePort) bool {
	for _, other := range list {
		if other.port == port.port && other.protocol == port.protocol && other.target == port.target {
			return true
		}
	}
	return false
}

// onlyPorts reports whether nothing differs but labels and how ports are written.
func onlyPorts(c *Change) bool {
	return !slices.ContainsFunc(c.Fields, func(f golden.Field) bool {
		return !strings.HasPrefix(f.Path, "metadata.labels") && !strings.HasPrefix(f.Path, "spec.ports")
	})
}

func (s *side) servicePorts(object map[string]any) ([]servicePort, bool) {
	service, ok := as[corev1.Service](object)
	if !ok {
		return nil, false
	}
	var list []servicePort
	for _, port := range service.Spec.Ports {
		list = append(list, servicePort{port.Name, string(port.Protocol), port.Port, s.container(port)})
	}
	return list, true
}

// backend resolves what an Ingress leads to, down to the container's port, so that a port with a new name is the
// same port.
func (s *side) backend(b networkingv1.IngressServiceBackend) string {
	if s.names {
		return portName(b)
	}
	for _, object := range s.kind("Service") {
		service, ok := as[corev1.Service](object)
		if !ok || service.Name != b.Name {
			continue
		}
		for _, port := range service.Spec.Ports {
			if b.Port.Name != "" && port.Name == b.Port.Name || b.Port.Name == "" && port.Port == b.Port.Number {
				return s.container(port)
			}
		}
	}
	return portName(b)
}

// portName is what an Ingress calls the port that it leads to.
func portName(b networkingv1.IngressServiceBackend) string {
	if b.Port.Name != "" {
		return b.Port.Name
	}
	return strconv.Itoa(int(b.Port.Number))
}

// container resolves a Service's target to the container's port number where the Deployment names it.
func (s *side) container(port corev1.ServicePort) string {
	target := port.TargetPort.String()
	if port.TargetPort.IntValue() == 0 && port.TargetPort.StrVal == "" {
		return strconv.Itoa(int(port.Port)) // the default
	}
	for _, object := range s.kind("Deployment") {
		containers, _ := at(object, "spec", "template", "spec", "containers").([]any)
		for _, container := range containers {
			fields, _ := container.(map[string]any)
			ports, _ := fields["ports"].([]any)
			for _, one := range ports {
				entry, _ := one.(map[string]any)
				if n, ok := number(entry["containerPort"]); ok && entry["name"] == target {
					return strconv.FormatInt(n, 10)
				}
			}
		}
	}
	return target
}
