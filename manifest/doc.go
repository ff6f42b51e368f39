// Package manifest turns typed Kubernetes objects into the bytes that are committed.
//
// In: values of k8s.io/api types (or structs with the same kind of json tags). Out: YAML, one object a file,
// and [Tree], a sorted immutable map from path to bytes. It refuses values that Kubernetes' own JSON encoding
// could not express, and paths that leave their root. It knows nothing of applications or regions beyond the
// names in a [Claim].
package manifest
