package compiler

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/meridian-gitops/meridian/diag"
)

const patchedApp = header + `ports: web: 8080
env: PASSWORD: secret: {name: "app1-db", key: "password"}
autoscale: {min: 3, max: 6}
health: liveness: tcp: port: "web"
`

// patchOf is the patched application; its patches begin in line 6.
func patchOf(kind, patch string) string {
	return patchedApp + `patches: [{target: kind: "` + kind + `", patch: ` + patch + "}]\n"
}

// TestPatchFailingOperation holds that of many operations the first that does not apply is told, wherever it is.
func TestPatchFailingOperation(t *testing.T) {
	for _, failing := range []int{0, 1, 6, 12} {
		var operations []string
		for i := range 13 {
			path := "/metadata/annotations/note"
			if i == failing || i == 12 {
				path = "/nowhere/at/all"
			}
			operations = append(operations, fmt.Sprintf("\t{op: \"add\", path: %q, value: \"%d\"},", path, i))
		}
		_, list := newCompiler(t).compile(t, patchOf("Deployment", "[\n"+strings.Join(operations, "\n")+"\n]"))
		if len(list) != 1 || list[0].Code != diag.PatchFails || list[0].Pos.Line != 7+failing {
			t.Errorf("operation %d: %v", failing, list)
		}
	}
}

// TestPatchForbidden holds what patches may not change: each is refused with what it changed, at the patch.
func TestPatchForbidden(t *testing.T) {
	const pod, own = "spec: template: spec: ", `containers: [{name: "app1", `
	tests := []struct{ name, kind, patch, want string }{
		{"name", "Deployment", `[{op: "replace", path: "/metadata/name", value: "other"}]`, "name"},
		{"namespace", "Deployment", `[{op: "replace", path: "/metadata/namespace", value: "kube-system"}]`, "namespace"},
		{"identity label", "Deployment", `metadata: labels: "app.kubernetes.io/name": "other"`, "identity labels"},
		{"managed-by", "Deployment", `metadata: labels: "app.kubernetes.io/managed-by": "me"`, "identity labels"},
		{"reserved label", "Deployment", `metadata: labels: "pod-security.kubernetes.io/enforce": "privileged"`, "reserved labels"},
		{"reserved annotation", "Deployment", `metadata: annotations: "kustomize.toolkit.fluxcd.io/prune": "disabled"`, "reserved annotations"},
		{"owner", "Deployment", `metadata: annotations: "meridian/owner": "me"`, "reserved annotations"},
		{"selector", "Deployment", `spec: selector: matchLabels: tier: "web"`, "the selector"},
		{"identity label of the pods", "Deployment", `spec: template: metadata: labels: "app.kubernetes.io/part-of": "x"`, "identity labels of the pods"},
		{"reserved label of the pods", "Deployment", `spec: template: metadata: labels: "cilium.io/x": "y"`, "reserved labels of the pods"},
		{"reserved annotation of the pods", "Deployment", `spec: template: metadata: annotations: "istio.io/x": "y"`, "reserved annotations of the pods"},
		{"service account", "Deployment", pod + `serviceAccountName: "admin"`, "the service account"},
		{"service account, old field", "Deployment", pod + `serviceAccount: "admin"`, "the service account"},
		{"token", "Deployment", pod + `automountServiceAccountToken: true`, "the service account's token"},
		{"root", "Deployment", pod + `securityContext: runAsUser: 0`, "the pods' security context"},
		{"no seccomp", "Deployment", pod + `securityContext: seccompProfile: type: "Unconfined"`, "the pods' security context"},
		{"capability", "Deployment", pod + own + `securityContext: capabilities: add: ["NET_ADMIN"]}]`, "the security context of the container app1"},
		{"privileged", "Deployment", pod + own + `securityContext: privileged: true}]`, "the security context of the container app1"},
		{"writable root", "Deployment", pod + own + `securityContext: readOnlyRootFilesystem: false}]`, "the security context of the container app1"},
		{"added container of another user", "Deployment", pod + `containers: [{name: "b", image: "r.io/b:1", securityContext: runAsUser: 0}]`, "the security context of the container b"},
		{"init container as root", "Deployment", pod + `initContainers: [{name: "b", image: "r.io/b:1", securityContext: runAsNonRoot: false}]`, "the security context of the container b"},
		{"secret as a variable", "Deployment", pod + own + `env: [{name: "X", valueFrom: secretKeyRef: {name: "other", key: "k"}}]}]`, "the use of the secret other"},
		{"secret as variables", "Deployment", pod + own + `envFrom: [{secretRef: name: "other"}]}]`, "the use of the secret other"},
		{"secret as a volume", "Deployment", pod + `volumes: [{name: "v", secret: secretName: "other"}]`, "the use of the secret other"},
		{"secret in a projected volume", "Deployment", pod + `volumes: [{name: "v", projected: sources: [{secret: name: "other"}]}]`, "the use of the secret other"},
		{"pull secret", "Deployment", pod + `imagePullSecrets: [{name: "other"}]`, "the use of the secret other"},
		{"own container", "Deployment", `[{op: "replace", path: "/spec/template/spec/containers/0/name", value: "other"}]`, "the container app1"},
		{"what is scaled", "HorizontalPodAutoscaler", `spec: scaleTargetRef: name: "other"`, "what the autoscaler scales"},
		{"selector of the budget", "PodDisruptionBudget", `spec: selector: matchLabels: "app.kubernetes.io/name": "other"`, "the selector"},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			patch := test.patch
			if !strings.HasPrefix(patch, "[") {
				patch = "{" + patch + "}"
			}
			result, list := c.compile(t, patchOf(test.kind, patch))
			if result.Outputs != nil {
				t.Error("there is an output")
			}
			if len(list) != 1 || list[0].Code != diag.PatchForbidden || !strings.Contains(list[0].Message, "the patch changes") || !strings.Contains(list[0].Message, test.want) {
				t.Errorf("want one M5003 with %q, got\n%s", test.want, messages(list))
			}
			for _, d := range list {
				if d.Pos.Line != 6 {
					t.Errorf("it is reported at %s", d.Pos)
				}
			}
		})
	}
}

