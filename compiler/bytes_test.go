package compiler

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/meridian-gitops/meridian/diag"
)

// TestWholeBytes holds that an amount of memory or disk is a whole number of bytes that API servers can count: they warn of
// others.
func TestWholeBytes(t *testing.T) {
	tests := []struct {
		name, text string
		line       int // of the mistake; 0 for none
		hint       string
	}{
		{"whole", "resources: requests: memory: \"1.5Ki\"\nscratch: \"/a\": \"0.5Gi\"", 0, ""},
		{"a part of cpu", "resources: requests: cpu: \"0.001\"", 0, ""},
		{"a fraction without a unit", "resources: requests: memory: \"1.5\"", 2, "write 2"},
		{"a fraction of a unit", "resources: limits: memory: \"0.3Ki\"", 2, "write 308"},
		{"disk", "resources: {\n\tlimits: \"ephemeral-storage\": \"0.001Ki\"\n}", 3, "write 2"},
		{"the most", "resources: limits: memory: \"8388Ti\"", 0, ""},
		{"more", "resources: limits: memory: \"8389Ti\"", 2, "write at most 8388Ti"},
		{"scratch", "scratch: \"/a\": {size: \"1.001Mi\", memory: true}", 2, "write 1049625"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, list := newCompiler(t).compile(t, header+test.text)
			if test.line == 0 {
				if len(list) > 0 {
					t.Error(list)
				}
				return
			}
			if len(list) != 1 || list[0].Code != diag.BadValue || list[0].Pos.Line != test.line || list[0].Hint != test.hint {
				t.Errorf("%v, %q; want one mistake at line %d and %q", list, list[0].Hint, test.line, test.hint)
			}
		})
	}
}

// TestUnwritable holds that a file's content that kustomize cannot carry as text is carried as bytes (S9).
func TestUnwritable(t *testing.T) {
	for content, text := range map[string]bool{
		"plain": true, "\u0001\u001f": true, "a\u2028b": true, "\uFFFD": true, "": true,
		"\x7f": false, "\u0080": false, "\u0085": false, "\u009f": false, "\uFFFE": false, "a\uFFFF": false, "\x00": false, "\xff": false,
	} {
		o := newCompiler(t).only(t, header+`files: "/a": file: "a"`, "a", content)
		config := object[*corev1.ConfigMap](o)
		if _, isText := config.Data["a"]; isText != text || !text && string(config.BinaryData["a"]) != content {
			t.Errorf("%q: text %t, want %t; %v", content, isText, text, config)
		}
	}
}
