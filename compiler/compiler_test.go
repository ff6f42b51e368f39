package compiler

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// TestAllOrNothing holds that one mistake, in one region, leaves no output at all (S20).
func TestAllOrNothing(t *testing.T) {
	const app = `name: "app1", space: "web", owner: "o", image: {name: "app1", tag: "1.0"}, ports: web: 80` + "\n"
	tests := []struct{ name, text string }{
		{"value", app + `replicas: -1`},
		{"plan, all regions", app + `backends: ["nothing"]`},
		{"plan, one region", app + `regions: "aws-oregon": tcp: x: {port: 443, to: "web"}`},
		{"object, one region", app + `regions: "aws-oregon": patches: [{target: kind: "Deployment", patch: spec: replica: 1}]`},
		{"closed region", app + `only: ["ksc-russia", "aws-oregon"]`},
		{"no region", app + `only: []`},
		{"unknown space", `name: "app1", space: "nowhere", owner: "o", image: {name: "app1", tag: "1.0"}`},
	}
	c := newCompiler(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, list := c.compile(t, test.text)
			if !diag.HasErrors(list) {
				t.Fatal("no error")
			}
			if test.name != "value" && result.Outputs != nil {
				t.Errorf("%d outputs beside %v", len(result.Outputs), list)
			}
		})
	}
	if result, list := c.compile(t, app); len(list) > 0 || len(result.Outputs) != 5 {
		t.Errorf("%d outputs without a mistake, want 5: %v", len(result.Outputs), list)
	}
}

// goldenCase is a golden case's application, and a compiler for its platform.
type goldenCase struct {
	name     string
	compiler *Compiler
	source   schema.Source
	beside   map[string][]byte
}

func goldenCases(t testing.TB) []goldenCase {
	t.Helper()
	paths, err := filepath.Glob("../golden/cases/*/app.cue")
	if err != nil || len(paths) < 50 {
		t.Fatalf("%d golden cases, %v", len(paths), err)
	}
	var list []goldenCase
	for _, path := range paths {
		dir := filepath.Dir(path)
		var sources []schema.Source
		files, _ := filepath.Glob(filepath.Join(dir, "platform", "*.cue"))
		for _, file := range files {
			sources = append(sources, schema.Source{Name: file, Data: readFile(t, file)})
		}
		p, found, err := regions.Load(newSchema(t), sources)
		if err != nil || p == nil {
			t.Fatal(dir, found, err)
		}
		c := goldenCase{filepath.Base(dir), New(newSchema(t), p), schema.Source{Name: path, Data: readFile(t, path)}, map[string][]byte{}}
		app, _ := c.compiler.schema.App(c.source, p.Facts())
		for _, file := range app.Beside() {
			c.beside[file.Path] = readFile(t, filepath.Join(dir, filepath.FromSlash(file.Path)))
		}
		list = append(list, c)
	}
	return list
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (g goldenCase) compile() (*Result, []diag.Diagnostic, error) {
	app, list := g.compiler.schema.App(g.source, g.compiler.platform.Facts())
	if diag.HasErrors(list) {
		return nil, list, nil
	}
	return g.compiler.Compile(app, g.beside)
}

// flat is everything that a compilation gives, as bytes.
func (g goldenCase) flat() []byte {
	result, list, err := g.compile()
	if err != nil || diag.HasErrors(list) {
		return nil
	}
	var b bytes.Buffer
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			b.WriteString(output.Region + "/" + path + "\n")
			b.Write(data)
		}
		for _, task := range output.Outside {
			b.WriteString(task.Do + "\n")
		}
	}
	b.WriteString(messages(list))
	return b.Bytes()
}

// TestDeterminism compiles every golden case many times, alone and beside others on one compiler, and compares
// bytes; the golden package does so with more processors.
func TestDeterminism(t *testing.T) {
	const goroutines, rounds = 4, 3
	for _, g := range goldenCases(t) {
		want := g.flat()
		if want == nil {
			t.Errorf("%s does not compile", g.name)
			continue
		}
		got := make([][]byte, goroutines*rounds)
		var group sync.WaitGroup
		for i := range goroutines {
			group.Go(func() {
				for round := range rounds {
					got[i*rounds+round] = g.flat()
				}
			})
		}
		group.Wait()
		if i := slices.IndexFunc(got, func(b []byte) bool { return !bytes.Equal(want, b) }); i >= 0 {
			t.Errorf("%s: run %d gives other bytes than the first", g.name, i)
		}
	}
}

// TestRestricted holds the pods of all golden cases to what Pod Security's restricted profile asks, written down
// here a second time, with what Meridian adds: no token, no service links, nothing persistent (S9).
func TestRestricted(t *testing.T) {
	for _, g := range goldenCases(t) {
		t.Run(g.name, func(t *testing.T) {
			result, list, err := g.compile()
			if err != nil || diag.HasErrors(list) {
				t.Fatal(list, err)
			}
			for _, output := range result.Outputs {
				pod := object[*appsv1.Deployment](output).Spec.Template.Spec
				restrictedPod(t, pod)
				for _, c := range append(slices.Clone(pod.InitContainers), pod.Containers...) {
					restrictedContainer(t, pod, c)
				}
			}
		})
	}
}

func restrictedPod(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	yes := func(b *bool) bool { return b != nil && *b }
	no := func(b *bool) bool { return b != nil && !*b }
	s := pod.SecurityContext
	for what, ok := range map[string]bool{
		"hostNetwork":     !pod.HostNetwork && !pod.HostPID && !pod.HostIPC,
		"runAsNonRoot":    yes(s.RunAsNonRoot),
		"runAsUser":       s.RunAsUser != nil && *s.RunAsUser > 0,
		"seccompProfile":  s.SeccompProfile != nil && s.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"sysctls":         len(s.Sysctls) == 0,
		"token":           no(pod.AutomountServiceAccountToken) && pod.ServiceAccountName != "" && pod.ServiceAccountName != "default",
		"service links":   no(pod.EnableServiceLinks),
		"kinds of volume": !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.EmptyDir == nil && v.ConfigMap == nil && v.Secret == nil }),
		"emptyDir limits": !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil && v.EmptyDir.SizeLimit == nil }),
	} {
		if !ok {
			t.Errorf("the pod's %s is not restricted", what)
		}
	}
}

func restrictedContainer(t *testing.T, pod corev1.PodSpec, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
		s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(s.Capabilities.Add) > 0 {
		t.Errorf("the container %s is not restricted: %+v", c.Name, s)
		return
	}
	if s.Privileged != nil && *s.Privileged || s.RunAsNonRoot != nil && !*s.RunAsNonRoot || s.RunAsUser != nil && *s.RunAsUser == 0 {
		t.Errorf("the container %s may be root", c.Name)
	}
	writable := slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/tmp" && !m.ReadOnly })
	if c.Name == pod.ServiceAccountName && !writable {
		t.Error("the application's container has no writable /tmp") // S9
	}
}
