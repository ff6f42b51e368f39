package publish

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// verification compares with the test platform; applications compile to what they are in apps.
func verification(t testing.TB, apps ...App) Verification {
	p := testPlatform(t, "r1", "r2")
	p.Workers = 2
	p.Recompile = func(namespace, name string, _ manifest.Tree, _ Source, _ []string) (App, []diag.Diagnostic, error) {
		for _, a := range apps {
			if a.Namespace == namespace && a.Name == name {
				return a, nil, nil
			}
		}
		return App{}, nil, errors.New("no such application")
	}
	return Verification{Platform: p}
}

// verify returns the findings as text.
func (r *repo) verify(o Options, v Verification) (Verified, []string) {
	r.t.Helper()
	found, diags, err := Verify(context.Background(), o, v)
	if err != nil {
		r.t.Fatalf("verify: %v", err)
	}
	var text []string
	for _, d := range append(diags, found.Findings...) {
		text = append(text, d.String())
	}
	return found, text
}

func TestVerify(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2")
		a := testApp(t, "myorg-web", "app1", "r1", "r2").host("r1", "app1.mydomain.com", "/").port("r1", manifest.ClaimTCP, 9000)
		b := testApp(t, "myorg-data", "app2", "r1").host("r1", "data.mydomain.com", "/")
		r.publish(r.options(), a, b)
		v := verification(t, a, b)
		clean, text := r.verify(r.options(), v)
		if len(text) > 0 || clean.Apps != 2 || clean.Commit != r.head() || !clean.Repair.Unchanged() {
			t.Fatalf("%v %+v", text, clean)
		}
		want := r.files()

		folder := "regions/r1/spaces/myorg-web/apps/app1/"
		r.commit(map[string]string{
			folder + "service.yaml": "executable:kind: Service\n", folder + "deployment.yaml": "",
			folder + "more/extra.yaml":                        "kind: Extra\n",
			"regions/r3/spaces/myorg-web/apps/app1/old.yaml":  "kind: Old\n",
			"regions/r2/spaces/myorg-data/space/extra.yaml":   "kind: Extra\n",
			"regions/r1/edge/tcp-services.yaml":               "# r1\nnobody\n",
			"regions/r1/edge/notes.txt":                       "a note\n",
			"regions/r1/sync/myorg-data.yaml":                 "",
			".meridian/claims/r1/tcp/9000.yaml":               "",
			".meridian/claims/r1/http/data.mydomain.com.yaml": strings.NewReplacer("app1", "app2", "myorg-web", "myorg-data").Replace(hostText("data.mydomain.com", "/")) + "  - path: /old\n    pathType: Prefix\n    app: app2\n    entry: public\n",
		})
		findings := []string{
			".meridian/claims/r1/http/data.mydomain.com.yaml: error M8034: host data.mydomain.com path /old (Prefix) is claimed for application myorg-data/app2, which does not claim it (entry public)",
			".meridian/claims/r1/tcp/9000.yaml: error M8035: tcp port 9000 is not claimed for application myorg-web/app1 (entry admin)",
			"regions/r1/edge/tcp-services.yaml:2:1: error M8033: not what was published; here it says: myorg-web/app1 tcp port 9000  -> app1:9090",
			folder + "deployment.yaml: error M8031: the file is missing",
			folder + "more/extra.yaml: error M8032: nobody published this file",
			folder + "service.yaml: error M8030: the file's mode is not that of a plain file",
			"regions/r1/sync/myorg-data.yaml: error M8031: the file is missing",
			"regions/r2/spaces/myorg-data/space/extra.yaml: error M8032: nobody published this file",
			"regions/r3/spaces/myorg-web/apps/app1/old.yaml: error M8032: nobody published this file",
		}
		before := r.head()
		found, text := r.verify(r.options(), v)
		if diff := cmp.Diff(findings, text); diff != "" || r.head() != before || len(found.Left) > 0 {
			t.Errorf("findings (-want +got):\n%s%v", diff, found.Left)
		}

		v.Repair = true
		if found, _ = r.verify(r.options(), v); found.Repair.Commit != r.head() || len(found.Repair.Changed) != 9 {
			t.Errorf("repair: %+v", found.Repair)
		}
		want["regions/r1/edge/notes.txt"] = "a note\n"
		if diff := cmp.Diff(want, r.files()); diff != "" {
			t.Errorf("repaired (-want +got):\n%s", diff)
		}
		if found, text = r.verify(r.options(), v); len(text) > 0 || !found.Repair.Unchanged() {
			t.Errorf("repaired, and still %v", text)
		}
		r.fsck()
	})
}

