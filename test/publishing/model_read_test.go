package publishing

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// holding is what a repository holds, in the model's words: read with git and a YAML library, not with Meridian.
type holding struct {
	Apps       map[string]heldApp
	Manifests  map[string]string   // region/space/app → the image's tag
	Claims     map[string]string   // region/kind/name → who holds it
	Aggregates map[string]string   // region/kind/port → where it leads
	Spaces     map[string][]string // space → regions with its folder
	Sync       map[string][]string // space → regions with its sync object
	Bounds     map[string][]string // space → regions with what bounds it
	Recorded   map[string][]string // space → regions, as the platform's record has it
	Others     []string            // files that nothing accounts for
}

// heldApp is an application's record.
type heldApp struct {
	Regions, Claims []string
	Slot            string
	Source          string // its app.cue
}

func emptyHolding() holding {
	return holding{Apps: map[string]heldApp{}, Manifests: map[string]string{}, Claims: map[string]string{}, Aggregates: map[string]string{},
		Spaces: map[string][]string{}, Sync: map[string][]string{}, Bounds: map[string][]string{}, Recorded: map[string][]string{}}
}

// holding says what the repository must hold.
func (w world) holding() holding {
	h := emptyHolding()
	hosts := map[string][]string{}
	for id, v := range w.apps {
		a := heldApp{Regions: v.Regions, Slot: v.Slot, Source: v.Spec.cue()}
		for _, region := range v.Regions {
			h.Manifests[region+"/"+id.String()] = fmt.Sprintf("1.%d", v.Spec.Tag)
		}
		for _, c := range v.claims() {
			place := c.region + "/" + c.kind + "/" + c.name
			a.Claims = append(a.Claims, place+".yaml")
			switch c.kind {
			case "http":
				hosts[place] = append(hosts[place], c.path+" "+id.String())
			default:
				h.Claims[place] = id.String()
				h.Aggregates[place] = fmt.Sprintf("myorg-%s:%d", id, map[string]int{"tcp": webPort, "udp": dnsPort}[c.kind])
			}
		}
		slices.Sort(a.Claims)
		h.Apps[id.String()] = a
	}
	for place, holders := range hosts {
		slices.Sort(holders)
		h.Claims[place] = strings.Join(holders, ", ")
	}
	for space, regions := range w.spaces {
		h.Spaces[space], h.Sync[space], h.Bounds[space], h.Recorded[space] = regions, regions, regions, regions
	}
	return h
}

// objects reads a commit's files through one git process.
func objects(dir string) (map[string][]byte, error) {
	list, err := exec.Command("git", "--git-dir="+dir, "ls-tree", "-r", "-z", "main").Output()
	if err != nil {
		return nil, fmt.Errorf("ls-tree: %w", err)
	}
	var names []string
	var hashes bytes.Buffer
	for _, line := range strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		about, name, _ := strings.Cut(line, "\t")
		fields := strings.Fields(about)
		if len(fields) != 3 || fields[0] != "100644" {
			return nil, fmt.Errorf("%q is no plain file", line)
		}
		names = append(names, name)
		fmt.Fprintln(&hashes, fields[2])
	}
	cmd := exec.Command("git", "--git-dir="+dir, "cat-file", "--batch")
	cmd.Stdin = &hashes
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("cat-file: %w", err)
	}
	files := map[string][]byte{}
	r := bufio.NewReader(bytes.NewReader(out))
	for _, name := range names {
		line, err := r.ReadString('\n')
		fields := strings.Fields(line)
		if err != nil || len(fields) != 3 {
			return nil, fmt.Errorf("cat-file said %q of %s", line, name)
		}
		n, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, err
		}
		data := make([]byte, n+1)
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, err
		}
		files[name] = data[:n]
	}
	return files, nil
}

// readHolding reads what a repository's branch holds.
func readHolding(dir string) (holding, error) {
	h := emptyHolding()
	files, err := objects(dir)
	if err != nil {
		return h, err
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := h.file(file, files[file]); err != nil {
			return h, fmt.Errorf("%s: %w", file, err)
		}
	}
	return h, nil
}

