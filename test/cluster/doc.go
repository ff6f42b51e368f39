// Package cluster runs real Kubernetes API servers, their controllers, Flux', an ingress controller and a kubelet on
// loopback, for tests.
//
// In: a minor version and what shall run. Every server is built from Go modules at a pinned version, once, and kept
// in the user's cache folder by its name and version; a state folder is made for each cluster and goes with it.
// Out: a running [Cluster] with a client's configuration for its administrator.
// Refused: a minor version that is not in [Minors], and a server that does not become ready, with the end of its log.
//
// Nothing listens but on 127.0.0.1, and Traefik and the kubelet's containers where a test says. What is started is ended by
// its process id when the test ends.
package cluster
