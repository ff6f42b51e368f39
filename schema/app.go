package schema

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cuelang.org/go/cue/ast"

	"github.com/meridian-gitops/meridian/diag"
)

// Facts is what an expression in app.cue may say of the region, as region.id and so on.
type Facts struct {
	ID         string `json:"id"`         // aws-oregon
	Title      string `json:"title"`      // the manual's name of it
	Cloud      string `json:"cloud"`      // AWS
	Registry   string `json:"registry"`   // us-repo.cloud.mi.com
	Kubernetes string `json:"kubernetes"` // 1.36
}

// FactNames returns the names of the facts, sorted.
func FactNames() []string { return []string{"cloud", "id", "kubernetes", "registry", "title"} }

// App is one application as written: checked leaf by leaf, not merged, without defaults. A value's position is in
// its [Node].
type App struct {
	Source    Source
	Name      string // empty when it is missing or wrong
	Space     string
	Owner     string
	Only      *Node // nil when absent
	Except    *Node
	Overrides *Node // the regions field; nil when absent
	Allows    []diag.Allow

	base      *Node
	perRegion map[string]*Node // set only where expressions use the region's facts
	given     map[string]*Node // put over everything, by region
	broken    map[string]bool  // paths of fields that were written and could not be read
}

// Base returns the application in a region, before its override, without the fields only, except and regions.
func (a *App) Base(region string) *Node {
	return a.root(region).without("only").without("except").without("regions")
}

// Override returns what the application changes in a region, or nil.
func (a *App) Override(region string) *Node { return a.root(region).Get("regions", region) }

// With returns the application with something put over it, by region, as its overrides are, and over them: what an
// expectation supposes.
func (a *App) With(given map[string]*Node) *App {
	supposed := *a
	supposed.given = given
	return &supposed
}

// Supposed reports whether something was put over the application.
func (a *App) Supposed() bool { return a.given != nil }

// Given returns what [App.With] put over the application in a region, or nil.
func (a *App) Given(region string) *Node { return a.given[region] }

// Regional reports whether the base itself differs by region, because expressions use the region's facts.
func (a *App) Regional() bool { return a.perRegion != nil }

func (a *App) root(region string) *Node {
	if n, ok := a.perRegion[region]; ok {
		return n
	}
	return a.base
}

// App reads one app.cue: syntax, evaluation, and every rule that concerns one value by itself (S20). facts are the
// regions in which expressions may be evaluated; they are used only by a file that refers to region. The App is
// nil when nothing can be read of the file; with error diagnostics it may be incomplete.
func (s *Schema) App(src Source, facts []Facts) (*App, []diag.Diagnostic) {
	f, list := parse(src)
	if f == nil {
		return nil, list
	}
	app := &App{Source: src}
	allows, unreadable := f.allowances()
	app.Allows, list = allows, append(list, unreadable...)
	if !f.usesRegion || len(facts) == 0 {
		n, found, broken := s.evaluate([]*file{f}, s.Ref("#App"), nil)
		app.base, app.broken = n, broken
		list = append(list, found...)
	} else {
		n, found := s.evaluateRegions(f, facts, app)
		app.base = n
		list = append(list, found...)
	}
	if app.base == nil {
		return nil, diag.Sort(list)
	}
	app.Name, app.Space, app.Owner = app.base.text("name"), app.base.text("space"), app.base.text("owner")
	app.Only, app.Except, app.Overrides = app.base.Get("only"), app.base.Get("except"), app.base.Get("regions")
	list = append(list, f.staleExpressions(app.Overrides)...)
	return app, diag.Sort(list)
}

// Ref returns a reference to a definition of the schema.
func (s *Schema) Ref(name string) *Ref { return &Ref{Type: s.types[name]} }

func (n *Node) text(field string) string {
	if f := n.field(field); f != nil && f.Kind == String {
		return f.Text
	}
	return ""
}

// evaluate also returns the paths of fields that were written and could not be read.
func (s *Schema) evaluate(files []*file, ref *Ref, facts *Facts) (*Node, []diag.Diagnostic, map[string]bool) {
	start := diag.Pos{File: files[0].source.Name, Line: 1, Col: 1}
	value, ctx, list := build(files, facts)
	if len(list) > 0 {
		return nil, placed(list, start), nil
	}
	w := &walker{schema: s, ctx: ctx}
	n := w.walk(ref, value, start, ref.Type == s.types["#Platform"])
	return n, placed(w.withoutEchoes(files), start), brokenPaths(w.list, w.meant)
}

