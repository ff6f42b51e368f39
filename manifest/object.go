package manifest

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is one Kubernetes object and the file it is committed as.
type Object struct {
	File  string         // base name: "deployment.yaml", "ingress-public.yaml"
	Value runtime.Object // a pointer to a k8s.io/api type with its apiVersion and kind set
}

// Name returns metadata.name, or "" for a value without metadata.
func (o Object) Name() string {
	if m := o.metadata(); m != nil {
		return m.GetName()
	}
	return ""
}

// Namespace returns metadata.namespace, or "" for a cluster-wide object and a value without metadata.
func (o Object) Namespace() string {
	if m := o.metadata(); m != nil {
		return m.GetNamespace()
	}
	return ""
}

// Kind returns the kind that the object states, not the name of its Go type: what is committed is what counts.
func (o Object) Kind() string {
	if o.Value == nil {
		return ""
	}
	return o.Value.GetObjectKind().GroupVersionKind().Kind
}

func (o Object) metadata() metav1.Object {
	if a, ok := o.Value.(metav1.ObjectMetaAccessor); ok {
		return a.GetObjectMeta()
	}
	return nil
}
