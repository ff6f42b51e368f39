package compiler

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestShutdown holds the hook and the grace period, and the sleep of an application that others reach and that has
// no hook (S16).
func TestShutdown(t *testing.T) {
	sleep := func(seconds int64) *corev1.LifecycleHandler {
		return &corev1.LifecycleHandler{Sleep: &corev1.SleepAction{Seconds: seconds}}
	}
	const ports = "ports: web: 8080\n"
	tests := []struct {
		name, text string
		hook       *corev1.LifecycleHandler
		grace      int64
	}{
		{"nobody reaches it", "", nil, 30},
		{"default", ports, sleep(5), 30},
		{"http", ports + `shutdown: preStop: http: {path: "/drain", port: "web"}`, &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/drain", Port: intstr.FromString("web"), Scheme: "HTTP"}}, 30},
		{"command", `shutdown: {preStop: command: ["/bin/drain"], gracePeriodSeconds: 90}`, &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/drain"}}}, 90},
		{"sleep of its own", ports + `shutdown: preStop: sleep: 12`, sleep(12), 30},
		{"no sleep", ports + `shutdown: preStop: sleep: 0`, nil, 30},
		{"grace alone", ports + `shutdown: gracePeriodSeconds: 6`, sleep(5), 6},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pod := object[*appsv1.Deployment](c.only(t, header+test.text+"\n")).Spec.Template.Spec
			var hook *corev1.LifecycleHandler
			if l := pod.Containers[0].Lifecycle; l != nil {
				hook = l.PreStop
			}
			if diff := cmp.Diff(test.hook, hook); diff != "" {
				t.Errorf("hook (-want +got):\n%s", diff)
			}
			if got := *pod.TerminationGracePeriodSeconds; got != test.grace {
				t.Errorf("grace period %d, want %d", got, test.grace)
			}
		})
	}
}

// TestShutdownTooLong holds that something of the grace period is left after the sleep: at its end every process
// gets SIGKILL (S16).
func TestShutdownTooLong(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"sleep as long as the grace period", "shutdown: preStop: sleep: 30\n", "M4023 3:27"},
		{"grace period as short as the region's sleep", "shutdown: gracePeriodSeconds: 5\n", "M4023 3:31"},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, list := c.compile(t, header+"ports: web: 8080\n"+test.text)
			if diff := cmp.Diff([]string{test.want}, brief(list)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
