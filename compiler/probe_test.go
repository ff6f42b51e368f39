package compiler

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// container returns the application's container.
func container(o Output) corev1.Container {
	return object[*appsv1.Deployment](o).Spec.Template.Spec.Containers[0]
}

// TestProbeMapping holds which of Kubernetes' three probes the manual's two checks and readiness become, told apart
// by their paths (S14, S15). Threshold is the success threshold of the start-up check.
func TestProbeMapping(t *testing.T) {
	const startup, readiness, liveness = `startup: {http: {path: "/startup", port: "web"}, successThreshold: THRESHOLD}`,
		`readiness: {http: {path: "/readiness", port: "web"}, successThreshold: 4}`, `liveness: http: {path: "/liveness", port: "web"}`
	type probe struct {
		Path      string
		Successes int32
	}
	tests := []struct {
		name, checks, threshold      string
		startup, readiness, liveness *probe
	}{
		{name: "none"},
		{"startup gates traffic", startup, "3", &probe{"/startup", 1}, &probe{"/startup", 3}, nil},
		{"liveness takes out of the endpoints", liveness, "", nil, &probe{"/liveness", 1}, &probe{"/liveness", 1}},
		{"readiness alone", readiness, "", nil, &probe{"/readiness", 4}, nil},
		{"startup and liveness", startup + "\n" + liveness, "2", &probe{"/startup", 1}, &probe{"/startup", 2}, &probe{"/liveness", 1}},
		{"startup and readiness", startup + "\n" + readiness, "1", &probe{"/startup", 1}, &probe{"/readiness", 4}, nil},
		{"readiness and liveness", readiness + "\n" + liveness, "", nil, &probe{"/readiness", 4}, &probe{"/liveness", 1}},
		{"all three", startup + "\n" + readiness + "\n" + liveness, "1", &probe{"/startup", 1}, &probe{"/readiness", 4}, &probe{"/liveness", 1}},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checks := strings.ReplaceAll(test.checks, "THRESHOLD", test.threshold)
			got := container(c.only(t, header+"ports: web: 8080\nhealth: {\n"+checks+"\n}\n"))
			of := func(p *corev1.Probe) *probe {
				if p == nil {
					return nil
				}
				return &probe{p.HTTPGet.Path, p.SuccessThreshold}
			}
			want := []*probe{test.startup, test.readiness, test.liveness}
			if diff := cmp.Diff(want, []*probe{of(got.StartupProbe), of(got.ReadinessProbe), of(got.LivenessProbe)}); diff != "" {
				t.Errorf("startup, readiness, liveness (-want +got):\n%s", diff)
			}
		})
	}
}

// TestProbeMethods holds the manual's methods and defaults, and gRPC (S14).
func TestProbeMethods(t *testing.T) {
	defaults := corev1.Probe{InitialDelaySeconds: 0, PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3}
	with := func(h corev1.ProbeHandler) corev1.Probe { p := defaults; p.ProbeHandler = h; return p }
	tests := []struct {
		name, check string
		want        corev1.Probe
	}{
		{"http", `http: {path: "/ready?deep=1", port: "web"}`, with(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready?deep=1", Port: intstr.FromString("web"), Scheme: "HTTP"}})},
		{"https with headers", `http: {path: "/", port: "web", scheme: "HTTPS", headers: {"X-B": "2", "X-A": "1"}}`, with(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromString("web"), Scheme: "HTTPS", HTTPHeaders: []corev1.HTTPHeader{{Name: "X-A", Value: "1"}, {Name: "X-B", Value: "2"}}}})},
		{"tcp", `tcp: port: "web"`, with(corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("web")}})},
		{"command", `command: ["/bin/check", "-q"]`, with(corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/check", "-q"}}})},
		{"grpc", `grpc: port: "web"`, with(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080}})},
		{"grpc of a service", `grpc: {port: "web", service: "shop"}`, with(corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 8080, Service: ptr("shop")}})},
		{
			"parameters", `tcp: port: "web"
initialDelaySeconds: 7, periodSeconds: 20, timeoutSeconds: 4, successThreshold: 1, failureThreshold: 9`,
			corev1.Probe{InitialDelaySeconds: 7, PeriodSeconds: 20, TimeoutSeconds: 4, SuccessThreshold: 1, FailureThreshold: 9, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString("web")}}},
		},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := container(c.only(t, header+"ports: web: 8080\nhealth: startup: {"+test.check+"}\n"))
			if diff := cmp.Diff(&test.want, got.StartupProbe); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestProbeThresholds holds that the health check's success threshold is always 1 (S15), and that the start-up
// check's is 1 where readiness gates traffic.
func TestProbeThresholds(t *testing.T) {
	tests := []struct{ name, health, want string }{
		{"liveness", `liveness: {tcp: port: "web", successThreshold: 2}`, "M4021 3:56"},
		{"startup beside readiness", `{startup: {tcp: port: "web", successThreshold: 2}, readiness: tcp: port: "web"}`, "M4021 3:56"},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, list := c.compile(t, header+"ports: web: 8080\nhealth: "+test.health+"\n")
			if diff := cmp.Diff([]string{test.want}, brief(list)); diff != "" || result.Outputs != nil {
				t.Errorf("%d outputs (-want +got):\n%s", len(result.Outputs), diff)
			}
		})
	}
}
