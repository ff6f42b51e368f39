package manifest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// plans caches the plan of each type that was ever written: map[reflect.Type]*plan. It is the one thing the
// package keeps between calls; reading the tags anew would cost many times the writing. A plan depends on its
// type only and does not change once it is in here, so who made it and when does not show.
var plans sync.Map

// plan is how values of one type are written.
type plan struct {
	write  func(p *plan, e *encoder, v reflect.Value, at place) (outcome, error)
	elem   *plan   // of what a pointer, list or map holds
	fields []field // of a struct, in the order they are written
	object bool    // a struct with apiVersion and kind, whose status is left out at the top
}

// field is one field of a struct, its own or an embedded struct's.
type field struct {
	name       string
	key        string // the name as a YAML key, with its colon
	outer      []int  // the way to the embedded struct that holds the field; none to the struct itself
	last       int    // the field's index there
	sameHolder bool   // as the field before it: dozens of a volume's sources are embedded together
	plan       *plan
	omit       func(reflect.Value) bool // nil: never
	omitEmpty  bool
	status     bool
}

// planFor returns the plan of t.
func planFor(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	made := planner{}
	p := made.plan(t)
	for t, p := range made { // only now that all are complete
		plans.LoadOrStore(t, p)
	}
	return p
}

// planner holds the plans that are being made together; types that contain themselves find theirs here.
type planner map[reflect.Type]*plan

func (made planner) plan(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	if p, ok := made[t]; ok {
		return p
	}
	p := new(plan)
	made[t] = p
	if p.write = ownWriter(t); p.write == nil {
		made.fill(p, t)
	}
	return p
}

// fill makes the plan of a type that has no say in how it is written.
func (made planner) fill(p *plan, t reflect.Type) {
	switch t.Kind() {
	case reflect.Struct:
		p.write = writeStruct
		made.fillFields(p, t)
	case reflect.Pointer:
		p.write, p.elem = writePointer, made.plan(t.Elem())
	case reflect.Interface:
		p.write = writeInterface
	case reflect.Slice, reflect.Array:
		made.fillList(p, t)
	case reflect.Map:
		made.fillMap(p, t)
	case reflect.String:
		p.write = writeString
	case reflect.Bool:
		p.write = writeBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.write = writeInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.write = writeUint
	case reflect.Float32, reflect.Float64:
		p.write = writeFloat
	default:
		p.write = writeUnsupported
	}
}

func (made planner) fillList(p *plan, t reflect.Type) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && ownWriter(t.Elem()) == nil {
		p.write = writeBytes
		return
	}
	p.write, p.elem = writeList, made.plan(t.Elem())
}

func (made planner) fillMap(p *plan, t reflect.Type) {
	switch {
	case t == reflect.TypeFor[map[string]string]():
		p.write = writeStrings
	case t.Key().Kind() == reflect.String:
		p.write, p.elem = writeMap, made.plan(t.Elem())
	default:
		p.write = writeUnsupported
	}
}

// ownWriter returns how a type is written that is not written by its kind, or nil. The types of apimachinery
// could all go the slow way of [writeMarshaler]; they are in every object.
func ownWriter(t reflect.Type) func(*plan, *encoder, reflect.Value, place) (outcome, error) {
	switch t {
	case reflect.TypeFor[intstr.IntOrString]():
		return writeIntOrString
	case reflect.TypeFor[resource.Quantity]():
		return writeQuantity
	case reflect.TypeFor[metav1.Time]():
		return writeTime
	case reflect.TypeFor[metav1.MicroTime]():
		return writeMicroTime
	case reflect.TypeFor[metav1.Duration]():
		return writeDuration
	case reflect.TypeFor[json.Number]():
		return writeNumber
	}
	switch pointer := reflect.PointerTo(t); {
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		return nil // what they hold is asked
	case pointer.Implements(reflect.TypeFor[json.Marshaler]()):
		return writeMarshaler
	case pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return writeTextMarshaler
	}
	return nil
}

func (made planner) fillFields(p *plan, t reflect.Type) {
	for _, c := range dominant(candidates(t, nil, nil)) {
		f := field{name: c.name, plan: made.plan(c.field.Type), status: c.name == "status"}
		f.outer, f.last = c.index[:len(c.index)-1], c.index[len(c.index)-1]
		f.omitEmpty = c.has("omitempty")
		f.omit = omission(c.field.Type, f.omitEmpty, c.has("omitzero"))
		if c.has("string") && isScalar(c.field.Type) {
			f.plan = &plan{write: writeJSONText}
		}
		// A tag is source code: always UTF-8.
		key, _ := appendInline(nil, c.name)
		f.key = string(append(key, ':'))
		p.fields = append(p.fields, f)
	}
	version := slices.IndexFunc(p.fields, func(f field) bool { return f.name == "apiVersion" })
	kind := slices.IndexFunc(p.fields, func(f field) bool { return f.name == "kind" })
	if p.object = version >= 0 && kind >= 0; p.object && kind < version {
		moved := p.fields[version]
		p.fields = slices.Insert(slices.Delete(p.fields, version, version+1), kind, moved)
	}
	for i := 1; i < len(p.fields); i++ {
		p.fields[i].sameHolder = slices.Equal(p.fields[i-1].outer, p.fields[i].outer)
	}
}

