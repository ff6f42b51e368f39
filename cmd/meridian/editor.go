package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/schema/export"
)

const (
	// companionFile stands beside app.cue, in its package.
	companionFile = "app_schema.cue"
	// vendoredFile is where cue looks for a package before it asks a registry, below the module's root.
	vendoredFile = "cue.mod/pkg/" + export.ImportPath + "/schema.cue"
	// newModule is the cue.mod/module.cue of an application that is in no module yet.
	newModule = "module: \"apps.local@v0\"\nlanguage: {\n\tversion: \"v0.15.0\"\n}\n"
)

// writeEditorFiles writes what cue and its language server need to know the app.cue in dir by, and returns the paths of
// what was written: a cue.mod/module.cue unless one is above, the schema in that module, and the companion file. Either
// all is written or, when a file of somebody else's stands in the way, nothing.
func (c *cli) writeEditorFiles(dir string) (written []string, err error) {
	pkg, err := appPackage(filepath.Join(dir, appFile))
	if err != nil {
		return nil, err
	}
	root, found, err := moduleRoot(dir)
	if err != nil {
		return nil, err
	}
	vendored, companion, err := c.editorTexts(pkg)
	if err != nil {
		return nil, err
	}
	files := []struct {
		path string
		text []byte
	}{
		{filepath.Join(root, filepath.FromSlash(vendoredFile)), vendored},
		{filepath.Join(dir, companionFile), companion},
	}
	for _, f := range files {
		if err := ownedOrAbsent(f.path); err != nil {
			return nil, err
		}
	}
	if !found {
		path := filepath.Join(root, filepath.FromSlash(moduleFile))
		if err := writeNew(path, []byte(newModule)); err != nil {
			return nil, err
		}
		written = append(written, path)
	}
	for _, f := range files {
		if err := replaceFile(f.path, f.text); err != nil {
			return written, err
		}
		written = append(written, f.path)
	}
	return written, nil
}

// appPackage returns the package of an app.cue, which its companion must be in.
func appPackage(path string) (string, error) {
	in, list, err := origin{}.read(path)
	switch {
	case err != nil:
		return "", err
	case diag.HasErrors(list):
		return "", usageError{fmt.Errorf("%s cannot be read: %s", path, list[0].Message)}
	}
	name, err := schema.PackageName(in.source)
	switch {
	case err != nil:
		return "", usageError{fmt.Errorf("%s cannot be read: %w", path, err)}
	case name == "":
		return "", usageError{fmt.Errorf("%s is in no package, and cue reads files together by their package; begin it with: package app", path)}
	}
	return name, nil
}

// moduleRoot returns the folder of the cue.mod that holds dir, or dir itself where there is none yet. A module whose
// language is too old for the companion is refused, not changed.
func moduleRoot(dir string) (root string, found bool, err error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return "", false, err
	}
	for at, above := absolute, ""; at != above; at, above = filepath.Dir(at), at {
		file := filepath.Join(at, filepath.FromSlash(moduleFile))
		data, err := os.ReadFile(file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", false, err
		}
		minor, err := schema.ModuleLanguage(data)
		if err != nil {
			return "", false, usageError{fmt.Errorf("%s: %w", relative(file), err)}
		}
		if minor < export.LanguageMinor {
			return "", false, usageError{fmt.Errorf("%s asks for a language that editor support is not written in; raise it with: cue mod edit --language-version v0.%d.0", relative(file), export.LanguageMinor)}
		}
		return relative(at), true, nil
	}
	return dir, false, nil
}

// editorTexts returns the vendored schema and the companion, for the platform in force.
func (c *cli) editorTexts(pkg string) (vendored, companion []byte, err error) {
	s, err := schema.New()
	if err != nil {
		return nil, nil, err
	}
	p, err := c.loadPlatform(s)
	if err != nil {
		return nil, nil, err
	}
	var facts []schema.Facts
	region := ""
	for i := range p.Regions {
		r := &p.Regions[i]
		facts = append(facts, r.Facts())
		if r.Open && (region == "" || r.Control) {
			region = r.ID
		}
	}
	if region == "" {
		return nil, nil, usageError{errors.New("the platform has no open region")}
	}
	if vendored, err = export.Vendored(s, facts); err != nil {
		return nil, nil, err
	}
	companion, err = export.Companion(pkg, region)
	return vendored, companion, err
}

// ownedOrAbsent refuses to replace what Meridian did not write.
func ownedOrAbsent(path string) error {
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !bytes.HasPrefix(data, []byte(export.Generated)):
		return usageError{fmt.Errorf("%s was not written by meridian and is left as it is", path)}
	}
	return nil
}

// replaceFile puts a finished file in the place of another, or of none.
func replaceFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".meridian-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // a file that was renamed is not there any more
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
