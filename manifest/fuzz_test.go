package manifest

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// FuzzString: any text reads back as itself, wherever it stands and by either version of YAML.
func FuzzString(f *testing.F) {
	for _, s := range scalars {
		f.Add(s.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			if _, err := Encode(s); !errors.Is(err, errNotUTF8) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		readBack(t, s)
	})
}

// FuzzTree: any JSON reads back as itself.
func FuzzTree(f *testing.F) {
	for _, obj := range objects() {
		data, err := json.Marshal(obj)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`{"a":[[],{},[[{"b":null}]],-0.5e-7,"\n x"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var want any
		if !utf8.ValidString(text) || json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		data, err := Encode(want)
		if err != nil {
			if errors.Is(err, errCycle) {
				return
			}
			t.Fatal(err)
		}
		if m, ok := want.(map[string]any); ok && m["apiVersion"] != nil && m["kind"] != nil {
			delete(m, "status")
		}
		for _, reader := range readers {
			var got any
			if err := reader.unmarshal(data, &got); err != nil {
				t.Fatalf("%s: %v\n%s", reader.name, err, data)
			}
			if diff := cmp.Diff(want, floats(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s\n%s", reader.name, diff, data)
			}
		}
	})
}

// floats has all numbers as encoding/json has them; yaml.v3 tells integers apart.
func floats(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = floats(v[key])
		}
	}
	return v
}

// FuzzObject: an object with anything in any field comes back as it was. The bytes choose what goes where.
func FuzzObject(f *testing.F) {
	kinds := objects()
	names := slices.Sorted(maps.Keys(kinds))
	for i := range names {
		f.Add(uint8(i), []byte("\x05\x01\x02name\x03yes\x00\x01\x02\x03\x04\x05\x06\x07\x08on\n x"))
		f.Add(uint8(i), []byte(strings.Repeat("\x01\x07\x01\x033", 400)))
	}
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		obj := reflect.New(reflect.TypeOf(kinds[names[int(kind)%len(names)]]).Elem())
		(&source{data}).fill(obj.Elem(), 0)
		roundTrip(t, obj.Interface())
	})
}

// source fills values from bytes; when they run out, it fills no more.
type source struct{ data []byte }

func (s *source) next() byte {
	if len(s.data) == 0 {
		return 0
	}
	b := s.data[0]
	s.data = s.data[1:]
	return b
}

func (s *source) text() string {
	n := min(int(s.next()%16), len(s.data))
	text := strings.ToValidUTF8(string(s.data[:n]), "\ufffd")
	s.data = s.data[n:]
	return text
}

func (s *source) fill(v reflect.Value, depth int) {
	switch p := v.Addr().Interface().(type) {
	case *metav1.Time:
		*p = metav1.Unix(int64(s.next())*1e6, 0) // never unset: behind a pointer that is null, and left out
		return
	case *metav1.MicroTime:
		*p = metav1.NewMicroTime(time.UnixMicro(int64(s.next()) * 1e9))
		return
	case *resource.Quantity:
		*p = *resource.NewMilliQuantity(int64(s.next())*50, resource.DecimalSI)
		return
	case *intstr.IntOrString:
		*p = intstr.FromInt32(int32(s.next()))
		if p.IntVal%2 == 1 {
			*p = intstr.FromString(s.text())
		}
		return
	case *metav1.FieldsV1:
		p.SetRawBytes([]byte(`{"f:a":{}}`))
		return
	}
	if len(s.data) > 0 && depth <= 20 {
		s.fillKind(v, depth)
	}
}

func (s *source) fillKind(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			s.fill(v.Field(i), depth+1)
		}
	case reflect.Pointer:
		if s.next()%3 == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			s.fill(v.Elem(), depth+1)
		}
	case reflect.Slice:
		if n := int(s.next() % 4); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n-1, n-1)) // empty, but not nil, too
			for i := range v.Len() {
				s.fill(v.Index(i), depth+1)
			}
		}
	case reflect.Map:
		if n := int(s.next() % 4); n > 0 {
			v.Set(reflect.MakeMap(v.Type()))
			for range n - 1 {
				value := reflect.New(v.Type().Elem()).Elem()
				s.fill(value, depth+1)
				v.SetMapIndex(reflect.ValueOf(s.text()).Convert(v.Type().Key()), value)
			}
		}
	case reflect.String:
		v.SetString(s.text())
	case reflect.Bool:
		v.SetBool(s.next()%2 == 1)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(int8(s.next())))
	case reflect.Uint8:
		v.SetUint(uint64(s.next()))
	}
}