// placed puts what CUE reports without a place at the beginning of the file.
func placed(list []diag.Diagnostic, start diag.Pos) []diag.Diagnostic {
	for i := range list {
		if list[i].Pos.Line == 0 {
			list[i].Pos = start
		}
	}
	return list
}

// brokenPaths returns the paths of errors, and of fields that were meant; a path inside an override is that of the
// field it overrides.
func brokenPaths(list []diag.Diagnostic, meant []string) map[string]bool {
	broken := map[string]bool{}
	for _, path := range meant {
		broken[overridePrefix().ReplaceAllString(path, "")] = true
	}
	for _, d := range list {
		if d.Severity == diag.Error && d.Path != "" {
			broken[overridePrefix().ReplaceAllString(d.Path, "")] = true
		}
	}
	return broken
}

var overridePrefix = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^regions\.("[^"]*"|[^."]+)\.`) })

// Echo reports whether what is said of the merged application is only the consequence of a mistake that reading
// the file has told: a field is missing because its value is wrong, a port because its number is.
func (a *App) Echo(d diag.Diagnostic) bool {
	of := d.Path
	switch d.Code {
	case diag.MissingField, diag.NoAlternative, diag.BadValue:
	case diag.ImageTagMissing:
		of = "image"
	case diag.UndeclaredPort, diag.PortProtocol:
		of = "ports"
	case diag.DomainOtherSpace, diag.UnknownBackend, diag.BackendNotPermitted:
		of = "space"
	case diag.RedirectWithoutTLS:
		of = strings.TrimSuffix(d.Path, "redirectToHTTPS") + "tls"
	case diag.NoRegion:
		of = "only"
	default:
		return false
	}
	for path := range a.broken {
		if below(path, of) || below(of, path) {
			return true
		}
	}
	return false
}

// below reports whether a field's path is another's, or that of a part of it.
func below(path, of string) bool {
	rest, ok := strings.CutPrefix(path, of)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// withoutEchoes drops what is only the consequence of an identifier that leads nowhere, which has been told.
func (w *walker) withoutEchoes(files []*file) []diag.Diagnostic {
	lines, facts := map[diag.Pos]bool{}, map[diag.Pos]bool{}
	for _, f := range files {
		for _, ident := range f.unresolved {
			lines[wholeLine(position(ident.Pos()))] = true
		}
		for _, d := range f.checkFacts() {
			facts[wholeLine(d.Pos)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(w.list), func(d diag.Diagnostic) bool {
		switch d.Code {
		case diag.NotConcrete, diag.NotComputable:
			return lines[wholeLine(d.Pos)]
		case diag.UnknownReference:
			return facts[wholeLine(d.Pos)]
		}
		return false
	})
}

func wholeLine(pos diag.Pos) diag.Pos { return diag.Pos{File: pos.File, Line: pos.Line} }

// Value reads several files of one package as a definition of the schema, such as the platform's folder. The Node
// is nil when nothing can be read.
func (s *Schema) Value(ref *Ref, sources []Source) (*Node, []diag.Diagnostic) {
	var files []*file
	var list []diag.Diagnostic
	for _, src := range sources {
		f, found := parse(src)
		list = append(list, found...)
		if f == nil {
			return nil, diag.Sort(list)
		}
		allows, unreadable := f.allowances()
		for i := range allows {
			allows[i].Settled = true // nothing in these files gives a warning
		}
		list = append(list, diag.Silence(unreadable, allows)...)
		files = append(files, f)
	}
	if len(files) == 0 {
		return nil, list
	}
	n, found, _ := s.evaluate(files, ref, nil)
	return n, diag.Sort(append(list, found...))
}

// evaluateRegions evaluates the file once per region that it selects. What is wrong in all of them is told once,
// without a region.
func (s *Schema) evaluateRegions(f *file, facts []Facts, app *App) (*Node, []diag.Diagnostic) {
	app.perRegion, app.broken = map[string]*Node{}, map[string]bool{}
	found := map[string][]diag.Diagnostic{}
	var first *Node
	for i := range facts {
		if first != nil && !selects(first, facts[i].ID) {
			continue
		}
		n, list, broken := s.evaluate([]*file{f}, s.Ref("#App"), &facts[i])
		maps.Copy(app.broken, broken)
		if n != nil && first == nil {
			first = n
		}
		if n != nil && !selects(n, facts[i].ID) && !diag.HasErrors(list) {
			continue
		}
		found[facts[i].ID] = list
		if n != nil {
			app.perRegion[facts[i].ID] = n
		}
	}
	return first, diag.Fold(found, len(found))
}

// selects reports whether only and except leave a region to an application.
func selects(app *Node, region string) bool {
	named := func(field string) bool {
		return slices.ContainsFunc(app.Get(field).ItemList(), func(n *Node) bool { return n.Text == region })
	}
	return (app.Get("only") == nil || named("only")) && !named("except")
}

// staleExpressions warns where an override changes a field that an expression of the base refers to: the
// expression keeps the base's value.
func (f *file) staleExpressions(overrides *Node) []diag.Diagnostic {
	if overrides == nil {
		return nil
	}
	references := f.references()
	if len(references) == 0 {
		return nil
	}
	var list []diag.Diagnostic
	for _, region := range overrides.Fields {
		for _, leaf := range leaves(region.Node, nil) {
			for _, path := range slices.Sorted(maps.Keys(references)) {
				if !overlaps(path, strings.Join(leaf.path, "\x00")) {
					continue
				}
				d := diag.New(diag.StaleExpression, leaf.pos, "regions."+joinPath(append([]string{region.Name}, leaf.path...)),
					"an expression outside regions uses %s and keeps the value it has there", joinPath(leaf.path))
				list = append(list, d.WithRelated(references[path], "the expression"))
			}
		}
	}
	return list
}

func overlaps(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"\x00") || strings.HasPrefix(b, a+"\x00")
}

type leafPath struct {
	path []string
	pos  diag.Pos
}

func leaves(n *Node, path []string) []leafPath {
	if n.Kind != Struct || n.short() {
		return []leafPath{{slices.Clone(path), n.Pos}}
	}
	var list []leafPath
	for _, f := range n.Fields {
		list = append(list, leaves(f.Node, append(path, f.Name))...)
	}
	return list
}

// references returns the paths of top-level fields that expressions of the base refer to, elements joined by NUL,
// and where. References inside regions are their own region's business.
func (f *file) references() map[string]diag.Pos {
	top := map[string]bool{}
	for _, decl := range f.syntax.Decls {
		if field, ok := decl.(*ast.Field); ok {
			if name, _, err := ast.LabelName(field.Label); err == nil && isData(name) {
				top[name] = true
			}
		}
	}
	found := map[string]diag.Pos{}
	var parents []ast.Node
	before := func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && len(parents) == 1 {
			if name, _, _ := ast.LabelName(field.Label); name == "regions" {
				return false
			}
		}
		parents = append(parents, n)
		ident, ok := n.(*ast.Ident)
		if !ok || !top[ident.Name] || ident.Node == nil || ident.Scope != f.syntax {
			return true
		}
		path := []string{ident.Name}
		for i := len(parents) - 2; i >= 0; i-- {
			sel, ok := parents[i].(*ast.SelectorExpr)
			if !ok {
				break
			}
			name, _, err := ast.LabelName(sel.Sel)
			if err != nil {
				break
			}
			path = append(path, name)
		}
		found[strings.Join(path, "\x00")] = position(ident.Pos())
		return true
	}
	ast.Walk(f.syntax, before, func(ast.Node) { parents = parents[:len(parents)-1] })
	return found
}

// Node returns the application as written, in the first region it was evaluated in.
func (a *App) Node() *Node { return a.base }

// Beside is a file beside app.cue that the application refers to.
type Beside struct {
	Path  string // slash-separated, below the folder of app.cue
	Pos   diag.Pos
	Field string // the user's field path
}

// Beside returns the files that the application refers to, in base and overrides, sorted by path and each once.
func (a *App) Beside() []Beside {
	var list []Beside
	roots := []*Node{a.base}
	for _, n := range a.perRegion {
		roots = append(roots, n)
	}
	for _, root := range roots {
		list = append(list, besideFiles(root, "")...)
		for _, region := range root.Get("regions").FieldList() {
			list = append(list, besideFiles(region.Node, "regions."+quoteName(region.Name)+".")...)
		}
	}
	for _, region := range slices.Sorted(maps.Keys(a.given)) {
		list = append(list, besideFiles(a.given[region], "given.")...)
	}
	slices.SortStableFunc(list, func(a, b Beside) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), a.Pos.Compare(b.Pos))
	})
	return slices.CompactFunc(list, func(a, b Beside) bool { return a.Path == b.Path })
}

func besideFiles(n *Node, prefix string) []Beside {
	var list []Beside
	for _, f := range n.Get("files").FieldList() {
		if file := f.Node.Get("file"); file != nil {
			list = append(list, Beside{file.Text, file.Pos, prefix + "files." + quoteName(f.Name) + ".file"})
		}
	}
	for i, patch := range n.Get("patches").ItemList() {
		if file := patch.Get("path"); file != nil {
			list = append(list, Beside{file.Text, file.Pos, prefix + "patches[" + strconv.Itoa(i) + "].path"})
		}
	}
	return list
}
