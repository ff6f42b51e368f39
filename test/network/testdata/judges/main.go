// Command judges reads policies, pods, namespaces and connections as JSON from its standard input and writes what
// public implementations of NetworkPolicy say of each connection: cyclonus' matcher and the agent of Kubernetes' own
// network group. It is built in a module of its own and knows nothing of Meridian.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

type input struct {
	Policies   []*networkingv1.NetworkPolicy
	Pods       []*corev1.Pod // each with its addresses in its status
	Namespaces []*corev1.Namespace
	Questions  []question
}

type question struct {
	From, To string // addresses
	Port     int
	Protocol corev1.Protocol
}

type output struct {
	Cyclonus []bool
	Agent    []bool
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judges:", err)
		os.Exit(1)
	}
}

func run() error {
	var in input
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return err
	}
	agent, err := networkpolicy.NewJudge(in.Policies, in.Pods, in.Namespaces)
	if err != nil {
		return err
	}
	w := newWorld(in)
	var out output
	for _, q := range in.Questions {
		out.Cyclonus = append(out.Cyclonus, w.allowed(q))
		out.Agent = append(out.Agent, agent.Allowed(q.From, q.To, q.Port, q.Protocol))
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// world is what cyclonus is asked of.
type world struct {
	policy     *matcher.Policy
	pods       map[string]*corev1.Pod // by address
	namespaces map[string]map[string]string
}

func newWorld(in input) world {
	w := world{matcher.BuildNetworkPolicies(false, in.Policies), map[string]*corev1.Pod{}, map[string]map[string]string{}}
	for _, pod := range in.Pods {
		for _, ip := range pod.Status.PodIPs {
			w.pods[ip.IP] = pod
		}
	}
	for _, namespace := range in.Namespaces {
		w.namespaces[namespace.Name] = namespace.Labels
	}
	return w
}

func (w world) allowed(q question) bool {
	return w.policy.IsTrafficAllowed(&matcher.Traffic{
		Source: w.peer(q.From), Destination: w.peer(q.To),
		ResolvedPort: q.Port, ResolvedPortName: w.portName(q), Protocol: q.Protocol,
	}).IsAllowed()
}

func (w world) peer(ip string) *matcher.TrafficPeer {
	peer := &matcher.TrafficPeer{IP: ip}
	if pod := w.pods[ip]; pod != nil {
		peer.Internal = &matcher.InternalPeer{PodLabels: pod.Labels, NamespaceLabels: w.namespaces[pod.Namespace], Namespace: pod.Namespace}
	}
	return peer
}

func (w world) portName(q question) string {
	pod := w.pods[q.To]
	if pod == nil {
		return ""
	}
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if int(port.ContainerPort) == q.Port && port.Protocol == q.Protocol {
				return port.Name
			}
		}
	}
	return ""
}
