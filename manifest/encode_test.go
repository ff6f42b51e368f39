package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	k8syaml "sigs.k8s.io/yaml"
)

func TestEncodeObjects(t *testing.T) {
	for name, obj := range objects() {
		t.Run(name, func(t *testing.T) {
			data := mustEncode(t, obj)
			if !strings.HasPrefix(data, "apiVersion: ") {
				t.Errorf("does not begin with apiVersion:\n%s", data)
			}
			if strings.Contains(data, "\r") || strings.HasSuffix(data, "\n\n") || !strings.HasSuffix(data, "\n") {
				t.Errorf("line ends are not as they should be: %q", data)
			}
			roundTrip(t, obj)
			sameAsJSON(t, obj)
		})
	}
}

// roundTrip checks that obj, a pointer to an object, comes back from its YAML as it was, but for its status.
func roundTrip(t *testing.T, obj any) {
	t.Helper()
	data := mustEncode(t, obj)
	got := reflect.New(reflect.TypeOf(obj).Elem())
	if err := Decode([]byte(data), got.Interface()); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	want := reflect.New(reflect.TypeOf(obj).Elem())
	want.Elem().Set(reflect.ValueOf(obj).Elem())
	if status := want.Elem().FieldByName("Status"); status.IsValid() {
		status.SetZero()
	}
	if diff := cmp.Diff(want.Interface(), got.Interface(), sameObject); diff != "" {
		t.Errorf("round trip (-want +got):\n%s\n%s", diff, data)
	}
	// JSON tells nil from empty where the API does, and quantities by how they are written.
	if diff := cmp.Diff(asJSON(t, want.Interface()), asJSON(t, got.Interface())); diff != "" {
		t.Errorf("JSON after a round trip (-want +got):\n%s\n%s", diff, data)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sameAsJSON checks that what an untyped reader sees is what sigs.k8s.io/yaml would have written, without the noise.
func sameAsJSON(t *testing.T, obj any) {
	t.Helper()
	reference, err := k8syaml.Marshal(obj)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := k8syaml.Unmarshal(reference, &want); err != nil {
		t.Fatal(err)
	}
	if err := k8syaml.Unmarshal([]byte(mustEncode(t, obj)), &got); err != nil {
		t.Fatal(err)
	}
	delete(want.(map[string]any), "status")
	if diff := cmp.Diff(withoutNoise(want), got); diff != "" {
		t.Errorf("meaning (-json +got):\n%s", diff)
	}
}

// withoutNoise takes away, by name, what the encoder leaves out by rule.
func withoutNoise(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withoutNoise(v[i])
		}
	case map[string]any:
		for key, value := range v {
			value = withoutNoise(value)
			v[key] = value
			m, isMap := value.(map[string]any)
			noise := map[string]bool{"resources": true, "strategy": true, "updateStrategy": true, "spec": true, "status": true, "metadata": true}
			if value == nil || isMap && len(m) == 0 && noise[key] {
				delete(v, key)
			}
		}
	}
	return v
}

