package compiler

import (
	"slices"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/schema"
)

// claims are the shared names that an application uses in a region, sorted (S7, S10, S11, S13).
func (p *RegionPlan) claims() []manifest.Claim {
	var list []manifest.Claim
	base := manifest.Claim{Region: p.Region.ID, Namespace: p.Namespace, App: p.Spec.Name}
	for name, entry := range p.Spec.HTTP {
		for _, path := range entry.Paths {
			claim := base
			claim.Kind, claim.Entry, claim.Host, claim.Path, claim.PathType = manifest.ClaimHTTP, name, entry.Host, path.Path, path.Type
			_, _, claim.Delegated = p.Platform.Delegate(entry.Host, path.Path)
			list = append(list, claim)
		}
	}
	l4 := func(kind manifest.ClaimKind, entries map[string]schema.L4) {
		for name, entry := range entries {
			claim := base
			claim.Kind, claim.Entry, claim.Port = kind, name, entry.Port
			claim.Service, claim.ServicePort = p.Spec.Name, p.Spec.Ports[entry.To].ServicePort
			list = append(list, claim)
		}
	}
	l4(manifest.ClaimTCP, p.Spec.TCP)
	l4(manifest.ClaimUDP, p.Spec.UDP)
	slices.SortFunc(list, manifest.Claim.Compare)
	return list
}
