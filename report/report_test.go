package report

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/meridian-gitops/meridian/diag"
)

// sample is a list with all that a diagnostic can have, and with what must be made harmless.
func sample() Report {
	list := []diag.Diagnostic{
		diag.New(diag.UnknownField, diag.Pos{File: "services/a b/app.cue", Line: 2, Col: 1}, "replica", "there is no field replica").WithHint("did you mean replicas?"),
		diag.New(diag.ExposureWidened, diag.Pos{File: "services/a b/app.cue", Line: 3, Col: 10}, "http.public", "wider\x1b[31m 100%%, really:\r\n::error::forged").
			WithRegion("aws-oregon").WithRelated(diag.Pos{File: "/etc/platform.cue", Line: 7, Col: 2}, "elsewhere it is as here"),
		diag.New(diag.NothingToCompile, diag.Pos{File: "empty"}, "", "there is no app.cue below it"),
		diag.New(diag.EmbeddedPlatform, diag.Pos{}, "", "the demo organisation cannot publish"),
	}
	texts := map[string]string{"services/a b/app.cue": "package app\nreplica: 3\n\tname: \"金山\" x: 1\n"}
	return Report{List: list, Version: "v1.2.3", Lines: NewLines(list, func(file string) []byte { return []byte(texts[file]) })}
}

func TestHuman(t *testing.T) {
	got, err := sample().Print(Human, Style{})
	if err != nil {
		t.Fatal(err)
	}
	want := `services/a b/app.cue:2:1: error M2001: there is no field replica
    replica: 3
    ^
  fix: did you mean replicas?
services/a b/app.cue:3:10: warning M4031: wider` + "\uFFFD[31m 100%, really:\uFFFD\uFFFD" + `::error::forged (in aws-oregon)
    	name: "金山" x: 1
    	       ^
  fix: ` + diag.Lookup(diag.ExposureWidened).Fix + `
  /etc/platform.cue:7:2: elsewhere it is as here
empty: error M7003: there is no app.cue below it
  fix: ` + diag.Lookup(diag.NothingToCompile).Fix + `
error M3010: the demo organisation cannot publish
  fix: ` + diag.Lookup(diag.EmbeddedPlatform).Fix + `
3 errors, 1 warning
`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
}

