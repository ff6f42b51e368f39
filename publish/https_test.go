package publish

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// gitHost is where the repositories of these tests are said to be.
const gitHost = "git.mydomain.com"

// authority is a private certificate authority.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{t: t}
	a.key = a.newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Private CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err == nil {
		a.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func (a authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

// issue makes a certificate for a host.
func (a authority) issue(host string, from, to time.Time) tls.Certificate {
	a.t.Helper()
	key := a.newKey()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: to,
	}, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// tlsRepo is a repository behind https://git.mydomain.com, with a record of who was dialled for it.
type tlsRepo struct {
	*repo
	address string // where it really listens
	dialled sync.Map
}

// newTLSRepo serves a repository with a certificate; without one, with a good one of an authority that is trusted.
func newTLSRepo(t *testing.T, cert *tls.Certificate) *tlsRepo {
	t.Helper()
	ca := newAuthority(t)
	if cert == nil {
		good := ca.issue(gitHost, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		cert = &good
	}
	base, handler := newBackend(t, false)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*cert}}
	server.StartTLS()
	t.Cleanup(server.Close)
	r := &tlsRepo{repo: base, address: server.Listener.Addr().String()}
	r.url = "https://" + gitHost + "/fleet.git"
	r.network = Network{CA: ca.pem, dialer: r.dialer(map[string]string{gitHost + ":443": r.address})}
	return r
}

// dialer leads names to where they really are.
func (r *tlsRepo) dialer(hosts map[string]string) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		r.dialled.Store(address, true)
		real, ok := hosts[address]
		if !ok {
			return nil, fmt.Errorf("%s is not to be dialled", address)
		}
		return new(net.Dialer).DialContext(ctx, network, real)
	}
}

// seedLocally publishes the platform past the server.
func (r *repo) seedLocally() {
	r.t.Helper()
	local := &repo{t: r.t, dir: r.dir, url: r.dir}
	local.seed("r1")
}

// outcome publishes one application and says what came of it. It fails the test where a secret is repeated.
func (r *repo) outcome(o Options) (Result, string) {
	r.t.Helper()
	var progress []string
	o.Progress = func(text string) { progress = append(progress, text) }
	result, diags, err := Apps(r.t.Context(), o, []App{testApp(r.t, "myorg-web", "app1", "r1")})
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
		if d.Hint == "" {
			r.t.Errorf("%s has no fix", d)
		}
		progress = append(progress, d.Hint)
	}
	if err != nil {
		text = append(text, err.Error())
	}
	said := strings.Join(text, "\n")
	for _, secret := range append(o.Auth.secrets(), "hunter2") {
		if strings.Contains(said+strings.Join(progress, "\n"), secret) {
			r.t.Errorf("a secret is repeated: %s %v", said, progress)
		}
	}
	return result, strings.ReplaceAll(said, r.url, "URL")
}

func TestHTTPS(t *testing.T) {
	ca := newAuthority(t)
	past, now, future := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	expired, other := ca.issue(gitHost, past, past.AddDate(1, 0, 0)), ca.issue("other.mydomain.com", now, future)
	tests := []struct {
		name string
		cert *tls.Certificate
		edit func(o *Options)
		want string
	}{
		{"right token", nil, func(*Options) {}, ""},
		{"wrong token", nil, func(o *Options) { o.Auth.Token = "wr0ng-token" }, "error M8020: URL does not accept the token"},
		{"no token", nil, func(o *Options) { o.Auth = Auth{} }, "error M8020: URL wants credentials, and none are given"},
		{"no such repository", nil, func(o *Options) { o.URL = "https://" + gitHost + "/other.git" },
			"error M8020: https://git.mydomain.com/other.git is not there, or these credentials may not see it"},
		{"unknown authority", nil, func(o *Options) { o.Network.CA = nil },
			"error M8019: the certificate of URL was issued by an authority that this machine does not trust"},
		{"expired", &expired, func(o *Options) { o.Network.CA = ca.pem },
			"error M8019: the certificate of URL is valid from 2024-03-01 to 2025-03-01 only"},
		{"another host", &other, func(o *Options) { o.Network.CA = ca.pem },
			"error M8019: the certificate of URL is for another host: other.mydomain.com"},
		{"no certificate in the file", nil, func(o *Options) { o.Network.CA = []byte("hunter2") }, "the CA file holds no certificate in PEM form"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newTLSRepo(t, test.cert)
			r.seedLocally()
			o := r.options()
			test.edit(&o)
			result, got := r.outcome(o)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if landed := r.commits() == 2; landed != (test.want == "") || landed && result.Commit != r.head() {
				t.Errorf("%d commits, %+v", r.commits(), result)
			}
		})
	}
}

