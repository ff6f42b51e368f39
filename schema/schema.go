package schema

import (
	"embed"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"
)

//go:embed types.cue app.cue platform.cue expect.cue
var sources embed.FS

// sourceFiles are the names of the embedded schema's files, in reading order.
var sourceFiles = []string{"types.cue", "app.cue", "platform.cue", "expect.cue"}

// Schema is the compiled schema of app.cue, of the platform and of expectations. It is immutable and may be used by many
// goroutines at once.
type Schema struct {
	types    map[string]*Type
	order    []*Type
	memo     sync.Map     // leafKey → bool: whether a leaf type admits a literal
	memoSize atomic.Int64 // entries in memo
}

// New compiles the embedded schema.
func New() (*Schema, error) {
	ctx := cuecontext.New()
	s := &Schema{types: map[string]*Type{}}
	var merged *ast.File
	var decls []ast.Decl
	files, err := parseSources()
	if err != nil {
		return nil, err
	}
	for i, name := range sourceFiles {
		file := files[i]
		for _, decl := range file.Decls {
			field, ok := decl.(*ast.Field)
			if !ok {
				continue
			}
			t, err := s.declare(field, name)
			if err != nil {
				return nil, err
			}
			if t.leaf {
				decls = append(decls, field)
			}
		}
		if merged == nil {
			merged = file
		}
	}
	if err := s.compileLeaves(ctx, merged, decls); err != nil {
		return nil, err
	}
	for _, t := range s.order {
		if err := s.resolve(t); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// parseSources parses the embedded files side by side: it is the larger part of a short run's start.
func parseSources() ([]*ast.File, error) {
	files, errs := make([]*ast.File, len(sourceFiles)), make([]error, len(sourceFiles))
	var group sync.WaitGroup
	for i, name := range sourceFiles {
		group.Go(func() {
			data, err := sources.ReadFile(name)
			if err == nil {
				files[i], err = parser.ParseFile(name, data, parser.ParseComments)
			}
			errs[i] = err
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return files, nil
}

// Type returns a definition by name, with its #. It is nil when there is none.
func (s *Schema) Type(name string) *Type { return s.types[name] }

// Types returns all definitions in source order.
func (s *Schema) Types() []*Type { return s.order }

// Leaf reports whether the type is a scalar that CUE checks.
func (t *Type) Leaf() bool { return t.leaf }

// Expr returns the CUE that a leaf's values must satisfy, without the schema's own attributes. It is shared, and not
// to be changed.
func (t *Type) Expr() ast.Expr { return t.expr }

// Field returns a field by name, or nil.
func (t *Type) Field(name string) *Field { return t.names[name] }

// compileLeaves evaluates the leaf definitions, and only them, in one context.
func (s *Schema) compileLeaves(ctx *cue.Context, header *ast.File, leaves []ast.Decl) error {
	file := &ast.File{Filename: "types.cue"}
	for _, decl := range header.Decls {
		switch decl.(type) {
		case *ast.Package, *ast.ImportDecl:
			file.Decls = append(file.Decls, decl)
		}
	}
	file.Decls = append(file.Decls, leaves...)
	value := ctx.BuildFile(file)
	if err := value.Err(); err != nil {
		return fmt.Errorf("compile schema: %w", err)
	}
	for _, t := range s.order {
		if t.leaf {
			t.value = value.LookupPath(cue.MakePath(cue.Def(t.Name)))
			if err := t.value.Err(); err != nil {
				return fmt.Errorf("compile schema: %s: %w", t.Name, err)
			}
			t.kind = t.value.IncompleteKind()
		}
	}
	return nil
}

// Kinds returns the kinds of values that a leaf admits, of "string", "number", "bool", "list", "struct" and "null".
func (t *Type) Kinds() []string {
	var kinds []string
	for _, k := range []struct {
		kind cue.Kind
		name string
	}{{cue.StringKind, "string"}, {cue.NumberKind, "number"}, {cue.BoolKind, "bool"}, {cue.ListKind, "list"}, {cue.StructKind, "struct"}, {cue.NullKind, "null"}} {
		if t.kind&k.kind != 0 {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}
