package manifest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
	k8syaml "sigs.k8s.io/yaml"
)

// scalars are strings and how they are written as the value of a key.
var scalars = []struct{ name, in, want string }{
	// Plain: what nobody could misread.
	{"word", "shop-api", `shop-api`},
	{"image", "registry.example.com/acme/shop-api:1.2.3", `registry.example.com/acme/shop-api:1.2.3`},
	{"digest", "app@sha256:9f86d081", `app@sha256:9f86d081`},
	{"version", "1.2.3", `1.2.3`},
	{"address", "10.0.0.1", `10.0.0.1`},
	{"address and port", "10.0.0.1:8080", `10.0.0.1:8080`},
	{"network", "10.0.0.0/8", `10.0.0.0/8`},
	{"quantity", "250m", `250m`},
	{"binary quantity", "1Gi", `1Gi`},
	{"percentage", "25%", `25%`},
	{"duration", "1m30s", `1m30s`},
	{"path", "/api/v1", `/api/v1`},
	{"home", "~/x", `~/x`},
	{"flag", "--http-port=80", `--http-port=80`},
	{"short flag", "-v", `-v`},
	{"inner spaces", "a b  c", `a b  c`},
	{"inner hash", "a#b", `a#b`},
	{"inner colon", "a:b", `a:b`},
	{"inner brackets", "a, b [c] {d}", `a, b [c] {d}`},
	{"inner quotes", `it's "so"`, `it's "so"`},
	{"like a word", "yesterday", `yesterday`},
	{"Chinese", "你好，世界", `你好，世界`},
	{"Chinese with wide space", "你好　世界", `你好　世界`},
	{"emoji", "🎉 done", `🎉 done`},
	{"joined emoji", "👩‍💻", `👩‍💻`},
	{"replacement character", "\ufffd", "\ufffd"},
	{"long", strings.Repeat("word ", 100) + "end", strings.Repeat("word ", 100) + "end"},

	// Quoted: YAML 1.1's and 1.2's guesses.
	{"empty", "", `""`},
	{"on", "on", `"on"`}, {"Off", "Off", `"Off"`}, {"yes", "yes", `"yes"`}, {"NO", "NO", `"NO"`}, {"y", "y", `"y"`}, {"N", "N", `"N"`},
	{"true", "true", `"true"`}, {"False", "False", `"False"`}, {"null", "null", `"null"`}, {"Null", "Null", `"Null"`}, {"tilde", "~", `"~"`},
	{"merge", "<<", `"<<"`}, {"default", "=", `"="`},
	{"integer", "8080", `"8080"`}, {"negative", "-1", `"-1"`}, {"positive", "+1", `"+1"`},
	{"octal 1.1", "0755", `"0755"`}, {"octal 1.2", "0o17", `"0o17"`}, {"hex", "0x1f", `"0x1f"`}, {"binary", "0b101", `"0b101"`},
	{"odd binary", "0b-1", `"0b-1"`}, {"grouped", "1_000", `"1_000"`}, {"grouped hex", "0_x1f", `"0_x1f"`}, {"commas", "1,000", `"1,000"`},
	{"float", "1.20", `"1.20"`}, {"leading point", ".5", `".5"`}, {"trailing point", "5.", `"5."`}, {"point", ".", `"."`},
	{"exponent", "1e3", `"1e3"`}, {"exponent and sign", "1.5E-3", `"1.5E-3"`}, {"hash like a float", "12e03", `"12e03"`},
	{"huge", strings.Repeat("9", 100), `"` + strings.Repeat("9", 100) + `"`},
	{"infinity", ".inf", `".inf"`}, {"negative infinity", "-.INF", `"-.INF"`}, {"positive infinity", "+.Inf", `"+.Inf"`}, {"nan", ".NaN", `".NaN"`},
	{"base 60", "12:30:45", `"12:30:45"`}, {"base 60 float", "1:20.5", `"1:20.5"`}, {"ports", "80:80", `"80:80"`},
	{"date", "2024-01-01", `"2024-01-01"`}, {"short date", "2024-1-1", `"2024-1-1"`}, {"time", "2024-01-01T10:00:00Z", `"2024-01-01T10:00:00Z"`},
	{"time with space", "2024-01-01 10:00:00", `"2024-01-01 10:00:00"`},

	// Quoted: YAML's punctuation.
	{"leading space", " a", `" a"`}, {"trailing space", "a ", `"a "`}, {"colon and space", "a: b", `"a: b"`}, {"trailing colon", "a:", `"a:"`},
	{"space and hash", "a #b", `"a #b"`}, {"hash", "#b", `"#b"`},
	{"dash", "-", `"-"`}, {"dash and space", "- a", `"- a"`}, {"document", "---", `"---"`}, {"document end", "...", `"..."`},
	{"question", "?a", `"?a"`}, {"colon", ":a", `":a"`}, {"comma", ",a", `",a"`}, {"bracket", "[a]", `"[a]"`}, {"closing bracket", "]", `"]"`},
	{"brace", "{a}", `"{a}"`}, {"closing brace", "}", `"}"`}, {"anchor", "&a", `"&a"`}, {"alias", "*/5 * * * *", `"*/5 * * * *"`}, {"tag", "!x", `"!x"`},
	{"bar", "|", `"|"`}, {"angle", ">", `">"`}, {"single quote", "'a'", `"'a'"`}, {"double quote", `"a"`, `"\"a\""`}, {"percent", "%a", `"%a"`},
	{"at", "@a", `"@a"`}, {"backtick", "`a`", "\"`a`\""},

	// Quoted: what does not show.
	{"tab", "a\tb", `"a\tb"`}, {"carriage return", "a\r\nb", `"a\r\nb"`}, {"nul", "\x00", `"\u0000"`}, {"escape", "\x1b[0m", `"\u001b[0m"`},
	{"delete", "\x7f", `"\u007f"`}, {"next line", "a\u0085b", `"a\u0085b"`}, {"line separator", "a\u2028b", `"a\u2028b"`},
	{"paragraph separator", "a\u2029b", `"a\u2029b"`}, {"byte order mark", "\ufeffa", `"\ufeffa"`}, {"no-break space", "a\u00a0b", `"a\u00a0b"`},
	{"right to left", "a\u202eb", `"a\u202eb"`}, {"zero width", "a\u200bb", `"a\u200bb"`}, {"joiner without emoji", "a\u200db", `"a\u200db"`},
	{"noncharacter", "\uffff", `"\uffff"`}, {"tag character", "\U000e0067", `"\U000e0067"`}, {"backslash", "a\x01\\", `"a\u0001\\"`},

	// Blocks of lines.
	{"lines", "a\nb\n", "|\n  a\n  b"},
	{"one line", "a\n", "|\n  a"},
	{"no last line feed", "a\nb", "|-\n  a\n  b"},
	{"empty line inside", "a\n\nb\n", "|\n  a\n\n  b"},
	{"lines like YAML", "a: 1\n# b\n- c\n---\n", "|\n  a: 1\n  # b\n  - c\n  ---"},
	{"indented first line", "  a\nb\n", "|2\n    a\n  b"},
	{"empty first line", "\na\n", "|2\n\n  a"},
	{"tab at a line's start", "a {\n\tb\n}\n", "|\n  a {\n  \tb\n  }"},
	{"tab first", "\ta\n", "|2\n  \ta"},
	{"Chinese lines", "你好\n世界\n", "|\n  你好\n  世界"},
	{"trailing space in lines", "a \nb\n", `"a \nb\n"`},
	{"line of spaces", "a\n  \nb\n", `"a\n  \nb\n"`},
	{"control in lines", "a\n\x01\n", `"a\n\u0001\n"`},
	{"only line feeds", "\n\n", `"\n\n"`},
	{"empty lines at the end of the file", "a\n\n", `"a\n\n"`},
}

