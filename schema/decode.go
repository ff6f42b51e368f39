package schema

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Decode fills the Go value that out points to from a Node, by json tags. It is strict: a field that out does not
// have is an error, as is a value of the wrong kind, since the schema has admitted the Node before.
func Decode(n *Node, out any) error {
	return decode(n, reflect.ValueOf(out).Elem())
}

var nodeType = reflect.TypeFor[*Node]()

func decode(n *Node, v reflect.Value) error {
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(n))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(n, v.Elem())
	case reflect.Struct:
		return decodeStruct(n, v)
	case reflect.Map:
		return decodeMap(n, v)
	case reflect.Slice:
		return decodeSlice(n, v)
	case reflect.String:
		if n.scalar() {
			v.SetString(n.Text)
			return nil
		}
	case reflect.Bool:
		if n.Kind == Bool {
			v.SetBool(n.Text == "true")
			return nil
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(n.Text, 10, v.Type().Bits())
		if err == nil && n.Kind == Int {
			v.SetInt(i)
			return nil
		}
	}
	return fmt.Errorf("decode %s into %s", n, v.Type())
}

func decodeStruct(n *Node, v reflect.Value) error {
	if n.Kind != Struct {
		return fmt.Errorf("decode %s into %s", n, v.Type())
	}
	for _, f := range n.Fields {
		i := fieldIndex(v.Type(), f.Name)
		if i < 0 {
			return fmt.Errorf("decode: %s has no field %s", v.Type(), f.Name)
		}
		if err := decode(f.Node, v.Field(i)); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func fieldIndex(t reflect.Type, name string) int {
	for i := range t.NumField() {
		if tag, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); tag == name {
			return i
		}
	}
	return -1
}

func decodeMap(n *Node, v reflect.Value) error {
	if n.Kind != Struct {
		return fmt.Errorf("decode %s into %s", n, v.Type())
	}
	m := reflect.MakeMapWithSize(v.Type(), len(n.Fields))
	for _, f := range n.Fields {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := decode(f.Node, value); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		m.SetMapIndex(reflect.ValueOf(f.Name).Convert(v.Type().Key()), value)
	}
	v.Set(m)
	return nil
}

func decodeSlice(n *Node, v reflect.Value) error {
	if n.Kind != List {
		return fmt.Errorf("decode %s into %s", n, v.Type())
	}
	s := reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items))
	for i, item := range n.Items {
		if err := decode(item, s.Index(i)); err != nil {
			return fmt.Errorf("[%d]: %w", i, err)
		}
	}
	v.Set(s)
	return nil
}
