package compiler

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// ingressNginx writes the annotations of ingress-nginx, which other controllers read as well.
type ingressNginx struct{}

const nginxPrefix = "nginx.ingress.kubernetes.io/"

// Capabilities follows ingress-nginx' own documentation of annotations and of exposing TCP and UDP services.
func (ingressNginx) Capabilities() Capabilities {
	return Capabilities{
		AllowList:         true,
		PermanentRedirect: true,
		RedirectCode:      308,
		RedirectNeedsCert: false,
		WildcardHost:      true,
		TCP:               true,
		UDP:               true,
		Note:              "With an invalid or missing certificate HTTP is redirected all the same, to a default certificate; the manual serves HTTP then (S10). `plan` lists the secret as the first thing to do.",
	}
}

// Ingress of an exposure. Where TLS ends at the controller, ssl-redirect decides, and must be written when it is
// not wanted, because TLS alone turns it on, also TLS of another Ingress of the host; where TLS ends before, only
// force-ssl-redirect looks at what the client used.
func (ingressNginx) Ingress(p *RegionPlan, name string, entry schema.HTTP) []manifest.Object {
	ingress := p.ingress(name, entry)
	redirect := strconv.FormatBool(entry.RedirectToHTTPS)
	annotations := map[string]string{nginxPrefix + "ssl-redirect": redirect}
	switch {
	case entry.TLS == nil:
	case p.Region.Edge.TLS == "before":
		annotations[nginxPrefix+"ssl-redirect"] = "false"
		annotations[nginxPrefix+"force-ssl-redirect"] = redirect
	default:
		ingress.Spec.TLS = []networkingv1.IngressTLS{{Hosts: []string{entry.Host}, SecretName: entry.TLS.Secret}}
	}
	if len(entry.AllowFrom) > 0 {
		annotations[nginxPrefix+"whitelist-source-range"] = strings.Join(entry.AllowFrom, ",")
	}
	ingress.Annotations = annotations
	return []manifest.Object{{File: "ingress-" + name + ".yaml", Value: ingress}}
}

// Aggregates are the ConfigMaps of TCP and UDP services. They alone open nothing: the port must also be on the
// controller's Service, which `plan` says. They are there from the start, empty: the controller is told their names
// when it starts, and a folder with nothing in it cannot be synced.
func (ingressNginx) Aggregates(edge regions.EdgeL4, claims []manifest.Claim) []manifest.Object {
	var objects []manifest.Object
	for _, kind := range []struct {
		claim manifest.ClaimKind
		name  string
	}{{manifest.ClaimTCP, edge.TCPConfigMap}, {manifest.ClaimUDP, edge.UDPConfigMap}} {
		data := map[string]string{}
		for _, claim := range claims {
			if claim.Kind == kind.claim {
				data[strconv.Itoa(int(claim.Port))] = fmt.Sprintf("%s/%s:%d", claim.Namespace, claim.Service, claim.ServicePort)
			}
		}
		objects = append(objects, manifest.Object{File: kind.name + ".yaml", Value: &corev1.ConfigMap{
			TypeMeta:   typeMeta("v1", "ConfigMap"),
			ObjectMeta: aggregateMeta(edge.Namespace, kind.name),
			Data:       data,
		}})
	}
	return objects
}