func TestLayout(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"order", &corev1.ConfigMap{TypeMeta: typeMeta("v1", "ConfigMap"), ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "c"}, Data: map[string]string{"b": "1", "a": "x"}}, `
apiVersion: v1
kind: ConfigMap
metadata:
  name: c
  namespace: ns
data:
  a: x
  b: "1"
`},
		{"order of a reference", autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: "a", APIVersion: "apps/v1"}, `
apiVersion: apps/v1
kind: Deployment
name: a
`},
		{"untyped object", map[string]any{"spec": map[string]any{"a": 1}, "metadata": map[string]any{"name": "x"}, "kind": "K", "apiVersion": "v1", "data": nil, "status": "gone"}, `
apiVersion: v1
kind: K
metadata:
  name: x
data: null
spec:
  a: 1
`},
		{"unstructured", &unstructured.Unstructured{Object: map[string]any{"kind": "K", "apiVersion": "v1", "status": map[string]any{}, "big": int64(math.MaxInt64)}}, `
apiVersion: v1
kind: K
big: 9223372036854775807
`},
		{"a map that is no object keeps its status", map[string]any{"status": "x", "kind": "y"}, `
kind: "y"
status: x
`},
		{"lists", map[string]any{"a": []any{1, []any{2, []any{}, []any{3}}, map[string]any{"k": []any{4}, "l": 5}, map[string]any{}, nil}}, `
a:
- 1
- - 2
  - []
  - - 3
- k:
  - 4
  l: 5
- {}
- null
`},
		{"list at the top", []any{[]any{1}, map[string]any{"a": map[string]any{"b": 1}}}, `
- - 1
- a:
    b: 1
`},
		{"literals at depth", []any{"a\nb\n", map[string]any{"k": " a\n", "l": []any{" x\ny", []any{"\tz\n"}}}}, `
- |
  a
  b
- k: |2
     a
  l:
  - |2-
     x
    y
  - - |2
      	z
`},
		{"long keys", map[string]any{"l": map[string]any{strings.Repeat("k", 1001): []any{1}}}, `
l:
  ? ` + strings.Repeat("k", 1001) + `
  :
  - 1
`},
		{"nothing", nil, "\nnull\n"},
		{"nil pointer", (*corev1.Pod)(nil), "\nnull\n"},
		{"empty object", &corev1.Pod{}, "\n{}\n"},
		{"empty list", []string{}, "\n[]\n"},
		{"text", "a\nb\n", "\n\"a\\nb\\n\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, "\n"+mustEncode(t, tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNoiseAndMeaning pairs what is left out with what looks like it and must stay.
func TestNoiseAndMeaning(t *testing.T) {
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"status", &appsv1.Deployment{TypeMeta: typeMeta("apps/v1", "Deployment"), Status: appsv1.DeploymentStatus{Replicas: 3}}, `
apiVersion: apps/v1
kind: Deployment
spec:
  template: {}
`},
		{"status of a condition", metav1.Condition{Type: "Ready", Status: "True"}, `
type: Ready
status: "True"
reason: ""
message: ""
`},
		{"creation time", metav1.ObjectMeta{Name: "x"}, "\nname: x\n"},
		{"empty resources", corev1.Container{Name: "x"}, "\nname: x\n"},
		{"deny all: no pod selector means all pods", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{"Ingress"}}, `
podSelector: {}
policyTypes:
- Ingress
`},
		{"allow all", networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{}}}, `
podSelector: {}
ingress:
- {}
`},
		{"from all namespaces", networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}}, "\nnamespaceSelector: {}\n"},
		{"empty directory", corev1.Volume{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}, `
name: tmp
emptyDir: {}
`},
		{"zero that counts", autoscalingv2.HorizontalPodAutoscalerSpec{}, `
scaleTargetRef:
  kind: ""
  name: ""
maxReplicas: 0
`},
		{"zero behind a pointer", appsv1.RollingUpdateDeployment{MaxSurge: new(intstr.FromInt32(0))}, "\nmaxSurge: 0\n"},
		{"no target port is the port", corev1.ServicePort{Port: 80}, "\nport: 80\n"},
		{"zero port that is required", corev1.TCPSocketAction{}, "\nport: 0\n"},
		{"no divisor is one", corev1.ResourceFieldSelector{Resource: "limits.cpu"}, "\nresource: limits.cpu\n"},
		{"zero quantity in a map", corev1.ResourceList{"pods": {}}, "\npods: \"0\"\n"},
		{"nil rules", rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "r"}}, "\nmetadata:\n  name: r\n"},
		{"no rules", rbacv1.Role{Rules: []rbacv1.PolicyRule{}}, "\nrules: []\n"},
		{"no verbs", rbacv1.PolicyRule{Verbs: []string{}, Resources: []string{}}, "\nverbs: []\n"},
		{"empty secret value", corev1.Secret{Data: map[string][]byte{"a": {}, "b": []byte("1"), "c": []byte("\xd7\x6d\xf8")}}, `
data:
  a: ""
  b: MQ==
  c: "1234"
`},
		{"pod disruption budget without a selector selects none", &metav1.LabelSelector{}, "\n{}\n"},
		{"any node", corev1.PreferredSchedulingTerm{Weight: 1}, "\nweight: 1\npreference: {}\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, "\n"+mustEncode(t, tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

type (
	inner    struct{ A, B string }
	hidden   struct{ Promoted int }
	cyclic   struct{ Next *cyclic }
	endless  *endless
	loud     struct{ Text string }
	shouting struct{ Text string }
	tagged   struct {
		inner   `json:",inline"`
		*hidden `json:",inline"`
		B       string `json:"B"` // hides inner's
		Named   inner  `json:"named,omitempty"`
		Inline  inner  `json:",inline"` // not embedded: encoding/json goes by the field's name
		Skipped string `json:"-"`
		//lint:ignore SA5008 the tag is meant: encoding/json names the field "-"
		Dash         string          `json:"-,"`
		Quoted       int64           `json:"quoted,string"`
		QuotedText   *string         `json:"quotedText,string,omitempty"`
		Zero         time.Time       `json:"zero,omitzero"`
		ZeroNumber   int             `json:"zeroNumber,omitzero"`
		Port         uint16          `json:"port,omitempty"`
		Ratio        float64         `json:"ratio"`
		Single       float32         `json:"single"`
		Huge         float64         `json:"huge"`
		Raw          json.RawMessage `json:"raw"`
		Number       json.Number     `json:"number"`
		Array        [2]bool         `json:"array"`
		Address      netip.Addr      `json:"address"`
		Loud         loud            `json:"loud"`
		Shouts       map[string]shouting
		Micro        metav1.MicroTime `json:"micro"`
		Time         metav1.Time      `json:"time"`
		Never        metav1.Time      `json:"never"`
		Times        []metav1.Time    `json:"times"`
		Duration     metav1.Duration  `json:"duration"`
		Any          any              `json:"any"`
		NoAny        any              `json:"noAny"`
		Object       runtime.Object   `json:"object"`
		Extension    runtime.RawExtension
		Yes          string `json:"yes"`
		unexported   int
		AfterHidden  map[resource.Format]int
		EmptyStructs map[string]struct{}
	}
)

func (l loud) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"z": l.Text, "a": 1e30})
}
func (s *shouting) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(s.Text)), nil }

