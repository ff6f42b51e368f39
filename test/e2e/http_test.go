package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/schema"
	"github.com/meridian-gitops/meridian/test/cluster"
)

// What listens and asks in the network namespace of the test.
const (
	edgeHTTP  = "192.0.2.1:80"
	edgeHTTPS = "192.0.2.1:443"
	admitted  = "203.0.113.7"  // is in the allow-list
	stranger  = "198.51.100.9" // is not
	balancer  = "192.0.2.7"    // ends TLS before the edge, which believes what it says of clients
)

// TestHTTP lets a real ingress controller read our Ingresses and Services from a real API server, and asks it over real
// connections from real addresses (S10): Traefik, with its provider for ingress-nginx' annotations. The pods are servers
// at the addresses that EndpointSlices name.
func TestHTTP(t *testing.T) {
	minor := wanted(t)[0]
	t.Attr("version", minor.Name)
	cluster.Need(t, minor, cluster.Edge)
	if !alone(t) {
		return
	}
	for _, local := range []string{"192.0.2.0/24", "203.0.113.0/24", "198.51.100.0/24", "10.244.0.0/16"} {
		command(t, "ip", "route", "add", "local", local, "dev", "lo")
	}
	e := &edgeTest{cluster: cluster.Start(t, minor, cluster.Edge)}
	e.deploy(t)
	e.cluster.Traefik(t, edgeHTTP, edgeHTTPS, balancer)
	t.Run("hosts and paths", e.routes)
	t.Run("TLS", e.encrypts)
	t.Run("permanent redirect", e.redirects)
	t.Run("permanent redirect behind TLS", e.redirectsBehind)
	t.Run("certificate that is missing or another's", e.certificates)
	t.Run("allow-list", e.admits)
}

type edgeTest struct {
	cluster *cluster.Cluster
	pods    int
}

// deploy stores the applications' Ingresses and Services, and starts what their endpoints lead to.
func (e *edgeTest) deploy(t *testing.T) {
	t.Helper()
	admin := e.cluster.Admin
	admin.MustApply(t, []byte("apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\nspec: {controller: k8s.io/ingress-nginx}\n"))
	admin.MustApply(t, []byte(restricted(web)))
	for name, lines := range map[string]string{
		"plain": `ports: {web: 8080, admin: 9090}
http: public: {host: "plain.mydomain.com", port: "web", paths: ["/", {path: "/exactly-this", type: "Exact", port: "admin"}, {path: "/admin", port: "admin"}]}
http: any: {host: "*.mydomain.com", port: "admin"}`,
		"beside":   exposed("plain.mydomain.com", `paths: ["/beside"]`),
		"secure":   exposed("secure.mydomain.com", `tls: secret: "secure"`),
		"redirect": exposed("redirect.mydomain.com", `tls: {secret: "redirect"}, redirectToHTTPS: true`),
		"missing":  exposed("missing.mydomain.com", `tls: {secret: "nowhere"}, redirectToHTTPS: true`),
		"other":    exposed("other.mydomain.com", `tls: {secret: "secure"}, redirectToHTTPS: true`),
		"list":     exposed("list.mydomain.com", `allowFrom: ["203.0.113.0/24"]`),
	} {
		e.add(t, demo(t), name, lines)
	}
	before := compilerFor(t, []schema.Source{{Name: "platform.cue", Data: []byte(tlsBefore)}})
	e.add(t, before, "before", exposed("before.mydomain.com", `tls: {secret: "before"}, redirectToHTTPS: true`))
	e.add(t, before, "both", exposed("both.mydomain.com", `tls: secret: "both"`))
	for _, name := range []string{"secure", "redirect"} {
		admin.MustApply(t, certificateFor(t, name))
	}
}

// add stores the Ingresses and Services of an application, and starts what their endpoints lead to.
func (e *edgeTest) add(t *testing.T, c *compiler.Compiler, name, lines string) {
	t.Helper()
	for _, o := range compile(t, c, "app.cue", []byte(app(name, lines)), noFiles) {
		switch o.GetKind() {
		case "Ingress":
			e.cluster.Admin.MustApply(t, o.data)
		case "Service":
			e.cluster.Admin.MustApply(t, o.data)
			e.serve(t, o)
		}
	}
}