func TestScalars(t *testing.T) {
	for _, tt := range scalars {
		t.Run(tt.name, func(t *testing.T) {
			got := mustEncode(t, map[string]string{"k": tt.in})
			if diff := cmp.Diff("k: "+tt.want+"\n", got); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			readBack(t, tt.in)
		})
	}
}

// readBack checks that s reads back as itself, by YAML 1.2's rules and by 1.1's, wherever it can stand.
func readBack(t *testing.T, s string) {
	t.Helper()
	values := map[string]any{
		"alone":     s,
		"value":     map[string]any{"k": s, "l": "after"},
		"key":       map[string]any{s: "v"},
		"nested":    map[string]any{s: map[string]any{s: s}},
		"item":      []any{s, "after"},
		"item of":   map[string]any{"k": []any{s, []any{s}, map[string]any{s: s}}},
		"key of":    map[string]any{s: []any{s}},
		"in object": []any{map[string]any{"a": s, s: []any{}}},
	}
	for name, want := range values {
		data := mustEncode(t, want)
		for _, reader := range readers {
			var got any
			if err := reader.unmarshal([]byte(data), &got); err != nil {
				t.Errorf("%s reads %s: %v\n%s", reader.name, name, err, data)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s reads %s (-want +got):\n%s\n%s", reader.name, name, diff, data)
			}
		}
		if !strings.HasSuffix(data, "\n") || strings.HasSuffix(data, "\n\n") {
			t.Errorf("%s does not end in exactly one line feed: %q", name, data)
		}
	}
}

// readers are one for YAML 1.2 and one for 1.1.
var readers = []struct {
	name      string
	unmarshal func([]byte, any) error
}{
	{"yaml.v3", yaml.Unmarshal},
	{"sigs.k8s.io/yaml", func(data []byte, into any) error { return k8syaml.Unmarshal(data, into) }},
}

func TestTextThatEndsInEmptyLines(t *testing.T) {
	got := mustEncode(t, map[string]string{"a": "x\n\n", "b": "more"})
	if diff := cmp.Diff("a: |+\n  x\n\nb: more\n", got); diff != "" {
		t.Errorf("kept in a block where more follows (-want +got):\n%s", diff)
	}
}

func TestLongKey(t *testing.T) {
	readBack(t, strings.Repeat("k", 2000))
	readBack(t, strings.Repeat("好", 1000))
}
