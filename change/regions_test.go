package change

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// path is where a file of an application lies.
func path(region, app, file string) string {
	return "regions/" + region + "/spaces/myorg-web/apps/" + app + "/" + file
}

const account = "kind: ServiceAccount\nmetadata: {name: app1}\n"

// TestRegions is what comes and goes as a whole.
func TestRegions(t *testing.T) {
	open := ingress("a", allowTen, rules("a.example.com", "/->web"))
	tests := []struct {
		name     string
		old, new files
		want     []string
	}{
		{name: "equal", old: files{path("r1", "app1", "a.yaml"): account}, new: files{path("r1", "app1", "a.yaml"): account}},
		{
			name: "new, with what it exposes", new: files{path("r1", "app1", "serviceaccount.yaml"): account, path("r1", "app1", "ingress-a.yaml"): open},
			want: []string{"added Application app1 [new] | http://a.example.com/: reachable for 10.0.0.0/8"},
		},
		{
			name: "new, with a port of the proxies", new: files{path("r1", "app1", "serviceaccount.yaml"): account, "regions/r1/edge/tcp-services.yaml": "kind: ConfigMap\nmetadata: {name: tcp-services}\ndata: {'1': myorg-web/app1:80}\n"},
			want: []string{"added Application app1 [new] | the proxies' port 1 is open to all clients"},
		},
		{
			name: "deleted, with a port of the proxies", old: files{path("r1", "app1", "serviceaccount.yaml"): account, "regions/r1/edge/tcp-services.yaml": "kind: ConfigMap\nmetadata: {name: tcp-services}\ndata: {'1': myorg-web/app1:80}\n"},
			want: []string{"removed Application app1 [deletion]"},
		},
		{name: "deleted", old: files{path("r1", "app1", "a.yaml"): account}, want: []string{"removed Application app1 [deletion]"}},
		{
			name: "left a region", old: files{path("r1", "app1", "a.yaml"): account, path("r2", "app1", "a.yaml"): account}, new: files{path("r2", "app1", "a.yaml"): account},
			want: []string{"removed Application app1 [left-region]"},
		},
		{
			name: "entered a region", old: files{path("r1", "app1", "a.yaml"): account}, new: files{path("r1", "app1", "a.yaml"): account, path("r2", "app1", "a.yaml"): account},
			want: []string{"added Application app1 [entered-region]"},
		},
		{
			name: "moved from one region to another", old: files{path("r1", "app1", "a.yaml"): account}, new: files{path("r2", "app1", "a.yaml"): account},
			want: []string{"removed Application app1 [left-region]", "added Application app1 [entered-region]"},
		},
		{
			name: "a space is gone", old: files{"regions/r1/spaces/myorg-web/space/namespace.yaml": "kind: Namespace\nmetadata: {name: myorg-web}\n", "regions/r1/sync/myorg-web.yaml": "kind: Kustomization\nmetadata: {name: myorg-web}\n"},
			want: []string{"removed Space myorg-web [deletion]"},
		},
		{
			name: "its sync", old: files{"regions/r1/sync/myorg-web.yaml": "kind: Kustomization\nmetadata: {name: myorg-web}\nspec: {interval: 1m}\n"}, new: files{"regions/r1/sync/myorg-web.yaml": "kind: Kustomization\nmetadata: {name: myorg-web}\nspec: {interval: 2m}\n"},
			want: []string{"changed Kustomization myorg-web [policy]"},
		},
		{name: "somebody else's files", old: files{"docs/README.md": "a", "regions/r1/README.md": "b", ".meridian/platform.yaml": "c"}, new: files{"docs/README.md": "d"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, told(Compare(tt.old.tree(t), tt.new.tree(t)))); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestEdge tells each application of its own ports of what all share.
func TestEdge(t *testing.T) {
	const file = "regions/r1/edge/tcp-services.yaml"
	edge := func(data string) string {
		return "kind: ConfigMap\nmetadata: {name: tcp-services}\ndata: {" + data + "}\n"
	}
	tests := []struct {
		name     string
		old, new files
		want     []string
	}{
		{
			name: "a port more", old: files{file: edge("'1': myorg-web/app1:80")}, new: files{file: edge("'1': myorg-web/app1:80, '2': myorg-web/app2:80")},
			want: []string{"app2: changed ConfigMap tcp-services [exposure-wider] | the proxies' port 2 is open to all clients"},
		},
		{
			name: "the first port", new: files{file: edge("'1': myorg-web/app1:80")},
			want: []string{"app1: changed ConfigMap tcp-services [exposure-wider] | the proxies' port 1 is open to all clients"},
		},
		{
			name: "the last port is gone", old: files{file: edge("'1': myorg-web/app1:80")},
			want: []string{"app1: changed ConfigMap tcp-services [exposure-narrower] | the proxies' port 1 is gone"},
		},
		{
			name: "another number", old: files{file: edge("'1': myorg-web/app1:80")}, new: files{file: edge("'2': myorg-web/app1:80")},
			want: []string{"app1: changed ConfigMap tcp-services [exposure-wider exposure-narrower] | the proxies' port 1 is gone | the proxies' port 2 is open to all clients"},
		},
		{
			name: "to another port", old: files{file: edge("'1': myorg-web/app1:80")}, new: files{file: edge("'1': myorg-web/app1:81")},
			want: []string{"app1: changed ConfigMap tcp-services [exposure-changed] | the proxies' port 1 leads to another port"},
		},
		{
			name: "to another application", old: files{file: edge("'1': myorg-web/app1:80")}, new: files{file: edge("'1': myorg-web/app2:80")},
			want: []string{
				"app2: changed ConfigMap tcp-services [exposure-wider] | the proxies' port 1 is open to all clients",
				"app1: changed ConfigMap tcp-services [exposure-narrower] | the proxies' port 1 is gone",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, c := range Compare(tt.old.tree(t), tt.new.tree(t)) {
				got = append(got, c.Apps[0].Name+": "+told([]Change{c})[0])
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestFold is the shape that people read: equal changes of regions and applications once.
func TestFold(t *testing.T) {
	old, new := files{}, files{}
	image := func(registry, app, tag string) string {
		return edited(t, deployment, edit{"name: app1", "name: " + app}, edit{"us-repo.cloud.mi.com/myorg/app1:1.0", registry + "/myorg/" + app + ":" + tag})
	}
	for _, app := range []string{"api", "web", "alone"} {
		for region, registry := range map[string]string{"r1": "one.example.com", "r2": "two.example.com", "r3": "two.example.com"} {
			if app == "alone" && region != "r1" {
				continue
			}
			old[path(region, app, "deployment.yaml")] = image(registry, app, "1.0")
			new[path(region, app, "deployment.yaml")] = image(registry, app, "1.1")
		}
	}
	var got []string
	folded := Fold(Compare(old.tree(t), new.tree(t)))
	for _, c := range folded {
		got = append(got, fmt.Sprintf("%v %v %s %v %v", c.Apps, c.Regions, c.Object, c.Fields, c.Registries))
	}
	want := []string{
		"[{myorg-web alone}] [r1] Deployment alone [{spec.template.spec.containers[app1].image one.example.com/myorg/alone:1.0 one.example.com/myorg/alone:1.1}] map[]",
		"[{myorg-web api} {myorg-web web}] [r1 r2 r3] Deployment <app> [{spec.template.spec.containers[app1].image <registry>/myorg/<app>:1.0 <registry>/myorg/<app>:1.1}] map[r1:one.example.com r2:two.example.com r3:two.example.com]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	summary := Summarize(folded)
	wantSummary := Summary{Apps: 3, Classes: []Count{{RollingRestart, []App{{"myorg-web", "alone"}, {"myorg-web", "api"}, {"myorg-web", "web"}}}}}
	if d := cmp.Diff(wantSummary, summary); d != "" {
		t.Error(d)
	}
}
