package publish

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"golang.org/x/net/http/httpproxy"

	"github.com/meridian-gitops/meridian/diag"
)

// httpSessions reaches a repository over https.
type httpSessions struct {
	url       string
	auth      Auth
	client    *http.Client
	transport transport.Transport
}

func openHTTP(address string, ref plumbing.ReferenceName, o Options) (engine, error) {
	client, err := o.Network.httpClient()
	if err != nil {
		return nil, err
	}
	sessions := &httpSessions{url: address, auth: o.Auth, client: client, transport: githttp.NewClient(client)}
	e := newRemote(address, ref, o, sessions)
	e.stateless = true
	return e, nil
}

// httpClient is a client that trusts, and goes through, what it is told to.
func (n Network) httpClient() (*http.Client, error) {
	proxies := httpproxy.Config{HTTPProxy: n.Proxies.HTTP, HTTPSProxy: n.Proxies.HTTPS, NoProxy: n.Proxies.No}
	proxy := proxies.ProxyFunc()
	for _, address := range []string{n.Proxies.HTTP, n.Proxies.HTTPS} {
		if !validProxy(address) { // httpproxy would go without one
			return nil, errors.New("HTTP_PROXY or HTTPS_PROXY is not a valid address") // it may hold a password
		}
	}
	roots, err := n.roots()
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: stays{&http.Transport{
			DialContext:            n.dial,
			Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
			OnProxyConnectResponse: proxyAnswer,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
		}},
	}, nil
}

// validProxy reports whether an address of a proxy, which may lack its scheme, can be used. Empty means none.
func validProxy(address string) bool {
	if address == "" {
		return true
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme)
}

// roots are the authorities that are trusted; nil for the system's.
func (n Network) roots() (*x509.CertPool, error) {
	if n.CA == nil {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a machine without any is common in containers
	}
	if !roots.AppendCertsFromPEM(n.CA) {
		return nil, errors.New("the CA file holds no certificate in PEM form")
	}
	return roots, nil
}

// proxyError is a proxy that does not connect us.
type proxyError struct{ status int }

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy answers %d %s", e.status, http.StatusText(e.status))
}

func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{response.StatusCode}
}

// stays lets a server redirect within itself only. What is published elsewhere than where it was meant to is lost, and
// credentials belong to the host that they were given for.
type stays struct{ *http.Transport }

// RoundTrip looks at the answer before the client does, which words some redirects in its own way.
func (s stays) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.Transport.RoundTrip(r)
	if err != nil || response.StatusCode < 300 || response.StatusCode >= 400 {
		return response, err
	}
	to, err := response.Location()
	if err != nil || to.Scheme == r.URL.Scheme && strings.EqualFold(to.Host, r.URL.Host) {
		return response, nil
	}
	response.Body.Close()
	shown := url.URL{Scheme: to.Scheme, Host: to.Host, Path: strings.TrimSuffix(to.Path, "/info/refs")}
	return nil, refuse(diag.TargetMoved, "%s://%s redirects to %s", r.URL.Scheme, r.URL.Host, shown.String())
}

// endpoint is made anew for each session: a session that is redirected writes the new place into it.
func (s *httpSessions) endpoint() (*transport.Endpoint, transport.AuthMethod, error) {
	endpoint, err := transport.NewEndpoint(s.url)
	if err != nil || s.auth.Token == "" {
		return endpoint, nil, err
	}
	return endpoint, &githttp.BasicAuth{Username: s.auth.user(), Password: s.auth.Token}, nil
}

func (s *httpSessions) upload() (transport.UploadPackSession, error) {
	endpoint, auth, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	return s.transport.NewUploadPackSession(endpoint, auth)
}

func (s *httpSessions) receive() (transport.ReceivePackSession, error) {
	endpoint, auth, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	return s.transport.NewReceivePackSession(endpoint, auth)
}

func (s *httpSessions) close() error {
	s.client.CloseIdleConnections()
	return nil
}
