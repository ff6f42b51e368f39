package manifest

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The writers of the kinds and types. Each is some plan's write.

func writeStruct(p *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	got := empty
	inside := place{after: colon, parent: at.column(), depth: at.depth}
	holder, held := v, true
	for i := range p.fields {
		f := &p.fields[i]
		if !f.sameHolder {
			holder, held = f.holder(v)
		}
		if !held || f.status && p.object && at.after == nothing {
			continue
		}
		value := holder.Field(f.last)
		if f.omit != nil && f.omit(value) {
			continue
		}
		mark := len(e.buf)
		e.lead(at, inside.parent, got == empty)
		e.buf = append(e.buf, f.key...)
		result, err := e.value(f.plan, value, inside)
		if err != nil {
			return written, below("."+f.name, err)
		}
		if result == null || result == empty && f.omitEmpty {
			e.buf = e.buf[:mark]
			continue
		}
		e.complete(result, inside)
		got = written
	}
	return got, nil
}

// holder returns the struct in v that has the field, v itself or one embedded in it, and false if that is not there.
func (f *field) holder(v reflect.Value) (reflect.Value, bool) {
	for _, x := range f.outer {
		v = v.Field(x)
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
	}
	return v, true
}

// writePointer writes what v points to. That someone pointed to an empty struct says something: emptyDir: {}.
func writePointer(p *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	if v.IsNil() {
		return null, nil
	}
	got, err := e.value(p.elem, v.Elem(), at)
	if got == empty && err == nil {
		e.complete(got, at)
		got = written
	}
	return got, err
}

func writeInterface(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	if v.IsNil() {
		return null, nil
	}
	held := v.Elem()
	got, err := e.value(planFor(held.Type()), held, at)
	if got == empty && err == nil {
		e.complete(got, at)
		got = written
	}
	return got, err
}

func writeList(p *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return null, nil
	}
	if v.Len() == 0 {
		e.atom("[]", at)
		return written, nil
	}
	inside := place{after: dash, parent: at.listColumn(), depth: at.depth}
	for i := range v.Len() {
		e.lead(at, inside.parent, i == 0)
		e.buf = append(e.buf, '-')
		got, err := e.value(p.elem, v.Index(i), inside)
		if err != nil {
			return written, below("["+strconv.Itoa(i)+"]", err)
		}
		e.complete(got, inside)
	}
	return written, nil
}

// writeStrings is writeMap for labels, annotations, selectors and data, which are most of the maps there are.
func writeStrings(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	m, _ := reflect.TypeAssert[map[string]string](v)
	if m == nil {
		return null, nil
	}
	keys := len(e.entries)
	for key := range m {
		e.entries = append(e.entries, entry{key: key})
	}
	return e.sorted(keys, at, func(it entry, inside place) (outcome, error) {
		return written, e.text(m[it.key], inside)
	})
}

func writeMap(p *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	if v.IsNil() {
		return null, nil
	}
	keys := len(e.entries)
	for it := v.MapRange(); it.Next(); {
		e.entries = append(e.entries, entry{it.Key().String(), it.Value()})
	}
	return e.sorted(keys, at, func(it entry, inside place) (outcome, error) {
		return e.value(p.elem, it.value, inside)
	})
}

// sorted writes the entries from keys on, in order, and takes them off.
func (e *encoder) sorted(keys int, at place, write func(entry, place) (outcome, error)) (outcome, error) {
	defer func() { e.entries = e.entries[:keys] }()
	entries := e.order(keys, at)
	if len(entries) == 0 {
		e.atom("{}", at)
		return written, nil
	}
	inside := place{after: colon, parent: at.column(), depth: at.depth}
	for i, it := range entries {
		e.lead(at, inside.parent, i == 0)
		err := e.key(it.key, inside.parent)
		var got outcome
		if err == nil {
			got, err = write(it, inside)
		}
		if err != nil {
			return written, below("["+strings.ToValidUTF8(it.key, "\ufffd")+"]", err)
		}
		e.complete(got, inside)
	}
	return written, nil
}

// order sorts the entries from keys on. An object without a Go type keeps to the order and omissions of one that
// has: apiVersion, kind, metadata, the rest, and no status.
func (e *encoder) order(keys int, at place) []entry {
	entries := e.entries[keys:]
	byKey := func(a, b entry) int { return cmp.Compare(a.key, b.key) }
	has := func(key string) bool {
		return slices.ContainsFunc(entries, func(it entry) bool { return it.key == key })
	}
	if at.after != nothing || !has("apiVersion") || !has("kind") {
		slices.SortFunc(entries, byKey)
		return entries
	}
	entries = slices.DeleteFunc(entries, func(it entry) bool { return it.key == "status" })
	rank := func(it entry) int { // -1, for all the rest, comes last
		return slices.Index([]string{"metadata", "kind", "apiVersion"}, it.key)
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(rank(b), rank(a)), byKey(a, b)) })
	return entries
}

