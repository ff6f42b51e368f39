// Package architecture holds the rules of who may import what, so that the stages stay apart.
package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/meridian-gitops/meridian"

// source is a parsed Go file of the module.
type source struct {
	path   string // slash-separated, from the module's root
	folder string
	test   bool
	syntax *ast.File
}

// sources parses every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	var list []source
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		slashed := filepath.ToSlash(relative)
		folder := "."
		if i := strings.LastIndex(slashed, "/"); i >= 0 {
			folder = slashed[:i]
		}
		list = append(list, source{slashed, folder, strings.HasSuffix(path, "_test.go"), file})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("only %d Go files", len(list))
	}
	return list
}

func (s source) imports() []string {
	var list []string
	for _, spec := range s.syntax.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		list = append(list, name)
	}
	return list
}

func under(name, prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+"/") }

// TestOwners holds that a library is imported by the package that wraps it, and by tests outside the core.
func TestOwners(t *testing.T) {
	owners := map[string]string{
		"github.com/go-git/go-git": "publish",
		"cuelang.org/go":           "schema",
		"sigs.k8s.io/kustomize":    "compiler",
		"github.com/ProtonMail":    "signature",
	}
	for _, s := range sources(t) {
		for _, name := range s.imports() {
			for library, owner := range owners {
				if !strings.HasPrefix(name, library) || under(s.folder, owner) || under(s.folder, "test") {
					continue
				}
				if s.test && !slices.Contains(core, s.folder) {
					continue
				}
				t.Errorf("%s imports %s; only %s does", s.path, name, owner)
			}
		}
	}
}

// core are the packages that do nothing but compute.
var core = []string{"compiler", "schema", "regions", "golden", "manifest", "diag", "report", "reach", "schema/export", "expect", "change", "signature"}

// TestPure holds that the core reads no file, clock, environment or network, runs nothing, logs nothing and rolls no
// dice; embedding is not reading.
func TestPure(t *testing.T) {
	forbidden := []string{"os", "net", "net/http", "os/exec", "os/signal", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "syscall", "plugin", "unsafe", "runtime/debug", "path/filepath"}
	for _, s := range sources(t) {
		if s.test || !slices.Contains(core, s.folder) {
			continue
		}
		for _, name := range s.imports() {
			if slices.Contains(forbidden, name) {
				t.Errorf("%s imports %s", s.path, name)
			}
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				base, _ := sel.X.(*ast.Ident)
				if base != nil && base.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker"}, sel.Sel.Name) {
					t.Errorf("%s uses time.%s", s.path, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestDirection holds that imports run one way through the stages.
func TestDirection(t *testing.T) {
	mayImport := map[string][]string{
		"diag":          {},
		"manifest":      {"diag"},
		"report":        {"diag"},
		"golden":        {"diag", "manifest"},
		"reach":         {"manifest"},
		"schema":        {"diag"},
		"signature":     {},
		"regions":       {"diag", "schema", "signature"},
		"compiler":      {"diag", "schema", "regions", "manifest"},
		"publish":       {"diag", "schema", "regions", "manifest", "compiler", "change", "signature"},
		"schema/export": {"schema"},
		"expect":        {"diag", "schema", "regions", "manifest", "compiler"},
		"change":        {"golden", "manifest"},
		"sandbox":       {},
	}
	for _, s := range sources(t) {
		allowed, held := mayImport[s.folder]
		if s.test || !held {
			continue
		}
		for _, name := range s.imports() {
			if own, ok := strings.CutPrefix(name, module+"/"); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s; %s may import %v", s.path, own, s.folder, allowed)
			}
		}
	}
}

// TestWriters holds that only the command, publishing and what is not shipped change files.
func TestWriters(t *testing.T) {
	writing := []string{"Create", "CreateTemp", "OpenFile", "WriteFile", "Mkdir", "MkdirAll", "MkdirTemp", "Remove", "RemoveAll", "Rename", "Symlink", "Link", "Truncate", "Chmod"}
	for _, s := range sources(t) {
		if s.test || under(s.folder, "cmd") || under(s.folder, "publish") || under(s.folder, "test") || under(s.folder, "docs") {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if base, _ := sel.X.(*ast.Ident); base != nil && base.Name == "os" && slices.Contains(writing, sel.Sel.Name) {
					t.Errorf("%s uses os.%s", s.path, sel.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestSandbox holds that only the command starts children, and that a child's side reaches for nothing.
func TestSandbox(t *testing.T) {
	for _, s := range sources(t) {
		for _, name := range s.imports() {
			if name == module+"/sandbox" && !under(s.folder, "cmd") && s.folder != "sandbox" {
				t.Errorf("%s imports %s; only cmd does", s.path, name)
			}
			if s.folder == "sandbox" && !s.test && (under(name, "net") || strings.Contains(name, ".")) {
				t.Errorf("%s imports %s", s.path, name)
			}
		}
	}
}

// TestPackageDocs holds that every package says what it is for.
func TestPackageDocs(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		external := strings.HasSuffix(s.syntax.Name.Name, "_test")
		documented[s.folder] = documented[s.folder] || !external && s.syntax.Doc != nil
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", folder)
		}
	}
}

// TestFuzzed holds that `make fuzz` runs every fuzz target.
func TestFuzzed(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, s := range sources(t) {
		for _, declared := range s.syntax.Decls {
			f, ok := declared.(*ast.FuncDecl)
			if !ok || !s.test || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			found++
			if run := "./" + s.folder + " -fuzz " + f.Name.Name + " "; !strings.Contains(string(makefile), run) {
				t.Errorf("make fuzz does not run %s", run)
			}
		}
	}
	if n := strings.Count(string(makefile), " -fuzz "); n != found {
		t.Errorf("make fuzz runs %d targets of %d", n, found)
	}
}
