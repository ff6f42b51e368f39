package schema

import (
	"fmt"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// Type is a definition of the schema: a struct with named fields, or a leaf that CUE itself checks.
type Type struct {
	Name   string // with its #
	Doc    string
	Expect string   // leaf: what a diagnostic says a value must be
	Brief  string   // leaf: the same without the finer points, for a value that is not even of its kind
	Enum   []string // leaf: the admitted strings, where they are listed
	Any    bool     // leaf: anything at all

	Fields    []*Field
	Shorthand string  // the field that a scalar stands for
	OneOf     []Group // alternatives of which exactly one, or at most one, is given

	leaf  bool
	expr  ast.Expr  // leaf: the constraint as it is written
	value cue.Value // leaf: the constraint
	kind  cue.Kind  // leaf: the kinds it can admit
	names map[string]*Field
	file  string
}

// Field is a field of a struct [Type].
type Field struct {
	Name       string
	Doc        string
	Required   bool
	Fixed      bool   // may not differ per region
	Default    *Node  // nil when there is none, or when it is computed
	DefaultDoc string // the default in words or as CUE; empty when there is none
	Type       *Ref
}

// Group is a set of alternatives in a struct. Each alternative is the fields that belong together; its first
// field is the one that chooses it.
type Group struct {
	Alternatives [][]string
	Optional     bool // at most one instead of exactly one
}

// Ref is the use of a type: exactly one of its forms is set.
type Ref struct {
	Type    *Type // a definition
	Partial bool  // with Type: the all-optional form of it, in which null removes
	Elem    *Ref  // the values of a list, or with Key of a map
	Key     *Type
	Union   []*Ref // a scalar or a fuller form
}

// declare registers a definition; its fields are resolved later, when all names are known.
func (s *Schema) declare(field *ast.Field, file string) (*Type, error) {
	name, _, err := ast.LabelName(field.Label)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	t := &Type{Name: name, Doc: docText(field), file: file, names: map[string]*Field{}}
	body, isStruct := field.Value.(*ast.StructLit)
	t.leaf = !isStruct
	t.expr = field.Value
	if isStruct {
		if err := t.readStruct(body); err != nil {
			return nil, err
		}
	} else if err := t.readLeaf(field); err != nil {
		return nil, err
	}
	s.types[name] = t
	s.order = append(s.order, t)
	return t, nil
}

func (t *Type) readLeaf(field *ast.Field) error {
	for _, attr := range field.Attrs {
		key, body := attr.Split()
		switch key {
		case "expect":
			if err := t.readExpect(body); err != nil {
				return fmt.Errorf("schema: %s: @expect: %w", t.Name, err)
			}
		case "enum":
			t.Enum = enumStrings(field.Value)
			t.Expect = "one of " + strings.Join(quoteAll(t.Enum), ", ")
			if len(t.Enum) == 1 {
				t.Expect = strconv.Quote(t.Enum[0])
			}
			t.Brief = t.Expect
		case "any":
			t.Any = true
		}
	}
	if t.Expect == "" && !t.Any {
		return fmt.Errorf("schema: %s has neither @expect nor @enum", t.Name)
	}
	return nil
}

// readExpect reads the words of @expect: one text, or two, of which the second are the finer points.
func (t *Type) readExpect(body string) error {
	first, err := strconv.QuotedPrefix(body)
	if err != nil {
		return err
	}
	second := strings.TrimLeft(body[len(first):], ", ")
	if second == "" {
		second = `""`
	}
	if t.Brief, err = strconv.Unquote(first); err != nil {
		return err
	}
	finer, err := strconv.Unquote(second)
	t.Expect = t.Brief + finer
	return err
}

func enumStrings(expr ast.Expr) []string {
	switch x := expr.(type) {
	case *ast.BinaryExpr:
		return append(enumStrings(x.X), enumStrings(x.Y)...)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(x.Value); err == nil {
			return []string{text}
		}
	}
	return nil
}

func quoteAll(list []string) []string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return quoted
}

func (t *Type) readStruct(body *ast.StructLit) error {
	for _, elt := range body.Elts {
		switch x := elt.(type) {
		case *ast.Attribute:
			key, args := x.Split()
			switch key {
			case "shorthand":
				t.Shorthand = args
			case "oneof", "atmostone":
				group := Group{Optional: key == "atmostone"}
				for alternative := range strings.SplitSeq(args, ",") {
					group.Alternatives = append(group.Alternatives, strings.Split(strings.TrimSpace(alternative), "+"))
				}
				t.OneOf = append(t.OneOf, group)
			default:
				return fmt.Errorf("schema: %s: unknown attribute @%s", t.Name, key)
			}
		case *ast.Field:
			f, err := t.readField(x)
			if err != nil {
				return err
			}
			t.Fields = append(t.Fields, f)
			t.names[f.Name] = f
		}
	}
	return nil
}

func (t *Type) readField(field *ast.Field) (*Field, error) {
	name, _, err := ast.LabelName(field.Label)
	if err != nil {
		return nil, fmt.Errorf("schema: %s: %w", t.Name, err)
	}
	f := &Field{Name: name, Doc: docText(field), Required: field.Constraint == token.NOT}
	if f.Doc == "" {
		return nil, fmt.Errorf("schema: %s.%s has no comment", t.Name, name)
	}
	for _, attr := range field.Attrs {
		key, body := attr.Split()
		switch key {
		case "fixed":
			f.Fixed = true
		case "default":
			if err := f.readDefault(body); err != nil {
				return nil, fmt.Errorf("schema: %s.%s: @default: %w", t.Name, name, err)
			}
		default:
			return nil, fmt.Errorf("schema: %s.%s: unknown attribute @%s", t.Name, name, key)
		}
	}
	f.Type = &Ref{}
	if err := f.Type.read(field.Value); err != nil {
		return nil, fmt.Errorf("schema: %s.%s: %w", t.Name, name, err)
	}
	return f, nil
}

