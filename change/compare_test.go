package change

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/manifest"
)

// files are manifests by path; a path without folders is a file of app1 in myorg-web in aws-oregon.
type files map[string]string

func (f files) tree(t testing.TB) manifest.Tree {
	t.Helper()
	var list []manifest.File
	for path, text := range f {
		if !strings.Contains(path, "/") {
			path = "regions/aws-oregon/spaces/myorg-web/apps/app1/" + path
		}
		list = append(list, manifest.File{Path: path, Data: []byte(text)})
	}
	tree, err := manifest.NewTree(list)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// told is a change in one line: operation, object, classes, reasons, notes.
func told(changes []Change) []string {
	var list []string
	for _, c := range changes {
		line := fmt.Sprintf("%s %s %v", c.Op, c.Object, c.Classes)
		if len(c.Reasons) > 0 {
			line += fmt.Sprintf(" for %s", strings.Join(c.Reasons, ", "))
		}
		for _, note := range c.Notes {
			line += " | " + note
		}
		list = append(list, line)
	}
	return list
}

type edit struct{ from, to string }

// edited is a text with replacements, each of which must be found.
func edited(t testing.TB, text string, edits ...edit) string {
	t.Helper()
	for _, e := range edits {
		if !strings.Contains(text, e.from) {
			t.Fatalf("there is no %q in\n%s", e.from, text)
		}
		text = strings.Replace(text, e.from, e.to, 1)
	}
	return text
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: app1
  annotations:
    meridian/owner: team-web@mydomain.com
spec:
  replicas: 5
  revisionHistoryLimit: 3
  strategy:
    type: RollingUpdate
  template:
    metadata:
      annotations:
        meridian/config-digest: abc
    spec:
      containers:
      - name: app1
        image: us-repo.cloud.mi.com/myorg/app1:1.0
        env:
        - name: A
          value: a
        - name: B
          value: b
        ports:
        - name: web
          containerPort: 8080
`

const autoscaler = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: app1
spec:
  minReplicas: 2
  maxReplicas: 9
`

func TestDeployment(t *testing.T) {
	tests := []struct {
		name  string
		edits []edit
		old   files // beside the Deployment
		new   files
		want  []string
	}{
		{name: "image", edits: []edit{{"app1:1.0", "app1:1.1"}}, want: []string{"changed Deployment app1 [rolling-restart] for image"}},
		{name: "config", edits: []edit{{"digest: abc", "digest: def"}}, want: []string{"changed Deployment app1 [rolling-restart] for config"}},
		{
			name: "several", edits: []edit{{"value: a", "value: c"}, {"containerPort: 8080", "containerPort: 8081"}, {"app1:1.0", "app1:1.1"}},
			want: []string{"changed Deployment app1 [rolling-restart] for env, image, ports"},
		},
		{
			name: "only the order of variables: the template has another hash", edits: []edit{{"- name: A\n          value: a\n        - name: B\n          value: b", "- name: B\n          value: b\n        - name: A\n          value: a"}},
			want: []string{"changed Deployment app1 [rolling-restart] for order"},
		},
		{
			name: "recreate", edits: []edit{{"app1:1.0", "app1:1.1"}, {"type: RollingUpdate", "type: Recreate"}},
			want: []string{"changed Deployment app1 [recreate] for image | all pods stop before new ones start"},
		},
		{name: "strategy alone", edits: []edit{{"type: RollingUpdate", "type: Recreate"}}, want: []string{"changed Deployment app1 [no-effect]"}},
		{name: "history", edits: []edit{{"revisionHistoryLimit: 3", "revisionHistoryLimit: 4"}}, want: []string{"changed Deployment app1 [no-effect]"}},
		{name: "owner", edits: []edit{{"team-web", "team-shop"}}, want: []string{"changed Deployment app1 [no-effect]"}},
		{name: "only the text", edits: []edit{{"replicas: 5", "replicas:   5"}}, want: []string{"changed Deployment app1 [no-effect]"}},
		{name: "paused", edits: []edit{{"replicas: 5", "replicas: 5\n  paused: true"}}, want: []string{"changed Deployment app1 [policy]"}},
		{name: "replicas", edits: []edit{{"replicas: 5", "replicas: 7"}}, want: []string{"changed Deployment app1 [scale] | from 5 to 7 pods"}},
		{name: "to nothing", edits: []edit{{"replicas: 5", "replicas: 0"}}, want: []string{"changed Deployment app1 [scale] | from 5 to 0 pods: nothing runs any more"}},
		{
			name: "replicas to autoscaler", edits: []edit{{"  replicas: 5\n", ""}}, new: files{"horizontalpodautoscaler.yaml": autoscaler},
			want: []string{
				"changed Deployment app1 [autoscale-gap scale] | replicas is no longer synced: the cluster may make it 1 before the autoscaler brings it back to 2 to 9, after about 15 s and its pods' start; now it is 5",
				"added HorizontalPodAutoscaler app1 [scale new] | 2 to 9 pods, by load",
			},
		},
		{
			name: "one replica to autoscaler: nothing falls", edits: []edit{{"  replicas: 5\n", ""}}, new: files{"horizontalpodautoscaler.yaml": autoscaler},
			old:  files{"deployment.yaml": strings.Replace(deployment, "replicas: 5", "replicas: 1", 1)},
			want: []string{"changed Deployment app1 [scale]", "added HorizontalPodAutoscaler app1 [scale new] | 2 to 9 pods, by load"},
		},
		{
			name: "autoscaler to replicas",
			old:  files{"horizontalpodautoscaler.yaml": autoscaler, "deployment.yaml": strings.Replace(deployment, "  replicas: 5\n", "", 1)},
			want: []string{
				"removed HorizontalPodAutoscaler app1 [deletion scale]",
				"changed Deployment app1 [scale] | the sync sets 5 pods at once, whatever number the autoscaler has reached between 2 and 9",
			},
		},
		{
			name: "replicas dropped with nothing instead", edits: []edit{{"  replicas: 5\n", ""}},
			want: []string{"changed Deployment app1 [autoscale-gap scale] | replicas is no longer synced, and there is no autoscaler: the cluster makes it 1"},
		},
		{
			name: "limits of the autoscaler", old: files{"horizontalpodautoscaler.yaml": autoscaler},
			new:  files{"horizontalpodautoscaler.yaml": strings.Replace(autoscaler, "9", "12", 1)},
			want: []string{"changed HorizontalPodAutoscaler app1 [scale] | from 2 to 9 pods, to 2 to 12 pods"},
		},
		{
			name: "config map with a restart", edits: []edit{{"digest: abc", "digest: def"}},
			old:  files{"configmap.yaml": "kind: ConfigMap\nmetadata: {name: app1}\ndata: {a: b}\n"},
			new:  files{"configmap.yaml": "kind: ConfigMap\nmetadata: {name: app1}\ndata: {a: c}\n"},
			want: []string{"changed ConfigMap app1 [rolling-restart] for config", "changed Deployment app1 [rolling-restart] for config"},
		},
		{
			name: "config map alone",
			old:  files{"configmap.yaml": "kind: ConfigMap\nmetadata: {name: app1}\ndata: {a: b}\n"},
			new:  files{"configmap.yaml": "kind: ConfigMap\nmetadata: {name: app1}\ndata: {a: c}\n"},
			want: []string{"changed ConfigMap app1 [no-effect] | pods see it when they are next replaced"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, new := files{"deployment.yaml": deployment}, files{"deployment.yaml": edited(t, deployment, tt.edits...)}
			for path, text := range tt.old {
				old[path] = text
			}
			for path, text := range tt.new {
				new[path] = text
			}
			if d := cmp.Diff(tt.want, told(Compare(old.tree(t), new.tree(t)))); d != "" {
				t.Error(d)
			}
		})
	}
}

func ingress(name, annotations, spec string) string {
	return "kind: Ingress\nmetadata:\n  name: app1-" + name + "\n  annotations: {" + annotations + "}\nspec:\n  ingressClassName: nginx\n" + spec
}

const (
	allowTen  = `nginx.ingress.kubernetes.io/whitelist-source-range: "10.0.0.0/8"`
	httpsOnly = `nginx.ingress.kubernetes.io/ssl-redirect: "true"`
	httpToo   = `nginx.ingress.kubernetes.io/ssl-redirect: "false"`
	tls       = "  tls: [{hosts: [a.example.com], secretName: tls}]\n"
)

func rules(host string, paths ...string) string {
	var list []string
	for _, path := range paths {
		path, port, _ := strings.Cut(path, "->")
		list = append(list, "{path: "+path+", pathType: Prefix, backend: {service: {name: app1, port: {name: "+port+"}}}}")
	}
	return "  rules: [{host: " + host + ", http: {paths: [" + strings.Join(list, ", ") + "]}}]\n"
}

func service(ports string) string {
	return "kind: Service\nmetadata: {name: app1}\nspec: {ports: [" + ports + "]}\n"
}

func TestIngress(t *testing.T) {
	plain := rules("a.example.com", "/->web")
	tests := []struct {
		name     string
		old, new files
		want     []string
	}{
		{
			name: "allow-list wider", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", strings.Replace(allowTen, "10.0.0.0/8", "10.0.0.0/7", 1), plain)},
			want: []string{"changed Ingress app1-a [exposure-wider] | http://a.example.com/ for 11.0.0.0/8 is new"},
		},
		{
			name: "allow-list dropped", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", "", plain)},
			want: []string{"changed Ingress app1-a [exposure-wider] | http://a.example.com/ for all other clients is new"},
		},
		{
			name: "allow-list narrower", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", strings.Replace(allowTen, "10.0.0.0/8", "10.0.0.0/9", 1), plain)},
			want: []string{"changed Ingress app1-a [exposure-narrower] | http://a.example.com/ for 10.128.0.0/9 is gone"},
		},
		{
			name: "allow-list moved", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", strings.Replace(allowTen, "10.0.0.0/8", "11.0.0.0/8", 1), plain)},
			want: []string{"changed Ingress app1-a [exposure-wider exposure-narrower] | http://a.example.com/ for 11.0.0.0/8 is new | http://a.example.com/ for 10.0.0.0/8 is gone"},
		},
		{
			name: "allow-list in halves: the same clients", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", strings.Replace(allowTen, "10.0.0.0/8", "10.128.0.0/9, 10.0.0.0/9", 1), plain)},
			want: []string{"changed Ingress app1-a [exposure-changed]"},
		},
		{
			name: "allow-list that cannot be read", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", strings.Replace(allowTen, "10.0.0.0/8", "office", 1), plain)},
			want: []string{"changed Ingress app1-a [exposure-changed]"},
		},
		{
			name: "another host", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", allowTen, rules("b.example.com", "/->web"))},
			want: []string{"changed Ingress app1-a [exposure-wider exposure-narrower] | http://b.example.com/ to port web, for 10.0.0.0/8, is new | http://a.example.com/ to port web, for 10.0.0.0/8, is gone"},
		},
		{
			name: "a wildcard covers the host", old: files{"ingress-a.yaml": ingress("a", allowTen, rules("'*.example.com'", "/->web"))}, new: files{"ingress-a.yaml": ingress("a", allowTen, plain)},
			want: []string{"changed Ingress app1-a [exposure-narrower] | http://*.example.com/ to port web, for 10.0.0.0/8, is gone"},
		},
		{
			name: "a path that another covers", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", allowTen, rules("a.example.com", "/->web", "/api->web"))},
			want: []string{"changed Ingress app1-a [exposure-changed]"},
		},
		{
			name: "a path to another port", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", allowTen, rules("a.example.com", "/->web", "/api->admin"))},
			want: []string{"changed Ingress app1-a [exposure-wider] | http://a.example.com/api to port admin, for 10.0.0.0/8, is new"},
		},
		{
			name: "/ap is not below /api", old: files{"ingress-a.yaml": ingress("a", allowTen, rules("a.example.com", "/api->web"))}, new: files{"ingress-a.yaml": ingress("a", allowTen, rules("a.example.com", "/apis->web"))},
			want: []string{"changed Ingress app1-a [exposure-wider exposure-narrower] | http://a.example.com/apis to port web, for 10.0.0.0/8, is new | http://a.example.com/api to port web, for 10.0.0.0/8, is gone"},
		},
		{
			name: "redirect dropped", old: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+tls)}, new: files{"ingress-a.yaml": ingress("a", httpToo, plain+tls)},
			want: []string{"changed Ingress app1-a [exposure-wider] | a.example.com/ is no longer redirected to HTTPS"},
		},
		{
			name: "redirect added", old: files{"ingress-a.yaml": ingress("a", httpToo, plain+tls)}, new: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+tls)},
			want: []string{"changed Ingress app1-a [exposure-narrower] | a.example.com/ is redirected to HTTPS now"},
		},
		{
			name: "the redirect is on where nothing says so", old: files{"ingress-a.yaml": ingress("a", "", plain+tls)}, new: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+tls)},
			want: []string{"changed Ingress app1-a [exposure-changed]"},
		},
		{
			name: "TLS dropped", old: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+tls)}, new: files{"ingress-a.yaml": ingress("a", httpToo, plain)},
			want: []string{"changed Ingress app1-a [exposure-wider] | a.example.com/ has no HTTPS any more"},
		},
		{
			name: "TLS before the controller", old: files{"ingress-a.yaml": ingress("a", `nginx.ingress.kubernetes.io/force-ssl-redirect: "true"`, plain)}, new: files{"ingress-a.yaml": ingress("a", `nginx.ingress.kubernetes.io/force-ssl-redirect: "false"`, plain)},
			want: []string{"changed Ingress app1-a [exposure-wider] | a.example.com/ is no longer redirected to HTTPS"},
		},
		{
			name: "TLS added", old: files{"ingress-a.yaml": ingress("a", httpToo, plain)}, new: files{"ingress-a.yaml": ingress("a", httpToo, plain+tls)},
			want: []string{"changed Ingress app1-a [exposure-narrower] | a.example.com/ has HTTPS now"},
		},
		{
			name: "another secret", old: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+tls)}, new: files{"ingress-a.yaml": ingress("a", httpsOnly, plain+strings.Replace(tls, "secretName: tls", "secretName: tls2", 1))},
			want: []string{"changed Ingress app1-a [exposure-changed]"},
		},
		{
			name: "an entry with another name: nothing new is reachable", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-b.yaml": ingress("b", allowTen, plain)},
			want: []string{"removed Ingress app1-a [deletion]", "added Ingress app1-b [new]"},
		},
		{
			name: "an entry more", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": ingress("a", allowTen, plain), "ingress-b.yaml": ingress("b", "", rules("b.example.com", "/->web"))},
			want: []string{"added Ingress app1-b [exposure-wider new] | http://b.example.com/ to port web, for all clients, is new"},
		},
		{
			name: "an entry less", old: files{"ingress-a.yaml": ingress("a", allowTen, plain), "ingress-b.yaml": ingress("b", "", rules("b.example.com", "/->web"))}, new: files{"ingress-a.yaml": ingress("a", allowTen, plain)},
			want: []string{"removed Ingress app1-b [deletion exposure-narrower] | http://b.example.com/ to port web, for all clients, is gone"},
		},
		{
			name: "the port has another name",
			old:  files{"ingress-a.yaml": ingress("a", allowTen, plain), "deployment.yaml": deployment, "service.yaml": service("{name: web, port: 80, protocol: TCP, targetPort: web}")},
			new: files{
				"ingress-a.yaml": ingress("a", allowTen, rules("a.example.com", "/->http")), "service.yaml": service("{name: http, port: 80, protocol: TCP, targetPort: http}"),
				"deployment.yaml": strings.Replace(deployment, "- name: web", "- name: http", 1),
			},
			want: []string{
				"changed Deployment app1 [rolling-restart] for ports",
				"changed Ingress app1-a [exposure-changed]",
				"changed Service app1 [no-effect]",
			},
		},
		{
			name: "labels alone", old: files{"ingress-a.yaml": ingress("a", allowTen, plain)}, new: files{"ingress-a.yaml": strings.Replace(ingress("a", allowTen, plain), "metadata:", "metadata:\n  labels: {a: b}", 1)},
			want: []string{"changed Ingress app1-a [no-effect]"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(Compare(tt.old.tree(t), tt.new.tree(t)))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestService(t *testing.T) {
	web, admin := "{name: web, port: 80, protocol: TCP, targetPort: 8080}", "{name: admin, port: 81, protocol: TCP, targetPort: 9090}"
	tests := []struct{ name, old, new, want string }{
		{"a port more", web, web + ", " + admin, "[exposure-wider] | port 81/TCP is new in the cluster"},
		{"a port less", web + ", " + admin, web, "[exposure-narrower] | port 81/TCP is gone from the cluster"},
		{"another number", web, strings.Replace(web, "80,", "82,", 1), "[exposure-wider exposure-narrower] | port 82/TCP is new in the cluster | port 80/TCP is gone from the cluster"},
		{"another protocol", web, strings.Replace(web, "TCP", "UDP", 1), "[exposure-wider exposure-narrower] | port 80/UDP is new in the cluster | port 80/TCP is gone from the cluster"},
		{"another order", web + ", " + admin, admin + ", " + web, "[no-effect]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, new := files{"service.yaml": service(tt.old)}, files{"service.yaml": service(tt.new)}
			if d := cmp.Diff([]string{"changed Service app1 " + tt.want}, told(Compare(old.tree(t), new.tree(t)))); d != "" {
				t.Error(d)
			}
		})
	}
}
