package schema

import (
	"slices"

	"github.com/meridian-gitops/meridian/diag"
)

// Expectation is an entry of a file of expectations. Its shape follows #Expectation; the comments there say what each
// field means.
type Expectation struct {
	Regions  []string        `json:"regions"`
	Given    *Node           `json:"given"`
	Object   *ExpectedObject `json:"object"`
	Contains *Node           `json:"contains"` // CUE; see [Node.Mismatches]
	Absent   bool            `json:"absent"`
	Codes    *Node           `json:"codes"`
	Present  *bool           `json:"present"`

	Name string   `json:"-"`
	Pos  diag.Pos `json:"-"` // of the name
	Node *Node    `json:"-"` // the same with positions

	regional map[string]*Expectation // set only where the file uses the region's facts
}

// ExpectedObject is #ExpectedObject.
type ExpectedObject struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// In returns the expectation as it is in a region, for expressions in it may use the region's facts; nil when the file
// does not have it there.
func (e *Expectation) In(region string) *Expectation {
	if e.regional == nil {
		return e
	}
	return e.regional[region]
}

// Path returns the path of a field of the expectation in its file.
func (e *Expectation) Path(fields ...string) string {
	return joinPath(append([]string{"expect", e.Name}, fields...))
}

// Expectations reads one file of expectations, in the order in which it gives them; facts are the regions in which
// expressions may be evaluated. With an error diagnostic there are none.
func (s *Schema) Expectations(src Source, facts []Facts) ([]*Expectation, []diag.Diagnostic) {
	f, list := parse(src)
	if f == nil {
		return nil, list
	}
	if !f.usesRegion || len(facts) == 0 {
		read, found := s.expectations(f, nil)
		return read, diag.Sort(append(list, found...))
	}
	found := map[string][]diag.Diagnostic{}
	var all []*Expectation
	for i := range facts {
		id := facts[i].ID
		read, problems := s.expectations(f, &facts[i])
		found[id] = problems
		for _, e := range read {
			all = e.addTo(all, id)
		}
	}
	list = diag.Sort(append(list, diag.Fold(found, len(facts))...))
	if diag.HasErrors(list) {
		return nil, list
	}
	return all, list
}

// addTo notes what an expectation is in a region. One of the same name in another region is the same expectation.
func (e *Expectation) addTo(all []*Expectation, region string) []*Expectation {
	i := slices.IndexFunc(all, func(other *Expectation) bool { return other.Name == e.Name })
	if i < 0 {
		whole := *e
		whole.regional = map[string]*Expectation{}
		i, all = len(all), append(all, &whole)
	}
	all[i].regional[region] = e
	return all
}

func (s *Schema) expectations(f *file, facts *Facts) ([]*Expectation, []diag.Diagnostic) {
	ref := s.Ref("#Expectations")
	n, list, _ := s.evaluate([]*file{f}, ref, facts)
	if n == nil {
		return nil, list
	}
	if !diag.HasErrors(list) { // what is missing may be what is wrong
		list = append(list, Check(ref, n)...)
	}
	if diag.HasErrors(list) {
		return nil, list
	}
	var all []*Expectation
	for _, field := range n.Get("expect").FieldList() {
		e := &Expectation{Name: field.Name, Pos: field.Pos, Node: field.Node}
		if err := Decode(field.Node, e); err != nil {
			panic("schema: it admits what an Expectation cannot hold: " + err.Error())
		}
		if e.Contains != nil { // CUE that is in error itself matches nothing
			list = append(list, evaluationErrors(e.Contains.Value.Validate(), e.Path("contains"))...)
		}
		all = append(all, e)
	}
	if diag.HasErrors(list) {
		return nil, list
	}
	return all, list
}
