package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// appFile is the name that an application's file has in its folder.
const appFile = "app.cue"

// input is one application as read: its file, what it imports, and the files beside it.
type input struct {
	path   string // as named on the command line, or found
	from   origin // where it was read
	whole  bool   // it came from a record with all that belongs to it: nothing is read from the disk
	source schema.Source
	beside map[string][]byte
	wanted []schema.Beside   // what beside holds, as far as it could be read
	ask    besideReader      // reads what is beside app.cue in another process; nil: it is read here
	module map[string][]byte // the module's files that were read, by path below its root
}

// besideReader reads files beside an app.cue, and says what is wrong with those that it cannot read.
type besideReader func([]schema.Beside) (map[string][]byte, []diag.Diagnostic)

// recorded returns the inputs as they are recorded in the repository: app.cue, the files beside it by their path
// below its folder, and the module's files that were read under modulePrefix.
func (in *input) recorded() (manifest.Tree, error) {
	files := []manifest.File{{Path: appFile, Data: in.source.Data}}
	for path, data := range in.beside {
		files = append(files, manifest.File{Path: path, Data: data})
	}
	for path, data := range in.module {
		files = append(files, manifest.File{Path: modulePrefix + path, Data: data})
	}
	return manifest.NewTree(files)
}

// sources are the CUE files that were read, as diagnostics call them.
func (in *input) sources() map[string][]byte {
	files := map[string][]byte{in.source.Name: in.source.Data}
	for file, data := range in.module {
		if in.source.Module != nil {
			files[path.Join(in.source.Module.Root, file)] = data
		}
	}
	return files
}

// size is how much has been read.
func (in *input) size() int {
	n := len(in.source.Data)
	for _, files := range []map[string][]byte{in.module, in.beside} {
		for _, data := range files {
			n += len(data)
		}
	}
	return n
}

// maxInputs bounds what is read for one application, in bytes. It is far above what can be published.
const maxInputs = 16 << 20

const (
	modulePrefix = ".cue-module/"
	moduleFile   = "cue.mod/module.cue"
)

// find returns the app.cue files that arguments name: a file, a folder that holds one, or FOLDER/... for all below.
func find(args []string) ([]string, []diag.Diagnostic, error) {
	var paths []string
	var list []diag.Diagnostic
	for _, arg := range orHere(args) {
		found, err := origin{}.find(arg)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			list = append(list, diag.New(diag.SourceUnreadable, diag.Pos{File: arg}, "", "there is no such file"))
		case err != nil:
			return nil, nil, err
		case len(found) == 0:
			list = append(list, diag.New(diag.NothingToCompile, diag.Pos{File: arg}, "", "there is no %s below it", appFile))
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	return slices.Compact(paths), list, nil
}

// orHere returns arguments, or the working folder when there is none.
func orHere(args []string) []string {
	if len(args) == 0 {
		return []string{"."}
	}
	return args
}

// find returns the app.cue files that one argument names.
func (o origin) find(arg string) ([]string, error) {
	if base, ok := strings.CutSuffix(arg, "..."); ok {
		return o.below(base, isApp)
	}
	info, err := o.stat(arg)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		info, err = o.lstat(arg) // a link that leads in a circle, or out of a revision: reading it says so
	}
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{filepath.Clean(arg)}, nil
	}
	path := filepath.Join(arg, appFile)
	if _, err := o.lstat(path); err != nil {
		return nil, err
	}
	return []string{path}, nil
}

func isApp(path string) bool { return filepath.Base(path) == appFile }

// walk returns the files below a folder that are wanted.
func walk(base string, wanted func(path string) bool) ([]string, error) {
	return origin{}.below(base, wanted)
}

