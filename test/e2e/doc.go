// Package e2e proves what Meridian emits against servers that it did not write: Kubernetes' API servers,
// controllers and kubelet, Flux' controllers, an ingress controller, git's own server.
//
// In: MERIDIAN_E2E, the minor versions of Kubernetes to run, separated by commas: 1.36, newest, oldest, or all. Without it
// the suites are skipped. The servers are those of package cluster, which have to be built before.
// Out: one test a suite and version; `make proof` prints them as a table.
// Refused: a version that is not known.
package e2e
