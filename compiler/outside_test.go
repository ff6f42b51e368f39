package compiler

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const outsideApp = `name: "app1", space: "web", owner: "o", image: {name: "app1", tag: "1.0"}
ports: {web: 8080, admin: 9090, feed: {port: 7000, protocol: "UDP"}}
env: PASSWORD: secret: {name: "app1-db", key: "password"}
env: USER: secret: {name: "app1-db", key: "user"}
envFrom: [{secret: "all-of-it"}]
http: public: {host: "app1.mydomain.com", port: "web", tls: secret: "app1-tls", redirectToHTTPS: true}
tcp: admin: {port: 9000, to: "admin"}
udp: feed: {port: 7000, to: "feed"}
backends: ["redis", "mysql"]
`

// tasks are what must be done outside the cluster, by region.
func tasks(t *testing.T, c *Compiler, text string) map[string][]Task {
	t.Helper()
	result, list := c.compile(t, text)
	if len(list) > 0 {
		t.Fatal(list)
	}
	byRegion := map[string][]Task{}
	for _, output := range result.Outputs {
		byRegion[output.Region] = output.Outside
	}
	return byRegion
}

// brieflyTasks prints topic, subject and details of tasks.
func brieflyTasks(list []Task, keys ...string) []string {
	var lines []string
	for _, task := range list {
		line := string(task.Topic) + " " + task.Subject
		for _, key := range keys {
			if value, ok := task.Details[key]; ok {
				line += " " + key + "=" + value
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// TestOutside holds every topic in its order, with the manual's values, in a region of AWS that needs no filing and
// in the control region (S2, S6, S7, S10–S13, S17, S18).
func TestOutside(t *testing.T) {
	got := tasks(t, newCompiler(t), outsideApp)
	keys := []string{"image", "type", "keys", "filing", "record", "target", "addresses", "account", "vpc", "to the engine", "to the back ends", "from", "ports"}
	common := func(registry string) []string {
		return []string{
			"registry " + registry + " image=" + registry + "/myorg/app1:1.0",
			"secret all-of-it type=Opaque keys=(every key becomes a variable)",
			"secret app1-db type=Opaque keys=password and user",
			"secret app1-tls type=kubernetes.io/tls keys=tls.crt and tls.key",
			"secret registry type=kubernetes.io/dockerconfigjson keys=.dockerconfigjson",
			"domain mydomain.com",
		}
	}
	want := map[string][]string{
		"aws-oregon": append(common("us-repo.cloud.mi.com"),
			"dns-record app1.mydomain.com record=CNAME target=assigned by the operator: ask for it",
			"proxy-port 7000/UDP addresses=35.167.218.13, 34.214.57.248",
			"proxy-port 9000/TCP addresses=35.167.218.13, 34.214.57.248",
			"peering aws-oregon account=654082142051 vpc=vpc-6c9d3d09",
			"route aws-oregon to the engine=10.10.0.0/16 to the back ends=198.51.100.0/27, 203.0.113.32/28",
			"security-group mysql from=10.10.16.0/20, 10.10.80.0/20 ports=3306/TCP",
			"security-group redis from=10.10.16.0/20, 10.10.80.0/20 ports=6379/TCP",
		),
		// No routing is needed on Kingsoft Cloud; the domain needs its filing.
		"ksc-beijing6": append(common("cnbj6-repo.cloud.mi.com"),
			"icp-filing mydomain.com filing=00000000",
			"dns-record app1.mydomain.com record=A target=assigned by the operator: ask for it",
			"proxy-port 7000/UDP addresses=120.92.209.6, 120.92.209.63",
			"proxy-port 9000/TCP addresses=120.92.209.6, 120.92.209.63",
			"peering ksc-beijing6 account=73399430 vpc=76403753-3fa0-4978-9096-4f68e06ea2f0",
			"security-group mysql from=10.1.9.0/24, 10.1.10.0/24 ports=3306/TCP",
			"security-group redis from=10.1.9.0/24, 10.1.10.0/24 ports=6379/TCP",
		),
	}
	for region, lines := range want {
		if diff := cmp.Diff(lines, brieflyTasks(got[region], keys...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", region, diff)
		}
	}
}

// TestOutsideFacts holds that every task says who does what, and which fact of the manual it comes from: S2, S6,
// S7, S10, S12, S13, S17, S18.
func TestOutsideFacts(t *testing.T) {
	facts := map[Topic]string{
		TopicRegistry: "S1, S2", TopicDomain: "S7", TopicICPFiling: "S12", TopicDNS: "S12", TopicProxyPort: "S11, S13",
		TopicPeering: "S17", TopicRoute: "S17", TopicSecurityGroup: "S18",
	}
	seen := map[Topic]bool{}
	lists := tasks(t, newCompiler(t), outsideApp)
	lists["the clusters"] = bootstrap(t, "aws-oregon", spacePlatform+`sync: {repository: "https://git.mydomain.com/gitops.git", secret: "reader"}
regions: "aws-oregon": mirror: "https://mirror.mydomain.com/gitops.git"
`).Outside
	for region, list := range lists {
		for _, task := range list {
			seen[task.Topic] = true
			if task.Who == "" || task.Do == "" || task.Fact == "" || strings.Contains(task.Do, "\n") {
				t.Errorf("%s: incomplete: %+v", region, task)
			}
			if want, ok := facts[task.Topic]; ok && task.Fact != want {
				t.Errorf("%s: %s cites %s, want %s", region, task.Topic, task.Fact, want)
			}
		}
	}
	for _, topic := range topicOrder {
		if !seen[topic] {
			t.Errorf("no task of the topic %s", topic)
		}
	}
}

// TestOutsideDifferences holds what makes tasks come and go.
func TestOutsideDifferences(t *testing.T) {
	const region = `regions: "aws-oregon": `
	tests := []struct{ name, platform, text, want string }{
		{"smallest", "", "", "registry us-repo.cloud.mi.com; secret registry"},
		{"foreign registry", "", `image: reference: "ghcr.io/o/a:1"`, "secret registry"},
		{"target known", region + `dns: target: "lb.example.com"`, "ports: web: 80\nhttp: x: {host: \"a.mydomain.com\", port: \"web\"}", "registry us-repo.cloud.mi.com; secret registry; domain mydomain.com; dns-record a.mydomain.com target=lb.example.com"},
		{"TLS ends before", region + `edge: tls: "before"`, "ports: web: 80\nhttp: x: {host: \"a.mydomain.com\", port: \"web\", tls: secret: \"t\"}", "registry us-repo.cloud.mi.com; secret registry; secret t; domain mydomain.com; dns-record a.mydomain.com target=assigned by the operator: ask for it"},
		{"two entries of one host", "", "ports: web: 80\nhttp: {x: {host: \"a.mydomain.com\", port: \"web\"}, y: {host: \"a.mydomain.com\", port: \"web\", paths: [\"/y\"]}}", "registry us-repo.cloud.mi.com; secret registry; domain mydomain.com; dns-record a.mydomain.com target=assigned by the operator: ask for it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := `name: "app1", space: "web", owner: "o", only: ["aws-oregon"]` + "\n"
			if !strings.HasPrefix(test.text, "image") {
				text += `image: {name: "app1", tag: "1"}` + "\n"
			}
			list := tasks(t, newCompiler(t, platformText+test.platform), text+test.text+"\n")["aws-oregon"]
			if diff := cmp.Diff(test.want, strings.Join(brieflyTasks(list, "target"), "; ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOutsideRedirect holds that the certificate comes first where HTTP is redirected: the edge redirects even while
// the certificate is invalid, which the manual does not (S10).
func TestOutsideRedirect(t *testing.T) {
	for redirect, want := range map[string]bool{"true": true, "false": false} {
		text := strings.Replace(outsideApp, "redirectToHTTPS: true", "redirectToHTTPS: "+redirect, 1)
		for _, task := range tasks(t, newCompiler(t), text)["aws-oregon"] {
			if task.Subject == "app1-tls" && strings.Contains(task.Do, "must exist first") != want {
				t.Errorf("with redirectToHTTPS %s: %s", redirect, task.Do)
			}
		}
	}
}
