package compiler

import (
	"slices"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Product is what an application has become, as plain data that another process can hand over: what publishing,
// comparing and checking applications together need of a [Result].
type Product struct {
	App       Names
	Namespace string
	Pos       diag.Pos // of the application's name
	Outputs   []Part   // sorted by region; nil when a diagnostic is an error
	Peer      *Interface
	Elsewhere []string // regions that it selects and was not compiled for, sorted
}

// Names are what an application says of itself.
type Names struct{ Name, Space, Owner string }

// Part is a product's output in one region.
type Part struct {
	Region  string
	Order   []string // the files' names, in the order in which they are best applied
	Files   manifest.Tree
	Claims  []manifest.Claim // sorted
	Where   []diag.Pos       // where each claim is made
	Outside []Task           // what no object can do
}

// Product returns the result as plain data.
func (r *Result) Product() *Product {
	p := &Product{App: Names{r.App.Name, r.App.Space, r.App.Owner}, Namespace: r.Namespace, Pos: r.App.Node().Where("name"), Elsewhere: r.Elsewhere}
	if r.Outputs == nil {
		return p
	}
	p.Peer = r.Interface()
	for i, output := range r.Outputs {
		part := Part{Region: output.Region, Files: output.Files, Claims: output.Claims, Outside: output.Outside}
		for _, object := range output.Objects {
			part.Order = append(part.Order, object.File)
		}
		for _, claim := range output.Claims {
			field := "port"
			if claim.Kind == manifest.ClaimHTTP {
				field = "host"
			}
			part.Where = append(part.Where, r.Plans[i].Where(string(claim.Kind), claim.Entry, field))
		}
		p.Outputs = append(p.Outputs, part)
	}
	return p
}

// Interface returns what other applications see of the application.
func (p *Product) Interface() *Interface { return p.Peer }

// Tree returns all regions' manifests, as they lie in the repository.
func (p *Product) Tree() (manifest.Tree, error) {
	var files []manifest.File
	for _, part := range p.Outputs {
		folder := AppFolder(part.Region, p.Namespace, p.App.Name)
		for path, data := range part.Files.Files() {
			files = append(files, manifest.File{Path: folder + "/" + path, Data: data})
		}
	}
	return manifest.NewTree(files)
}

// Claims returns the names that the application claims in all regions, sorted.
func (p *Product) Claims() []manifest.Claim {
	var claims []manifest.Claim
	for _, part := range p.Outputs {
		claims = append(claims, part.Claims...)
	}
	slices.SortFunc(claims, manifest.Claim.Compare)
	return claims
}

// Where returns the place of a claim; that of the application's name when it makes no such claim.
func (p *Product) Where(claim manifest.Claim) diag.Pos {
	for _, part := range p.Outputs {
		if i := slices.Index(part.Claims, claim); i >= 0 {
			return part.Where[i]
		}
	}
	return p.Pos
}
