// Package network proves what the rendered NetworkPolicies mean: who may reach an application, and what it may reach.
//
// In: whole clusters, compiled from examples, golden cases, golden platforms, random applications and a scenario of this
// package: the policies as they are rendered, and beside the applications who else is in a cluster: its edge, its DNS,
// who scrapes metrics, and strangers. Out: one answer a connection, from several who share no code:
//
//   - the model, which reads the rendered YAML as Kubernetes' page on network policies has it;
//   - the declaration, which says from the words of app.cue and the platform what must be (S19);
//   - package reach, and `meridian reach`, which is asked the scenario's lines;
//   - the judges: public implementations, built outside of the tree (MERIDIAN_NETWORK=1);
//   - the kernel: network namespaces, real connections, nftables rules made of the policies as the model reads them, so that
//     it judges the model's answers and not its reading (MERIDIAN_NETWORK=1, root).
//
// All of them must say the same. What Kubernetes leaves to the network plugin is asked both ways where it can be: whether
// a range of addresses is meant to select pods that have one of them. Left out: a pod's own loopback addresses, which no
// policy sees; traffic of a pod's own node, which always passes; and Service addresses, which are rewritten before
// policies or after them: to the policies they are addresses like others.
package network