// TestPatchChecks holds that all checks run again on the patched objects: Pod Security's restricted profile, ports,
// probes (S15), nothing persistent (S9), images, scale.
func TestPatchChecks(t *testing.T) {
	const pod, own = "spec: template: spec: ", `containers: [{name: "app1", `
	tests := []struct{ name, kind, patch, want string }{
		{"host network", "Deployment", pod + `hostNetwork: true`, "M5006"},
		{"host processes", "Deployment", pod + `hostPID: true`, "M5006"},
		{"bound to a node", "Deployment", pod + `nodeName: "n1"`, "M5006"},
		{"host path", "Deployment", pod + `volumes: [{name: "v", hostPath: path: "/"}]`, "M5006"},
		{"disk", "Deployment", pod + `volumes: [{name: "v", persistentVolumeClaim: claimName: "c"}]`, "M5006"},
		{"file system of the network", "Deployment", pod + `volumes: [{name: "v", nfs: {server: "s", path: "/"}}]`, "M5006"},
		{"host port", "Deployment", pod + own + `ports: [{containerPort: 8080, protocol: "TCP", hostPort: 80}]}]`, "M5006"},
		{"a probe's host", "Deployment", pod + own + `livenessProbe: tcpSocket: {host: "10.0.0.1", port: "web"}}]`, "M5006"},
		{"ephemeral containers", "Deployment", pod + `ephemeralContainers: [{name: "e", image: "r.io/e:1"}]`, "M5006"},
		{"port gone", "Deployment", `[{op: "remove", path: "/spec/template/spec/containers/0/ports/0"}]`, "M4009 M4009"},
		{"probe of no port", "Deployment", pod + own + `livenessProbe: tcpSocket: port: "gone"}]`, "M4009"},
		{"success threshold", "Deployment", pod + own + `livenessProbe: successThreshold: 2}]`, "M4021"},
		{"sleep without end", "Deployment", pod + own + `lifecycle: preStop: sleep: seconds: 60}]`, "M4023"},
		{"added image without a version", "Deployment", pod + `containers: [{name: "b", image: "r.io/b", resources: requests: cpu: "1"}]`, "M4003"},
		{"replicas beside the autoscaler", "Deployment", `spec: replicas: 3`, "M2007"},
		{"added container without a request", "Deployment", pod + `containers: [{name: "b", image: "r.io/b:1"}]`, "M4034"},
		{"more at least than at most", "HorizontalPodAutoscaler", `spec: minReplicas: 9`, "M4005"},
		{"budget that lets no pod go", "PodDisruptionBudget", `spec: maxUnavailable: 0`, "M4006"},
		{"field that does not exist", "Deployment", `spec: replica: 3`, "M5004"},
		{"wrong type", "Deployment", `spec: minReadySeconds: "ten"`, "M5004"},
		{"of another kind", "Deployment", `kind: "Service"`, "M5001"},
		{"of another name", "Deployment", `metadata: name: "app2"`, "M5001"},
		{"of another namespace", "Deployment", `metadata: namespace: "kube-system"`, "M5001"},
		{"text that is no YAML", "Deployment", `"a: [b"`, "M5001"},
		{"text that is no struct", "Deployment", `"just words"`, "M5001"},
		{"place that is not there", "Deployment", `[{op: "remove", path: "/spec/nothing"}]`, "M5002"},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			patch := test.patch
			if !strings.HasPrefix(patch, "[") && !strings.HasPrefix(patch, `"`) {
				patch = "{" + patch + "}"
			}
			result, list := c.compile(t, patchOf(test.kind, patch))
			var codes []string
			for _, d := range list {
				codes = append(codes, string(d.Code))
				if d.Pos.Line != 6 {
					t.Errorf("%s is reported at %s", d.Code, d.Pos)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(codes, " ")); diff != "" || result.Outputs != nil {
				t.Errorf("%d outputs (-want +got):\n%s%s", len(result.Outputs), diff, messages(list))
			}
		})
	}
}

