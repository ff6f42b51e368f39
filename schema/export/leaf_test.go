package export

import (
	"testing"

	"cuelang.org/go/cue/parser"
	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

func TestTranslate(t *testing.T) {
	tests := []struct{ name, cue, want string }{
		{"bounds", `int & >=1 & <=9`, `{"type":"integer","minimum":1,"maximum":9}`},
		{"lengths", `strings.MinRunes(1) & strings.MaxRunes(9)`, `{"type":"string","minLength":1,"maxLength":9}`},
		{"a pattern", `=~"^a$"`, `{"type":"string","pattern":"^a$","patternErrorMessage":"want it"}`},
		{"two patterns", `=~"a" & =~"b"`, `{"type":"string","pattern":"a","patternErrorMessage":"want it","allOf":[{"pattern":"b","patternErrorMessage":"want it"}]}`},
		{"what must not match", `!~"a"`, `{"type":"string","allOf":[{"not":{"pattern":"a"}}]}`},
		{"alternatives", `(int & >=0) | =~"%$"`, `{"anyOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"%$","patternErrorMessage":"want it"}]}`},
		{"a boolean", `bool`, `{"type":"boolean"}`},
		// What is not known is left out and said, never guessed.
		{"another validator", `string & list.MaxItems(3)`, `{"type":"string","$comment":"Meridian also wants, in CUE: list.MaxItems(3)"}`},
		{"another pattern", `=~"(?i)a" & !~"\\pL"`, `{"$comment":"Meridian also wants, in CUE: =~\"(?i)a\" & !~\"\\\\pL\""}`},
		{"another bound", `<10`, `{"$comment":"Meridian also wants, in CUE: <10"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			expr, err := parser.ParseExpr("x", test.cue)
			if err != nil {
				t.Fatal(err)
			}
			got, err := marshal(translate(expr, "want it"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingUntold holds that JSON Schema has words for every leaf of the schema: a leaf that it has none for is
// looser there, and belongs into the documentation.
func TestNothingUntold(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range s.Types() {
		if !leaf.Leaf() || leaf.Any || len(leaf.Enum) > 0 {
			continue
		}
		for _, m := range translate(leaf.Expr(), "") {
			if m.name == "$comment" {
				t.Errorf("%s: %s", leaf.Name, m.value)
			}
		}
	}
}
