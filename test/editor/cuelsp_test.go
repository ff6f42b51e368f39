package editor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLanguageServer holds what `cue lsp` does with what is vendored (S20), and what it does not do yet: docs/editors.md
// promises the one and says the other.
func TestLanguageServer(t *testing.T) {
	bin := installedCUE(t)
	dir := workspace(t, nil)
	path := filepath.Join(dir, "app", "app.cue")
	s := start(t, dir, bin, "lsp")
	s.show(path, "cue", app)

	t.Run("completion", func(t *testing.T) {
		tests := []struct {
			name, text string // | is where the cursor is, behind the application
			want, not  []string
		}{
			{"at the top", "\n|\n", []string{"replicas", "health", "disruptionBudget"}, []string{"periodSeconds"}},
			{"in a struct", "health: readiness: {\n\t|\n}\n", []string{"periodSeconds", "grpc"}, []string{"disruptionBudget"}},
			{"in a short form's struct", "image: {\n\t|\n}\n", []string{"digest", "pullSecret"}, nil},
			{"in an item of a list", "envFrom: [{\n\t|\n}]\n", []string{"configMap", "prefix"}, nil},
			{"a region", "regions: {\n\t|\n}\n", []string{`"aws-oregon"`, `"ksc-beijing6"`}, nil},
			{"in an override", "regions: \"aws-beijing\": {\n\t|\n}\n", []string{"disruptionBudget"}, []string{"owner:"}},
			{"a fact", "env: X: region.|\n", []string{"cloud", "id", "kubernetes", "registry", "title"}, nil},
			// What it does not do: names of one's own are matched by a pattern, which it does not follow.
			{"not in an entry", "http: new: {\n\t|\n}\n", nil, []string{"host", "allowFrom"}},
			{"no values", "spread: zones: |\n", nil, []string{`"DoNotSchedule"`}},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				before, after, _ := strings.Cut(app+test.text, "|")
				// The bar of CUE's disjunctions comes first in the application itself.
				if i := strings.Index(test.text, "|"); i >= 0 {
					before, after = app+test.text[:i], test.text[i+1:]
				}
				s.show(path, "cue", before+after)
				var list struct{ Items []struct{ Label string } }
				s.at("completion", path, end(before), &list)
				var labels []string
				for _, item := range list.Items {
					labels = append(labels, item.Label)
				}
				wantLabels(t, labels, test.want, test.not)
			})
		}
	})
	t.Run("definition", func(t *testing.T) {
		s.show(path, "cue", app)
		var places []struct {
			URI   string `json:"uri"`
			Range span   `json:"range"`
		}
		s.at("definition", path, end(app[:strings.Index(app, "resources:")+2]), &places)
		var found []string
		for _, p := range places {
			file := strings.TrimPrefix(p.URI, "file://")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			relative, _ := filepath.Rel(dir, file)
			found = append(found, relative+": "+strings.TrimSpace(strings.Split(string(data), "\n")[p.Range.Start.Line]))
		}
		want := []string{
			"app/app.cue: resources: limits: memory: \"256Mi\"",
			"cue.mod/pkg/github.com/meridian-gitops/meridian/schema/schema.cue: resources?: #Resources",
		}
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("hover", func(t *testing.T) {
		var hover struct{ Contents struct{ Value string } }
		s.at("hover", path, end(app[:strings.Index(app, "periodSeconds")+2]), &hover)
		if !strings.HasPrefix(hover.Contents.Value, "Seconds between checks. Default: 10.") {
			t.Errorf("got %q", hover.Contents.Value)
		}
	})
	t.Run("marks", func(t *testing.T) {
		s.show(path, "cue", app+"x: {{{\n")
		if said := s.marked(path); len(said) == 0 {
			t.Error("a mistake of syntax is not marked")
		}
		// What it does not do: a mistake that only evaluation shows.
		s.show(path, "cue", mistaken(t, "replicas:", "replcas:"))
		if said := s.marked(path); len(said) > 0 {
			t.Errorf("a typo is marked; docs/editors.md says that it is not: %q", said)
		}
	})
}

// end is the place behind a text.
func end(text string) place {
	return place{strings.Count(text, "\n"), len(text) - strings.LastIndex(text, "\n") - 1}
}

func wantLabels(t *testing.T, got, want, not []string) {
	t.Helper()
	for _, label := range want {
		if !slices.Contains(got, label) {
			t.Errorf("%s is not offered: %q", label, got)
		}
	}
	for _, label := range not {
		if slices.Contains(got, label) {
			t.Errorf("%s is offered: %q", label, got)
		}
	}
}
