// Package checkers holds everything that is emitted to the field's public checkers.
//
// In: the golden trees, the examples, and random applications, each with the Kubernetes version of its region. Out: a
// finding fails, unless a table says why it is right as it is; a reason in the table that nothing needs any more fails, too.
// Kubernetes' own Pod Security admission and kustomize run in every test run, as libraries. kubeconform, kube-score,
// kubeaudit and a program with the types of Argo CD and Flux are built once, outside of the tree, and run with
// MERIDIAN_CHECKERS=1.
// Refused: a region with a version of Kubernetes whose schemas cannot be had.
package checkers