func writeString(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	return written, e.text(v.String(), at)
}

func writeBytes(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	if v.IsNil() {
		return null, nil
	}
	return written, e.text(base64.StdEncoding.EncodeToString(v.Bytes()), at)
}

func writeBool(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	e.atom(strconv.FormatBool(v.Bool()), at)
	return written, nil
}

func writeInt(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	e.integer(v.Int(), at)
	return written, nil
}

func (e *encoder) integer(n int64, at place) {
	e.space(at)
	e.buf = append(strconv.AppendInt(e.buf, n, 10), '\n')
}

func writeUint(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	e.space(at)
	e.buf = append(strconv.AppendUint(e.buf, v.Uint(), 10), '\n')
	return written, nil
}

// writeFloat writes a float as encoding/json does, with an exponent only where the digits would be many.
func writeFloat(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return written, fmt.Errorf("%v: %w", f, errKind)
	}
	format := byte('f')
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	e.number(strconv.FormatFloat(f, format, -1, v.Type().Bits()), at)
	return written, nil
}

// writeNumber writes a json.Number, whose zero value is the number zero to encoding/json.
func writeNumber(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	text := cmp.Or(v.String(), "0")
	var n json.Number
	if err := json.Unmarshal([]byte(text), &n); err != nil || n.String() != text {
		return written, fmt.Errorf("number %q: %w", text, errKind)
	}
	e.number(text, at)
	return written, nil
}

func (e *encoder) number(text string, at place) {
	e.space(at)
	e.buf = append(appendNumber(e.buf, text), '\n')
}

func writeIntOrString(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	switch x, _ := reflect.TypeAssert[intstr.IntOrString](v); x.Type {
	case intstr.Int:
		e.integer(int64(x.IntVal), at)
		return written, nil
	case intstr.String:
		return written, e.text(x.StrVal, at)
	default:
		return written, fmt.Errorf("IntOrString of type %d: %w", x.Type, errKind)
	}
}

// writeQuantity writes a copy: Quantity.String stores what it returns in its receiver, and objects may be written
// by several goroutines at once.
func writeQuantity(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	q, _ := reflect.TypeAssert[resource.Quantity](v)
	return written, e.text(q.String(), at)
}

func writeTime(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	t, _ := reflect.TypeAssert[metav1.Time](v)
	return e.time(t.Time, time.RFC3339, at)
}

func writeMicroTime(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	t, _ := reflect.TypeAssert[metav1.MicroTime](v)
	return e.time(t.Time, metav1.RFC3339Micro, at)
}

func (e *encoder) time(t time.Time, layout string, at place) (outcome, error) {
	if t.IsZero() {
		return null, nil
	}
	return written, e.text(t.UTC().Format(layout), at)
}

func writeDuration(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	d, _ := reflect.TypeAssert[metav1.Duration](v)
	return written, e.text(d.Duration.String(), at)
}

// writeMarshaler writes what a type says its JSON is. The order of its fields is lost; they are sorted.
func writeMarshaler(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	raw, err := marshal(v)
	if err != nil {
		return written, err
	}
	if !utf8.Valid(raw) {
		return written, errNotUTF8
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // a float64 would round large integers
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		return written, err
	}
	return writeInterface(nil, e, reflect.ValueOf(&decoded).Elem(), at)
}

// marshal turns a panic into an error: the methods of a type that embeds a nil pointer panic, and one bad object
// must not end the run.
func marshal(v reflect.Value) (raw []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("marshal %s: %v", v.Type(), r)
		}
	}()
	return json.Marshal(addressable(v).Addr().Interface())
}

func writeTextMarshaler(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	text, err := marshalText(v)
	if err != nil {
		return written, err
	}
	return written, e.text(string(text), at)
}

func marshalText(v reflect.Value) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("marshal %s: %v", v.Type(), r)
		}
	}()
	return addressable(v).Addr().Interface().(encoding.TextMarshaler).MarshalText()
}

// writeJSONText writes a scalar whose tag asks for its JSON inside a string.
func writeJSONText(_ *plan, e *encoder, v reflect.Value, at place) (outcome, error) {
	raw, err := marshal(v)
	if err != nil || string(raw) == "null" {
		return null, err
	}
	return written, e.text(string(raw), at)
}

func writeUnsupported(_ *plan, _ *encoder, v reflect.Value, _ place) (outcome, error) {
	return written, fmt.Errorf("%s: %w", v.Type(), errKind)
}