// readDefault reads `VALUE`, or `null, "in words"` for a default that depends on other fields.
func (f *Field) readDefault(body string) error {
	expr, err := parser.ParseExpr("default", "["+body+"]")
	if err != nil {
		return err
	}
	list := expr.(*ast.ListLit).Elts
	if len(list) == 2 {
		words, ok := list[1].(*ast.BasicLit)
		if !ok {
			return fmt.Errorf("want words, got %s", body)
		}
		f.DefaultDoc, err = strconv.Unquote(words.Value)
		return err
	}
	f.DefaultDoc = body
	f.Default, err = literalNode(list[0])
	return err
}

// literalNode turns a literal of the schema itself into a Node without a position.
func literalNode(expr ast.Expr) (*Node, error) {
	switch x := expr.(type) {
	case *ast.BasicLit:
		switch x.Kind {
		case token.STRING:
			text, err := strconv.Unquote(x.Value)
			return &Node{Kind: String, Text: text}, err
		case token.INT:
			return &Node{Kind: Int, Text: x.Value}, nil
		case token.TRUE, token.FALSE:
			return &Node{Kind: Bool, Text: x.Value}, nil
		}
	case *ast.StructLit:
		n := &Node{Kind: Struct}
		for _, elt := range x.Elts {
			field, ok := elt.(*ast.Field)
			if !ok {
				return nil, fmt.Errorf("want a field, got %T", elt)
			}
			name, _, err := ast.LabelName(field.Label)
			if err != nil {
				return nil, err
			}
			value, err := literalNode(field.Value)
			if err != nil {
				return nil, err
			}
			n.Fields = append(n.Fields, NodeField{Name: name, Node: value})
		}
		return n, nil
	case *ast.ListLit:
		n := &Node{Kind: List}
		for _, elt := range x.Elts {
			item, err := literalNode(elt)
			if err != nil {
				return nil, err
			}
			n.Items = append(n.Items, item)
		}
		return n, nil
	}
	return nil, fmt.Errorf("want a literal, got %T", expr)
}

// read notes the form of a type expression; names are looked up by resolve.
func (r *Ref) read(expr ast.Expr) error {
	switch x := expr.(type) {
	case *ast.Ident:
		r.Type = &Type{Name: x.Name}
		return nil
	case *ast.ListLit:
		if len(x.Elts) == 1 {
			if more, ok := x.Elts[0].(*ast.Ellipsis); ok {
				r.Elem = &Ref{}
				return r.Elem.read(more.Type)
			}
		}
	case *ast.StructLit:
		if len(x.Elts) != 1 {
			break
		}
		field, ok := x.Elts[0].(*ast.Field)
		if !ok {
			break
		}
		key, ok := field.Label.(*ast.ListLit)
		if !ok || len(key.Elts) != 1 {
			break
		}
		name, ok := key.Elts[0].(*ast.Ident)
		if !ok {
			break
		}
		r.Key, r.Elem = &Type{Name: name.Name}, &Ref{}
		return r.Elem.read(field.Value)
	case *ast.BinaryExpr:
		if x.Op != token.OR {
			break
		}
		for _, arm := range []ast.Expr{x.X, x.Y} {
			ref := &Ref{}
			if err := ref.read(arm); err != nil {
				return err
			}
			r.Union = append(r.Union, ref)
		}
		return nil
	}
	return fmt.Errorf("type expression %T is not one of #Name, [...#Name], {[#Key]: #Name}, #Leaf | #Struct", expr)
}

// overridable is the name by which the schema refers to the all-optional form of #App.
const overridable = "#AppOverride"

func (s *Schema) resolve(t *Type) error {
	for _, f := range t.Fields {
		if err := s.resolveRef(f.Type); err != nil {
			return fmt.Errorf("schema: %s.%s: %w", t.Name, f.Name, err)
		}
	}
	for _, group := range t.OneOf {
		for _, alternative := range group.Alternatives {
			for _, name := range alternative {
				if t.names[name] == nil {
					return fmt.Errorf("schema: %s: one-of names unknown field %s", t.Name, name)
				}
			}
		}
	}
	if t.Shorthand != "" && t.names[t.Shorthand] == nil {
		return fmt.Errorf("schema: %s: shorthand names unknown field %s", t.Name, t.Shorthand)
	}
	return nil
}

func (s *Schema) resolveRef(r *Ref) error {
	lookup := func(t **Type) error {
		found, ok := s.types[(*t).Name]
		if !ok {
			return fmt.Errorf("no definition %s", (*t).Name)
		}
		*t = found
		return nil
	}
	if r.Type != nil && r.Type.Name == overridable {
		r.Partial = true
		r.Type = s.types["#App"]
	}
	if r.Type != nil {
		return lookup(&r.Type)
	}
	if r.Key != nil {
		if err := lookup(&r.Key); err != nil {
			return err
		}
	}
	if r.Elem != nil {
		return s.resolveRef(r.Elem)
	}
	for _, arm := range r.Union {
		if err := s.resolveRef(arm); err != nil {
			return err
		}
	}
	return nil
}

// docText returns a field's comment as one paragraph.
func docText(field *ast.Field) string {
	var lines []string
	for _, group := range ast.Comments(field) {
		if group.Doc {
			for line := range strings.Lines(group.Text()) {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	return strings.Join(lines, " ")
}
