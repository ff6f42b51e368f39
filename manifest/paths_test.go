package manifest

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzPaths holds that a tree has no file that could be written outside of its root, or in the place of another one.
func FuzzPaths(f *testing.F) {
	for _, path := range []string{"a.yaml", "a/b/c.yaml", "", ".", "..", "../a", "a/../../b", "/a", "a//b", "a/", "./a", "a\\..\\b", "C:a", "C:/a", "a\x00b", "a\nb", "\xff", "..a", "a..", "...", "a/.", "a/..", ".git/config"} {
		f.Add(path, "a")
		f.Add("a", path)
	}
	f.Fuzz(func(t *testing.T, path, other string) {
		tree, err := NewTree([]File{{path, []byte("1")}, {other, []byte("2")}})
		if err != nil {
			return
		}
		if path == other || tree.Len() != 2 {
			t.Fatalf("%d files of %q and %q", tree.Len(), path, other)
		}
		for name, data := range tree.Files() {
			if !filepath.IsLocal(filepath.FromSlash(name)) || filepath.ToSlash(filepath.Join("root", name)) != "root/"+name {
				t.Errorf("%q is not below its root", name)
			}
			if strings.ContainsAny(name, "\\\x00") {
				t.Errorf("%q is another path elsewhere", name)
			}
			if got, ok := tree.Get(name); !ok || string(got) != string(data) {
				t.Errorf("%q holds %q, not %q", name, got, data)
			}
			folder, rest, below := strings.Cut(name, "/")
			if _, ok := tree.Under(folder).Get(rest); below && !ok {
				t.Errorf("%q is not below %q", name, folder)
			}
		}
	})
}
