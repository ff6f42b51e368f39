package publish

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/meridian-gitops/meridian/diag"
)

func (s *httpSessions) explain(err error) error {
	if refused := s.unwelcome(err); refused != nil {
		return refused
	}
	if refused := s.untrusted(err); refused != nil {
		return refused
	}
	var proxy *proxyError
	var answer *githttp.Err
	switch {
	case errors.As(err, &proxy):
		return finalUnless(proxy.status >= 500, proxy)
	case errors.As(err, &answer):
		status := answer.StatusCode()
		return finalUnless(status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout,
			fmt.Errorf("the server answers %d %s%s", status, http.StatusText(status), reason(answer.Reason)))
	}
	return err
}

// reason is a server's page about an error, if it is short enough to be a sentence.
func reason(page string) string {
	if page == "" || len(page) > 300 || strings.Contains(page, "<") {
		return ""
	}
	return ": " + page
}

// unwelcome tells that the server does not let these credentials in; nil if that is not what happened.
func (s *httpSessions) unwelcome(err error) error {
	const first = "give a token with --token-file or in the variable MERIDIAN_TOKEN"
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrInvalidAuthMethod):
		if s.auth.Token == "" {
			return refuse(diag.AccessDenied, "%s wants credentials, and none are given", s.url).hint(first)
		}
		return refuse(diag.AccessDenied, "%s does not accept the token", s.url)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return refuse(diag.AccessDenied, "%s does not let these credentials do that", s.url)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		refused := refuse(diag.AccessDenied, "%s is not there, or these credentials may not see it", s.url)
		if s.auth.Token == "" {
			return refused.hint("check the address; if it is right, %s", first)
		}
		return refused
	}
	return nil
}

// untrusted tells what is wrong with the server's certificate; nil if nothing is.
func (s *httpSessions) untrusted(err error) error {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var failed *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return refuse(diag.CertificateRefused, "the certificate of %s was issued by an authority that this machine does not trust", s.url)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		cert := invalid.Cert
		return refuse(diag.CertificateRefused, "the certificate of %s is valid from %s to %s only", s.url, cert.NotBefore.UTC().Format("2006-01-02"), cert.NotAfter.UTC().Format("2006-01-02")).
			hint("have the server's certificate renewed; if it is valid today, set this machine's clock")
	case errors.As(err, &name):
		return refuse(diag.CertificateRefused, "the certificate of %s is for another host: %s", s.url, harmless(strings.Join(name.Certificate.DNSNames, ", "))).
			hint("use the address that the certificate is for, or have one issued for this host")
	case errors.As(err, &failed):
		return refuse(diag.CertificateRefused, "the certificate of %s is not valid: %s", s.url, harmless(failed.Err.Error()))
	}
	return nil
}
