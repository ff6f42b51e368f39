package compiler

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
)

// patchPlace returns where a patch touches a part of its object, such as spec template spec hostNetwork: the line in
// the patch's own file, or in app.cue. What the patch does not name by itself is at the patch as a whole. It is
// asked only when something is wrong.
func (p *RegionPlan) patchPlace(i int, beside map[string][]byte, part []string) diag.Pos {
	pos, _ := p.touches(i, beside, part)
	return pos
}

// touches also says whether the patch names the part.
func (p *RegionPlan) touches(i int, beside map[string][]byte, part []string) (diag.Pos, bool) {
	whole := p.Where("patches", strconv.Itoa(i), "patch")
	tree := p.patchTree(i, beside)
	if tree == nil {
		return whole, false
	}
	if tree.Pos.IsValid() {
		whole = tree.Pos
	}
	pos, depth := locate(tree, part)
	if depth == 0 || depth < len(part) || !pos.IsValid() {
		return whole, false
	}
	return pos, true
}

// patchTree is a patch with the place of each of its parts; nil when it cannot be read.
func (p *RegionPlan) patchTree(i int, beside map[string][]byte) *schema.Node {
	patch := p.Spec.Patches[i]
	if patch.Path == "" && patch.Patch != nil {
		if text, err := patch.Patch.Value.String(); err == nil {
			return yamlTree([]byte(text), p.inlineText(i, text))
		}
		return patch.Patch.Expand()
	}
	file := path.Join(path.Dir(p.App.Source.Name), patch.Path)
	return yamlTree(beside[patch.Path], func(line, column int) diag.Pos { return diag.Pos{File: file, Line: line, Col: column} })
}

// inlineText maps places in a text to places in app.cue, where the text stands as a string of several lines. Of a string
// of one line, or of one that an expression gives, only the whole has a place.
func (p *RegionPlan) inlineText(i int, text string) func(line, column int) diag.Pos {
	start := p.Where("patches", strconv.Itoa(i), "patch")
	lines := bytes.Split(p.App.Source.Data, []byte("\n"))
	if start.File != p.App.Source.Name || start.Line >= len(lines) || !opensLines(lines[start.Line-1], start.Col) {
		return func(int, int) diag.Pos { return start }
	}
	first, _, _ := strings.Cut(text, "\n")
	indent := max(0, bytes.Index(lines[start.Line], []byte(first))) // a text of several lines begins below its quotes
	return func(line, column int) diag.Pos {
		return diag.Pos{File: start.File, Line: start.Line + line, Col: indent + column}
	}
}

// opensLines reports whether a string of several lines begins in a line, as the field at a column or by itself: quotes
// end the line, and nothing but the field's name is before them.
func opensLines(line []byte, column int) bool {
	if column < 1 || column > len(line) {
		return false
	}
	for _, quotes := range []string{`"""`, `'''`} {
		if before, ok := bytes.CutSuffix(bytes.TrimSpace(line[column-1:]), []byte(quotes)); ok {
			before = bytes.TrimRight(before, "# \t")
			return len(before) == 0 || bytes.HasSuffix(before, []byte(":"))
		}
	}
	return false
}

// patchLine is the place of a line of a patch's text.
func (p *RegionPlan) patchLine(i int, text string, line int) diag.Pos {
	if file := p.Spec.Patches[i].Path; file != "" {
		return diag.Pos{File: path.Join(path.Dir(p.App.Source.Name), file), Line: line, Col: 1}
	}
	return p.inlineText(i, text)(line, 1)
}

// yamlTree reads YAML or JSON as a tree with places.
func yamlTree(data []byte, place func(line, column int) diag.Pos) *schema.Node {
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	return nodeOf(doc.Content[0], place)
}

func nodeOf(n *yaml.Node, place func(line, column int) diag.Pos) *schema.Node {
	node := &schema.Node{Kind: schema.String, Text: n.Value, Pos: place(n.Line, n.Column)}
	switch n.Kind {
	case yaml.MappingNode:
		node.Kind = schema.Struct
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			node.Fields = append(node.Fields, schema.NodeField{Name: key.Value, Pos: place(key.Line, key.Column), Node: nodeOf(n.Content[i+1], place)})
		}
	case yaml.SequenceNode:
		node.Kind = schema.List
		for _, item := range n.Content {
			node.Items = append(node.Items, nodeOf(item, place))
		}
	}
	return node
}

// locate goes along a path as far as it leads, and returns the place and how many elements it went. In a list it
// takes the item through which it comes farthest; a list of operations is entered by their paths.
func locate(n *schema.Node, elements []string) (diag.Pos, int) {
	if n.Kind == schema.List && slices.ContainsFunc(n.Items, isOperation) {
		return locateOperation(n.Items, elements)
	}
	if len(elements) == 0 {
		return n.Pos, 0
	}
	if n.Kind == schema.List {
		best, depth := n.Pos, 0
		for _, item := range n.Items {
			if pos, d := locate(item, elements); d > depth {
				best, depth = pos, d
			}
		}
		return best, depth
	}
	i := slices.IndexFunc(n.Fields, func(f schema.NodeField) bool { return f.Name == elements[0] })
	if i < 0 {
		return n.Pos, 0
	}
	field := n.Fields[i]
	pos, depth := locate(field.Node, elements[1:])
	if depth == 0 {
		pos = field.Pos
	}
	return pos, depth + 1
}

func isOperation(n *schema.Node) bool { return n.Get("op") != nil && n.Get("path") != nil }

// locateOperation finds the operation whose path has most in common with elements. Indices in it lead into lists,
// which elements pass through. An operation on a parent of what is looked for touches all of it.
func locateOperation(operations []*schema.Node, elements []string) (diag.Pos, int) {
	best, most := diag.Pos{}, 0
	for _, operation := range operations {
		at := operation.Get("path")
		if at == nil {
			continue
		}
		common, rest := 0, operationPath(at.Text)
		for common < len(elements) && common < len(rest) && elements[common] == rest[common] {
			common++
		}
		if common == len(rest) {
			common = len(elements)
		}
		if common > most {
			best, most = at.Pos, common
		}
	}
	return best, most
}

// operationPath parts a JSON pointer into names, without indices.
func operationPath(pointer string) []string {
	var names []string
	for _, name := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if _, err := strconv.Atoi(name); err == nil || name == "-" {
			continue
		}
		names = append(names, strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
	}
	return names
}
