package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/meridian-gitops/meridian/test/cluster"
)

// slack is how much later than it should something may happen on a machine that is busy with others: the kubelet looks
// at its containers once a second, and the status has a way to go.
const slack = 6 * time.Second

// atOnce leaves out the sleep before SIGTERM, which the kubelet waits for whenever it ends a container.
const atOnce = `shutdown: preStop: sleep: 0`

// TestKubelet lets the kubelet's own code run our pods, with its own prober and its own order of ending a container, over
// processes that listen at the pods' addresses: what a check asks, what it keeps out of the endpoints, what it has replaced
// (S14, S15), and what happens between the end's beginning and SIGKILL (S16). Endpoints are those of the real controllers.
func TestKubelet(t *testing.T) {
	minor := wanted(t)[0]
	t.Attr("version", minor.Name)
	cluster.Need(t, minor, cluster.Kubelet)
	if !alone(t) {
		return
	}
	command(t, "ip", "address", "add", "10.244.0.1/16", "dev", "lo")
	c := cluster.Start(t, minor, cluster.Kubelet)
	k := &kubeletTest{rollout: newRollout(t, c), events: c.Kubelet(t, "10.244.0.1", "10.244.7")}
	k.watch(t)
	t.Run("all", func(t *testing.T) { // ends when all have
		for _, test := range []struct {
			name string
			run  func(t *testing.T, k *kubeletTest)
		}{
			{"S14 the start-up check keeps requests away", startupGates},
			{"S14 so many successes in a row", startupSuccesses},
			{"S14 a container that does not come up is made anew", startupReplaces},
			{"S14 a connection is enough", startupConnects},
			{"S14 a command that succeeds", commandSucceeds},
			{"S14 statuses from 200 to 399", statuses},
			{"S14 HTTPS, a query and headers", secureGets},
			{"S15 a container that is not well is taken out and made anew", livenessReplaces},
			{"S14 an answer after the timeout is none", answersTooLate},
			{"S14 a command after the timeout has failed", commandTooLate},
			{"gRPC", grpcServing},
			{"gRPC of a service", grpcService},
			{"S16 whoever comes late is served", shutdownDrains},
			{"S16 a GET before the end", shutdownGets},
			{"S16 a command before the end", shutdownCommands},
			{"S16 SIGKILL after the grace period", shutdownKills},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				test.run(t, k)
			})
		}
	})
}

// kubeletTest is a cluster with a kubelet, and what is seen there.
type kubeletTest struct {
	*rollout
	events string // the file that they are written to

	mu        sync.Mutex
	endpoints []endpoint
}

// event is something that happened to a container, or in it.
type event struct {
	Time                       time.Time
	Pod, Attempt, Name, Detail string
}

// endpoint is how a pod stood in the endpoints from a time on.
type endpoint struct {
	since time.Time
	pod   string
	ready bool
}

// watch keeps a record of how pods stand in the endpoints.
func (k *kubeletTest) watch(t *testing.T) {
	t.Helper()
	now := map[string]bool{}
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(100 * time.Millisecond):
			}
			found, err := k.cluster.Admin.List(t.Context(), "discovery.k8s.io/v1", "EndpointSlice", web, "")
			if err != nil {
				continue // it is asked again
			}
			k.record(now, found)
		}
	})
	t.Cleanup(func() {
		close(done)
		watching.Wait()
	})
}

func (k *kubeletTest) record(now map[string]bool, found []unstructured.Unstructured) {
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := map[string]bool{}
	for _, slice := range found {
		list, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
		for _, entry := range list {
			pod, _, _ := unstructured.NestedString(entry.(map[string]any), "targetRef", "name")
			ready, _, _ := unstructured.NestedBool(entry.(map[string]any), "conditions", "ready")
			seen[pod] = ready
		}
	}
	for pod := range now {
		if _, there := seen[pod]; !there {
			seen[pod] = false
		}
	}
	for pod, ready := range seen {
		if was, known := now[pod]; !known || was != ready {
			k.endpoints = append(k.endpoints, endpoint{time.Now(), pod, ready})
		}
		now[pod] = ready
	}
}

// served is an application that runs on the kubelet, one pod of it.
type served struct {
	*kubeletTest
	name string
}