// tlsBefore is a platform whose certificates are on what is before the ingress controller.
const tlsBefore = `package platform

org: "myorg"
projects: ["myorg"]
domains: "mydomain.com": {}
spaces: web: {}
regions: "` + region + `": edge: tls: "before"
`

// exposed is an exposure of a host.
func exposed(host, more string) string {
	return fmt.Sprintf("ports: web: 8080\nhttp: public: {host: %q, port: \"web\", %s}", host, more)
}

// serve starts a pod's server at every port of a Service, and says where it is.
func (e *edgeTest) serve(t *testing.T, service object) {
	t.Helper()
	e.pods++
	address := fmt.Sprintf("10.244.0.%d", e.pods)
	ports, _, err := unstructured.NestedSlice(service.Object, "spec", "ports")
	if err != nil || len(ports) == 0 {
		t.Fatal(service.from, err)
	}
	var listed strings.Builder
	for _, port := range ports {
		name := port.(map[string]any)["name"].(string)
		listener, err := net.Listen("tcp", address+":0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s %s", service.GetName(), name, r.URL.Path)
		})}
		go server.Serve(listener)
		t.Cleanup(func() { server.Close() })
		fmt.Fprintf(&listed, "- {name: %s, port: %d, protocol: TCP}\n", name, listener.Addr().(*net.TCPAddr).Port)
	}
	e.cluster.Admin.MustApply(t, []byte(fmt.Sprintf(`apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: %[1]s-1
  namespace: %[2]s
  labels: {kubernetes.io/service-name: %[1]s}
addressType: IPv4
endpoints:
- {addresses: [%[3]s], conditions: {ready: true}}
ports:
%[4]s`, service.GetName(), service.GetNamespace(), address, listed.String())))
}

// certificateFor is a Secret with a certificate for NAME.mydomain.com.
func certificateFor(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name + ".mydomain.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return []byte(fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n",
		name, web, encode("CERTIFICATE", der), encode("EC PRIVATE KEY", private)))
}

// answer is what a client gets.
type answer struct {
	status   int
	body     string
	location string
	names    []string // of the certificate
}

// ask asks the edge for a URL from an address; redirects are not followed, and certificates are looked at by the test.
func ask(t *testing.T, from, url string) answer {
	t.Helper()
	return askOver(t, from, url, "")
}

