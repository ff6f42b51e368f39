package checkers

import "regexp"

// Reasons that two checkers need.
const (
	cpuLimit = "a request is what shares a processor fairly; a limit throttles a container on a processor that nobody else uses. resources has it for those who want it, a constraint for platforms that demand it"
	patched  = "a container that a patch adds is the developer's own; these are the random applications'"
)

// kubescoreReasons are why what kube-score finds is right as it is.
func kubescoreReasons() []reason {
	all := regexp.MustCompile
	return []reason{
		{
			check: "deployment-has-host-podantiaffinity", kind: "Deployment", detail: all(`^Deployment does not have a host podAntiAffinity set$`),
			why: "pods are spread over nodes by topologySpreadConstraints, which count, and let more pods than nodes run; kube-score looks at podAntiAffinity only",
		},
		{
			check: "container-image-pull-policy", kind: "Deployment", detail: all(`: ImagePullPolicy is not set to Always$`),
			why: "an image has a version that is not latest, or a digest (M4002, M4003), so Kubernetes' default, IfNotPresent, runs what was asked for; with Always no pod could restart while the registry is away",
		},
		{
			check: "container-ephemeral-storage-request-and-limit", kind: "Deployment", detail: all(`: Ephemeral Storage (request|limit) is not set$`),
			why: "the root file system is read-only, every scratch folder has a size limit of its own, and the kubelet rotates logs: there is nothing else to fill a disk with; resources has both for those who want them",
		},
		{
			check: "container-resources", kind: "Deployment", detail: all(`: CPU limit is not set$`),
			why: cpuLimit,
		},
		{
			check: "container-resources", kind: "Deployment", detail: all(`^(first|side): Memory limit is not set$`),
			why: patched,
		},
		{
			check: "container-security-context-user-group-id", kind: "Deployment", detail: all(`: The container (is )?running with a low (user|group) ID$`),
			why: "the application asks for the user that its image has; without one it is 65532. It is never root, and may gain nothing",
		},
		{
			check: "pod-probes", kind: "Deployment", detail: all(`^Container is missing a (readiness|liveness)Probe$`),
			why: "the application declares no such check: which answer means health is nothing that can be made up",
		},
		{
			check: "pod-probes-identical", kind: "Deployment", detail: all(`^Container has the same readiness and liveness probe$`),
			why: "the manual's health check does both: it takes a pod out of the endpoints and replaces it (S15); readiness is there to tell them apart",
		},
		{
			check: "deployment-replicas", kind: "Deployment", detail: all(`^Deployment few replicas$`),
			why: "the application asks for one pod, or for none; without a wish there are two",
		},
		{
			check: "horizontalpodautoscaler-replicas", kind: "HorizontalPodAutoscaler", detail: all(`^HPA few replicas$`),
			why: "the application asks for a minimum of one",
		},
		{
			check: "deployment-strategy", kind: "Deployment", detail: all(`^Deployment update strategy$`),
			why: "the application asks for Recreate, because it must never run twice",
		},
		{
			check: "deployment-has-poddisruptionbudget", kind: "Deployment", detail: all(`^No matching PodDisruptionBudget was found$`),
			why: "with one pod at the least, a budget would either keep a node from ever being emptied, or say nothing",
		},
		{
			check: "networkpolicy-targets-pod", kind: "NetworkPolicy", folder: "/space", detail: all(`^The NetworkPolicys selector doesn't match any pods$`),
			why: "the space's default-deny is for all pods of the namespace; those lie in the applications' folders",
		},
	}
}

// kubeauditReasons are why what kubeaudit finds is right as it is.
func kubeauditReasons() []reason {
	all := regexp.MustCompile
	return []reason{
		{
			check: "AppArmorAnnotationMissing", kind: "Deployment", detail: all(`: AppArmor annotation missing\.`),
			why: "the annotation is deprecated since Kubernetes 1.30; without it, and without the field that took its place, the runtime's default profile holds on every node that has AppArmor",
		},
		{
			check: "PrivilegedNil", kind: "Deployment", detail: all(`: privileged is not set in container SecurityContext\.`),
			why: "absent is false, and the namespace enforces Pod Security's level restricted, which admits nothing else",
		},
		{
			check: "LimitsCPUNotSet", kind: "Deployment", detail: all(`: Resource CPU limit not set\.$`),
			why: cpuLimit,
		},
		{
			check: "LimitsNotSet", kind: "Deployment", detail: all(`^first: Resource limits not set\.$`),
			why: patched,
		},
		{
			check: "MissingDefaultDenyEgressNetworkPolicy", kind: "Namespace", detail: all(`^All egress traffic should be blocked by default for namespace `),
			why: "the space's default-deny lets DNS through and nothing else; kubeaudit takes a policy with a rule for none that denies",
		},
	}
}