// serve applies an application of one pod whose process listens at 8080, with more lines.
func (k *kubeletTest) serve(t *testing.T, name string, lines ...string) served {
	t.Helper()
	k.sync(t, app(name, append([]string{"replicas: 1", "ports: web: 8080", `env: PORT: "8080"`}, lines...)...), nil)
	return served{k, name}
}

// seen are the events of the application's pods, in their order.
func (s served) seen(t *testing.T) []event {
	t.Helper()
	data, err := os.ReadFile(s.events)
	if err != nil {
		t.Fatal(err)
	}
	var list []event
	for line := range bytes.Lines(data) {
		var e event
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // it is being written
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if s.owns(e.Pod) {
			list = append(list, e)
		}
	}
	return list
}

// owns reports whether a pod is the application's: its Deployment's name, and two parts more.
func (s served) owns(pod string) bool {
	parts := strings.Split(pod, "-")
	return len(parts) > 2 && strings.Join(parts[:len(parts)-2], "-") == s.name
}

// readiness is how the application's pods stood in the endpoints.
func (s served) readiness() []endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.endpoints), func(e endpoint) bool { return !s.owns(e.pod) })
}

// ready waits until the pod is in the endpoints, and returns since when.
func (s served) ready(t *testing.T) time.Time { return s.turns(t, true, time.Time{}) }

// turns waits until a pod has become ready, or has stopped being so, after a time.
func (s served) turns(t *testing.T, ready bool, after time.Time) time.Time {
	t.Helper()
	var when time.Time
	cluster.Eventually(t, patience, func() string {
		for _, e := range s.readiness() {
			if e.ready == ready && e.since.After(after) {
				when = e.since
				return ""
			}
		}
		return fmt.Sprintf("%s: no endpoint is ready: %v after %v; seen: %v", s.name, ready, after, s.readiness())
	})
	return when
}

// happens waits for an event of a name whose detail begins with a text, in the nth container of the pod.
func (s served) happens(t *testing.T, attempt int, name, detail string) event {
	t.Helper()
	var found event
	cluster.Eventually(t, patience, func() string {
		list := s.seen(t)
		i := slices.IndexFunc(list, func(e event) bool {
			return e.Name == name && e.Attempt == fmt.Sprint(attempt) && strings.HasPrefix(e.Detail, detail)
		})
		if i < 0 {
			return fmt.Sprintf("%s: no %s %s of container %d; seen: %v", s.name, name, detail, attempt, list)
		}
		found = list[i]
		return ""
	})
	return found
}

// control changes what the process answers, and returns when. Without a check a pod is ready before it listens.
func (s served) control(t *testing.T, query string) time.Time {
	t.Helper()
	var address string
	cluster.Eventually(t, patience, func() string {
		for _, e := range s.seen(t) {
			if e.Name == "listen" {
				address = e.Detail
			}
		}
		if address == "" {
			return s.name + " does not listen"
		}
		return ""
	})
	s.get(t, address, "/control?"+query, http.StatusOK)
	return time.Now()
}

func (s served) get(t *testing.T, address, path string, want int) {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != want {
		t.Fatalf("%s%s: %s, want %d", address, path, response.Status, want)
	}
}

// end has the application's pod deleted, by its controller, and returns when.
func (s served) end(t *testing.T) time.Time {
	t.Helper()
	if err := s.cluster.Admin.Merge(t.Context(), "apps/v1", "Deployment", web, s.name, `{"spec":{"replicas":0}}`); err != nil {
		t.Fatal(err)
	}
	return time.Now()
}

// within holds the time between two moments to bounds, the upper one with slack.
func within(t *testing.T, what string, from, to time.Time, least, most time.Duration) {
	t.Helper()
	if took := to.Sub(from); took < least || took > most+slack {
		t.Errorf("%s took %v, want %v to %v and up to %v more on a busy machine", what, took, least, most, slack)
	}
}

// neverStopped holds that no container was ended.
func (s served) neverStopped(t *testing.T) {
	t.Helper()
	for _, e := range s.seen(t) {
		if e.Name == "stop" || e.Name == "end" {
			t.Errorf("%s was ended: %v", s.name, e)
		}
	}
}