// TestPatchNoTarget holds that a patch of an object that the application does not have is told.
func TestPatchNoTarget(t *testing.T) {
	_, list := newCompiler(t).compile(t, header+"replicas: 1\npatches: [{target: kind: \"PodDisruptionBudget\", patch: spec: maxUnavailable: 1}]\n")
	if diff := cmp.Diff([]string{"M5005 3:26"}, brief(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPatchApplies holds that all three kinds are patched, in every form, and that an added container gets the
// application's security context.
func TestPatchApplies(t *testing.T) {
	out := newCompiler(t).only(t, patchedApp+`patches: [
	{target: kind: "Deployment", patch: spec: template: spec: {
		priorityClassName: "web"
		containers: [{name: "cache", image: "r.io/cache:1", resources: requests: cpu: "50m"}]
		initContainers: [{name: "init", image: "r.io/init:1"}]
	}},
	{target: kind: "Deployment", patch: "[{op: add, path: /spec/paused, value: true}]"},
	{target: kind: "HorizontalPodAutoscaler", path: "hpa.yaml"},
	{target: kind: "PodDisruptionBudget", patch: "spec: {maxUnavailable: 2}"},
]
`, "hpa.yaml", "spec:\n  maxReplicas: 20\n")
	deployment := object[*appsv1.Deployment](out)
	pod := deployment.Spec.Template.Spec
	if pod.PriorityClassName != "web" || !deployment.Spec.Paused || len(pod.Containers) != 2 || len(pod.InitContainers) != 1 {
		t.Errorf("the Deployment is not patched: %+v", pod)
	}
	for _, c := range append(pod.InitContainers, pod.Containers...) {
		if diff := cmp.Diff(container(newCompiler(t).only(t, header)).SecurityContext, c.SecurityContext); diff != "" {
			t.Errorf("security context of %s (-want +got):\n%s", c.Name, diff)
		}
	}
	if got := object[*autoscalingv2.HorizontalPodAutoscaler](out).Spec.MaxReplicas; got != 20 {
		t.Errorf("maxReplicas %d", got)
	}
	if got := object[*policyv1.PodDisruptionBudget](out).Spec.MaxUnavailable.IntValue(); got != 2 {
		t.Errorf("maxUnavailable %d", got)
	}
}
