package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/schema"
)

// TestOwnFilesAreFormatted holds that what we hand out is in its canonical form.
func TestOwnFilesAreFormatted(t *testing.T) {
	for _, args := range [][]string{
		{"../../examples/..."},
		{"--platform", "../../regions/demo", "../../regions/demo"},
		{"--platform", "../../regions/catalogue", "../../regions/catalogue"},
	} {
		var out bytes.Buffer
		world := World{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
		if code := Run(t.Context(), append([]string{"fmt", "--check"}, args...), world); code != exitFine || out.Len() > 0 {
			t.Errorf("fmt --check %s: exit code %d\n%s", args, code, out.String())
		}
	}
}

// TestStarterIsFormatted holds that whatever init is asked for, it writes in canonical form.
func TestStarterIsFormatted(t *testing.T) {
	s, err := schema.New()
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long", 10)
	for _, host := range []string{"", "a.mydomain.com", long + ".mydomain.com"} {
		for _, name := range []string{"a", long} {
			f := initFlags{name: name, space: name, owner: "team@mydomain.com", image: name, host: host, port: 80}
			got, list := s.Format(s.Ref("#App"), schema.Source{Name: appFile, Data: []byte(starter(f))})
			if d := cmp.Diff(starter(f), string(got)); d != "" || len(list) > 0 {
				t.Errorf("%+v: %v\n%s", f, list, d)
			}
		}
	}
}

func TestFirstDifference(t *testing.T) {
	for _, test := range []struct {
		text, other string
		want        int
	}{
		{"a\nb\nc\n", "a\nx\nc\n", 2},
		{"a", "a\n", 1},
		{"a\nb\n", "a\n", 2},
		{"", "a", 1},
	} {
		t.Run(fmt.Sprintf("%q", test.text), func(t *testing.T) {
			if got := firstDifference([]byte(test.text), []byte(test.other)); got != test.want {
				t.Errorf("line %d, want %d", got, test.want)
			}
		})
	}
}
