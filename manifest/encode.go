package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Encode returns obj as one YAML document in block style, the way Kubernetes manifests are commonly laid out, and
// ends it with exactly one line feed. The bytes depend on nothing but the value.
//
// obj is a k8s.io/api type, or anything else that encoding/json takes, and means the same as its JSON, but for the
// noise, which is left out:
//
//   - the status of an object, that is a top-level value with apiVersion and kind: the cluster writes it;
//   - a struct field whose JSON is null: nil pointers, lists and maps, times never set;
//   - a struct held by value that comes out empty, or is zero and writes itself (a quantity, a port), if its field
//     is marked omitempty, a wish that encoding/json ignores for structs: resources: {}, strategy: {}.
//
// Everything else stays, for it can have a meaning: emptyDir: {} is a pointer, podSelector: {} is not omitempty,
// [] and {} are not nil, and list elements and map values are all written.
//
// An error names the path of the field at fault: text that is not UTF-8, a kind that JSON has not, NaN or an
// infinity, a cycle.
func Encode(obj any) ([]byte, error) { return AppendYAML(make([]byte, 0, 1024), obj) }

// AppendYAML is [Encode] into a buffer that the caller may use again. On an error it returns dst as it was.
func AppendYAML(dst []byte, obj any) ([]byte, error) {
	e := encoder{buf: dst}
	if err := e.document(obj); err != nil {
		return dst, fmt.Errorf("encode %T: %w", obj, err)
	}
	if bytes.HasSuffix(e.buf, []byte("\n\n")) { // the last value is a text that ends in empty lines
		e = encoder{buf: dst, noKeep: true}
		if err := e.document(obj); err != nil {
			return dst, fmt.Errorf("encode %T: %w", obj, err)
		}
	}
	return e.buf, nil
}

const (
	indentStep = 2
	maxDepth   = 1000 // nesting that only a cycle reaches, as in encoding/json
	// maxKey is the length in bytes up to which "key:" is certain to be read: YAML looks for the colon in the first
	// 1024 characters. Kubernetes has no key so long, but nothing here forbids one.
	maxKey = 1000
)

var (
	errCycle = fmt.Errorf("nested more than %d deep: a cycle", maxDepth)
	errKind  = errors.New("JSON has no such kind of value")
)

// encoder holds one document while it is written.
type encoder struct {
	buf     []byte
	entries []entry // of the maps that are open, the innermost last
	noKeep  bool    // write texts that end in empty lines in quotes, not under |+
}

// entry is one entry of a map while it is sorted and written.
type entry struct {
	key   string
	value reflect.Value
}

// place is where a value is written: what stands before it on its line, and how far things are indented.
type place struct {
	after  before
	parent int // column of the key or dash that the value belongs to
	depth  int
}

type before uint8

const (
	nothing before = iota // the value is the document
	colon
	dash
)

// column is where the keys of a map at this place stand.
func (at place) column() int { return at.parent + indentStep }

// listColumn is where the dashes of a list at this place stand: below the first letter of its key, as kubectl and
// kustomize have it.
func (at place) listColumn() int {
	if at.after == colon {
		return at.parent
	}
	return at.parent + indentStep
}

// outcome is what became of a value.
type outcome uint8

const (
	written outcome = iota
	empty           // a struct with no field to show; nothing was written
	null            // JSON's null; nothing was written
)

func (e *encoder) document(obj any) error {
	got, err := null, error(nil)
	if v := reflect.ValueOf(obj); v.IsValid() {
		got, err = e.value(planFor(v.Type()), v, place{after: nothing, parent: -indentStep})
	}
	if err != nil {
		return err
	}
	e.complete(got, place{after: nothing})
	return nil
}

// value writes v by its plan. Every way down leads through here, so that a cycle ends.
func (e *encoder) value(p *plan, v reflect.Value, at place) (outcome, error) {
	if at.depth++; at.depth > maxDepth {
		return written, errCycle
	}
	return p.write(p, e, v, at)
}

// complete writes what a value that wrote nothing stands for, where it cannot be left out.
func (e *encoder) complete(got outcome, at place) {
	switch got {
	case empty:
		e.atom("{}", at)
	case null:
		e.atom("null", at)
	}
}

// atom writes a value that fits its line and needs no quotes.
func (e *encoder) atom(s string, at place) {
	e.space(at)
	e.buf = append(e.buf, s...)
	e.buf = append(e.buf, '\n')
}

func (e *encoder) space(at place) {
	if at.after != nothing {
		e.buf = append(e.buf, ' ')
	}
}

// text writes a string in the style that suits it.
func (e *encoder) text(s string, at place) error {
	how, err := styleOf(s)
	if err != nil {
		return err
	}
	// At the top there is no indentation that a literal's could be measured from.
	if how == literal && (at.after == nothing || e.noKeep && strings.HasSuffix(s, "\n\n")) {
		how = quoted
	}
	e.space(at)
	switch how {
	case plain:
		e.buf = append(e.buf, s...)
	case quoted:
		e.buf = appendQuoted(e.buf, s)
	case literal:
		e.buf = appendLiteral(e.buf, s, at.column())
		return nil
	}
	e.buf = append(e.buf, '\n')
	return nil
}

// lead writes what goes before a key or a dash in the given column. The first one after a dash stays on its line.
func (e *encoder) lead(at place, column int, first bool) {
	switch {
	case !first:
	case at.after == colon:
		e.buf = append(e.buf, '\n')
	case at.after == dash:
		e.buf = append(e.buf, ' ')
		return
	}
	e.buf = appendSpaces(e.buf, column)
}

// key writes a map's key and its colon.
func (e *encoder) key(key string, column int) error {
	mark := len(e.buf)
	buf, err := appendInline(e.buf, key)
	if err != nil {
		return err
	}
	if len(buf)-mark > maxKey {
		buf = slices.Insert(buf, mark, '?', ' ')
		buf = appendSpaces(append(buf, '\n'), column)
	}
	e.buf = append(buf, ':')
	return nil
}

// fieldError is an error of a value inside the object.
type fieldError struct {
	path []string // innermost first: built on the way back up, so that writing need not keep it
	err  error
}

// below adds a step to an error's path: ".spec", "[0]" or "[key]".
func below(step string, err error) error {
	var at *fieldError
	if !errors.As(err, &at) {
		at = &fieldError{err: err}
	}
	at.path = append(at.path, step)
	return at
}

func (e *fieldError) Error() string {
	const most = 30 // a cycle's path says no more after a few rounds
	steps := slices.Clone(e.path)
	slices.Reverse(steps)
	more := ""
	if len(steps) > most {
		steps, more = steps[:most], "…"
	}
	return strings.TrimPrefix(strings.Join(steps, ""), ".") + more + ": " + e.err.Error()
}

func (e *fieldError) Unwrap() error { return e.err }
