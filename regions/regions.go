// Package regions knows the platform: the organisation, its spaces, domains and rules, and the regions with all
// that the compiler must know of their clusters.
//
// In: the CUE files of a platform folder ([schema.Source] values; none means the embedded demo organisation).
// Out: a [Platform] with its regions sorted by identifier, merged over the manual's own table (S1, S5, S12, S13,
// S17, S18). It refuses a platform that contradicts itself, and reads no file but its embedded ones.
package regions

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/signature"
)

// The JSON files are what the CUE files beside them evaluate to, so that no run need evaluate them again. A test
// holds them current.
//
//go:embed catalogue/regions.cue catalogue/regions.json demo/platform.cue demo/platform.json
var embedded embed.FS

// Platform is the platform in force. It is immutable.
type Platform struct {
	Org         string
	Projects    []string // at least one; the first is the default (S1)
	Domains     map[string]Domain
	Spaces      map[string]Space // by given name, without the organisation's
	Regions     []Region         // open and closed, sorted by ID
	Defaults    *schema.Node     // what every application starts from; nil when there is nothing
	Constraints []Constraint     // sorted by name
	Admins      []string         // who may change the platform in the repository
	Sync        Sync
	Signers     []signature.Signer // sorted by name; none: commits need not be signed
	waves       [][]string         // as they are declared

	Digest   string          // of all CUE that went in: sha256: and hexadecimal digits
	Embedded bool            // the demo organisation
	Sources  []schema.Source // the platform folder's own files, or the demo's
	node     *schema.Node
}

// Domain is #Domain (S7).
type Domain struct {
	Spaces    []string                     `json:"spaces"` // empty means all
	ICPFiling string                       `json:"icpFiling"`
	Delegated map[string]map[string]string `json:"delegated"` // host → prefix of paths → space
}

// Space is #Space (S3, S4, S6, S19).
type Space struct {
	Publishers    []string           `json:"publishers"`
	Developers    []Subject          `json:"developers"`
	Auditors      []Subject          `json:"auditors"`
	DeveloperRole string             `json:"developerRole"`
	PullSecret    string             `json:"pullSecret"`
	Backends      map[string]Backend `json:"backends"`
	Quota         *Quota             `json:"quota"`
	Limits        *ContainerLimits   `json:"limits"`
	Only          []string           `json:"only"` // empty means every open region
}

// Subject is #Subject: Group or User.
type Subject struct {
	Group string `json:"group"`
	User  string `json:"user"`
}

// Backend is #Backend (S17–S19).
type Backend struct {
	Description string                   `json:"description"`
	Ports       []BackendPort            `json:"ports"`
	Regions     map[string]BackendRegion `json:"regions"`
	Apps        []string                 `json:"apps"` // empty means all of the space
}

// BackendPort is #BackendPort.
type BackendPort struct {
	Port     int32  `json:"port"`
	Protocol string `json:"protocol"`
}

// BackendRegion is #BackendRegion.
type BackendRegion struct {
	CIDRs []string `json:"cidrs"`
}

// Quota is #Quota; quantities are empty when absent, Pods is 0.
type Quota struct {
	CPU         string `json:"cpu"`
	Memory      string `json:"memory"`
	MemoryLimit string `json:"memoryLimit"`
	Pods        int64  `json:"pods"`
}

// ContainerLimits is #ContainerLimits.
type ContainerLimits struct {
	DefaultRequest Amounts `json:"defaultRequest"`
	Default        Amounts `json:"default"`
	Max            Amounts `json:"max"`
}

// Amounts is #Amounts; empty when absent.
type Amounts struct {
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}

// Sync is #Sync.
type Sync struct {
	Engine     string `json:"engine"`
	Namespace  string `json:"namespace"`
	Source     string `json:"source"`
	Name       string `json:"name"`
	Repository string `json:"repository"`
	Branch     string `json:"branch"`
	Secret     string `json:"secret"`
	Poll       string `json:"poll"`
	Interval   string `json:"interval"`
	Wait       bool   `json:"wait"`
	Timeout    string `json:"timeout"`
}

