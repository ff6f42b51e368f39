package change

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/golden"
)

// exposure is one host and path that an Ingress leads to the application.
type exposure struct {
	host, path, pathType string
	port                 string // what the Ingress calls it
	backend              string // the container's port, or the same
	clients              prefixSet
	https                bool // a certificate is named
	plain                bool // served over HTTP too, not redirected
}

// Annotations of the ingress-nginx dialect that say who is let in, and how.
const (
	nginx              = "nginx.ingress.kubernetes.io/"
	annotationClients  = nginx + "whitelist-source-range"
	annotationRedirect = nginx + "ssl-redirect"
	annotationForce    = nginx + "force-ssl-redirect"
)

// ingress compares what an Ingress lets through with what all Ingresses of the application let through on the other
// side, so that an entry that only moved is no change.
func (p *pair) ingress(c *Change, before, after map[string]any) {
	was, okWas := p.old.exposuresOf(before)
	will, okWill := p.new.exposuresOf(after)
	allOld, okOld := p.old.exposures()
	allNew, okNew := p.new.exposures()
	if !okWas || !okWill || !okOld || !okNew {
		c.add(ExposureChanged)
		return
	}
	wider, narrower := gained(will, allOld), gained(was, allNew)
	for _, note := range wider {
		c.add(ExposureWider, note+" is new")
	}
	for _, note := range narrower {
		c.add(ExposureNarrower, note+" is gone")
	}
	for _, note := range unprotected(will, allOld) {
		c.add(ExposureWider, note)
	}
	for _, note := range protected(was, allNew) {
		c.add(ExposureNarrower, note)
	}
	if c.Op == golden.Changed && len(c.Classes) == 0 && !onlyLabels(c) {
		c.add(ExposureChanged)
	}
}

func onlyLabels(c *Change) bool {
	return !slices.ContainsFunc(c.Fields, func(f golden.Field) bool { return !strings.HasPrefix(f.Path, "metadata.labels") })
}

// exposures are those of all Ingresses of the application; ok is false when one cannot be understood.
func (s *side) exposures() (list []exposure, ok bool) {
	for _, object := range s.kind("Ingress") {
		of, fine := s.exposuresOf(object)
		if !fine {
			return nil, false
		}
		list = append(list, of...)
	}
	return list, true
}

func (s *side) exposuresOf(object map[string]any) ([]exposure, bool) {
	ingress, ok := as[networkingv1.Ingress](object)
	if !ok || ingress.Spec.DefaultBackend != nil {
		return nil, false
	}
	admitted, ok := clientsOf(ingress.Annotations[annotationClients])
	if !ok {
		return nil, false
	}
	force, forced := ingress.Annotations[annotationForce]
	var list []exposure
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			return nil, false
		}
		https := forced || slices.ContainsFunc(ingress.Spec.TLS, func(t networkingv1.IngressTLS) bool { return slices.Contains(t.Hosts, rule.Host) })
		redirected := force == "true" || https && !forced && ingress.Annotations[annotationRedirect] != "false"
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service == nil {
				return nil, false
			}
			e := exposure{host: rule.Host, path: path.Path, clients: admitted, https: https, plain: !redirected}
			if path.PathType != nil {
				e.pathType = string(*path.PathType)
			}
			e.port, e.backend = portName(*path.Backend.Service), s.backend(*path.Backend.Service)
			list = append(list, e)
		}
	}
	return list, true
}

// clientsOf reads an allow-list; an empty one admits everybody.
func clientsOf(list string) (prefixSet, bool) {
	if list == "" {
		return everyAddress(), true
	}
	var prefixes []netip.Prefix
	for text := range strings.SplitSeq(list, ",") {
		text = strings.TrimSpace(text)
		prefix, err := netip.ParsePrefix(text)
		if address, bad := netip.ParseAddr(text); err != nil && bad == nil {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			return nil, false
		}
		prefixes = append(prefixes, prefix)
	}
	return newPrefixSet(prefixes...), true
}

func clients(set prefixSet) string {
	if len(everyAddress().minus(set)) == 0 {
		return "all clients"
	}
	return set.words()
}

// covers reports whether all that f leads to is led to by e, for the clients of e.
func (e exposure) covers(f exposure) bool {
	return e.backend == f.backend && hostCovers(e.host, f.host) && pathCovers(e, f)
}

func hostCovers(wide, narrow string) bool {
	if wide == "" || wide == narrow {
		return true
	}
	suffix, wildcard := strings.CutPrefix(wide, "*")
	label, found := strings.CutSuffix(narrow, suffix)
	return wildcard && found && label != "" && !strings.Contains(label, ".")
}

// pathCovers follows the Ingress API: Prefix matches element by element, Exact itself, and what
// ImplementationSpecific matches is not known.
func pathCovers(e, f exposure) bool {
	if e.path == f.path && e.pathType == f.pathType {
		return true
	}
	if e.pathType != string(networkingv1.PathTypePrefix) || f.pathType == string(networkingv1.PathTypeImplementationSpecific) {
		return false
	}
	root := strings.TrimSuffix(e.path, "/")
	return f.path == root || strings.HasPrefix(f.path, root+"/")
}

// gained tells which exposures, or clients of them, the others do not have.
func gained(list, others []exposure) []string {
	var notes []string
	for _, e := range list {
		known := false
		extra := e.clients
		for _, other := range others {
			if other.covers(e) {
				known = true
				extra = extra.minus(other.clients)
			}
		}
		switch {
		case len(extra) == 0:
		case known && len(everyAddress().minus(e.clients)) == 0:
			notes = append(notes, e.words()+" for all other clients")
		case known:
			notes = append(notes, fmt.Sprintf("%s for %s", e.words(), e.clients.partWords(extra)))
		default:
			notes = append(notes, fmt.Sprintf("%s to port %s, for %s,", e.words(), e.port, clients(e.clients)))
		}
	}
	return notes
}

// unprotected tells which exposures have lost HTTPS, or are served over plain HTTP now.
func unprotected(list, others []exposure) []string {
	return protection(list, others, "has no HTTPS any more", "is no longer redirected to HTTPS")
}

// protected tells which exposures the others serve over HTTPS now, or no longer over plain HTTP.
func protected(list, others []exposure) []string {
	return protection(list, others, "has HTTPS now", "is redirected to HTTPS now")
}

func protection(list, others []exposure, https, redirect string) []string {
	var notes []string
	for _, e := range list {
		i := slices.IndexFunc(others, func(other exposure) bool { return other.covers(e) })
		switch {
		case i < 0:
		case others[i].https && !e.https:
			notes = append(notes, e.place()+" "+https)
		case !others[i].plain && e.plain:
			notes = append(notes, e.place()+" "+redirect)
		}
	}
	return notes
}

func (e exposure) place() string {
	host := e.host
	if host == "" {
		host = "any host"
	}
	return host + e.path
}

// words names an exposure by its address.
func (e exposure) words() string {
	scheme := "http://"
	if e.https {
		scheme = "https://"
	}
	return scheme + e.place()
}
