package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/publish"
)

// TestTarget gives the command line and the environment to a server that lets nobody in, behind a certificate of its
// own and beside a proxy that wants a password.
func TestTarget(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, token, _ := r.BasicAuth(); token == "s3cret" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that are meant to fail
	server.StartTLS()
	defer server.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	defer proxy.Close()

	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	app := write("app.cue", "name: \"app1\"\nspace: \"web\"\nowner: \"team-web@mydomain.com\"\nimage: {name: \"app1\", tag: \"1.0\"}\n")
	write("platform/platform.cue", "package platform\n\norg: \"myorg\"\nprojects: [\"myorg\"]\nspaces: web: {}\n")
	ca := write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	token, none := write("token", "s3cret\n"), write("none.pem", "")

	tests := []struct {
		name, to, flags string
		env             map[string]string
		code            int
		want            string // the first line on stderr
	}{
		{"no token", "SERVER", "--ca-file " + ca, nil, 1, "error M8020: SERVER wants credentials, and none are given"},
		{"wrong token", "SERVER", "", map[string]string{"MERIDIAN_CA_FILE": ca, "MERIDIAN_TOKEN": "0ther"}, 1, "error M8020: SERVER does not accept the token"},
		{"right token", "SERVER", "--token-file " + token, map[string]string{"GIT_SSL_CAINFO": ca, "MERIDIAN_TOKEN": "0ther"}, 1, "error M8020: SERVER does not let these credentials do that"},
		{"flag before variable", "SERVER", "--ca-file " + ca, map[string]string{"MERIDIAN_CA_FILE": none}, 1, "error M8020: SERVER wants credentials, and none are given"},
		{"unknown authority", "SERVER", "", nil, 1, "error M8019: the certificate of SERVER was issued by an authority that this machine does not trust"},
		{"no certificate", "SERVER", "--ca-file " + none, nil, 2, "meridian: the CA file holds no certificate in PEM form"},
		{"no CA file", "SERVER", "--ca-file nowhere", nil, 2, "meridian: read the CA file: open nowhere: no such file or directory"},
		{"proxy", "https://git.mydomain.com/fleet.git", "", map[string]string{"https_proxy": proxy.URL}, 2,
			"meridian: read the branch's head: fetch https://git.mydomain.com/fleet.git: the proxy answers 407 Proxy Authentication Required"},
		{"plain http through a proxy", "http://git.mydomain.com/fleet.git", "--allow-http", map[string]string{"HTTP_PROXY": proxy.URL}, 2,
			"meridian: read the branch's head: fetch http://git.mydomain.com/fleet.git: the server answers 407 Proxy Authentication Required"},
		{"not a proxy", "SERVER", "", map[string]string{"HTTPS_PROXY": "ftp://li.wei:s3cret@proxy"}, 2, "meridian: HTTP_PROXY or HTTPS_PROXY is not a valid address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			to := strings.ReplaceAll(test.to, "SERVER", server.URL+"/fleet.git")
			args := append([]string{"publish", "--to", to, "--platform", filepath.Join(dir, "platform"), app}, strings.Fields(test.flags)...)
			var out, errs bytes.Buffer
			code := Run(t.Context(), args, World{
				Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
				Getenv: func(name string) string { return test.env[name] }, Now: func() time.Time { return time.Unix(1790000000, 0) },
				Self: self(),
			})
			first, _, _ := strings.Cut(strings.ReplaceAll(errs.String(), server.URL+"/fleet.git", "SERVER"), "\n")
			if diff := cmp.Diff(test.want, first); diff != "" || code != test.code || out.Len() > 0 {
				t.Errorf("exit code %d, stdout %q, stderr (-want +got):\n%s", code, out.String(), diff)
			}
			if strings.Contains(errs.String(), "s3cret") || strings.Contains(errs.String(), "0ther") {
				t.Errorf("the token is repeated:\n%s", errs.String())
			}
		})
	}
}

// TestSSHOptions holds what flags and environment say of ssh.
func TestSSHOptions(t *testing.T) {
	usual := []string{"/home/li.wei/.ssh/id_ed25519", "/home/li.wei/.ssh/id_ecdsa", "/home/li.wei/.ssh/id_rsa"}
	known := []string{"/home/li.wei/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts"}
	all := map[string]string{"HOME": "/home/li.wei", "SSH_AUTH_SOCK": "/run/agent", "MERIDIAN_SSH_KEY": "deploy_key",
		"MERIDIAN_SSH_PASSPHRASE": "s3cret", "MERIDIAN_KNOWN_HOSTS": "our_hosts"}
	tests := []struct {
		name  string
		flags targetFlags
		env   map[string]string
		want  publish.SSH
	}{
		{"nothing", targetFlags{}, nil, publish.SSH{KnownHosts: known[1:]}},
		{"a home", targetFlags{}, map[string]string{"HOME": "/home/li.wei"}, publish.SSH{Identities: usual, KnownHosts: known}},
		{"all variables", targetFlags{}, all,
			publish.SSH{Key: "deploy_key", Agent: "/run/agent", Identities: usual, Passphrase: "s3cret", KnownHosts: []string{"our_hosts"}}},
		{"flags before variables", targetFlags{sshKey: "key", knownHosts: "hosts"}, all,
			publish.SSH{Key: "key", Agent: "/run/agent", Identities: usual, Passphrase: "s3cret", KnownHosts: []string{"hosts"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &cli{World: World{Getenv: func(name string) string { return test.env[name] }}}
			if diff := cmp.Diff(test.want, c.ssh(test.flags)); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}
