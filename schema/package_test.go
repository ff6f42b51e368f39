package schema

import "testing"

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