// Region is #Region (S1, S5, S10, S12, S13, S16–S18).
type Region struct {
	ID           string
	Title        string       `json:"title"`
	Cloud        string       `json:"cloud"`
	Open         bool         `json:"open"`
	Control      bool         `json:"control"`
	Registry     string       `json:"registry"`
	Kubernetes   string       `json:"kubernetes"` // minor version: 1.36
	Zones        int32        `json:"zones"`
	DrainSeconds int64        `json:"drainSeconds"`
	Network      Network      `json:"network"`
	Edge         Edge         `json:"edge"`
	Monitoring   *Monitoring  `json:"monitoring"`
	DNS          DNSRecord    `json:"dns"`
	Proxies      []string     `json:"proxies"`
	Peering      Peering      `json:"peering"`
	SourceCIDRs  []string     `json:"sourceCIDRs"`
	Mirror       *Mirror      `json:"mirror"`
	Defaults     *schema.Node `json:"defaults"`
}

// Mirror is #Mirror.
type Mirror struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}

// Network is #Network.
type Network struct {
	Pods     []string   `json:"pods"`
	Services []string   `json:"services"`
	Families []string   `json:"families"`
	DNS      ClusterDNS `json:"dns"`
}

// HasIPv6 reports whether pods have IPv6 addresses.
func (n Network) HasIPv6() bool { return slices.Contains(n.Families, "IPv6") }

// HasIPv4 reports whether pods have IPv4 addresses.
func (n Network) HasIPv4() bool { return slices.Contains(n.Families, "IPv4") }

// ClusterDNS is #ClusterDNS.
type ClusterDNS struct {
	Pods  []Peer   `json:"pods"`
	CIDRs []string `json:"cidrs"`
}

// Peer is #Peer: Namespace with Pods, or CIDR.
type Peer struct {
	Namespace map[string]string `json:"namespace"`
	Pods      map[string]string `json:"pods"`
	CIDR      string            `json:"cidr"`
}

// Edge is #Edge.
type Edge struct {
	From          []Peer   `json:"from"`
	TLS           string   `json:"tls"`
	ClientAddress string   `json:"clientAddress"`
	HTTP          EdgeHTTP `json:"http"`
	L4            *EdgeL4  `json:"l4"`
}

// EdgeHTTP is #EdgeHTTP.
type EdgeHTTP struct {
	Dialect string `json:"dialect"`
	Class   string `json:"class"`
}

// EdgeL4 is #EdgeL4.
type EdgeL4 struct {
	Dialect      string      `json:"dialect"`
	Namespace    string      `json:"namespace"`
	TCPConfigMap string      `json:"tcpConfigMap"`
	UDPConfigMap string      `json:"udpConfigMap"`
	Ports        []PortRange `json:"ports"`
	Reserved     []int32     `json:"reserved"`
}

// PortRange is #PortRange, both ends included.
type PortRange struct {
	From int32 `json:"from"`
	To   int32 `json:"to"`
}

// Monitoring is #Monitoring.
type Monitoring struct {
	From []Peer `json:"from"`
}

// DNSRecord is #DNSRecord (S12).
type DNSRecord struct {
	Record    string `json:"record"`
	Target    string `json:"target"`
	ICPFiling bool   `json:"icpFiling"`
}

// Peering is #Peering (S17).
type Peering struct {
	Account string `json:"account"`
	VPC     string `json:"vpc"`
	CIDR    string `json:"cidr"`
}

// Facts returns what expressions in app.cue may say of the region.
func (r *Region) Facts() schema.Facts {
	return schema.Facts{ID: r.ID, Title: r.Title, Cloud: r.Cloud, Registry: r.Registry, Kubernetes: r.Kubernetes}
}

// Namespace returns a space's namespace: <org>-<space> (S3).
func (p *Platform) Namespace(space string) string { return p.Org + "-" + space }