// askOver asks as a proxy does whose client used a protocol.
func askOver(t *testing.T, from, url, protocol string) answer {
	t.Helper()
	edge := edgeHTTP
	if strings.HasPrefix(url, "https:") {
		edge = edgeHTTPS
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", edge) },
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		DisableKeepAlives: true,
	}
	client := &http.Client{
		Transport: transport, Timeout: 10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if protocol != "" {
		request.Header.Set("X-Forwarded-Proto", protocol)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: response.StatusCode, body: string(body), location: response.Header.Get("Location")}
	if response.TLS != nil {
		a.names = response.TLS.PeerCertificates[0].DNSNames
	}
	return a
}

// gets holds that a URL is answered by an application's port.
func gets(t *testing.T, url, want string) {
	t.Helper()
	cluster.Eventually(t, patience, func() string {
		if got := ask(t, admitted, url); got.status != http.StatusOK || got.body != want {
			return fmt.Sprintf("%s: %d %q, wanted %q", url, got.status, got.body, want)
		}
		return ""
	})
}

func (e *edgeTest) routes(t *testing.T) {
	gets(t, "http://plain.mydomain.com/", "plain web /")
	gets(t, "http://plain.mydomain.com/some/where", "plain web /some/where")
	gets(t, "http://plain.mydomain.com/admin", "plain admin /admin")
	gets(t, "http://plain.mydomain.com/admin/x", "plain admin /admin/x")
	gets(t, "http://plain.mydomain.com/administrator", "plain web /administrator") // Prefix matches whole elements
	gets(t, "http://plain.mydomain.com/exactly-this", "plain admin /exactly-this") // Traefik has a shorter one lose to "/": it orders rules by their length
	gets(t, "http://plain.mydomain.com/exactly-this/x", "plain web /exactly-this/x")
	gets(t, "http://plain.mydomain.com/beside/x", "beside web /beside/x")
	gets(t, "http://whatever.mydomain.com/", "plain admin /")
	if got := ask(t, admitted, "http://two.labels.mydomain.com/"); got.status != http.StatusNotFound {
		t.Errorf("a wildcard stands for one label, but %d %q", got.status, got.body)
	}
	if got := ask(t, admitted, "http://mydomain.com/"); got.status != http.StatusNotFound {
		t.Errorf("a host that nobody has: %d %q", got.status, got.body)
	}
}

// encrypts holds that TLS without a redirect serves both.
func (e *edgeTest) encrypts(t *testing.T) {
	gets(t, "https://secure.mydomain.com/a", "secure web /a")
	gets(t, "http://secure.mydomain.com/a", "secure web /a")
	if got := ask(t, admitted, "https://secure.mydomain.com/"); len(got.names) != 1 || got.names[0] != "secure.mydomain.com" {
		t.Errorf("the certificate is for %v", got.names)
	}
}

func (e *edgeTest) redirects(t *testing.T) {
	gets(t, "https://redirect.mydomain.com/a?b=c", "redirect web /a")
	e.redirected(t, "redirect")
}

// redirectsBehind holds that where TLS ends before the controller, HTTP of the client is redirected and HTTPS of the
// client is not.
func (e *edgeTest) redirectsBehind(t *testing.T) {
	e.redirected(t, "before")
	const url = "http://before.mydomain.com/a?b=c"
	want := ask(t, admitted, url)
	if got := askOver(t, balancer, url, "http"); got.status != want.status || got.location != want.location {
		t.Errorf("a client's HTTP is answered %d to %q, wanted %d to %q", got.status, got.location, want.status, want.location)
	}
	if got := askOver(t, balancer, url, "https"); got.status != http.StatusOK || got.body != "before web /a" {
		t.Errorf("a client's HTTPS is answered %d to %q: %q", got.status, got.location, got.body)
	}
	for _, protocol := range []string{"http", "https"} { // without redirectToHTTPS
		if got := askOver(t, balancer, "http://both.mydomain.com/a", protocol); got.status != http.StatusOK || got.body != "both web /a" {
			t.Errorf("%s without a redirect is answered %d to %q: %q", protocol, got.status, got.location, got.body)
		}
	}
}

// redirected holds that HTTP is answered with the permanent redirect that the capability table has.
func (e *edgeTest) redirected(t *testing.T, name string) {
	t.Helper()
	want := compiler.Dialects()["ingress-nginx"].Capabilities().RedirectCode
	got := ask(t, admitted, "http://"+name+".mydomain.com/a?b=c")
	if got.status != want || got.location != "https://"+name+".mydomain.com/a?b=c" {
		t.Errorf("%d to %q, wanted %d", got.status, got.location, want)
	}
}

// certificates compares what the table says of a certificate that is missing, or for another host: whether HTTP is
// redirected nevertheless.
func (e *edgeTest) certificates(t *testing.T) {
	if compiler.Dialects()["ingress-nginx"].Capabilities().RedirectNeedsCert {
		t.Fatal("the table says otherwise by now; so must this test")
	}
	for _, name := range []string{"missing", "other"} {
		e.redirected(t, name)
		url := "https://" + name + ".mydomain.com/"
		gets(t, url, name+" web /") // to who does not mind
		got := ask(t, admitted, url)
		for _, host := range got.names {
			if host == name+".mydomain.com" {
				t.Errorf("%s has a certificate", name)
			}
		}
	}
}

func (e *edgeTest) admits(t *testing.T) {
	gets(t, "http://list.mydomain.com/", "list web /")
	if got := ask(t, stranger, "http://list.mydomain.com/"); got.status != http.StatusForbidden {
		t.Errorf("%s is answered %d %q", stranger, got.status, got.body)
	}
	if got := ask(t, stranger, "http://plain.mydomain.com/"); got.status != http.StatusOK {
		t.Errorf("%s is not in a list of another host, but answered %d", stranger, got.status)
	}
}
