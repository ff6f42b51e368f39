package change

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/golden"
)

// randomChange draws from few names, some of which are parts of others, so that much is equal and much nearly so.
func randomChange(r *rand.Rand) Change {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	app := App{pick("myorg-web", "myorg-shop"), pick("web", "shop", "api", "region", "aws", "")}
	region := pick("aws-oregon", "aws-beijing", "ksc-beijing6")
	registry := pick("us-repo.example.com", "cn-repo.example.com")
	text := func() string {
		s := pick("plain", "%a-cache", "https://%a.%r.example.com", "%n/%a:80", "%h/myorg/%a:1.0", "<app>", "<region> x", "webshop", "%a%a", "aws-oregon")
		return strings.NewReplacer("%a", app.Name, "%r", region, "%n", app.Namespace, "%h", registry).Replace(s)
	}
	c := Change{Apps: []App{app}, Regions: []string{region}, Object: Object{"Deployment", app.Name}, Op: golden.Changed, Classes: []Class{RollingRestart}}
	for range r.IntN(3) {
		c.Notes = append(c.Notes, text())
	}
	if r.IntN(2) == 0 {
		c.Fields = append(c.Fields, golden.Field{
			Path: "spec.template.spec.containers[" + app.Name + "].image",
			Old:  registry + "/myorg/" + app.Name + ":1.0", New: registry + "/myorg/" + app.Name + ":1.1",
		})
	}
	if r.IntN(4) == 0 {
		c.Objects = []Object{{"Service", text()}}
	}
	return c
}

// set is changes as a sorted list of texts, each once.
func set(changes []Change) []string {
	var list []string
	for _, c := range changes {
		list = append(list, fmt.Sprintf("%+v", c))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestUnfold holds that folding loses nothing and adds nothing, whatever is folded.
func TestUnfold(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	smaller := 0
	for range 600 {
		var changes []Change
		told := map[string]bool{}
		for range r.IntN(30) {
			c := randomChange(r)
			at := fmt.Sprint(c.Apps, c.Regions) // an object changes once in a region
			if !told[at] {
				told[at] = true
				changes = append(changes, c)
			}
		}
		folded := Fold(changes)
		var again []Change
		for _, c := range folded {
			again = append(again, c.Unfold()...)
		}
		if d := cmp.Diff(set(changes), set(again)); d != "" {
			t.Fatalf("unfolded it is another set\n%s", d)
		}
		if len(folded) < len(set(changes)) {
			smaller++
		}
		if d := cmp.Diff(folded, Fold(folded)); d != "" {
			t.Fatalf("folded twice it differs\n%s", d)
		}
		r.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		if d := cmp.Diff(folded, Fold(changes)); d != "" {
			t.Fatalf("in another order it differs\n%s", d)
		}
	}
	if smaller < 150 {
		t.Errorf("only %d of 600 were folded at all", smaller)
	}
}
