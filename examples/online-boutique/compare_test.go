package boutique

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/manifest"
)

// values are what a field is in the original and in ours; "" where it is absent.
type values struct{ Original, Ours string }

// readOriginals reads the original manifests, by the service they belong to.
func readOriginals(t *testing.T) map[string][]manifest.Object {
	t.Helper()
	paths, err := filepath.Glob("testdata/original/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]manifest.Object{}
	for _, path := range paths {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range bytes.Split(data, []byte("\n---\n")) {
			object := decode(t, path, document)
			service := cmp.Or(object.(metav1.ObjectMetaAccessor).GetObjectMeta().GetLabels()["app"], manifest.Object{Value: object}.Name())
			all[service] = append(all[service], manifest.Object{File: path, Value: object})
		}
	}
	return all
}

func decode(t *testing.T, path string, document []byte) runtime.Object {
	t.Helper()
	kinds := map[string]runtime.Object{
		"Deployment": &appsv1.Deployment{}, "Service": &corev1.Service{}, "ServiceAccount": &corev1.ServiceAccount{},
	}
	for kind, object := range kinds {
		if bytes.Contains(document, []byte("\nkind: "+kind+"\n")) {
			if err := manifest.Decode(document, object); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			return object
		}
	}
	t.Fatalf("%s holds an object of a kind that is not expected:\n%s", path, document)
	return nil
}

// differences returns in which fields the objects of a service differ, and whole objects that are on one side only.
func differences(t *testing.T, service string, original, ours []manifest.Object) map[string]values {
	t.Helper()
	before, after := fields(t, service, original), fields(t, service, ours)
	found := map[string]values{}
	for object := range before {
		if after[object] == nil {
			found[object] = values{Original: "present"}
			continue
		}
		for field, value := range before[object] {
			if other := after[object][field]; other != value {
				found[object+" "+field] = values{value, other}
			}
		}
	}
	for object := range after {
		if before[object] == nil {
			found[object] = values{Ours: "present"}
			continue
		}
		for field, value := range after[object] {
			if _, there := before[object][field]; !there {
				found[object+" "+field] = values{"", value}
			}
		}
	}
	return found
}

// fields returns the leaves of objects, defaults filled in: by the object's kind, and its name where that is not the
// service's, then by path.
func fields(t *testing.T, service string, objects []manifest.Object) map[string]map[string]string {
	t.Helper()
	ports := portNumbers(objects)
	all := map[string]map[string]string{}
	for _, object := range objects {
		name := object.Kind()
		if object.Name() != service {
			name += "/" + object.Name()
		}
		all[name] = map[string]string{}
		var tree map[string]any
		data, err := json.Marshal(withDefaults(object.Value, ports))
		if err == nil {
			err = json.Unmarshal(data, &tree)
		}
		if err != nil {
			t.Fatal(err)
		}
		delete(tree, "status")
		flatten(all[name], "", tree)
	}
	return all
}

// flatten collects the leaves below a value. Lists of containers and ports are told by index, others by the name or
// path of their items where they have one.
func flatten(leaves map[string]string, path string, value any) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		if len(v) == 0 {
			leaves[path] = "{}"
		}
		for key, item := range v {
			switch {
			case strings.ContainsAny(key, "./"):
				key = "[" + key + "]"
			case path != "":
				key = "." + key
			}
			flatten(leaves, path+key, item)
		}
	case []any:
		byIndex := strings.HasSuffix(path, ".containers") || strings.HasSuffix(path, ".ports")
		for i, item := range v {
			key := fmt.Sprint(i)
			if m, ok := item.(map[string]any); ok && !byIndex {
				name, _ := m["name"].(string)
				mount, _ := m["mountPath"].(string)
				key = cmp.Or(mount, name, key)
			}
			flatten(leaves, path+"["+key+"]", item)
		}
	default:
		leaves[path] = fmt.Sprint(v)
	}
}

// portNumbers returns the numbers of the container ports that have a name.
func portNumbers(objects []manifest.Object) map[string]int32 {
	numbers := map[string]int32{}
	for _, object := range objects {
		if d, ok := object.Value.(*appsv1.Deployment); ok {
			for _, port := range d.Spec.Template.Spec.Containers[0].Ports {
				numbers[port.Name] = port.ContainerPort
			}
		}
	}
	return numbers
}

// withDefaults returns a copy of an object with the defaults of the Kubernetes API in the fields that one side or the
// other gives, and with numbers for names of ports.
func withDefaults(object runtime.Object, ports map[string]int32) runtime.Object {
	object = object.DeepCopyObject()
	switch o := object.(type) {
	case *appsv1.Deployment:
		defaultDeployment(&o.Spec)
		pod := &o.Spec.Template.Spec
		for _, list := range [][]corev1.Container{pod.InitContainers, pod.Containers} {
			for i := range list {
				defaultContainer(&list[i], ports)
			}
		}
	case *corev1.Service:
		fill(&o.Spec.Type, corev1.ServiceTypeClusterIP)
		for i := range o.Spec.Ports {
			port := &o.Spec.Ports[i]
			fill(&port.Protocol, corev1.ProtocolTCP)
			fill(&port.TargetPort, intstr.FromInt32(port.Port))
			port.TargetPort = resolve(port.TargetPort, ports)
		}
	}
	return object
}

func defaultDeployment(spec *appsv1.DeploymentSpec) {
	fillPointer(&spec.Replicas, 1)
	fillPointer(&spec.RevisionHistoryLimit, 10)
	fillPointer(&spec.ProgressDeadlineSeconds, 600)
	fill(&spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		fillPointer(&spec.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		fillPointer(&spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
		fillPointer(&spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
	}
	pod := &spec.Template.Spec
	fill(&pod.RestartPolicy, corev1.RestartPolicyAlways)
	fillPointer(&pod.TerminationGracePeriodSeconds, 30)
	fillPointer(&pod.EnableServiceLinks, true)
}

func defaultContainer(c *corev1.Container, ports map[string]int32) {
	if c.SecurityContext != nil {
		fillPointer(&c.SecurityContext.Privileged, false)
	}
	for i := range c.Ports {
		fill(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for _, probe := range []*corev1.Probe{c.StartupProbe, c.ReadinessProbe, c.LivenessProbe} {
		if probe == nil {
			continue
		}
		fill(&probe.PeriodSeconds, 10)
		fill(&probe.TimeoutSeconds, 1)
		fill(&probe.SuccessThreshold, 1)
		fill(&probe.FailureThreshold, 3)
		switch {
		case probe.HTTPGet != nil:
			fill(&probe.HTTPGet.Scheme, corev1.URISchemeHTTP)
			probe.HTTPGet.Port = resolve(probe.HTTPGet.Port, ports)
		case probe.TCPSocket != nil:
			probe.TCPSocket.Port = resolve(probe.TCPSocket.Port, ports)
		case probe.GRPC != nil:
			fillPointer(&probe.GRPC.Service, "")
		}
	}
}

// resolve turns a port's name into its number.
func resolve(port intstr.IntOrString, ports map[string]int32) intstr.IntOrString {
	if number, ok := ports[port.StrVal]; ok && port.Type == intstr.String {
		return intstr.FromInt32(number)
	}
	return port
}

func fill[T comparable](field *T, value T) { *field = cmp.Or(*field, value) }

func fillPointer[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
