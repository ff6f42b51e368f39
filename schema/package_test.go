package schema

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/meridian-gitops/meridian/diag"
)

func TestPackageName(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"named", "// about\npackage app\n\nname: \"x\"\n", "app"},
		{"unnamed", "name: \"x\"\n", ""},
		{"empty", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := PackageName(Source{Name: "app.cue", Data: []byte(test.text)})
			if got != test.want || err != nil {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
	if _, err := PackageName(Source{Name: "app.cue", Data: []byte("package 7")}); err == nil {
		t.Error("what is no CUE is read")
	}
}

func TestModuleLanguage(t *testing.T) {
	tests := []struct {
		name, text string
		want       int
		fails      bool
	}{
		{name: "minor", text: `language: version: "v0.9"`, want: 9},
		{name: "patch", text: `module: "x.y@v0"` + "\n" + `language: version: "v0.15.3"`, want: 15},
		{name: "none", text: `module: "x.y@v0"`},
		{name: "another major", text: `language: version: "v1.0.0"`, fails: true},
		{name: "no version", text: `language: version: "new"`, fails: true},
		{name: "no string", text: `language: version: 17`, fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := ModuleLanguage([]byte(test.text))
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %d, %v; want %d", got, err, test.want)
			}
		})
	}
}

// TestImportCircle holds that packages which import one another are a mistake: CUE would follow the circle until the process
// dies. A package that two others import is none.
func TestImportCircle(t *testing.T) {
	tests := []struct {
		name     string
		packages map[string]string
		fails    bool
	}{
		{"itself", map[string]string{"a": "import \"x.y/m/a\"\nx: a.x"}, true},
		{"another", map[string]string{"a": "import \"x.y/m/b\"\nx: b.x", "b": "import \"x.y/m/a\"\nx: a.x"}, true},
		{"under another spelling", map[string]string{"a": "import \"x.y/m/b\"\nx: b.x", "b": "import \"x.y/m/a:a\"\nx: a.x"}, true},
		{"one for two", map[string]string{"a": "import (\"x.y/m/b\", \"x.y/m/c\")\nx: b.x + c.x", "b": "import \"x.y/m/c\"\nx: c.x", "c": "x: \"1\""}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			module := &Module{Path: "x.y/m", Package: func(folder string) (map[string][]byte, error) {
				text, ok := test.packages[folder]
				if !ok {
					return nil, fs.ErrNotExist
				}
				return map[string][]byte{folder + ".cue": []byte("package " + folder + "\n" + text)}, nil
			}}
			text := "package app\nimport \"x.y/m/a\"\nname: \"app1\"\nspace: \"web\"\nowner: \"team\"\nimage: {name: \"app1\", tag: \"1.0\"}\nargs: [a.x]\n"
			_, list := newSchema(t).App(Source{Name: "app.cue", Data: []byte(text), Module: module}, fuzzFacts)
			if diag.HasErrors(list) != test.fails {
				t.Errorf("told %v", list)
			}
			for _, d := range list {
				if d.Code != diag.NotComputable || !strings.Contains(d.Message, "imports itself, directly or through others") {
					t.Errorf("told as %s", d)
				}
			}
		})
	}
}