// requests are the times of the requests of a path with their statuses, such as "GET /started 200".
func requests(list []event, path string) (times []time.Time, statuses []string) {
	for _, e := range list {
		if status, ok := strings.CutPrefix(e.Detail, "GET "+path+" "); ok && e.Name == "request" {
			times, statuses = append(times, e.Time), append(statuses, status)
		}
	}
	return times, statuses
}

func startupGates(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "gates", `env: HEALTHY_AFTER: "5s"`, `health: {
	startup: {http: {path: "/started", port: "web"}, initialDelaySeconds: 2, periodSeconds: 1, failureThreshold: 30}
	liveness: {http: {path: "/alive", port: "web"}, periodSeconds: 1}
}`)
	ready := s.ready(t)
	alive := s.happens(t, 0, "request", "GET /alive").Time
	list := s.seen(t)
	start := s.happens(t, 0, "start", "").Time
	asked, statuses := requests(list, "/started")
	first := slices.Index(statuses, "200")
	if first < 1 {
		t.Fatalf("the start-up check saw %v: no failure before the success", statuses)
	}
	within(t, "the first check", start, asked[0], time.Second, 3*time.Second) // the kubelet knows the second of the start
	periods := time.Duration(first)
	within(t, fmt.Sprintf("%d periods", first), asked[0], asked[first], (periods*time.Second)-500*time.Millisecond, periods*time.Second)
	within(t, "being ready after the first success", asked[first], ready, 0, 2*time.Second)
	if alive.Before(asked[first]) {
		t.Errorf("the health check asked at %v, before the start-up check succeeded at %v", alive, asked[first])
	}
	if ready.Sub(start) < 5*time.Second {
		t.Errorf("requests came %v after the start, to an application that needs 5s", ready.Sub(start))
	}
	s.neverStopped(t)
}

func startupSuccesses(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "thrice", `health: startup: {http: {path: "/started", port: "web"}, periodSeconds: 1, successThreshold: 3}`)
	ready := s.ready(t)
	asked, _ := requests(s.seen(t), "/started")
	before := slices.DeleteFunc(slices.Clone(asked), func(at time.Time) bool { return at.After(ready) })
	if len(before) < 4 { // one of the start-up check, three that count for requests
		t.Fatalf("ready after %d successes", len(before))
	}
	within(t, "three successes", asked[0], ready, time.Second, 4*time.Second) // the first comes with the start-up check's
}

func startupReplaces(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "never", atOnce, `env: LISTEN_AFTER: "1h"`, `health: startup: {tcp: port: "web", initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 3}`)
	start := s.happens(t, 0, "start", "").Time
	within(t, "giving it up", start, s.happens(t, 0, "stop", "").Time, 2*time.Second, 5*time.Second)
	s.happens(t, 1, "start", "")
	s.happens(t, 1, "stop", "")
	for _, e := range s.readiness() {
		if e.ready {
			t.Errorf("it was in the endpoints at %v", e.since)
		}
	}
	found := s.deployment(t, web, s.name)
	if unavailable(found) == "" {
		t.Error("the Deployment is available")
	}
}

func startupConnects(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "connects", `env: LISTEN_AFTER: "3s"`, `health: startup: {tcp: port: "web", periodSeconds: 1, failureThreshold: 30}`)
	ready := s.ready(t)
	within(t, "being ready after listening", s.happens(t, 0, "listen", "").Time, ready, 0, 3*time.Second)
	s.neverStopped(t)
}

func commandSucceeds(t *testing.T, k *kubeletTest) {
	mark := filepath.Join(t.TempDir(), "started")
	s := k.serve(t, "commands", fmt.Sprintf(`health: startup: {command: ["test", "-e", %q], periodSeconds: 1, failureThreshold: 100}`, mark))
	s.happens(t, 0, "exec", "test -e "+mark)
	time.Sleep(3 * time.Second)
	if list := s.readiness(); slices.ContainsFunc(list, func(e endpoint) bool { return e.ready }) {
		t.Errorf("ready before the command succeeds: %v", list)
	}
	begin := time.Now()
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	within(t, "being ready", begin, s.ready(t), 0, 3*time.Second)
	s.neverStopped(t)
}

