// Package reach answers, from Kubernetes objects alone, whether a connection is possible and which rule says so.
//
// In: objects as the cluster has them (Namespaces, Deployments or Pods, NetworkPolicies), and a [Flow]: a pod or a
// range of addresses at each end, a port, a protocol. Out: a [Verdict] with a [Side] for the source's egress and
// one for the target's ingress: whether the pod is isolated, which rules admit the flow, and when none does, the
// nearest ones and what they miss. It knows nothing of app.cue. It refuses objects that the API server would
// refuse where the answer would depend on them: malformed selectors and ranges, an exception outside of its range,
// a range of ports that ends before it begins.
//
// The rules are those of the API's own documentation (k8s.io/api/networking/v1, kubernetes.io's page on network
// policies): policies add up; a pod is isolated in a direction when a policy of that type selects it; a connection
// needs the egress of its source and the ingress of its target. What Kubernetes leaves to the network plugin is
// settled so: pods are matched by labels alone and addresses by ranges alone, because pods' addresses do not last;
// whether a Service's address is rewritten before or after policies is not asked, so a Service's address is an
// address like others. Traffic of a pod's own node, which always passes, is not seen here.
package reach
