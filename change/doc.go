// Package change says what a change of manifests means: what restarts, what is reachable by more or by fewer, what
// is gone.
//
// In: two [manifest.Tree] values laid out like the GitOps repository, what was there and what is new, of one
// application or of many. Out of [Compare]: a [Change] for each object that differs in a region, with the fields that
// differ and its [Class] values; out of [Fold]: the same with equal changes of several regions and applications told
// once; out of [Summarize]: how many there are of each class.
//
// Wider and narrower are computed from what manifests mean: the clients, hosts, paths and ports that Ingresses let
// through, the addresses, peers and ports that NetworkPolicies do, the subjects and roles of RoleBindings. A rule
// written in another way is no change of exposure, and neither is one that moves from one object of an application
// to another.
//
// It refuses nothing: an object that cannot be understood is compared field by field and classed as "changed", never
// passed over. Files that are outside of a region's applications, spaces, sync and edge folders are not looked at.
// It takes for granted what Meridian publishes with every space: a policy that denies what no other policy allows.
// It reads and writes no file and knows nothing of app.cue.
package change