func TestCaret(t *testing.T) {
	long := strings.Repeat("a", 300)
	tests := []struct {
		name, line  string
		column      int
		width       int
		text, caret string
	}{
		{"plain", "replicas: 0", 11, 0, "replicas: 0", "          ^"},
		{"tabs stay tabs", "\t\tport: 0", 9, 0, "\t\tport: 0", "\t\t      ^"},
		{"a wide character takes two columns", "a: \"金山\"", 11, 0, "a: \"金山\"", "        ^"},
		{"in the middle of a character", "a: \"金山\"", 6, 0, "a: \"金山\"", "    ^"},
		{"behind the end", "ab", 9, 0, "ab", "  ^"},
		{"cut on both sides", "x: \"" + long + "\" @", 200, 60, "…" + strings.Repeat("a", 34) + strings.Repeat("a", 18) + "…", strings.Repeat(" ", 35) + "^"},
		{"tabs and wide characters are cut by their columns", "\t\ta: \"" + strings.Repeat("金", 30) + "\"", 4, 60, "\t\ta: \"" + strings.Repeat("金", 18) + "…", "\t\t ^"},
		{"cut behind wide characters", strings.Repeat("金", 30) + " x: 1", 92, 60, "…" + strings.Repeat("金", 16) + " x: 1", strings.Repeat(" ", 34) + "^"},
		{"cut at the end", "x: \"" + long, 1, 60, "x: \"" + strings.Repeat("a", 48) + "…", "^"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, caret := window([]byte(test.line), test.column, Style{Width: test.width})
			if d := cmp.Diff([]string{test.text, test.caret}, []string{text, caret}); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestColourIsOnlyAdded holds that colour and nothing else tells a coloured report from a plain one.
func TestColourIsOnlyAdded(t *testing.T) {
	plain, err := sample().Print(Human, Style{Width: 80})
	if err != nil {
		t.Fatal(err)
	}
	coloured, err := sample().Print(Human, Style{Width: 80, Colour: true})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(plain, coloured) {
		t.Error("there is no colour")
	}
	var without []byte
	for i := 0; i < len(coloured); i++ {
		if coloured[i] == 0x1b {
			i += bytes.IndexByte(coloured[i:], 'm')
			continue
		}
		without = append(without, coloured[i])
	}
	if d := cmp.Diff(string(plain), string(without)); d != "" {
		t.Error(d)
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "金山": 4, "\x1b[1;31mred\x1b[0m 金": 6, "e\u0301": 1, "…→": 2, "\xff": 1} {
		if got := Columns(text); got != want {
			t.Errorf("%q is %d columns wide, want %d", text, got, want)
		}
	}
}

// TestWrapPainted holds that painted words are wrapped as plain ones are, and that no colour runs over the end of a line.
func TestWrapPainted(t *testing.T) {
	text := "the quick brown fox jumps over the lazy dog and then rests"
	style := Style{Width: 40, Colour: true}
	got := style.Wrap(Words(style.Bad, text), "    ")
	want := strings.NewReplacer("\x1b[1;31m", "", "\x1b[0m", "").Replace(got)
	if d := cmp.Diff(style.Wrap(text, "    "), want); d != "" {
		t.Error(d)
	}
	for line := range strings.Lines(got) {
		if strings.Count(line, "\x1b[1;31m") != strings.Count(line, "\x1b[0m") {
			t.Errorf("a colour runs on: %q", line)
		}
	}
}

func TestWrap(t *testing.T) {
	text := "the quick brown fox jumps over the lazy dog and then rests"
	got := Style{Width: 40}.Wrap(text, "    ")
	want := "the quick brown fox jumps over the lazy\n    dog and then rests"
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := (Style{}).Wrap(text, "    "); got != text {
		t.Errorf("without a width it is wrapped: %q", got)
	}
}

// TestCredentialLine holds that a line that seems to hold a credential is shown for no diagnostic at all.
func TestCredentialLine(t *testing.T) {
	pos := diag.Pos{File: "app.cue", Line: 1, Col: 1}
	list := []diag.Diagnostic{
		diag.New(diag.UnknownField, pos, "", "there is no field environment"),
		diag.New(diag.LooksLikeCredential, pos, "", "it looks like a credential"),
	}
	r := Report{List: list, Lines: NewLines(list, func(string) []byte { return []byte(`environment: KEY: "hunter2"`) })}
	for _, format := range Formats() {
		got, err := r.Print(format, Style{})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte("hunter2")) {
			t.Errorf("%s shows the credential:\n%s", format, got)
		}
	}
}

func TestGitHub(t *testing.T) {
	got, err := sample().Print(GitHub, Style{})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(got), "\n"), "\n")
	want := []string{
		"::error file=services/a b/app.cue,line=2,col=1,title=M2001%3A unknown field::there is no field replica%0Afix: did you mean replicas?",
		"::warning file=services/a b/app.cue,line=3,col=9,title=M4031%3A an override widens an exposure::wider\uFFFD[31m 100%25, really:\uFFFD\uFFFD::error::forged (in aws-oregon)%0Afix: " +
			diag.Lookup(diag.ExposureWidened).Fix + "%0A/etc/platform.cue:7:2: elsewhere it is as here",
		"::error file=empty,title=M7003%3A " + diag.Lookup(diag.NothingToCompile).Title + "::there is no app.cue below it%0Afix: " + diag.Lookup(diag.NothingToCompile).Fix,
		"::error title=M3010%3A " + diag.Lookup(diag.EmbeddedPlatform).Title + "::the demo organisation cannot publish%0Afix: " + diag.Lookup(diag.EmbeddedPlatform).Fix,
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
}

func TestJSON(t *testing.T) {
	r := sample()
	r.Omitted = 2
	got, err := r.Print(JSON, Style{})
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["errors"] != 3.0 || doc["warnings"] != 1.0 || doc["omitted"] != 2.0 {
		t.Errorf("wrong counts: %v", doc)
	}
	second := doc["diagnostics"].([]any)[1].(map[string]any)
	want := map[string]any{
		"code": "M4031", "severity": "warning", "file": "services/a b/app.cue", "line": 3.0, "column": 10.0, "path": "http.public", "region": "aws-oregon",
		"message": "wider\x1b[31m 100%, really:\r\n::error::forged", "fix": diag.Lookup(diag.ExposureWidened).Fix,
		"related": []any{map[string]any{"file": "/etc/platform.cue", "line": 7.0, "column": 2.0, "message": "elsewhere it is as here"}},
	}
	if d := cmp.Diff(want, second); d != "" {
		t.Error(d)
	}
}

// TestSARIF validates logs against the standard's own schema (OASIS SARIF 2.1.0, errata 01).
func TestSARIF(t *testing.T) {
	file, err := os.Open("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", text); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(map[string]any{"version": "2.1.0"}); err == nil {
		t.Fatal("the schema admits a log without runs")
	}
	for name, r := range map[string]Report{"sample": sample(), "nothing": {Lines: NewLines(nil, nil)}} {
		t.Run(name, func(t *testing.T) {
			got, err := r.Print(SARIF, Style{})
			if err != nil {
				t.Fatal(err)
			}
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(got))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); err != nil {
				t.Errorf("%v\n%s", err, got)
			}
		})
	}
}

