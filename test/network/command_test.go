package network

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/test/publishing"
)

// answer is what `meridian reach --format json` prints of a connection.
type answer struct {
	From, To string
	Regions  []regionOf
}

// regionOf is what it prints of a region.
type regionOf struct {
	Region, Outcome, Through string
	Parts                    []struct{ Outcome string }
}

// TestCommand holds that `meridian reach` answers as the model does: every line of the scenario, from or to every
// application, in every region, by each of their addresses. A line whose end the command has no word for is not asked.
func TestCommand(t *testing.T) {
	t.Parallel()
	c := commandTest{T: t, worlds: map[string]*world{}, program: publishing.Binary(t)}
	for _, w := range scenarioWorlds(t) {
		c.worlds[w.region.ID] = w
	}
	answers := map[string][]answer{}
	for _, line := range connections(t) {
		if slices.Contains(wordless, line.from) || slices.Contains(wordless, line.to) {
			continue
		}
		args, check := c.question(line)
		key := strings.Join(args, " ")
		if answers[key] == nil {
			answers[key] = c.run(args...)
			for _, a := range answers[key] {
				check(a)
			}
		}
		if !slices.ContainsFunc(answers[key], line.isIn) {
			t.Errorf("%s: it is not in what the command says to %s: %v", line.line, key, answers[key])
		}
	}
	c.tally.check(t, 70)
}

// wordless are ends that the command has no word for: pods that are no application's. Only an edge and monitoring, as a
// whole, have one.
var wordless = []string{
	"kube-system/dns", "kube-system/other", "web/undeclared", "elsewhere/shop", "elsewhere/edge", "ingress-nginx/other", "monitoring/other",
}

// isIn reports whether an answer is one to the line: of its application, in its region.
func (c connection) isIn(a answer) bool {
	own := a.From == c.from
	if isApp(c.to) {
		own = a.To == c.to && (own || !isApp(c.from))
	}
	return own && slices.ContainsFunc(a.Regions, func(r regionOf) bool { return c.region == "*" || c.region == r.Region })
}

type commandTest struct {
	*testing.T
	program string
	worlds  map[string]*world // by region
	tally   tally
}

// run asks the command about all applications of the scenario.
func (c *commandTest) run(args ...string) []answer {
	c.Helper()
	folder := filepath.Join("testdata", "scenario")
	args = append([]string{"reach", "--format", "json", "--platform", filepath.Join(folder, "platform")}, args...)
	cmd := exec.CommandContext(c.Context(), c.program, append(args, filepath.Join(folder, "..."))...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if failed := (&exec.ExitError{}); err != nil && !(errors.As(err, &failed) && failed.ExitCode() == 1) {
		c.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	var answers []answer
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) == 0 {
		c.Fatalf("%s: %v\n%s%s", strings.Join(args, " "), err, output, stderr.String())
	}
	return answers
}

// question is how the command is asked what a line asks, and how an answer is compared.
func (c *commandTest) question(line connection) (args []string, check func(answer)) {
	c.Helper()
	port := fmt.Sprintf("%d/%s", line.number, strings.ToLower(line.protocol))
	switch {
	case isApp(line.from) && isApp(line.to):
		return []string{"--to", line.to + ":" + port}, func(a answer) { c.compare(a, line, a.From, a.To) }
	case isApp(line.from) && isAddress(line.to):
		to := line.to
		if strings.Contains(to, ":") {
			to = "[" + to + "]"
		}
		return []string{"--to", to + ":" + port}, func(a answer) { c.compare(a, line, a.From, line.to) }
	case isAddress(line.from):
		return []string{"--from", line.from, "--port", port}, func(a answer) { c.compare(a, line, line.from, a.To) }
	case line.from == "ingress-nginx/edge":
		return []string{"--from", "edge", "--port", port}, func(a answer) { c.compareNamed(a, line, func(r *regions.Region) []regions.Peer { return r.Edge.From }) }
	case line.from == "monitoring/prometheus":
		return []string{"--from", "monitoring", "--port", port}, func(a answer) {
			c.compareNamed(a, line, func(r *regions.Region) []regions.Peer {
				if r.Monitoring == nil {
					return nil
				}
				return r.Monitoring.From
			})
		}
	}
	c.Fatalf("%s: there is no way to ask it", line.line)
	return nil, nil
}

func isAddress(text string) bool { return !strings.Contains(text, "/") }

func isApp(text string) bool {
	return slices.Contains([]string{"web/shop", "web/orders", "pay/ledger"}, text)
}

// compare compares the answer between two ends in every region. From an address outside, an exposure may lead to the
// port through the edge, which no policy of the application's sees: then the answer is for the edge's connection, and
// that of the address itself is in the parts.
func (c *commandTest) compare(a answer, line connection, from, to string) {
	c.Helper()
	for _, region := range a.Regions {
		w := c.worlds[region.Region]
		for _, q := range w.between(c.T, from, to, line.wanted) {
			outcomes := []string{region.Outcome}
			if region.Through != "" {
				if outcomes = nil; !w.anyAllowed(w.region.Edge.From, q) || region.Outcome != "allowed" {
					c.Errorf("%s: %s: %s through %s, where the edge may not", w.name, q, region.Outcome, region.Through)
				}
				for _, part := range region.Parts {
					outcomes = append(outcomes, part.Outcome)
				}
			}
			c.same(w, q, outcomes, w.model.allows(q, labelsAlone))
		}
	}
}

// compareNamed compares the answer for those that a region names.
func (c *commandTest) compareNamed(a answer, line connection, peers func(*regions.Region) []regions.Peer) {
	c.Helper()
	for _, region := range a.Regions {
		w := c.worlds[region.Region]
		for _, to := range w.named(c.T, a.To, false).pod.ends() {
			q := question{end{}, to, line.number, line.protocol}
			c.same(w, q, []string{region.Outcome}, w.anyAllowed(peers(w.region), q))
		}
	}
}

// anyAllowed reports whether any of those that a region names may open the connection.
func (w *world) anyAllowed(peers []regions.Peer, q question) bool {
	for _, p := range w.pods {
		q.from = p.ends()[0]
		if w.isAny(peers, q.from, labelsAlone) && w.model.allows(q, labelsAlone) {
			return true
		}
	}
	for _, a := range w.addresses() {
		q.from = end{nil, a}
		if w.isAny(peers, q.from, labelsAlone) && w.model.allows(q, labelsAlone) {
			return true
		}
	}
	return false
}

// same compares outcomes. An address of the cluster's own is some pod's or Service's: the command does not tell of which,
// so that it cannot tell either whether policies that select pods admit it, and says so.
func (c *commandTest) same(w *world, q question, outcomes []string, want bool) {
	c.Helper()
	c.tally.count(want)
	word := map[bool]string{true: "allowed", false: "denied"}[want]
	if network := w.region.Network; !want && q.to.pod == nil && hasAny(slices.Concat(network.Pods, network.Services), q.to.address) {
		word = "unknown"
	}
	if len(outcomes) == 0 || slices.ContainsFunc(outcomes, func(o string) bool { return o != word }) {
		c.Errorf("%s: %s: the command says %v, wanted is %s", w.name, q, outcomes, word)
	}
}