// below returns the files below a folder that are wanted. Folders of tools and of vendored modules are passed over.
func (o origin) below(base string, wanted func(path string) bool) ([]string, error) {
	root := filepath.Clean(strings.TrimSuffix(base, "/"))
	var paths []string
	err := o.walk(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "cue.mod" || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.IsDir() && wanted(path):
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

// read reads an app.cue; what it needs beside it comes later, when it is known.
func (o origin) read(file string) (*input, []diag.Diagnostic, error) {
	data, list, err := o.readSource(file)
	if data == nil {
		return nil, list, err
	}
	in := &input{path: file, from: o, source: schema.Source{Name: o.name(file), Data: data}, beside: map[string][]byte{}}
	if bytes.Contains(data, []byte("import")) {
		if list, err := in.findModule(); list != nil || err != nil {
			return nil, list, err
		}
	}
	return in, nil, nil
}

// readSource reads a file of CUE; nil when it is none that may be read, which a diagnostic then says.
func (o origin) readSource(file string) ([]byte, []diag.Diagnostic, error) {
	unreadable := func(format string, args ...any) ([]byte, []diag.Diagnostic, error) {
		return nil, []diag.Diagnostic{diag.New(diag.SourceUnreadable, diag.Pos{File: o.name(file)}, "", format, args...)}, nil
	}
	info, err := o.lstat(file) // a link in somebody's repository must not show what it leads to
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return unreadable("there is no such file")
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return unreadable("it is not a regular file")
	case info.Size() > schema.MaxSourceBytes:
		return unreadable("it has %d bytes; at most %d are read", info.Size(), schema.MaxSourceBytes)
	}
	data, err := o.readFile(file)
	if err != nil {
		return nil, nil, err
	}
	return data, nil, nil
}

// findModule looks for the cue.mod root above the file. Its files are opened so that no symbolic link leads out.
func (in *input) findModule() ([]diag.Diagnostic, error) {
	dir, err := filepath.Abs(filepath.Dir(in.path))
	if err != nil {
		return nil, err
	}
	for {
		_, err := in.from.lstat(filepath.Join(dir, filepath.FromSlash(moduleFile)))
		if err == nil {
			return in.openModule(dir)
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil, nil
		}
		dir = parent
	}
}

// openModule reads a module's file; its packages are read later.
func (in *input) openModule(dir string) ([]diag.Diagnostic, error) {
	root, _, err := in.from.folder(dir)
	if err != nil {
		return nil, err
	}
	name := in.from.name(relative(dir))
	data, problem := readRegular(root, moduleFile, "the module")
	if problem != "" {
		return []diag.Diagnostic{diag.New(diag.SourceUnreadable, diag.Pos{File: path.Join(name, moduleFile)}, "", "it %s", problem)}, nil
	}
	in.module = map[string][]byte{moduleFile: data}
	in.source.Module = &schema.Module{Package: in.packageReader(root), Root: name}
	return nil, nil
}

// nameModule reads the module's path, which is CUE as well.
func (in *input) nameModule() []diag.Diagnostic {
	m := in.source.Module
	if m == nil || m.Path != "" {
		return nil
	}
	name, err := schema.ModulePath(in.module[moduleFile])
	if err != nil {
		return []diag.Diagnostic{diag.New(diag.SourceUnreadable, diag.Pos{File: path.Join(m.Root, moduleFile)}, "", "%v", err)}
	}
	m.Path = name
	return nil
}

// relative names a folder as the user would: from the working folder.
func relative(dir string) string {
	wd, err := os.Getwd()
	if err != nil {
		return dir
	}
	if rel, err := filepath.Rel(wd, dir); err == nil {
		return rel
	}
	return dir
}

// packageReader reads packages of the module, and remembers the files, because they are inputs too.
func (in *input) packageReader(root fs.FS) func(string) (map[string][]byte, error) {
	left := maxInputs - in.size()
	return func(folder string) (map[string][]byte, error) {
		entries, err := fs.ReadDir(root, folder)
		if err != nil {
			return nil, err
		}
		files := map[string][]byte{}
		for _, entry := range entries {
			name := entry.Name()
			if !entry.Type().IsRegular() || path.Ext(name) != ".cue" || strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
				continue
			}
			full := path.Join(folder, name)
			data, problem := readRegular(root, full, "the module")
			if problem != "" {
				return nil, fmt.Errorf("%s %s", full, problem)
			}
			if _, again := in.module[full]; !again {
				left -= len(data)
			}
			if left < 0 {
				return nil, fmt.Errorf("%s is too much: with it, the application reads more than %d bytes", full, maxInputs)
			}
			files[name], in.module[full] = data, data
		}
		return files, nil
	}
}

// fromRecord makes an input of what was recorded in the repository. Diagnostics name its files below name.
func fromRecord(name string, recorded manifest.Tree) *input {
	in := &input{path: name + "/" + appFile, whole: true, beside: map[string][]byte{}}
	in.source.Name = in.path
	for file, data := range recorded.Files() {
		switch below, inModule := strings.CutPrefix(file, modulePrefix); {
		case inModule && in.module == nil:
			in.module = map[string][]byte{below: data}
		case inModule:
			in.module[below] = data
		case file == appFile:
			in.source.Data = data
		default:
			in.beside[file] = data
		}
	}
	if _, ok := in.module[moduleFile]; ok {
		in.source.Module = &schema.Module{Package: in.recordedPackage, Root: name}
	}
	return in
}

func (in *input) recordedPackage(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for file, data := range in.module {
		if dir, name := path.Split(file); path.Clean(dir) == folder && path.Ext(name) == ".cue" {
			files[name] = data
		}
	}
	return files, nil
}

