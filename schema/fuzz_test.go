package schema

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
)

var fuzzFacts = []Facts{
	{ID: "aws-oregon", Title: "AWS-俄勒冈", Cloud: "AWS", Registry: "us-repo.cloud.mi.com", Kubernetes: "1.36"},
	{ID: "ksc-beijing6", Title: "金山云-北京6", Cloud: "Kingsoft Cloud", Registry: "cnbj6-repo.cloud.mi.com", Kubernetes: "1.36"},
}

// FuzzApp holds that no input panics, and that every diagnostic can be shown: a registered code, a place inside the
// source, words and a hint.
func FuzzApp(f *testing.F) {
	for _, data := range goldenInputs(f) {
		f.Add(data)
	}
	for _, text := range []string{"", "{", "a: a", "region: 1", "import \"net\"", "x: region.id", "name: \"\xff\"", "regions: x: name: null", "@extern(embed)", "for x in [1] {\"a\\(x)\": x}", "#A: {a?: #A}, b: #A", "image: image", "env: [string]: string"} {
		f.Add([]byte(text))
	}
	s := newSchema(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		app, list := s.App(Source{Name: "app.cue", Data: data}, fuzzFacts)
		for _, d := range list {
			checkDiagnostic(t, d, data)
		}
		if app == nil {
			if !diag.HasErrors(list) {
				t.Error("nothing is read and nothing is said")
			}
			return
		}
		app.Beside()
		ref := s.Ref("#App")
		for _, region := range []string{"aws-oregon", "ksc-beijing6"} {
			merged := Merge(ref, app.Base(region), app.Override(region))
			for _, d := range Check(ref, merged) {
				checkDiagnostic(t, d, data)
			}
			if !diag.HasErrors(list) && !diag.HasErrors(Check(ref, merged)) {
				if err := Decode(ApplyDefaults(ref, merged), &Spec{}); err != nil {
					t.Errorf("what is admitted cannot be decoded: %v", err)
				}
			}
		}
	})
}

func checkDiagnostic(t *testing.T, d diag.Diagnostic, data []byte) {
	t.Helper()
	if !slices.ContainsFunc(diag.Codes(), func(e diag.Entry) bool { return e.Code == d.Code }) {
		t.Errorf("unregistered code: %s", d)
	}
	if d.Message == "" || d.Hint == "" || strings.ContainsAny(d.Hint, "\n") {
		t.Errorf("without words, or with a hint of several lines: %s; hint %q", d, d.Hint)
	}
	if d.Pos.File != "app.cue" {
		t.Errorf("it is in no file of the user's: %s", d)
	}
	if d.Pos.Line == 0 && d.Code == diag.SourceUnreadable {
		return
	}
	lines := bytes.Split(data, []byte("\n"))
	if d.Pos.Line < 1 || d.Pos.Line > len(lines) || d.Pos.Col < 1 || d.Pos.Col > len(lines[d.Pos.Line-1])+1 {
		t.Errorf("it is outside the source of %d lines: %s", len(lines), d)
	}
}

// FuzzMerge holds what is true of every merge: nothing over a base is the base, an override over nothing loses its
// nulls only, merging twice changes nothing more, and the arguments stay as they are.
func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"image":{"name":"a","tag":"1"},"env":{"A":"x"}}`), []byte(`{"image":"r.io/a:1","env":{"A":null,"B":{"secret":{"name":"n","key":"k"}}}}`))
	f.Add([]byte(`{"ports":{"web":8080}}`), []byte(`{"ports":{"web":{"protocol":"UDP"}},"replicas":null}`))
	f.Add([]byte(`{"http":{"p":{"allowFrom":"10.0.0.0/8"}}}`), []byte(`{"http":null}`))
	f.Add([]byte(`{"autoscale":{"min":1,"max":2}}`), []byte(`{"replicas":3,"health":{"startup":{"tcp":null}}}`))
	s := newSchema(f)
	ref := &Ref{Type: s.types["#App"], Partial: true}
	f.Fuzz(func(t *testing.T, base, override []byte) {
		a, list := s.Value(ref, []Source{{Name: "a.cue", Data: base}})
		b, more := s.Value(ref, []Source{{Name: "b.cue", Data: override}})
		if a == nil || b == nil || len(list)+len(more) > 0 || slices.ContainsFunc([]*Node{a, b}, hasAny) {
			return
		}
		a = Merge(ref, nil, a)
		before, after := jsonText(t, a), jsonText(t, b)
		merged := Merge(ref, a, b)
		if !Merge(ref, merged, b).Equal(merged) {
			t.Error("merging twice changes something")
		}
		if !Merge(ref, a, nil).Equal(a) || !Merge(ref, a, &Node{Kind: Struct}).Equal(a) {
			t.Error("nothing over a base is not the base")
		}
		if jsonText(t, a) != before || jsonText(t, b) != after {
			t.Error("an argument was changed")
		}
		if hasNull(merged) {
			t.Errorf("a null is left in %s", jsonText(t, merged))
		}
		Check(ref, ApplyDefaults(ref, merged))
	})
}

func hasAny(n *Node) bool { return has(n, Any) }

func hasNull(n *Node) bool { return has(n, Null) }

func has(n *Node, kind Kind) bool {
	return n != nil && (n.Kind == kind || slices.ContainsFunc(n.Fields, func(f NodeField) bool { return has(f.Node, kind) }) ||
		slices.ContainsFunc(n.Items, func(item *Node) bool { return has(item, kind) }))
}
