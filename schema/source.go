package schema

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cuebuild "cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"github.com/meridian-gitops/meridian/diag"
)

// MaxSourceBytes is the size up to which a file is read as CUE.
const MaxSourceBytes = 1 << 20

// Source is CUE as it was read: nothing here opens a file by itself.
type Source struct {
	Name string // as it should appear in diagnostics
	Data []byte
	// Module holds the packages that the file may import beside CUE's standard library; nil means none.
	Module *Module
}

// Module is the cue.mod root that holds a source.
type Module struct {
	Path string // of cue.mod/module.cue, without the major version
	// Package returns the CUE files of a folder, by name; folder is relative to the module's root and
	// slash-separated. An error that is [fs.ErrNotExist] says that there is no such folder.
	Package func(folder string) (map[string][]byte, error)
	Root    string // how the root is named in diagnostics; empty for the working folder
}

// ModulePath returns the path that a cue.mod/module.cue declares, without its major version.
func ModulePath(data []byte) (string, error) {
	value := cuecontext.New().CompileBytes(data).LookupPath(cue.ParsePath("module"))
	name, err := value.String()
	if err != nil {
		return "", fmt.Errorf("the module's path cannot be read: %w", err)
	}
	name, _, _ = strings.Cut(name, "@")
	return name, nil
}

// file is a parsed source, checked for what it may not contain.
type file struct {
	source     Source
	syntax     *ast.File
	usesRegion bool
	// unresolved are the identifiers that lead nowhere. They are evaluated as "anything", so that one of them
	// does not hide the file's other mistakes.
	unresolved []*ast.Ident
}

// parse reads CUE syntax and refuses what Meridian does not evaluate. The file is nil when nothing of it can be
// evaluated; what it says otherwise is worth checking even beside an error.
func parse(src Source) (*file, []diag.Diagnostic) {
	if d, ok := tooLarge(src); ok {
		return nil, []diag.Diagnostic{d}
	}
	syntax, err := parser.ParseFile(src.Name, src.Data, parser.ParseComments)
	if err != nil {
		return nil, syntaxErrors(err, src)
	}
	f := &file{source: src, syntax: syntax}
	list := f.check()
	if slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Code == diag.ImportRefused }) {
		return nil, list
	}
	return f, list
}

func tooLarge(src Source) (diag.Diagnostic, bool) {
	if len(src.Data) <= MaxSourceBytes {
		return diag.Diagnostic{}, false
	}
	return diag.New(diag.SourceUnreadable, diag.Pos{File: src.Name}, "", "the file has %d bytes; at most %d are read", len(src.Data), MaxSourceBytes), true
}

func syntaxErrors(err error, src Source) []diag.Diagnostic {
	var list []diag.Diagnostic
	for _, e := range errors.Errors(err) {
		format, args := e.Msg()
		pos := within(position(e.Position()), src)
		d := diag.New(diag.Syntax, pos, "", "%s", fmt.Sprintf(format, args...))
		if strings.HasPrefix(format, "invalid attribute") {
			d = d.WithHint("a string needs quotes: outside of one, @ begins an attribute")
		}
		list = append(list, d)
	}
	// A scanner that has lost its place reports one mistake at several columns of a line; the first is the cause.
	return slices.CompactFunc(diag.Sort(list), func(a, b diag.Diagnostic) bool {
		return a.Pos.File == b.Pos.File && a.Pos.Line == b.Pos.Line
	})
}

// within keeps a position inside its source: the parser puts the end of the file behind the last line's end.
func within(pos diag.Pos, src Source) diag.Pos {
	lines := bytes.Split(src.Data, []byte("\n"))
	if pos.Line < 1 || pos.Line > len(lines) {
		return diag.Pos{File: src.Name, Line: 1, Col: 1}
	}
	pos.Col = max(1, min(pos.Col, len(lines[pos.Line-1])+1))
	return pos
}

// predeclared are the identifiers that CUE resolves by itself.
var predeclared = strings.Fields("_ string bytes bool int float number uint uint8 uint16 uint32 uint64 uint128 int8 int16 int32 int64 int128 " +
	"float32 float64 rune len close and or div mod quo rem error matchN matchIf self null true false " +
	"__string __bytes __bool __int __float __number __len __close __and __or __div __mod __quo __rem __error __matchN __matchIf")

