package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/meridian-gitops/meridian/manifest"
)

// FuzzWriteTree holds that writing a tree makes its files below the folder, and nothing beside it.
func FuzzWriteTree(f *testing.F) {
	for _, path := range []string{"a.yaml", "a/b/c.yaml", "../a", "..", "/a", "a/../../b", "a\\..\\..\\b", "a\x00b", "a\nb", "..a/b", "a/.../b", " ", "C:a", strings.Repeat("a/", 50) + "b"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tree, err := manifest.NewTree([]manifest.File{{Path: path, Data: []byte("x")}})
		if err != nil {
			return
		}
		around := t.TempDir()
		dir := filepath.Join(around, "one", "two")
		if err := writeTree(dir, tree); err != nil {
			tree = manifest.Tree{} // a name that the file system does not take; nothing must lie elsewhere all the same
		}
		err = filepath.WalkDir(around, func(full string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			rel, err := filepath.Rel(dir, full)
			if _, ours := tree.Get(filepath.ToSlash(rel)); !ours {
				t.Errorf("%q made %s", path, full)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path))); tree.Len() > 0 && (err != nil || string(data) != "x") {
			t.Errorf("%q holds %q: %v", path, data, err)
		}
	})
}

// TestBesidePaths holds that a file which could not be recorded and published under its path is not read either: checking
// an application says what publishing it would come to.
func TestBesidePaths(t *testing.T) {
	long := strings.Repeat("a", 300)
	files := fstest.MapFS{}
	refused := []string{"app.cue", ".cue-module/a.txt", ".cue-module/cue.mod/module.cue", ".git/config", "a/.GIT/b", "git~1", "GIT~1/a", ".git./a", ".git ", ".git::$INDEX_ALLOCATION/a", "a\u00a0b", long}
	read := []string{"a.txt", ".gitmodules", ".github/a", "a/app.cue", "a/.cue-module/b", "git~2", "ä b.txt", ".git-a", "cue.mod/module.cue", long[:200]}
	for _, path := range append(refused, read...) {
		files[path] = &fstest.MapFile{Data: []byte("x")}
	}
	for _, path := range refused {
		if data, problem := readOwn(files, path); problem == "" || data != nil {
			t.Errorf("%q is read", path)
		}
	}
	for _, path := range read {
		if _, problem := readOwn(files, path); problem != "" {
			t.Errorf("%q %s", path, problem)
		}
	}
}