// readBeside reads the files beside app.cue that the application names: regular files below its folder, at most
// 1 MiB, never through a symbolic link that leads out.
func (in *input) readBeside(wanted []schema.Beside) []diag.Diagnostic {
	if in.whole {
		return nil
	}
	if in.wanted = wanted; len(wanted) == 0 {
		return nil
	}
	if in.ask != nil {
		files, list := in.ask(wanted)
		in.beside = files
		return list
	}
	root, closeRoot, err := in.from.folder(filepath.Dir(in.path))
	if err != nil {
		return []diag.Diagnostic{diag.New(diag.BesideFile, wanted[0].Pos, wanted[0].Field, "the folder cannot be opened: %v", err)}
	}
	defer closeRoot()
	var list []diag.Diagnostic
	read := in.size()
	for _, w := range wanted {
		if _, done := in.beside[w.Path]; done {
			continue
		}
		data, problem := readOwn(root, w.Path)
		if read += len(data); problem == "" && read > maxInputs {
			problem = fmt.Sprintf("is too much: with it, the application reads more than %d bytes", maxInputs)
		}
		if problem != "" {
			list = append(list, diag.New(diag.BesideFile, w.Pos, w.Field, "%s %s", w.Path, problem))
		}
		if read > maxInputs {
			break
		}
		if problem == "" {
			in.beside[w.Path] = data
		}
	}
	return list
}

// readOwn reads a file beside app.cue, unless it could not be recorded under its path.
func readOwn(root fs.FS, file string) ([]byte, string) {
	switch problem := publish.PathProblem(file); {
	case file == appFile:
		return nil, "is the application itself"
	case strings.HasPrefix(file, modulePrefix):
		return nil, "cannot be used: what is recorded has the module's files below " + modulePrefix
	case problem != "":
		return nil, "cannot be used: " + problem
	}
	return readRegular(root, file, "the folder of app.cue")
}

// readRegular reads a file below a root, which is called within, or says what is wrong with it.
func readRegular(root fs.FS, path, within string) ([]byte, string) {
	info, err := fs.Stat(root, path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "does not exist in " + within
	case err != nil:
		return nil, fmt.Sprintf("cannot be used: it leads out of %s, or cannot be opened", within)
	case !info.Mode().IsRegular():
		return nil, "is not a regular file"
	case info.Size() > schema.MaxSourceBytes:
		return nil, fmt.Sprintf("has %d bytes; at most %d are read", info.Size(), schema.MaxSourceBytes)
	}
	f, err := root.Open(path)
	if err != nil {
		return nil, "cannot be opened"
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, schema.MaxSourceBytes+1))
	if err != nil || len(data) > schema.MaxSourceBytes {
		return nil, "cannot be read"
	}
	return data, ""
}

// readPlatform reads the *.cue files of a platform folder, in order of their names.
func (o origin) readPlatform(dir string) ([]schema.Source, error) {
	if dir == "" {
		return nil, nil
	}
	entries, err := o.readDir(dir)
	if o.files != nil && errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("read platform: there is no %s", o.name(dir))}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("read platform: %w", err)}
	}
	var sources []schema.Source
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != ".cue" || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		info, err := o.stat(path) // a link is followed: the folder is the platform team's own, and mounted folders are made of links
		switch {
		case err != nil:
			return nil, fmt.Errorf("read platform: %w", err)
		case !info.Mode().IsRegular():
			return nil, usageError{fmt.Errorf("read platform: %s is not a regular file", o.name(path))}
		case info.Size() > schema.MaxSourceBytes:
			return nil, usageError{fmt.Errorf("read platform: %s has %d bytes; at most %d are read", o.name(path), info.Size(), schema.MaxSourceBytes)}
		}
		data, err := o.readFile(path)
		if err != nil {
			return nil, fmt.Errorf("read platform: %w", err)
		}
		sources = append(sources, schema.Source{Name: o.name(path), Data: data})
	}
	if len(sources) == 0 {
		return nil, usageError{fmt.Errorf("read platform: there is no CUE file in %s", o.name(dir))}
	}
	return sources, nil
}

// loadPlatform reads and checks the platform, and reports what is wrong with it.
func (c *cli) loadPlatform(s *schema.Schema) (*regions.Platform, error) {
	return c.loadPlatformOf(s, origin{}, c.platform)
}

func (c *cli) loadPlatformOf(s *schema.Schema, from origin, dir string) (*regions.Platform, error) {
	sources, err := from.readPlatform(dir)
	if err != nil {
		return nil, err
	}
	p, list, err := regions.Load(s, sources)
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, src := range sources {
		texts[src.Name] = src.Data
	}
	if err := c.report(list, texts); err != nil {
		return nil, err
	}
	return p, nil
}