func (f *file) check() []diag.Diagnostic {
	var list []diag.Diagnostic
	add := func(code diag.Code, pos token.Pos, format string, args ...any) {
		list = append(list, diag.New(code, position(pos), "", format, args...))
	}
	ast.Walk(f.syntax, func(n ast.Node) bool {
		if attr, ok := n.(*ast.Attribute); ok {
			if key, _ := attr.Split(); key == "embed" || key == "extern" || key == "tag" {
				add(diag.AttributeRefused, attr.Pos(), "@%s is not evaluated here", key)
			}
		}
		return true
	}, nil)
	for spec := range f.syntax.ImportSpecs() {
		if problem := f.importProblem(spec); problem != "" {
			add(diag.ImportRefused, spec.Pos(), "%s", problem)
		}
	}
	names := map[string]bool{}
	var kept []ast.Decl
	redefined := false
	for _, decl := range f.syntax.Decls {
		if attr, ok := decl.(*ast.Attribute); ok {
			if key, _ := attr.Split(); key == "extern" {
				continue // refused above; CUE would refuse it again, without a place
			}
		}
		field, ok := decl.(*ast.Field)
		if !ok {
			kept = append(kept, decl)
			continue
		}
		name, _, err := ast.LabelName(field.Label)
		if err != nil {
			kept = append(kept, decl)
			continue
		}
		names[name] = true
		if name == "region" {
			add(diag.RegionRedefined, field.Pos(), "region stands for the facts of the region and cannot be a field of its own")
			redefined = true
			continue
		}
		kept = append(kept, decl)
		if field.Constraint != token.ILLEGAL && isData(name) {
			add(diag.ConstraintMarker, field.Pos(), "%s%s says what a field must be, not what it is", name, field.Constraint)
			field.Constraint = token.ILLEGAL
		}
	}
	for _, ident := range f.syntax.Unresolved {
		switch {
		case ident.Name == "region":
			f.usesRegion = true
		case slices.Contains(predeclared, ident.Name) || ident.Name == f.syntax.PackageName():
		default:
			d := diag.New(diag.UnknownReference, position(ident.Pos()), "", "nothing is named %s here", ident.Name)
			if near := diag.Nearest(ident.Name, slices.Sorted(maps.Keys(names))); near != "" {
				d = d.WithHint("did you mean %s? A string needs quotes: %q", near, ident.Name)
			} else {
				d = d.WithHint("a string needs quotes: %q", ident.Name)
			}
			list = append(list, d)
			f.unresolved = append(f.unresolved, ident)
		}
	}
	if redefined { // references to a region of the file's own lead nowhere now
		f.unresolved = append(f.unresolved, identifiers(f.syntax, "region")...)
	}
	f.syntax.Decls = kept
	if f.usesRegion {
		list = append(list, f.checkFacts()...)
	}
	return list
}

func isData(name string) bool { return !strings.HasPrefix(name, "_") && !strings.HasPrefix(name, "#") }

// identifiers returns the uses of a name.
func identifiers(n ast.Node, name string) []*ast.Ident {
	var found []*ast.Ident
	ast.Walk(n, func(n ast.Node) bool {
		if ident, ok := n.(*ast.Ident); ok && ident.Name == name {
			found = append(found, ident)
		}
		return true
	}, nil)
	return found
}

// checkFacts refuses facts that regions do not have.
func (f *file) checkFacts() []diag.Diagnostic {
	var list []diag.Diagnostic
	ast.Walk(f.syntax, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		base, ok := sel.X.(*ast.Ident)
		if !ok || base.Name != "region" {
			return true
		}
		name, _, err := ast.LabelName(sel.Sel)
		if err == nil && !slices.Contains(FactNames(), name) {
			list = append(list, diag.New(diag.UnknownFact, position(sel.Pos()), "", "a region has no fact %q", name).
				WithHint("region has %s", strings.Join(FactNames(), ", ")))
		}
		return true
	}, nil)
	return list
}

func (f *file) importProblem(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return "the import path cannot be read"
	}
	if isStandard(name) {
		if strings.HasPrefix(name, "tool") {
			return fmt.Sprintf("%q runs commands and is never evaluated", name)
		}
		return ""
	}
	if _, _, err := f.source.Module.files(name); err != nil {
		return err.Error()
	}
	return ""
}

// isStandard reports whether an import path is of CUE's standard library: its first element has no dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}