// TestSARIFColumns holds that columns count characters, as the log says, and that a file's name becomes a URI.
func TestSARIFColumns(t *testing.T) {
	list := []diag.Diagnostic{diag.New(diag.UnknownField, diag.Pos{File: "a b/app.cue", Line: 1, Col: 15}, "x", "there is no field x")}
	r := Report{List: list, Lines: NewLines(list, func(string) []byte { return []byte(`name: "金山", x: 1`) })}
	got, err := r.Print(SARIF, Style{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"uri": "a%20b/app.cue"`, `"startColumn": 11`, `"columnKind": "unicodeCodePoints"`} {
		if !strings.Contains(string(got), want) {
			t.Errorf("%s is not in\n%s", want, got)
		}
	}
}

func TestLimit(t *testing.T) {
	e, w := diag.New(diag.UnknownField, diag.Pos{}, "", "e"), diag.New(diag.ExposureWidened, diag.Pos{}, "", "w")
	list := []diag.Diagnostic{e, w, e, w, e}
	for most, want := range map[int]int{0: 5, 1: 2, 2: 4, 3: 5, 9: 5} {
		kept, omitted := Limit(list, most)
		if len(kept) != want || omitted != 5-want {
			t.Errorf("Limit(%d) keeps %d and omits %d, want %d and %d", most, len(kept), omitted, want, 5-want)
		}
	}
}

// TestNamesAreHarmless holds that a file's name, which may be anybody's, steers no terminal wherever it is shown.
func TestNamesAreHarmless(t *testing.T) {
	evil := diag.Pos{File: "a\x1b[2J\u202eb/app.cue", Line: 1, Col: 1}
	list := []diag.Diagnostic{diag.New(diag.ClaimedTwice, evil, "", "it is claimed").WithRelated(evil, "its claim")}
	r := Report{List: list, Lines: NewLines(list, func(string) []byte { return nil })}
	for _, format := range Formats() {
		got, err := r.Print(format, Style{})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(got, "\x1b") || format != JSON && bytes.Contains(got, []byte("\u202e")) {
			t.Errorf("%s: %q", format, got)
		}
	}
}