func TestEncodeTags(t *testing.T) {
	moment := time.Date(2024, 2, 29, 13, 0, 0, 1000, time.FixedZone("", 3600))
	in := tagged{
		inner: inner{A: "a", B: "hidden"}, B: "b", Dash: "dash", Quoted: 7, QuotedText: new("x"), Ratio: 0.5, Single: 0.1, Huge: 1e21,
		Raw: json.RawMessage(`{"b":[1,2.5e-9],"a":null}`), Number: "12345678901234567890", Address: netip.MustParseAddr("10.0.0.1"),
		Loud: loud{"x"}, Shouts: map[string]shouting{"k": {"x"}}, Micro: metav1.NewMicroTime(moment), Time: metav1.NewTime(moment),
		Times: []metav1.Time{{}}, Duration: metav1.Duration{Duration: 90 * time.Second}, Any: inner{"1", "~"}, Object: &corev1.Pod{},
		Extension: runtime.RawExtension{Object: &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ns"}}}, Yes: "no",
		unexported: 1, AfterHidden: map[resource.Format]int{"b": 1, "a": 2}, EmptyStructs: map[string]struct{}{"k": {}},
	}
	want := `A: a
B: b
Inline:
  A: ""
  B: ""
"-": dash
quoted: "7"
quotedText: "\"x\""
ratio: 0.5
single: 0.1
huge: 1.0e+21
raw:
  a: null
  b:
  - 1
  - 2.5e-9
number: 12345678901234567890
array:
- false
- false
address: 10.0.0.1
loud:
  a: 1.0e+30
  z: x
Shouts:
  k: X
micro: "2024-02-29T12:00:00.000001Z"
time: "2024-02-29T12:00:00Z"
times:
- null
duration: 1m30s
any:
  A: "1"
  B: "~"
object: {}
Extension:
  metadata:
    name: ns
  spec: {}
  status: {}
"yes": "no"
AfterHidden:
  a: 2
  b: 1
EmptyStructs:
  k: {}
`
	// omitempty is for structs that come out empty; named has two fields that are not omitempty.
	want = strings.Replace(want, "Inline:", "named:\n  A: \"\"\n  B: \"\"\nInline:", 1)
	if diff := cmp.Diff(want, mustEncode(t, in)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.hidden = &hidden{Promoted: 4}
	if got := mustEncode(t, &in); !strings.Contains(got, "\nPromoted: 4\n") {
		t.Errorf("the field of an embedded pointer is missing:\n%s", got)
	}
}

// broken marshals only with a value inside.
type broken struct{ *loud }

type failing struct{}

var errRefused = errors.New("refused")

func (failing) MarshalJSON() ([]byte, error) { return nil, errRefused }

func TestEncodeErrors(t *testing.T) {
	loop := &cyclic{}
	loop.Next = loop
	var knot endless
	knot = &knot
	self := map[string]any{}
	self["self"] = self
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{}, {Env: []corev1.EnvVar{{Value: "\xff"}}}}}}
	tests := []struct {
		name string
		in   any
		want string
	}{
		{"text in a field", pod, "encode *v1.Pod: spec.containers[1].env[0].value: text is not valid UTF-8"},
		{"text in a map", map[string]any{"a.b": []string{"\x80"}}, "encode map[string]interface {}: [a.b][0]: text is not valid UTF-8"},
		{"text of a key", map[string]int{"a\xff": 1}, "encode map[string]int: [a\ufffd]: text is not valid UTF-8"},
		{"text of a marshaler", struct{ R json.RawMessage }{json.RawMessage("\"\xff\"")}, "R: text is not valid UTF-8"},
		{"text after other alphabets", "好\xff", "text is not valid UTF-8"},
		{"channel", struct{ C chan int }{}, "C: chan int: JSON has no such kind of value"},
		{"function", struct{ F func() }{}, "F: func(): JSON has no such kind of value"},
		{"complex", []any{1i}, "[0]: complex128: JSON has no such kind of value"},
		{"keys that are no text", struct{ M map[int]string }{map[int]string{1: ""}}, "M: map[int]string: JSON has no such kind of value"},
		{"not a number", struct{ F float64 }{math.NaN()}, "F: NaN: JSON has no such kind of value"},
		{"infinity", map[string]float32{"f": float32(math.Inf(-1))}, "[f]: -Inf: JSON has no such kind of value"},
		{"number that is none", struct{ N json.Number }{"1x"}, `N: number "1x": JSON has no such kind of value`},
		{"int or string that is neither", struct{ P intstr.IntOrString }{intstr.IntOrString{Type: 7}}, "P: IntOrString of type 7: JSON has no such kind of value"},
		{"cycle of pointers", loop, "encode *manifest.cyclic: Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next.Next…: nested more than 1000 deep: a cycle"},
		{"cycle of a pointer to itself", knot, "encode manifest.endless: nested more than 1000 deep: a cycle"},
		{"cycle of maps", self, "…: nested more than 1000 deep: a cycle"},
		{"marshaler that refuses", struct{ F failing }{}, "F: json: error calling MarshalJSON for type *manifest.failing: refused"},
		{"marshaler that panics", struct{ B broken }{}, "B: marshal manifest.broken: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kept := []byte("kept")
			dst, err := AppendYAML(kept, tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want %q in it", err, tt.want)
			}
			if string(dst) != "kept" {
				t.Errorf("dst is %q after an error", dst)
			}
		})
	}
	if _, err := Encode([]failing{{}}); !errors.Is(err, errRefused) {
		t.Errorf("the marshaler's error is not wrapped: %v", err)
	}
}