// files returns the CUE files of the package that an import path names, and its folder.
func (m *Module) files(importPath string) (string, map[string][]byte, error) {
	name, _, _ := strings.Cut(importPath, ":")
	name, _, _ = strings.Cut(name, "@")
	if m == nil {
		return "", nil, fmt.Errorf("%q cannot be imported: no cue.mod is above this file", importPath)
	}
	rest, ok := strings.CutPrefix(name, m.Path)
	if !ok || (rest != "" && rest[0] != '/') {
		return "", nil, fmt.Errorf("%q cannot be imported: it is outside the module %s, and nothing is ever fetched", importPath, m.Path)
	}
	folder := path.Clean("." + rest)
	if !fs.ValidPath(folder) {
		return "", nil, fmt.Errorf("%q cannot be imported: it leads out of the module %s", importPath, m.Path)
	}
	files, err := m.Package(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return "", nil, fmt.Errorf("%q cannot be imported: the module %s has no CUE file in %s", importPath, m.Path, folder)
	}
	return folder, files, err
}

// build evaluates files as one package in a fresh context, with the facts in scope as `region`.
func build(files []*file, facts *Facts) (cue.Value, *cue.Context, []diag.Diagnostic) {
	ctx := cuecontext.New()
	options := []cue.BuildOption{}
	if facts != nil {
		options = append(options, cue.Scope(ctx.Encode(map[string]any{"region": facts})))
	}
	first := files[0]
	if len(files) == 1 && first.source.Module == nil {
		v, list := checked(ctx.BuildFile(first.buildable(), options...))
		return v, ctx, list
	}
	loader := &loader{module: first.source.Module, instances: map[string]*cuebuild.Instance{}}
	loader.context = cuebuild.NewContext(cuebuild.Loader(loader.load))
	instance := loader.context.NewInstance(".", loader.load)
	for _, f := range files {
		if err := instance.AddSyntax(f.buildable()); err != nil {
			return cue.Value{}, ctx, evaluationErrors(err, "")
		}
	}
	if err := instance.Complete(); err != nil {
		return cue.Value{}, ctx, evaluationErrors(err, "")
	}
	v, list := checked(ctx.BuildInstance(instance, options...))
	return v, ctx, list
}

// buildable returns a syntax tree of its own: a tree that has been built cannot be built in another scope, and
// parsing again is the cheap part.
func (f *file) buildable() *ast.File {
	again := &file{source: f.source}
	syntax, err := parser.ParseFile(f.source.Name, f.source.Data)
	if err != nil {
		return f.syntax
	}
	again.syntax = syntax
	again.check()
	for _, ident := range again.unresolved {
		ident.Name, ident.Node, ident.Scope = "_", nil, nil
	}
	return again.syntax
}

// checked reports the errors that leave nothing to walk over.
func checked(v cue.Value) (cue.Value, []diag.Diagnostic) {
	if _, err := v.Fields(); err != nil {
		return v, evaluationErrors(err, "")
	}
	return v, nil
}

// loader reads the packages of one module.
type loader struct {
	module    *Module
	context   *cuebuild.Context
	instances map[string]*cuebuild.Instance
	loading   []string // the packages that are being read, each because the one before imports it
}

func (l *loader) load(_ token.Pos, importPath string) *cuebuild.Instance {
	if isStandard(importPath) {
		return nil
	}
	if slices.Contains(l.loading, importPath) { // CUE would follow the circle until the stack is full
		circle := l.context.NewInstance(importPath, l.load)
		circle.Err = errors.Newf(token.NoPos, "%s imports itself, directly or through others", importPath)
		return circle
	}
	if known := l.instances[importPath]; known != nil {
		return known
	}
	l.loading = append(l.loading, importPath)
	defer func() { l.loading = l.loading[:len(l.loading)-1] }()
	instance := l.context.NewInstance(importPath, l.load)
	instance.ImportPath = importPath
	l.instances[importPath] = instance
	if err := l.fill(instance, importPath); err != nil {
		instance.Err = errors.Promote(err, "import")
	}
	return instance
}

func (l *loader) fill(instance *cuebuild.Instance, importPath string) error {
	folder, files, err := l.module.files(importPath)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		parsed, list := parse(Source{Name: path.Join(l.module.Root, folder, name), Data: files[name], Module: l.module})
		if diag.HasErrors(list) {
			return errors.Newf(token.NoPos, "%s: %s", list[0].Pos, list[0].Message)
		}
		if err := instance.AddSyntax(parsed.syntax); err != nil {
			return err
		}
	}
	return instance.Complete()
}

func position(p token.Pos) diag.Pos {
	if !p.IsValid() {
		return diag.Pos{}
	}
	at := p.Position()
	return diag.Pos{File: at.Filename, Line: at.Line, Col: at.Column}
}