func statuses(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "statuses", `health: readiness: {http: {path: "/ready", port: "web"}, periodSeconds: 1, failureThreshold: 2}`)
	s.ready(t)
	for _, status := range []string{"399", "204"} {
		begin := s.control(t, "status="+status)
		time.Sleep(4 * time.Second)
		for _, e := range s.readiness() {
			if e.since.After(begin) {
				t.Errorf("%s: in the endpoints: %v", status, e.ready)
			}
		}
	}
	for _, status := range []string{"400", "500"} {
		begin := s.control(t, "status="+status)
		within(t, "being taken out with "+status, begin, s.turns(t, false, begin), time.Second, 3*time.Second)
		begin = s.control(t, "status=200")
		within(t, "being taken in again", begin, s.turns(t, true, begin), 0, 2*time.Second)
	}
	s.neverStopped(t)
}

// secureGets asks over TLS, with a certificate that nobody trusts and for no name, before the container is ready and
// before it ends.
func secureGets(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "secure", `ports: tls: 8443`, `env: TLS_PORT: "8443"`,
		`health: readiness: {http: {path: "/ready?deep=yes&n=1", port: "tls", scheme: "HTTPS", headers: "X-Probe": "of the kubelet"}, periodSeconds: 1, failureThreshold: 2}`,
		`shutdown: preStop: http: {path: "/goodbye?why=end", port: "tls", scheme: "HTTPS", headers: "X-Probe": "of the hook"}`)
	s.ready(t)
	s.happens(t, 0, "request", "GET /ready?deep=yes&n=1 200 over TLS X-Probe: of the kubelet")
	begin := s.control(t, "status=500")
	within(t, "being taken out", begin, s.turns(t, false, begin), time.Second, 3*time.Second)
	begin = s.control(t, "status=200")
	within(t, "being taken in again", begin, s.turns(t, true, begin), 0, 2*time.Second)
	s.neverStopped(t)
	s.end(t)
	s.happens(t, 0, "request", "GET /goodbye?why=end 200 over TLS X-Probe: of the hook")
}

func livenessReplaces(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "health", atOnce, `health: liveness: {http: {path: "/alive", port: "web"}, periodSeconds: 1, failureThreshold: 3}`)
	s.ready(t)
	begin := s.control(t, "status=500")
	stop := s.happens(t, 0, "stop", "").Time
	within(t, "ending the container", begin, stop, 2*time.Second, 4*time.Second)
	out := s.turns(t, false, begin)
	within(t, "being taken out of the endpoints", begin, out, 2*time.Second, 4*time.Second)
	again := s.happens(t, 1, "start", "").Time
	within(t, "starting anew", stop, again, 0, 2*time.Second)
	within(t, "being ready again", again, s.turns(t, true, out), 0, 3*time.Second)
}

func answersTooLate(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "late", atOnce, `health: liveness: {http: {path: "/alive", port: "web"}, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2}`)
	s.ready(t)
	s.control(t, "delay=500ms")
	time.Sleep(7 * time.Second)
	s.neverStopped(t)
	begin := s.control(t, "delay=1500ms")
	within(t, "ending the container", begin, s.happens(t, 0, "stop", "").Time, 3*time.Second, 6*time.Second)
	s.happens(t, 1, "start", "")
}

func commandTooLate(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "hangs", atOnce, `health: liveness: {command: ["sleep", "2"], periodSeconds: 3, timeoutSeconds: 1, failureThreshold: 1}`)
	asked := s.happens(t, 0, "exec", "sleep 2").Time // maybe for requests; the health check has its own turn within a period
	within(t, "ending the container", asked, s.happens(t, 0, "stop", "").Time, time.Second, 5*time.Second)
	s.happens(t, 1, "start", "")
}

func grpcServing(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "grpc", `ports: rpc: 9090`, `env: GRPC_PORT: "9090"`, `health: readiness: {grpc: port: "rpc", periodSeconds: 1, failureThreshold: 2}`)
	s.ready(t)
	begin := s.control(t, "grpc=NOT_SERVING")
	within(t, "being taken out", begin, s.turns(t, false, begin), time.Second, 3*time.Second)
	begin = s.control(t, "grpc=SERVING")
	within(t, "being taken in again", begin, s.turns(t, true, begin), 0, 2*time.Second)
	s.neverStopped(t)
}

