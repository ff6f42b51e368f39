package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// verdict is what Meridian said of a mutation, and what is to be thought of it.
type verdict struct {
	*mutation
	list    []diag.Diagnostic
	caught  bool
	exact   bool   // at the line of the mistake
	alone   bool   // and at no other
	fix     bool   // each says how to mend it
	reason  string // why it need not be caught, or is told at another line
	problem string // why this is not good enough
}

func (v *verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s %s %s (line %v)", v.file, v.place, v.kind, v.path, v.detail, v.lines)
	switch {
	case v.problem != "":
		fmt.Fprintf(&b, ": NOT HANDLED: %s", v.problem)
	case v.reason != "":
		fmt.Fprintf(&b, ": %s", v.reason)
	}
	for _, d := range v.list {
		fmt.Fprintf(&b, "\n  %s\n    fix: %s", d, d.Hint)
	}
	return b.String()
}

// judge compiles applications as vet does.
type judge struct {
	schema   *schema.Schema
	compiler *compiler.Compiler
}

func newJudge() (*judge, error) {
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	p, list, err := regions.Load(s, nil)
	if err != nil || len(list) > 0 {
		return nil, fmt.Errorf("load platform: %v %w", list, err)
	}
	return &judge{s, compiler.New(s, p)}, nil
}

// compile returns the manifests as one text, empty when there are none, and the regions that the file selects.
func (j *judge) compile(name string, data []byte, dir string) (string, []string, []diag.Diagnostic, error) {
	app, list := j.schema.App(schema.Source{Name: name, Data: data}, j.compiler.Platform().Facts())
	if app == nil {
		return "", nil, list, nil
	}
	beside := map[string][]byte{}
	for _, b := range app.Beside() {
		if content, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(b.Path))); err == nil {
			beside[b.Path] = content
		}
	}
	result, found, err := j.compiler.Compile(app, beside)
	if err != nil {
		return "", nil, nil, err
	}
	var text bytes.Buffer
	var ids []string
	for _, output := range result.Outputs {
		ids = append(ids, output.Region)
		for path, content := range output.Files.Files() {
			fmt.Fprintf(&text, "%s/%s\n%s", output.Region, path, content)
		}
	}
	return text.String(), ids, diag.Sort(append(list, found...)), nil
}

// judgeAll mutates every good file below a module's examples and golden cases. A mistake of one shape is made once.
func judgeAll(root string) ([]*verdict, error) {
	j, err := newJudge()
	if err != nil {
		return nil, err
	}
	var files []string
	for _, pattern := range []string{"examples/*/app.cue", "examples/*/*/app.cue", "golden/cases/*/app.cue"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no app.cue below %s", root)
	}
	seen := map[string]bool{}
	var judged []*verdict
	for _, file := range files {
		more, err := j.file(root, file, seen)
		if err != nil {
			return nil, err
		}
		judged = append(judged, more...)
	}
	return judged, nil
}

func (j *judge) file(root, file string, seen map[string]bool) ([]*verdict, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), "platform")); err == nil {
		return nil, nil // it is right on a platform of its own only
	}
	name, err := filepath.Rel(root, file)
	if err != nil {
		return nil, err
	}
	good, ids, list, err := j.compile(name, data, filepath.Dir(file))
	if err != nil {
		return nil, err
	}
	if good == "" || diag.HasErrors(list) {
		return nil, nil
	}
	fields, err := targets(j.schema, name, data)
	if err != nil {
		return nil, err
	}
	var judged []*verdict
	for _, t := range fields {
		for _, m := range append(mutate(name, data, t), override(name, data, t, ids[0])...) {
			key := strings.Join([]string{m.place, m.kind, m.shape, m.detail}, "|")
			if m.kind == "rename" {
				key = strings.Join([]string{m.place, m.kind, m.shape}, "|")
			}
			if seen[key] || bytes.Equal(m.text, data) {
				continue
			}
			seen[key] = true
			text, _, found, err := j.compile(name, m.text, filepath.Dir(file))
			if err != nil {
				return nil, fmt.Errorf("%s %s %s: %w", m.file, m.kind, m.path, err)
			}
			judged = append(judged, opinion(m, found, list, text == good))
		}
	}
	return judged, nil
}

// opinion compares what was said with what the mistake is. before is what is said of the good file; same says that the
// manifests are the same as before.
func opinion(m *mutation, found, before []diag.Diagnostic, same bool) *verdict {
	v := &verdict{mutation: m, fix: true, alone: true}
	for _, d := range found {
		if slices.ContainsFunc(before, func(b diag.Diagnostic) bool { return b.Code == d.Code && b.Message == d.Message }) {
			continue
		}
		v.list = append(v.list, d)
		if d.Severity != diag.Error {
			continue
		}
		v.caught = true
		v.fix = v.fix && d.Hint != ""
		if v.at(d.Pos.Line) {
			v.exact = true
		} else {
			v.alone = false
		}
		if words := jargon(d); words != "" {
			v.problem = "it says " + words
		}
	}
	v.fix, v.alone = v.fix && v.caught, v.alone && v.caught
	switch {
	case v.problem != "":
	case !v.caught:
		if v.reason = right(v, same); v.reason == "" {
			v.problem = "it is not caught"
		}
	case !v.fix:
		v.problem = "it gives no fix"
	case !v.exact:
		if v.reason = elsewhere(v); v.reason == "" {
			v.problem = "it is told at another line"
		}
	}
	return v
}

// at reports whether a line is the mistake's own. What is gone has no line: its parent stands for it.
func (v *verdict) at(line int) bool {
	if slices.Contains(v.lines, line) {
		return true
	}
	if v.kind != "delete" && !(v.kind == "null" && v.place == "base") {
		return false
	}
	if v.field.above == nil {
		return true // the file itself
	}
	from, to := v.field.above.syntax.Pos().Line(), v.field.above.syntax.End().Line()
	return from <= line && line <= to
}

// words are those that a user of Meridian has no need to know: CUE's, the schema's, Go's.
var words = regexp.MustCompile(`#[A-Z]\w+|conflicting values|incomplete value|disjunction|bottom|_\|_|unif(y|ied|ication)|non-concrete|mismatched types|field not allowed|undefined field|adopt|reference "|json:|Go (struct|value)|unmarshal|v1\.|cue:|error\(|nil\b|%!|\bmap\[`)

var inQuotes = regexp.MustCompile(`"[^"]*"`)

func jargon(d diag.Diagnostic) string {
	for _, text := range []string{d.Message, d.Hint, d.Path} {
		text = inQuotes.ReplaceAllString(text, `""`) // what the user wrote
		if found := words.FindString(text); found != "" {
			return fmt.Sprintf("%q in %q", found, text)
		}
	}
	return ""
}