// file puts a file where it belongs.
func (h *holding) file(file string, data []byte) error {
	parts := strings.Split(file, "/")
	switch {
	case file == ".meridian/platform.yaml":
		return h.platform(data)
	case file == ".meridian/platform/platform.cue":
		return nil
	case match(parts, ".meridian", "apps", "*", "*", "owner.yaml"):
		return h.owner(spaceOf(parts[2])+"/"+parts[3], data)
	case match(parts, ".meridian", "apps", "*", "*", "inputs", "app.cue"):
		id := spaceOf(parts[2]) + "/" + parts[3]
		a := h.Apps[id]
		a.Source = string(data)
		h.Apps[id] = a
		return nil
	case match(parts, ".meridian", "claims", "*", "*", "*"):
		return h.claim(strings.TrimSuffix(strings.Join(parts[2:], "/"), ".yaml"), data)
	case match(parts, "regions", "*", "edge", "*"):
		return h.aggregate(parts[1], data)
	case match(parts, "regions", "*", "sync", "*", "*"):
		add(h.Bounds, spaceOf(parts[3]), parts[1])
	case match(parts, "regions", "*", "sync", "*"):
		add(h.Sync, spaceOf(strings.TrimSuffix(parts[3], ".yaml")), parts[1])
	case match(parts, "regions", "*", "spaces", "*", "space", "*"):
		add(h.Spaces, spaceOf(parts[3]), parts[1])
	case match(parts, "regions", "*", "spaces", "*", "apps", "*", "*"):
		return h.manifest(parts[1]+"/"+spaceOf(parts[3])+"/"+parts[5], path.Base(file), data)
	default:
		h.Others = append(h.Others, file)
	}
	return nil
}

func match(parts []string, pattern ...string) bool {
	return slices.EqualFunc(parts, pattern, func(part, p string) bool { return p == "*" || p == part })
}

func spaceOf(namespace string) string { return strings.TrimPrefix(namespace, "myorg-") }

// add adds a region to a space's.
func add(lists map[string][]string, space, region string) {
	if !slices.Contains(lists[space], region) {
		lists[space] = append(lists[space], region)
	}
}

func (h *holding) platform(data []byte) error {
	var record struct {
		Spaces []struct {
			Namespace string
			Regions   []string
		}
	}
	err := yaml.Unmarshal(data, &record)
	for _, s := range record.Spaces {
		h.Recorded[spaceOf(s.Namespace)] = s.Regions
	}
	return err
}

func (h *holding) owner(id string, data []byte) error {
	var record struct {
		Regions, Claims []string
		Source          struct{ Path string }
	}
	err := yaml.Unmarshal(data, &record)
	a := h.Apps[id]
	a.Regions, a.Claims, a.Slot = record.Regions, record.Claims, path.Base(path.Dir(record.Source.Path))
	h.Apps[id] = a
	return err
}

func (h *holding) claim(place string, data []byte) error {
	var record struct {
		Namespace, App, Host string
		Port                 int
		Paths                []struct{ Path, App string }
	}
	if err := yaml.Unmarshal(data, &record); err != nil {
		return err
	}
	space := spaceOf(record.Namespace)
	if record.Host == "" {
		if strconv.Itoa(record.Port) != path.Base(place) {
			return fmt.Errorf("is about port %d", record.Port)
		}
		h.Claims[place] = space + "/" + record.App
		return nil
	}
	if record.Host != path.Base(place) {
		return fmt.Errorf("is about %s", record.Host)
	}
	var holders []string
	for _, p := range record.Paths {
		holders = append(holders, p.Path+" "+space+"/"+p.App)
	}
	slices.Sort(holders)
	h.Claims[place] = strings.Join(holders, ", ")
	return nil
}

// aggregate reads the ports of a ConfigMap for ingress-nginx.
func (h *holding) aggregate(region string, data []byte) error {
	var object struct {
		Metadata struct{ Name string }
		Data     map[string]string
	}
	if err := yaml.Unmarshal(data, &object); err != nil {
		return err
	}
	kind, _, _ := strings.Cut(object.Metadata.Name, "-")
	for port, to := range object.Data {
		h.Aggregates[region+"/"+kind+"/"+port] = to
	}
	return nil
}

// manifest notes that an application is in a region, and the tag that its Deployment has there.
func (h *holding) manifest(place, name string, data []byte) error {
	h.Manifests[place] += "" // whatever it is, it is there
	if name != "deployment.yaml" {
		return nil
	}
	var object struct {
		Spec struct {
			Template struct {
				Spec struct{ Containers []struct{ Image string } }
			}
		}
	}
	err := yaml.Unmarshal(data, &object)
	for _, c := range object.Spec.Template.Spec.Containers {
		h.Manifests[place] = c.Image[strings.LastIndex(c.Image, ":")+1:]
	}
	return err
}
