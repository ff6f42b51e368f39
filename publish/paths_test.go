package publish

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/manifest"
)

// FuzzFolders holds that what can be published lies in the folders of its region, space and application and nowhere else,
// whatever they, their files and hosts are called.
func FuzzFolders(f *testing.F) {
	f.Add("aws-oregon", "myorg-web", "app1", "deployment.yaml", "app.cue", "shop.mydomain.com", 0)
	f.Add("aws-oregon", "myorg-web", "app1", "deployment.yaml", "config/app.yaml", "*.mydomain.com", 0)
	f.Add("aws-oregon", "myorg-web", "app1", "deployment.yaml", ".cue-module/cue.mod/module.cue", "", 9000)
	for _, name := range []string{"", ".", "..", "../..", "a/b", "/a", ".git", ".GIT", "git~1", ".git. ", "a/.git/config", "a\\b", "a\x00b", "a\nb", "-a", "a.", "a..b", "A", "ä", "_wildcard.a", strings.Repeat("a", 300)} {
		f.Add(name, "myorg-web", "app1", "deployment.yaml", "app.cue", "a.mydomain.com", 0)
		f.Add("aws-oregon", name, "app1", "deployment.yaml", "app.cue", "a.mydomain.com", 0)
		f.Add("aws-oregon", "myorg-web", name, "deployment.yaml", "app.cue", "a.mydomain.com", 0)
		f.Add("aws-oregon", "myorg-web", "app1", name, "app.cue", "a.mydomain.com", 0)
		f.Add("aws-oregon", "myorg-web", "app1", "deployment.yaml", name, "a.mydomain.com", 0)
		f.Add("aws-oregon", "myorg-web", "app1", "deployment.yaml", "app.cue", name, 0)
	}
	f.Fuzz(func(t *testing.T, region, namespace, name, file, input, host string, port int) {
		tree, err := manifest.NewTree([]manifest.File{{Path: file}})
		inputs, problem := manifest.NewTree([]manifest.File{{Path: input}})
		if err != nil || problem != nil {
			return
		}
		claim := manifest.Claim{Region: region, Kind: manifest.ClaimHTTP, Host: host, Namespace: namespace, App: name}
		if host == "" {
			claim = manifest.Claim{Region: region, Kind: manifest.ClaimTCP, Port: int32(port), Namespace: namespace, App: name}
		}
		a := App{Namespace: namespace, Name: name, Regions: map[string]manifest.Tree{region: tree}, Claims: []manifest.Claim{claim}, Inputs: inputs}
		if a.check() != nil {
			return
		}
		within(t, path.Join(AppFolder(region, namespace, name), file), "regions", region, "spaces", namespace, "apps", name)
		within(t, path.Join(RecordFolder(namespace, name), inputsDir, input), ".meridian", "apps", namespace, name, "inputs")
		within(t, ownerFile(namespace, name), ".meridian", "apps", namespace, name)
		within(t, path.Join(claimsDir, claimFile(claim)), ".meridian", "claims", region, string(claim.Kind))
		if got := path.Base(claimFile(claim)); host != "" && got != host+".yaml" && got != "_wildcard."+strings.TrimPrefix(host, "*.")+".yaml" {
			t.Errorf("%s is in %s", host, got)
		}
	})
}

// within holds that a path goes down through folders, and that each of its elements is an ordinary name.
func within(t *testing.T, file string, folders ...string) {
	t.Helper()
	elements := strings.Split(file, "/")
	if len(elements) <= len(folders) || !slices.Equal(elements[:len(folders)], folders) {
		t.Errorf("%q is not in %q", file, folders)
	}
	for _, element := range elements {
		if element == "" || element == "." || element == ".." || strings.EqualFold(element, ".git") || strings.EqualFold(element, "git~1") || strings.ContainsAny(element, "\\\x00") {
			t.Errorf("%q has an element %q", file, element)
		}
	}
}