// Region returns a region by identifier, or nil.
func (p *Platform) Region(id string) *Region {
	i, found := slices.BinarySearchFunc(p.Regions, id, func(r Region, id string) int { return strings.Compare(r.ID, id) })
	if !found {
		return nil
	}
	return &p.Regions[i]
}

// ReadFrom is where a region's clusters read the repository, and the name of the Secret they do it with: its mirror, or
// the repository itself.
func (p *Platform) ReadFrom(r *Region) (url, secret string) {
	if r.Mirror != nil {
		return r.Mirror.URL, r.Mirror.Secret
	}
	return p.Sync.Repository, p.Sync.Secret
}

// Open returns the open regions' identifiers, sorted (S5).
func (p *Platform) Open() []string {
	var ids []string
	for _, r := range p.Regions {
		if r.Open {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// Waves returns the open regions in the order in which versions come to them: the declared waves, and those that are in
// none as the last. Without declared waves it is nil: versions come to all regions at once.
func (p *Platform) Waves() [][]string {
	if len(p.waves) == 0 {
		return nil
	}
	rest := p.Open()
	for _, wave := range p.waves {
		rest = slices.DeleteFunc(rest, func(id string) bool { return slices.Contains(wave, id) })
	}
	waves := slices.Clone(p.waves)
	if len(rest) > 0 {
		waves = append(waves, rest)
	}
	return waves
}

// SpaceRegions returns the open regions that a space exists in, sorted.
func (p *Platform) SpaceRegions(space string) []string {
	only := p.Spaces[space].Only
	return slices.DeleteFunc(p.Open(), func(id string) bool { return len(only) > 0 && !slices.Contains(only, id) })
}

// Facts returns the facts of the open regions, in order.
func (p *Platform) Facts() []schema.Facts {
	var facts []schema.Facts
	for i := range p.Regions {
		if p.Regions[i].Open {
			facts = append(facts, p.Regions[i].Facts())
		}
	}
	return facts
}

// Domain returns the registered domain that a host is under, matched label by label, and whether there is one (S7).
func (p *Platform) Domain(host string) (string, Domain, bool) {
	host = strings.TrimPrefix(host, "*.")
	for name := host; ; {
		if d, ok := p.Domains[name]; ok {
			return name, d, true
		}
		_, rest, more := strings.Cut(name, ".")
		if !more {
			return "", Domain{}, false
		}
		name = rest
	}
}

// Where returns the position of a part of the platform's own files.
func (p *Platform) Where(path ...string) diag.Pos { return p.node.Where(path...) }

// DemoSource is the embedded demo organisation's file, as `init --platform` writes it.
func DemoSource() schema.Source { return embeddedSource("demo/platform.cue") }

func embeddedSource(name string) schema.Source {
	data, err := embedded.ReadFile(name)
	if err != nil {
		panic("regions: embedded " + name + ": " + err.Error())
	}
	return schema.Source{Name: "(embedded)/" + path.Base(name), Data: data}
}

// Load reads a platform folder's files over the manual's regions. Without sources it is the embedded demo
// organisation. The Platform is nil when a diagnostic is an error.
func Load(s *schema.Schema, sources []schema.Source) (*Platform, []diag.Diagnostic, error) {
	p := &Platform{Sources: sources}
	if len(sources) == 0 {
		p.Embedded = true
		p.Sources = []schema.Source{DemoSource()}
	}
	ref := s.Ref("#Platform")
	catalogue := embeddedSource("catalogue/regions.cue")
	p.Digest = digest(append([]schema.Source{catalogue}, p.Sources...))
	base, err := schema.ParseJSON(embeddedSource("catalogue/regions.json").Data)
	if err != nil {
		return nil, nil, err
	}
	own, list, err := p.own(s, ref)
	if err != nil || own == nil || diag.HasErrors(list) {
		return nil, list, err
	}
	whole := *schema.Merge(ref, base, own)
	whole.Pos = own.Pos // what is missing is missing in the platform's own files
	p.node = &whole
	if found := schema.Check(ref, p.node); len(found) > 0 {
		return nil, diag.Sort(append(list, found...)), nil
	}
	if err := p.decode(ref); err != nil {
		return nil, list, err
	}
	list = append(list, p.check()...)
	if diag.HasErrors(list) {
		return nil, diag.Sort(list), nil
	}
	return p, diag.Sort(list), nil
}

// own reads the platform's own files, or the demo organisation's.
func (p *Platform) own(s *schema.Schema, ref *schema.Ref) (*schema.Node, []diag.Diagnostic, error) {
	if p.Embedded {
		node, err := schema.ParseJSON(embeddedSource("demo/platform.json").Data)
		return node, nil, err
	}
	node, list := s.Value(ref, p.Sources)
	return node, list, nil
}

// digest is over base names and contents, so that the folder may stand anywhere.
func digest(sources []schema.Source) string {
	h := sha256.New()
	for _, src := range sources {
		fmt.Fprintf(h, "%s %d\n", path.Base(src.Name), len(src.Data))
		h.Write(src.Data)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// document is #Platform as Go reads it.
type document struct {
	APIVersion  string                `json:"apiVersion"`
	Org         string                `json:"org"`
	Projects    []string              `json:"projects"`
	Domains     map[string]Domain     `json:"domains"`
	Spaces      map[string]Space      `json:"spaces"`
	Regions     map[string]Region     `json:"regions"`
	Defaults    *schema.Node          `json:"defaults"`
	Constraints map[string]constraint `json:"constraints"`
	Admins      []string              `json:"admins"`
	Sync        Sync                  `json:"sync"`
	Repository  repository            `json:"repository"`
	Waves       [][]string            `json:"waves"`
}

// repository is #Repository.
type repository struct {
	Signers map[string]signer `json:"signers"`
}

// signer is #Signer.
type signer struct {
	SSH     []string `json:"ssh"`
	OpenPGP []string `json:"openpgp"`
}

// list is the signers, sorted.
func (r repository) list() []signature.Signer {
	var list []signature.Signer
	for _, name := range slices.Sorted(maps.Keys(r.Signers)) {
		list = append(list, signature.Signer{Name: name, SSH: r.Signers[name].SSH, OpenPGP: r.Signers[name].OpenPGP})
	}
	return list
}

func (p *Platform) decode(ref *schema.Ref) error {
	var doc document
	if err := schema.Decode(schema.ApplyDefaults(ref, p.node.Without("defaults", "regions")), &doc); err != nil {
		return fmt.Errorf("read platform: %w", err)
	}
	p.Org, p.Projects, p.Domains, p.Spaces, p.Admins, p.Sync = doc.Org, doc.Projects, doc.Domains, doc.Spaces, doc.Admins, doc.Sync
	p.Signers = doc.Repository.list()
	p.waves = doc.Waves
	p.Defaults = p.node.Get("defaults")
	if p.Sync.Namespace == "" {
		p.Sync.Namespace = map[string]string{"flux": "flux-system", "argocd": "argocd"}[p.Sync.Engine]
	}
	for _, f := range p.node.Get("regions").FieldList() {
		var r Region
		// A region's defaults are part of an application: the application's own defaults come later.
		node := schema.ApplyDefaults(ref.Field("regions").Field(f.Name), f.Node.Without("defaults"))
		if err := schema.Decode(node, &r); err != nil {
			return fmt.Errorf("read region %s: %w", f.Name, err)
		}
		r.ID, r.Defaults = f.Name, f.Node.Get("defaults")
		r.Proxies = distinct(r.Proxies)
		p.Regions = append(p.Regions, r)
	}
	slices.SortFunc(p.Regions, func(a, b Region) int { return strings.Compare(a.ID, b.ID) })
	p.Constraints = constraints(doc.Constraints, p.node)
	return nil
}

// distinct drops repetitions: the manual's tables name one address twice (S13).
func distinct(list []string) []string {
	var kept []string
	for _, s := range list {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