// candidate is a field that encoding/json would consider.
type candidate struct {
	field  reflect.StructField
	index  []int
	name   string
	tagged bool
	opts   []string
}

func (c candidate) has(option string) bool { return slices.Contains(c.opts, option) }

// candidates returns the fields of t and of the structs embedded in it, in the order of the source. outer are the
// types that t is embedded in: a type that embeds a pointer to itself has nothing new to add.
func candidates(t reflect.Type, index []int, outer []reflect.Type) []candidate {
	if slices.Contains(outer, t) {
		return nil
	}
	var found []candidate
	for i := range t.NumField() {
		f := t.Field(i)
		embedded := embeddedStruct(f)
		tag := f.Tag.Get("json")
		if tag == "-" || !f.IsExported() && embedded == nil {
			continue
		}
		opts := strings.Split(tag, ",")
		name := opts[0]
		at := append(slices.Clone(index), i)
		if embedded != nil && name == "" {
			found = append(found, candidates(embedded, at, append(slices.Clone(outer), t))...)
			continue
		}
		if !f.IsExported() {
			continue
		}
		c := candidate{field: f, index: at, name: name, tagged: name != "", opts: opts[1:]}
		if !c.tagged {
			c.name = f.Name
		}
		found = append(found, c)
	}
	return found
}

// embeddedStruct returns the struct type that a field embeds, by value or by pointer, or nil.
func embeddedStruct(f reflect.StructField) reflect.Type {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !f.Anonymous || t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

// dominant leaves out what Go's rules for embedding hide, as encoding/json reads them: of the fields of one name
// the least deep counts, among equals the only tagged one, else none.
func dominant(all []candidate) []candidate {
	var kept []candidate
	for _, c := range all {
		hidden := slices.ContainsFunc(all, func(d candidate) bool {
			if d.name != c.name || slices.Equal(d.index, c.index) {
				return false
			}
			return len(d.index) < len(c.index) || len(d.index) == len(c.index) && (d.tagged || !c.tagged)
		})
		if !hidden {
			kept = append(kept, c)
		}
	}
	return kept
}

// omission returns when a field of type t is left out before anything is written, or nil. What [writeStruct]
// learns from the outcome, null or an empty struct, needs no test here, but a nil is cheaper to see first.
func omission(t reflect.Type, omitEmpty, omitZero bool) func(reflect.Value) bool {
	omit := omissionByKind(t, omitEmpty)
	if !omitZero {
		return omit
	}
	zero := zeroTest(t)
	if omit == nil {
		return zero
	}
	return func(v reflect.Value) bool { return omit(v) || zero(v) }
}

func omissionByKind(t reflect.Type, omitEmpty bool) func(reflect.Value) bool {
	own := ownWriter(t) != nil
	switch kind := t.Kind(); {
	case omitEmpty && (kind == reflect.Slice || kind == reflect.Map || kind == reflect.Array || kind == reflect.String):
		return func(v reflect.Value) bool { return v.Len() == 0 }
	case kind == reflect.Pointer || kind == reflect.Interface:
		return reflect.Value.IsNil
	case (kind == reflect.Slice || kind == reflect.Map) && !own: // others may write a nil as they like
		return reflect.Value.IsNil
	case omitEmpty && (isScalar(t) || kind == reflect.Struct && own):
		return reflect.Value.IsZero
	}
	return nil
}

// zeroTest returns omitzero's test: a type's own IsZero, else Go's.
func zeroTest(t reflect.Type) func(reflect.Value) bool {
	type isZeroer interface{ IsZero() bool }
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface || !reflect.PointerTo(t).Implements(reflect.TypeFor[isZeroer]()) {
		return reflect.Value.IsZero
	}
	return func(v reflect.Value) bool { return addressable(v).Addr().Interface().(isZeroer).IsZero() }
}

// isScalar reports whether t, or what it points to, is text, a number or a truth value.
func isScalar(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Interface, reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer,
		reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return false
	}
	return true
}

// addressable returns v, or a copy of it if it has no address, which methods of pointers need.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}