// TestEcho has a server repeat the credentials, as they came and decoded.
func TestEcho(t *testing.T) {
	r := newTLSRepo(t, nil)
	r.seedLocally()
	answers := []func(http.ResponseWriter, string){
		func(w http.ResponseWriter, sent string) { fmt.Fprintf(w, "%04xERR you sent %s", len(sent)+17, sent) },
		func(w http.ResponseWriter, sent string) { http.Error(w, "you sent "+sent, http.StatusBadRequest) },
		func(w http.ResponseWriter, sent string) {
			w.Header().Set("Location", "https://"+sent+"@other.mydomain.com/"+sent)
			w.WriteHeader(http.StatusFound)
		},
	}
	for _, answer := range answers {
		r.intercept = func(w http.ResponseWriter, req *http.Request, _ http.Handler) {
			_, password, _ := req.BasicAuth()
			answer(w, password+","+strings.TrimPrefix(req.Header.Get("Authorization"), "Basic "))
		}
		o := r.options()
		o.Attempts = 1
		if _, got := r.outcome(o); got == "" {
			t.Error("published all the same")
		}
	}
}

// TestRedirect moves a repository: within the host it is followed, elsewhere neither we nor the credentials go.
func TestRedirect(t *testing.T) {
	var strayed atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer elsewhere.Close()
	tests := []struct{ to, want string }{
		{"/fleet.git", ""},
		{elsewhere.URL + "/fleet.git", "error M8018: https://git.mydomain.com redirects to " + elsewhere.URL + "/fleet.git"},
		{"http://" + gitHost + "/fleet.git", "error M8018: https://git.mydomain.com redirects to http://git.mydomain.com/fleet.git"},
		{"https://" + gitHost + ":8443/fleet.git", "error M8018: https://git.mydomain.com redirects to https://git.mydomain.com:8443/fleet.git"},
		{"https://x.git.mydomain.com/fleet.git", "error M8018: https://git.mydomain.com redirects to https://x.git.mydomain.com/fleet.git"},
	}
	for _, test := range tests {
		t.Run(test.to, func(t *testing.T) {
			r := newTLSRepo(t, nil)
			r.seedLocally()
			r.intercept = func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if rest, moved := strings.CutPrefix(req.URL.Path, "/old.git"); moved {
					http.Redirect(w, req, test.to+rest+"?"+req.URL.RawQuery, http.StatusMovedPermanently)
					return
				}
				next.ServeHTTP(w, req)
			}
			o := r.options()
			o.URL = "https://" + gitHost + "/old.git"
			if _, got := r.outcome(o); got != test.want {
				t.Errorf("outcome (-want +got):\n%s", cmp.Diff(test.want, got))
			}
			r.dialled.Range(func(address, _ any) bool {
				if address != gitHost+":443" {
					t.Errorf("%s was dialled", address)
				}
				return true
			})
		})
	}
	if strayed.Load() != 0 {
		t.Error("a redirect was followed to another host")
	}
}

func TestPlainHTTP(t *testing.T) {
	base, handler := newBackend(t, false)
	server := httptest.NewServer(handler)
	defer server.Close()
	r := &tlsRepo{repo: base}
	r.url = "http://" + gitHost + "/fleet.git"
	r.network = Network{dialer: r.dialer(map[string]string{gitHost + ":80": server.Listener.Addr().String()})}
	r.seedLocally()
	if _, got := r.outcome(r.options()); got != "error M8003: plain http to git.mydomain.com would show the credentials to the network" {
		t.Errorf("outcome %s", got)
	}
	o := r.options()
	o.Network.AllowHTTP = true
	want := "warning M8022: URL is reached over plain http: whoever is on the way can read the token and change what is published"
	if _, got := r.outcome(o); got != want || r.commits() != 2 {
		t.Errorf("outcome (-want +got):\n%s\n%d commits", cmp.Diff(want, got), r.commits())
	}
	snapshot, diags, err := Read(t.Context(), o)
	if err != nil || diag.HasErrors(diags) || snapshot.Commit() != r.head() {
		t.Errorf("read: %v %v", diags, err)
	}
}