func TestAppendYAML(t *testing.T) {
	dst, err := AppendYAML([]byte("# a\n\n\n"), map[string]string{"a": "x\n\n"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("# a\n\n\na: \"x\\n\\n\"\n", string(dst)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestEncodeConcurrently shares objects between goroutines; the race detector watches.
func TestEncodeConcurrently(t *testing.T) {
	all := objects()
	want := map[string]string{}
	for name, obj := range objects() { // of their own, so that nothing is stored in the shared ones yet
		want[name] = mustEncode(t, obj)
	}
	plans.Clear()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				for name, obj := range all {
					if got, err := Encode(obj); err != nil || string(got) != want[name] {
						t.Errorf("%s differs: %v\n%s", name, err, got)
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkEncode(b *testing.B) {
	for _, bb := range []struct {
		name string
		obj  runtime.Object
	}{
		{"Deployment", deployment()}, {"Service", service()}, {"Ingress", ingress()}, {"NetworkPolicy", networkPolicy()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				var err error
				if dst, err = AppendYAML(dst[:0], bb.obj); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(dst)))
		})
		b.Run(bb.name+"/encoding-json", func(b *testing.B) { // to compare with, on whatever machine this is
			var dst bytes.Buffer
			for b.Loop() {
				dst.Reset()
				if err := json.NewEncoder(&dst).Encode(bb.obj); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
