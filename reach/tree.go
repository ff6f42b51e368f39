package reach

import (
	"bytes"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/meridian-gitops/meridian/manifest"
)

// Objects reads rendered manifests back, as strictly as an API server: those of the kinds that [New] reads, in
// order of their paths. What is asked is what is committed, not what the compiler had in mind.
func Objects(tree manifest.Tree) ([]runtime.Object, error) {
	var list []runtime.Object
	for path, data := range tree.Files() {
		object, err := Object(data)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if object != nil {
			list = append(list, object)
		}
	}
	return list, nil
}

// Object reads one rendered manifest back; it is nil for a kind that [New] does not read.
func Object(data []byte) (runtime.Object, error) {
	object := empty(kind(data))
	if object == nil {
		return nil, nil
	}
	return object, manifest.Decode(data, object)
}

func empty(kind string) runtime.Object {
	switch kind {
	case "Namespace":
		return &corev1.Namespace{}
	case "Pod":
		return &corev1.Pod{}
	case "Deployment":
		return &appsv1.Deployment{}
	case "NetworkPolicy":
		return &networkingv1.NetworkPolicy{}
	}
	return nil
}

// kind is the kind that a rendered manifest states, in a line of its own.
func kind(data []byte) string {
	for line := range bytes.Lines(data) {
		if kind, ok := bytes.CutPrefix(line, []byte("kind: ")); ok {
			return string(bytes.TrimSpace(kind))
		}
	}
	return ""
}
