package checkers

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
)

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
			why: "pods are spread over nodes by topologySpreadConstraints, which count, and let more pods than nodes run, unless the application wants none of it or is one pod; kube-score looks at podAntiAffinity only",
			holds: func(f finding) bool {
				return spreadOverNodes(f.tree) || declares(f, func(p *compiler.RegionPlan) bool {
					return p.Spec.Spread.Nodes == "None" || p.Spec.Autoscale != nil && p.Spec.Autoscale.Max < 2
				})
			},
		},
		{
			check: "container-image-pull-policy", kind: "Deployment", detail: all(`: ImagePullPolicy is not set to Always$`),
			why: "an image has a version that is not latest, or a digest (M4002, M4003), so Kubernetes' default, IfNotPresent, runs what was asked for; with Always no pod could restart while the registry is away",
		},
		{
			check: "container-ephemeral-storage-request-and-limit", kind: "Deployment", detail: all(`: Ephemeral Storage (request|limit) is not set$`),
			why: "the root file system is read-only, every scratch folder has a size limit of its own, and the kubelet rotates logs: there is nothing else to fill a disk with; resources has both for those who want them",
			holds: declared(func(p *compiler.RegionPlan) bool {
				r := p.Spec.Resources
				return r.Requests.EphemeralStorage == "" || r.Limits.EphemeralStorage == "" || isPatched(p)
			}),
		},
		{
			check: "container-resources", kind: "Deployment", detail: all(`: CPU limit is not set$`),
			why: cpuLimit, holds: declared(func(p *compiler.RegionPlan) bool { return p.Spec.Resources.Limits.CPU == "" || isPatched(p) }),
		},
		{
			check: "container-resources", kind: "Deployment", detail: all(`^(first|side): Memory limit is not set$`),
			why: patched, holds: declared(isPatched),
		},
		{
			check: "container-security-context-user-group-id", kind: "Deployment", detail: all(`: The container (is )?running with a low (user|group) ID$`),
			why:   "the application asks for the user that its image has; without one it is 65532. It is never root, and may gain nothing",
			holds: declared(func(p *compiler.RegionPlan) bool { return isWritten(p, "user") }),
		},
		{
			check: "pod-probes", kind: "Deployment", detail: all(`^Container is missing a livenessProbe$`),
			why:   "the application declares no such check: which answer means health is nothing that can be made up",
			holds: declared(func(p *compiler.RegionPlan) bool { return !isWritten(p, "health", "liveness") }),
		},
		{
			check: "pod-probes", kind: "Deployment", detail: all(`^Container is missing a readinessProbe$`),
			why: "the application declares no check at all: any of them says when it may get requests (S14, S15)",
			holds: declared(func(p *compiler.RegionPlan) bool {
				return !isWritten(p, "health", "liveness") && !isWritten(p, "health", "readiness") && !isWritten(p, "health", "startup")
			}),
		},
		{
			check: "pod-probes-identical", kind: "Deployment", detail: all(`^Container has the same readiness and liveness probe$`),
			why:   "the manual's health check does both: it takes a pod out of the endpoints and replaces it (S15); readiness is there to tell them apart",
			holds: declared(func(p *compiler.RegionPlan) bool { return isWritten(p, "health", "liveness") }),
		},
		{
			check: "deployment-replicas", kind: "Deployment", detail: all(`^Deployment few replicas$`),
			why: "the application asks for one pod, or for none; without a wish there are two",
			holds: declared(func(p *compiler.RegionPlan) bool {
				return p.Spec.Autoscale == nil && isWritten(p, "replicas") && *p.Spec.Replicas < 2
			}),
		},
		{
			check: "horizontalpodautoscaler-replicas", kind: "HorizontalPodAutoscaler", detail: all(`^HPA few replicas$`),
			why:   "the application asks for a minimum of one",
			holds: declared(func(p *compiler.RegionPlan) bool { return p.Spec.Autoscale != nil && p.Spec.Autoscale.Min < 2 }),
		},
		{
			check: "deployment-strategy", kind: "Deployment", detail: all(`^Deployment update strategy$`),
			why: "the application asks for Recreate, because it must never run twice",
			holds: declared(func(p *compiler.RegionPlan) bool {
				return isWritten(p, "rollout", "strategy") && p.Spec.Rollout.Strategy == "Recreate"
			}),
		},
		{
			check: "deployment-has-poddisruptionbudget", kind: "Deployment", detail: all(`^No matching PodDisruptionBudget was found$`),
			why: "with one pod at the least, a budget would either keep a node from ever being emptied, or say nothing",
			holds: declared(func(p *compiler.RegionPlan) bool {
				if p.Spec.Autoscale != nil {
					return p.Spec.Autoscale.Min < 2
				}
				return *p.Spec.Replicas < 2
			}),
		},
		{
			check: "networkpolicy-targets-pod", kind: "NetworkPolicy", folder: "/space", detail: all(`^The NetworkPolicys selector doesn't match any pods$`),
			why:   "the space's default-deny is for all pods of the namespace; those lie in the applications' folders",
			holds: func(f finding) bool { return denies(f.tree) },
		},
	}
}

// kubeauditReasons are why what kubeaudit finds in trees is right as it is. It is given all of them at once.
func kubeauditReasons(list []tree) []reason {
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
			holds: func(f finding) bool {
				spaces := slices.DeleteFunc(slices.Clone(list), func(t tree) bool { return t.folder != "spaces/"+path.Base(f.tree.from)+"/space" })
				return len(spaces) > 0 && !slices.ContainsFunc(spaces, func(t tree) bool { return !denies(t) })
			},
		},
	}
}

