package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/meridian-gitops/meridian/manifest"
)

// readTree reads the regular files below a folder; a folder that does not exist is empty.
func readTree(dir string) (manifest.Tree, error) {
	var files []manifest.File
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path == dir {
				return fs.SkipAll
			}
			return err
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files = append(files, manifest.File{Path: filepath.ToSlash(rel), Data: data})
		return nil
	})
	if err != nil {
		return manifest.Tree{}, err
	}
	return manifest.NewTree(files)
}

// writeTree writes a tree below a folder, which must not hold any of its files yet.
func writeTree(dir string, tree manifest.Tree) error {
	made := map[string]bool{}
	for path, data := range tree.Files() {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if parent := filepath.Dir(full); !made[parent] {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return err
			}
			made[parent] = true
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// replaceDir puts a finished folder in the place of another, or of none: the old one is moved aside first and
// removed last, so that at no moment there is half of one.
func replaceDir(finished, dir string) error {
	old := finished + ".old"
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	moved := true
	if err := os.Rename(dir, old); errors.Is(err, fs.ErrNotExist) {
		moved = false
	} else if err != nil {
		return fmt.Errorf("replace %s: %w", dir, err)
	}
	if err := os.Rename(finished, dir); err != nil {
		if moved {
			err = errors.Join(err, os.Rename(old, dir))
		}
		return fmt.Errorf("replace %s: %w", dir, err)
	}
	if !moved {
		return nil
	}
	return os.RemoveAll(old)
}

// stagingDir makes a folder beside dir, on the same file system, for a tree that is not finished.
func stagingDir(dir string) (string, error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, ".meridian-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) // it may become the folder itself, which others read
}

// rewriteFiles gives regular files a new content. Each is written beside itself, with its mode, and all are moved into
// place when all are written: a file is never half of one, and a full disk changes none.
func rewriteFiles(contents map[string][]byte) error {
	staged := map[string]string{}
	defer func() {
		for _, temp := range staged {
			os.Remove(temp)
		}
	}()
	paths := slices.Sorted(maps.Keys(contents))
	for _, path := range paths {
		temp, err := stageFile(path, contents[path])
		if temp != "" {
			staged[path] = temp
		}
		if err != nil {
			return fmt.Errorf("rewrite %s: %w", path, err)
		}
	}
	for _, path := range paths {
		if err := os.Rename(staged[path], path); err != nil {
			return fmt.Errorf("rewrite %s: %w", path, err)
		}
		delete(staged, path)
	}
	return nil
}

// stageFile writes a file's new content beside it.
func stageFile(path string, data []byte) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".meridian-")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	return f.Name(), errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
}
