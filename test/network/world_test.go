package network

import (
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// world is one region's cluster: spaces and applications as they are rendered, and who else is there.
type world struct {
	name     string
	platform *regions.Platform
	region   *regions.Region
	files    [][]byte // rendered, of spaces and applications
	model    model
	pods     []*pod // applications first, then everybody else

	spaces map[string]string             // given name, by namespace
	plans  map[*pod]*compiler.RegionPlan // what the applications declare
}

// sharedSchema is the schema, compiled once.
var sharedSchema = sync.OnceValues(schema.New)

// compilerFor compiles for the platform of a folder; without one for the demo organisation.
func compilerFor(t *testing.T, folder string) *compiler.Compiler {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.cue"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []schema.Source
	for _, file := range files {
		if folder != "" {
			sources = append(sources, schema.Source{Name: file, Data: readFile(t, file)})
		}
	}
	platform, list, err := regions.Load(s, sources)
	if err != nil || platform == nil {
		t.Fatal(list, err)
	}
	return compiler.New(s, platform)
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// compile compiles the application of a file.
func compile(t *testing.T, c *compiler.Compiler, file string) *compiler.Result {
	t.Helper()
	s, err := sharedSchema()
	if err != nil {
		t.Fatal(err)
	}
	app, list := s.App(schema.Source{Name: file, Data: readFile(t, file)}, c.Platform().Facts())
	if app == nil {
		t.Fatalf("%s: %v", file, list)
	}
	beside := map[string][]byte{}
	for _, wanted := range app.Beside() {
		beside[wanted.Path] = readFile(t, filepath.Join(filepath.Dir(file), filepath.FromSlash(wanted.Path)))
	}
	result, found, err := c.Compile(app, beside)
	if err != nil || result == nil || len(result.Outputs) == 0 {
		t.Fatalf("%s: %v %v", file, found, err)
	}
	return result
}

// worlds lays applications and all spaces of their platform out, region by region, with pods of others.
func worlds(t *testing.T, name string, c *compiler.Compiler, apps []*compiler.Result, others ...*pod) []*world {
	t.Helper()
	var list []*world
	for _, id := range c.Platform().Open() {
		w := &world{
			name: name + " in " + id, platform: c.Platform(), region: c.Platform().Region(id),
			model: model{namespaces: map[string]map[string]string{}}, spaces: map[string]string{}, plans: map[*pod]*compiler.RegionPlan{},
		}
		if err := w.addSpaces(c); err != nil {
			t.Fatal(err)
		}
		for _, app := range apps {
			if err := w.addApp(app); err != nil {
				t.Fatal(err)
			}
		}
		w.addOthers(others)
		w.giveAddresses()
		list = append(list, w)
	}
	return list
}

func (w *world) addSpaces(c *compiler.Compiler) error {
	for _, name := range slices.Sorted(maps.Keys(w.platform.Spaces)) {
		if !slices.Contains(w.platform.SpaceRegions(name), w.region.ID) {
			continue
		}
		space, err := c.Space(name, w.region.ID)
		if err != nil {
			return err
		}
		w.spaces[space.Namespace] = name
		for _, tree := range []manifest.Tree{space.Files, space.Tenant} {
			if _, err := w.add(tree.Files()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) addApp(result *compiler.Result) error {
	for i, output := range result.Outputs {
		if output.Region != w.region.ID {
			continue
		}
		pods, err := w.add(output.Files.Files())
		if err != nil {
			return err
		}
		if len(pods) != 1 {
			return fmt.Errorf("%s: an application has %d Deployments", result.App.Name, len(pods))
		}
		w.plans[pods[0]] = &result.Plans[i]
	}
	return nil
}

// add reads rendered manifests and returns the pods among them.
func (w *world) add(files iter.Seq2[string, []byte]) ([]*pod, error) {
	var pods []*pod
	for path, data := range files {
		p, err := w.read(data)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if p != nil {
			pods = append(pods, p)
		}
		w.files = append(w.files, data)
	}
	w.pods = append(w.pods, pods...)
	return pods, nil
}

// read reads one manifest: of a Deployment what policies see of its pods.
func (w *world) read(data []byte) (*pod, error) {
	var o struct {
		Kind     string
		Metadata struct {
			Name, Namespace string
			Labels          map[string]string
		}
		Spec struct {
			Template struct {
				Metadata struct{ Labels map[string]string }
				Spec     struct{ Containers []struct{ Ports []podPort } }
			}
		}
	}
	if err := yaml.Unmarshal(data, &struct{ Kind *string }{&o.Kind}); err != nil {
		return nil, err
	}
	switch o.Kind {
	case "NetworkPolicy":
		p, err := readPolicy(data)
		w.model.policies = append(w.model.policies, p)
		return nil, err
	case "Namespace":
		err := yaml.Unmarshal(data, &o)
		w.addNamespace(o.Metadata.Name, o.Metadata.Labels)
		return nil, err
	case "Deployment":
		err := yaml.Unmarshal(data, &o)
		made := &pod{namespace: o.Metadata.Namespace, name: o.Metadata.Name, labels: o.Spec.Template.Metadata.Labels}
		for _, container := range o.Spec.Template.Spec.Containers {
			made.ports = append(made.ports, container.Ports...)
		}
		return made, err
	}
	return nil, nil
}

// addNamespace adds a namespace with the label that every API server gives it.
func (w *world) addNamespace(name string, labels map[string]string) {
	if w.model.namespaces[name] == nil {
		w.model.namespaces[name] = map[string]string{}
	}
	maps.Copy(w.model.namespaces[name], labels)
	w.model.namespaces[name]["kubernetes.io/metadata.name"] = name
}

// addOthers adds who else is in the cluster: the pods that the region names, pods that look like them or like
// applications elsewhere, and in every space one that no application declares.
func (w *world) addOthers(others []*pod) {
	apps := slices.Clone(w.pods)
	for _, p := range others {
		w.addNamespace(p.namespace, nil)
		w.addPod(p.namespace, p.name, p.labels)
	}
	named := slices.Concat(w.region.Edge.From, w.region.Network.DNS.Pods)
	if w.region.Monitoring != nil {
		named = append(named, w.region.Monitoring.From...)
	}
	for i, peer := range named {
		if peer.CIDR != "" {
			continue
		}
		namespace := peer.Namespace["kubernetes.io/metadata.name"]
		if namespace == "" {
			namespace = fmt.Sprintf("named-%d", i)
		}
		w.addNamespace(namespace, peer.Namespace)
		w.addPod(namespace, fmt.Sprintf("named-%d", i), peer.Pods)
		w.addPod(namespace, fmt.Sprintf("beside-%d", i), map[string]string{"app": "beside"})
		w.addPod("elsewhere", fmt.Sprintf("like-named-%d", i), peer.Pods)
	}
	w.addNamespace("elsewhere", map[string]string{"app.kubernetes.io/managed-by": "meridian"})
	for _, app := range apps {
		w.addPod("elsewhere", "like-"+app.namespace+"-"+app.name, app.labels)
	}
	for _, namespace := range slices.Sorted(maps.Keys(w.spaces)) {
		w.addPod(namespace, "undeclared", map[string]string{"app.kubernetes.io/name": "undeclared"})
	}
}

func (w *world) addPod(namespace, name string, labels map[string]string) {
	w.pods = append(w.pods, &pod{namespace: namespace, name: name, labels: maps.Clone(labels)})
}

// giveAddresses gives every pod an address of every family that pods have.
func (w *world) giveAddresses() {
	for _, cidr := range w.region.Network.Pods {
		prefix := netip.MustParsePrefix(cidr)
		address := prefix.Addr()
		for _, p := range w.pods {
			address = address.Next()
			if !slices.ContainsFunc(p.addresses, func(a netip.Addr) bool { return a.Is4() == address.Is4() }) {
				p.addresses = append(p.addresses, address)
			}
		}
	}
}