// declared asks what the application of a finding's tree declares.
func declared(holds func(p *compiler.RegionPlan) bool) func(finding) bool {
	return func(f finding) bool { return declares(f, holds) }
}

func declares(f finding, holds func(p *compiler.RegionPlan) bool) bool {
	return f.tree.plan != nil && holds(f.tree.plan)
}

// isWritten reports whether somebody gave a field, rather than that it has a default.
func isWritten(p *compiler.RegionPlan, path ...string) bool {
	n := p.Node.Get(path...)
	return n != nil && n.Pos.IsValid()
}

func isPatched(p *compiler.RegionPlan) bool { return len(p.Spec.Patches) > 0 }

// spreadOverNodes reports whether a tree's pods are.
func spreadOverNodes(t tree) bool {
	var d appsv1.Deployment
	data, found := t.files.Get("deployment.yaml")
	if !found || manifest.Decode(data, &d) != nil {
		return false
	}
	for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
		if c.TopologyKey == "kubernetes.io/hostname" {
			return true
		}
	}
	return false
}

// denies reports whether a space's folder closes it to all pods, both ways, but for DNS.
func denies(t tree) bool {
	var p networkingv1.NetworkPolicy
	data, found := t.files.Get("networkpolicy-default-deny.yaml")
	if !found || manifest.Decode(data, &p) != nil {
		return false
	}
	for _, rule := range p.Spec.Egress {
		if len(rule.To) == 0 || len(rule.Ports) == 0 {
			return false
		}
		for _, port := range rule.Ports {
			if port.Port == nil || port.Port.IntValue() != 53 || port.EndPort != nil {
				return false
			}
		}
	}
	both := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress}
	return len(p.Spec.PodSelector.MatchLabels)+len(p.Spec.PodSelector.MatchExpressions)+len(p.Spec.Ingress) == 0 && slices.Equal(p.Spec.PolicyTypes, both)
}

// TestReasons holds that a reason excuses an object of which it is true, and no other of its kind: what an application asks
// for, and not what has got lost on the way.
func TestReasons(t *testing.T) {
	of := func(name string) tree {
		list := trees(t)
		i := slices.IndexFunc(list, func(t tree) bool { return strings.Contains(t.from, name) })
		if i < 0 {
			t.Fatalf("there is no tree of %s", name)
		}
		return list[i]
	}
	const (
		budget, fewPods, strategy = "No matching PodDisruptionBudget was found", "Deployment few replicas", "Deployment update strategy"
		readiness, liveness       = "Container is missing a readinessProbe", "Container is missing a livenessProbe"
	)
	for _, test := range []struct {
		tree, check, kind, detail string
		want                      bool
	}{
		{"cases/replicas-one/", "deployment-has-poddisruptionbudget", "Deployment", budget, true},
		{"cases/minimal/", "deployment-has-poddisruptionbudget", "Deployment", budget, false},
		{"cases/autoscale-default/", "deployment-has-poddisruptionbudget", "Deployment", budget, true},
		{"cases/replicas-one/", "deployment-replicas", "Deployment", fewPods, true},
		{"cases/minimal/", "deployment-replicas", "Deployment", fewPods, false},
		{"cases/rollout-recreate/", "deployment-strategy", "Deployment", strategy, true},
		{"cases/minimal/", "deployment-strategy", "Deployment", strategy, false},
		{"cases/minimal/", "pod-probes", "Deployment", readiness, true},
		{"cases/minimal/", "pod-probes", "Deployment", liveness, true},
		{"cases/probe-liveness-only/", "pod-probes", "Deployment", readiness, false},
		{"cases/probe-liveness-only/", "pod-probes", "Deployment", liveness, false},
		{"cases/probe-startup/", "pod-probes", "Deployment", readiness, false},
		{"cases/probe-startup/", "pod-probes", "Deployment", liveness, true},
		{"cases/user/", "container-security-context-user-group-id", "Deployment", "app1: The container running with a low user ID", true},
		{"cases/minimal/", "container-security-context-user-group-id", "Deployment", "app1: The container running with a low user ID", false},
		{"platforms/space-minimal/golden/aws-oregon/spaces", "networkpolicy-targets-pod", "NetworkPolicy", "The NetworkPolicys selector doesn't match any pods", true},
	} {
		if _, used := sift([]finding{{test.check, test.kind, test.detail, of(test.tree)}}, kubescoreReasons()); slices.Contains(used, 1) != test.want {
			t.Errorf("%s in %s: excused is %t", test.detail, test.tree, !test.want)
		}
	}
	space := of("platforms/space-minimal/golden/aws-oregon/spaces")
	open, err := manifest.NewTree([]manifest.File{{Path: "configmap.yaml", Data: []byte("kind: ConfigMap\n")}})
	if err != nil {
		t.Fatal(err)
	}
	without := space
	without.files = open
	missing := finding{"MissingDefaultDenyEgressNetworkPolicy", "Namespace", "All egress traffic should be blocked by default for namespace myorg-web.", tree{from: "/myorg-web"}}
	for _, test := range []struct {
		list []tree
		want bool
	}{{[]tree{space}, true}, {[]tree{space, without}, false}, {[]tree{without}, false}, {nil, false}} {
		if _, used := sift([]finding{missing}, kubeauditReasons(test.list)); slices.Contains(used, 1) != test.want {
			t.Errorf("with %d spaces: excused is %t", len(test.list), !test.want)
		}
	}
}
