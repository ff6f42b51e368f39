package publish

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newProxy is a proxy that connects to one place whatever it is asked for, and wants a password.
func newProxy(t *testing.T, to string, connected *atomic.Int32) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ours := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
		if _, password, _ := ours.BasicAuth(); r.Method != http.MethodConnect || password != "hunter2" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer there.Close()
		connected.Add(1)
		w.WriteHeader(http.StatusOK)
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		go func() { _, _ = io.Copy(there, here) }()
		_, _ = io.Copy(here, there)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestProxy(t *testing.T) {
	const proxy = "http://li.wei:hunter2@proxy.mydomain.com:3128"
	tests := []struct {
		name    string
		proxies Proxies
		through bool
		want    string
	}{
		{"through it", Proxies{HTTPS: proxy}, true, ""},
		{"for http only", Proxies{HTTP: proxy}, false, ""},
		{"not for this host", Proxies{HTTPS: proxy, No: "x.mydomain.com," + gitHost}, false, ""},
		{"not for this domain", Proxies{HTTPS: proxy, No: ".mydomain.com"}, false, ""},
		{"not for another host", Proxies{HTTPS: proxy, No: "x.mydomain.com"}, true, ""},
		{"wrong password", Proxies{HTTPS: "http://li.wei:hunter2x@proxy.mydomain.com:3128"}, false,
			"read the branch's head: fetch URL: the proxy answers 407 Proxy Authentication Required"},
		{"not an address", Proxies{HTTPS: "http://li.wei:hunter2@proxy.mydomain.com:%zz"}, false, "HTTP_PROXY or HTTPS_PROXY is not a valid address"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newTLSRepo(t, nil)
			r.seedLocally()
			var connected atomic.Int32
			hosts := map[string]string{"proxy.mydomain.com:3128": newProxy(t, r.address, &connected)}
			if !test.through {
				hosts[gitHost+":443"] = r.address
			}
			r.network.dialer, r.network.Proxies = r.dialer(hosts), test.proxies
			_, got := r.outcome(r.options())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if through := connected.Load() > 0; through != test.through {
				t.Errorf("%d connections through the proxy", connected.Load())
			}
			if landed := r.commits() == 2; landed != (test.want == "") {
				t.Errorf("%d commits", r.commits())
			}
		})
	}
}
