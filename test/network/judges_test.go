package network

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"sigs.k8s.io/yaml"
)

// slow skips a test unless it was asked for.
func slow(t *testing.T) {
	t.Helper()
	if os.Getenv("MERIDIAN_NETWORK") == "" {
		t.Skip("builds programs, or makes network namespaces: make network")
	}
}

// judged is what the judges are given of a world, as they read it.
type judged struct {
	Policies   []json.RawMessage
	Pods       []object
	Namespaces []object
	Questions  []judgedQuestion
}

type object map[string]any

type judgedQuestion struct {
	From, To string
	Port     int32
	Protocol string
}

// TestJudges holds that public implementations of NetworkPolicy answer as the model does, for every question of every
// world. They take a range of addresses to mean pods too.
func TestJudges(t *testing.T) {
	slow(t)
	program, err := Judges().Install(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	var tally tally
	for _, w := range allWorlds(t) {
		var questions []question
		for q := range w.questions() {
			questions = append(questions, q)
		}
		cyclonus, agent := ask(t, program, w, questions)
		for i, q := range questions {
			want := w.model.allows(q, podAddresses)
			tally.count(want)
			if cyclonus[i] != want || agent[i] != want {
				t.Errorf("%s: %s: the model says %v, cyclonus %v, kube-network-policies %v", w.name, q, want, cyclonus[i], agent[i])
			}
		}
	}
	tally.check(t, leastOfEach)
}

// ask runs the judges on a world.
func ask(t *testing.T, program string, w *world, questions []question) (cyclonus, agent []bool) {
	t.Helper()
	data, err := json.Marshal(w.judged(t, questions))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stdin = bytes.NewReader(data)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", w.name, err, stderr.String())
	}
	var answers struct{ Cyclonus, Agent []bool }
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers.Cyclonus) != len(questions) || len(answers.Agent) != len(questions) {
		t.Fatalf("%s: %d questions, %d and %d answers", w.name, len(questions), len(answers.Cyclonus), len(answers.Agent))
	}
	return answers.Cyclonus, answers.Agent
}

// judged puts a world as the judges read it: the policies as they are rendered, not as the model has read them.
func (w *world) judged(t *testing.T, questions []question) judged {
	t.Helper()
	var in judged
	for _, data := range w.files {
		text, err := yaml.YAMLToJSON(data)
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ Kind string }
		if err := json.Unmarshal(text, &head); err != nil {
			t.Fatal(err)
		}
		if head.Kind == "NetworkPolicy" {
			in.Policies = append(in.Policies, text)
		}
	}
	for _, p := range w.pods {
		in.Pods = append(in.Pods, p.object())
	}
	for name, labels := range w.model.namespaces {
		in.Namespaces = append(in.Namespaces, object{"metadata": object{"name": name, "labels": labels}})
	}
	for _, q := range questions {
		in.Questions = append(in.Questions, judgedQuestion{q.from.address.String(), q.to.address.String(), q.port, q.protocol})
	}
	return in
}

func (p *pod) object() object {
	var ports, addresses []object
	for _, port := range p.ports {
		protocol := port.Protocol
		if protocol == "" {
			protocol = "TCP"
		}
		ports = append(ports, object{"name": port.Name, "containerPort": port.Number, "protocol": protocol})
	}
	for _, a := range p.addresses {
		addresses = append(addresses, object{"ip": a.String()})
	}
	return object{
		"metadata": object{"namespace": p.namespace, "name": p.name, "labels": p.labels},
		"spec":     object{"containers": []object{{"name": "app", "ports": ports}}},
		"status":   object{"podIPs": addresses},
	}
}