// TestVerifyLeaves holds that what only a source can mend is told and left alone, also by a repair.
func TestVerifyLeaves(t *testing.T) {
	deployment := "regions/r1/spaces/myorg-web/apps/app1/deployment.yaml"
	cases := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"inputs", map[string]string{".meridian/apps/myorg-web/app1/inputs/app.cue": "name: \"other\"\n", deployment: "kind: Mine\n"},
			[]string{".meridian/apps/myorg-web/app1/inputs: error M8037: the inputs of myorg-web/app1 were changed: the record says sha256:"}},
		{"record", map[string]string{".meridian/apps/myorg-web/app1/owner.yaml": "kind: Nothing\n", deployment: "kind: Mine\n"},
			[]string{".meridian/apps/myorg-web/app1/owner.yaml: error M8016: the record cannot be read: is  Nothing, expected meridian/v1 Owner"}},
		{"no record", map[string]string{".meridian/apps/myorg-web/app1/owner.yaml": ""},
			[]string{".meridian/apps/myorg-web/app1/owner.yaml: error M8038: application myorg-web/app1 has no record of who published it"}},
		{"claim", map[string]string{".meridian/claims/r1/tcp/9000.yaml": "kind: Nothing\n", "regions/r1/edge/tcp-services.yaml": "# mine\n"},
			[]string{".meridian/claims/r1/tcp/9000.yaml: error M8016: the claim cannot be read, so that claims and aggregates cannot be compared: "}},
		{"unknown", map[string]string{".meridian/future.yaml": "a: 1\n", ".meridian/claims/r1/sctp/1.yaml": "a: 1\n"},
			[]string{".meridian/claims/r1/sctp/1.yaml: error M8032: nobody published this file", ".meridian/future.yaml: error M8032: nobody published this file"}},
		{"space", map[string]string{"regions/r1/spaces/myorg-old/space/namespace.yaml": "kind: Namespace\n", "regions/r1/sync/myorg-old.yaml": "kind: Kustomization\n"},
			[]string{"regions/r1/spaces/myorg-old/space/namespace.yaml: error M8032: nobody published this file",
				"regions/r1/sync/myorg-old.yaml: error M8032: the platform has no space myorg-old in r1 to sync"}},
		{"reserved", map[string]string{".meridian/claims/r1/http/later.mydomain.com.yaml": "apiVersion: meridian/v1\nkind: HostClaim\nhost: later.mydomain.com\nnamespace: myorg-web\n",
			"regions/r1/edge/http-services.yaml": "# r1\nmyorg-web/ host later.mydomain.com  -> :0\n"}, nil},
		{"stranger", map[string]string{"regions/r1/spaces/myorg-web/apps/stranger/deployment.yaml": "kind: Deployment\n",
			".meridian/claims/r1/tcp/9001.yaml": strings.NewReplacer("9000", "9001", "app: app1", "app: stranger").Replace(portText),
			"regions/r1/edge/tcp-services.yaml": "# r1\nmyorg-web/app1 tcp port 9000  -> app1:9090\nmyorg-web/stranger tcp port 9001  -> app1:9090\n"},
			[]string{"regions/r1/spaces/myorg-web/apps/stranger: error M8038: application myorg-web/stranger has no record of who published it"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newLocalRepo(t)
			r.seed("r1", "r2")
			a := testApp(t, "myorg-web", "app1", "r1").port("r1", manifest.ClaimTCP, 9000)
			r.publish(r.options(), a)
			r.commit(c.files)
			files := r.files()
			v := verification(t, a)
			v.Repair = true
			found, text := r.verify(r.options(), v)
			for i := range text {
				if i < len(c.want) && strings.HasPrefix(text[i], c.want[i]) {
					text[i] = c.want[i]
				}
			}
			if diff := cmp.Diff(c.want, text); diff != "" || len(found.Left) != len(c.want) {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(files, r.files()); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyVersionAndPlatform(t *testing.T) {
	r := newLocalRepo(t)
	r.seed("r1", "r2")
	a := testApp(t, "myorg-web", "app1", "r1")
	r.publish(r.options(), a)
	newer := r.options()
	newer.MeridianVersion = "v0.2.0"
	if _, text := r.verify(newer, verification(t, a)); len(text) > 0 {
		t.Errorf("another version that does the same: %v", text)
	}
	other := a
	other.Regions = maps.Clone(a.Regions)
	other.Regions["r1"] = tree(t, map[string]string{"deployment.yaml": "kind: Deployment # another\n", "service.yaml": "kind: Service\n"})
	v := verification(t, other)
	v.Repair = true
	before := r.head()
	_, text := r.verify(newer, v)
	want := []string{".meridian/apps/myorg-web/app1/owner.yaml: error M8036: application myorg-web/app1 was written by version v0.1.0, this is v0.2.0: 1 of its files differ"}
	if diff := cmp.Diff(want, text); diff != "" || r.head() != before {
		t.Errorf("findings (-want +got):\n%s", diff)
	}

	v = verification(t, a)
	v.Platform.Digest = "sha256:2222222222222222"
	_, text = r.verify(r.options(), v)
	want = []string{".meridian/platform.yaml: error M8002: platform sha256:111111111111 is in force, compared with sha256:222222222222: 0 files of its spaces differ"}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	v.Repair = true
	if _, text = r.verify(r.options(), v); len(text) != 1 || !strings.Contains(text[0], "M8002: a repair by platform") {
		t.Errorf("repair with another platform: %v", text)
	}
}