// grpcService asks for one service of the server, whatever the server as a whole says.
func grpcService(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "service", `ports: rpc: 9090`, `env: GRPC_PORT: "9090"`,
		`health: readiness: {grpc: {port: "rpc", service: "shop.v1.Cart"}, periodSeconds: 1, failureThreshold: 2}`)
	s.happens(t, 0, "grpc", `service:"shop.v1.Cart"`)
	time.Sleep(2 * time.Second)
	if list := s.readiness(); slices.ContainsFunc(list, func(e endpoint) bool { return e.ready }) {
		t.Errorf("ready while the service is not known: %v", list)
	}
	begin := s.control(t, "grpc=SERVING&service=shop.v1.Cart")
	within(t, "being taken in", begin, s.turns(t, true, begin), 0, 2*time.Second)
	begin = s.control(t, "grpc=NOT_SERVING")
	time.Sleep(3 * time.Second)
	for _, e := range s.readiness() {
		if e.since.After(begin) {
			t.Errorf("the server as a whole is NOT_SERVING, and the pod in the endpoints: %v", e.ready)
		}
	}
	begin = s.control(t, "grpc=NOT_SERVING&service=shop.v1.Cart")
	within(t, "being taken out", begin, s.turns(t, false, begin), time.Second, 3*time.Second)
	s.neverStopped(t)
}

func shutdownDrains(t *testing.T, k *kubeletTest) {
	drain := time.Duration(demo(t).Platform().Region(region).DrainSeconds) * time.Second
	if drain < 3*time.Second {
		t.Fatalf("the region drains for %v: too short to see", drain)
	}
	s := k.serve(t, "drains")
	s.ready(t)
	begin := s.end(t)
	within(t, "being taken out of the endpoints", begin, s.turns(t, false, begin), 0, time.Second)
	s.get(t, s.happens(t, 0, "listen", "").Detail, "/late", http.StatusOK)
	if late := time.Since(begin); late > drain {
		t.Fatalf("the machine is too busy to look: %v have gone", late)
	}
	stop := s.happens(t, 0, "stop", "")
	within(t, "SIGTERM", begin, stop.Time, drain, drain+2*time.Second)
	within(t, "the end", stop.Time, s.happens(t, 0, "end", "").Time, 0, time.Second)
}

func shutdownGets(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "gets", `shutdown: preStop: http: {path: "/goodbye", port: "web"}`)
	s.ready(t)
	s.control(t, "delay=2s") // the hook takes so long
	begin := s.end(t)
	asked := s.happens(t, 0, "request", "GET /goodbye 200").Time
	within(t, "the hook", begin, asked, 0, 2*time.Second)
	within(t, "being taken out of the endpoints", begin, s.turns(t, false, begin), 0, time.Second)
	within(t, "SIGTERM", asked, s.happens(t, 0, "stop", "").Time, 2*time.Second, 3*time.Second)
}

func shutdownCommands(t *testing.T, k *kubeletTest) {
	mark := filepath.Join(t.TempDir(), "saved")
	s := k.serve(t, "saves", fmt.Sprintf(`shutdown: preStop: command: ["sh", "-c", "sleep 2; echo $ATTEMPT > %s"]`, mark))
	s.ready(t)
	begin := s.end(t)
	run := s.happens(t, 0, "exec", "sh -c").Time
	within(t, "the hook", begin, run, 0, 2*time.Second)
	within(t, "SIGTERM", run, s.happens(t, 0, "stop", "").Time, 2*time.Second, 3*time.Second)
	if data, err := os.ReadFile(mark); err != nil || string(data) != "0\n" {
		t.Errorf("what the command wrote: %q %v", data, err)
	}
}

func shutdownKills(t *testing.T, k *kubeletTest) {
	s := k.serve(t, "stubborn", `env: IGNORE_TERM: "yes"`, `shutdown: {preStop: sleep: 3, gracePeriodSeconds: 8}`)
	s.ready(t)
	begin := s.end(t)
	stop := s.happens(t, 0, "stop", "").Time
	within(t, "SIGTERM", begin, stop, 3*time.Second, 4*time.Second)
	s.happens(t, 0, "term", "")
	killed := s.happens(t, 0, "kill", "").Time
	within(t, "SIGKILL", begin, killed, 7*time.Second, 9*time.Second)
	s.happens(t, 0, "end", "signal: killed")
}
