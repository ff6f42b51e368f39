package reach

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Cluster is what is known of a cluster. It is immutable.
type Cluster struct {
	namespaces map[string]map[string]string // labels
	pods       map[podKey]Pod
	policies   map[string][]*policy // by namespace, sorted by name
}

type podKey struct{ namespace, name string }

// New reads objects: Namespaces, Deployments, Pods and NetworkPolicies; others say nothing of connections and are
// passed over. It gives namespaces the label with their name, as the API server does. The error names the object.
func New(objects ...runtime.Object) (*Cluster, error) {
	c := &Cluster{map[string]map[string]string{}, map[podKey]Pod{}, map[string][]*policy{}}
	for _, object := range objects {
		if err := c.add(object); err != nil {
			return nil, err
		}
	}
	for key, pod := range c.pods {
		pod.NamespaceLabels = c.namespaceLabels(key.namespace)
		c.pods[key] = pod
	}
	for namespace, list := range c.policies {
		slices.SortFunc(list, func(a, b *policy) int { return strings.Compare(a.name, b.name) })
		for i := 1; i < len(list); i++ {
			if list[i].name == list[i-1].name {
				return nil, fmt.Errorf("read NetworkPolicy %s/%s: it is given twice", namespace, list[i].name)
			}
		}
	}
	return c, nil
}

func (c *Cluster) add(object runtime.Object) error {
	switch o := object.(type) {
	case *corev1.Namespace:
		c.namespaces[o.Name] = o.Labels
	case *corev1.Pod:
		return c.addPod("Pod", o.Namespace, o.Name, o.Labels, o.Spec)
	case *appsv1.Deployment:
		return c.addPod("Deployment", o.Namespace, o.Name, o.Spec.Template.Labels, o.Spec.Template.Spec)
	case *networkingv1.NetworkPolicy:
		policy, err := readPolicy(o)
		if err != nil {
			return fmt.Errorf("read NetworkPolicy %s/%s: %w", o.Namespace, o.Name, err)
		}
		c.policies[o.Namespace] = append(c.policies[o.Namespace], policy)
	}
	return nil
}

func (c *Cluster) addPod(kind, namespace, name string, labels map[string]string, spec corev1.PodSpec) error {
	key := podKey{namespace, name}
	switch _, twice := c.pods[key]; {
	case twice:
		return fmt.Errorf("read %s %s/%s: there are two pods of that name", kind, namespace, name)
	case spec.HostNetwork:
		return fmt.Errorf("read %s %s/%s: it uses its node's network, where policies are not defined", kind, namespace, name)
	}
	c.pods[key] = Pod{Namespace: namespace, Name: name, Labels: labels, Ports: containerPorts(spec)}
	return nil
}

// containerPorts are the ports of all containers that run as long as the pod does.
func containerPorts(spec corev1.PodSpec) []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	for _, container := range spec.Containers {
		ports = append(ports, container.Ports...)
	}
	for _, container := range spec.InitContainers {
		if container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			ports = append(ports, container.Ports...)
		}
	}
	for i := range ports {
		ports[i].Protocol = cmp.Or(ports[i].Protocol, corev1.ProtocolTCP)
	}
	return ports
}

func (c *Cluster) namespaceLabels(name string) map[string]string {
	labels := maps.Clone(c.namespaces[name])
	if labels == nil {
		labels = map[string]string{}
	}
	labels[corev1.LabelMetadataName] = name
	return labels
}

// Pod returns the pods of a Deployment, or a single Pod, by namespace and name.
func (c *Cluster) Pod(namespace, name string) (Pod, bool) {
	pod, ok := c.pods[podKey{namespace, name}]
	return pod, ok
}

// UnknownPod returns a pod of which the objects say nothing but what its namespace is: its labels are what the
// caller takes them to be.
func (c *Cluster) UnknownPod(namespace, name string, labels map[string]string) Pod {
	return Pod{Namespace: namespace, Name: name, NamespaceLabels: c.namespaceLabels(namespace), Labels: labels, Unknown: true}
}
