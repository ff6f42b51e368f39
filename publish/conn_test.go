package publish

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// TestOneConnection holds a publish to a single connection: each handshake costs as much as a small request.
func TestOneConnection(t *testing.T) {
	for _, partial := range []bool{false, true} {
		r, handler := newBackend(t, partial)
		var connections atomic.Int32
		server := httptest.NewUnstartedServer(handler)
		server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew {
				connections.Add(1)
			}
		}
		server.Start()
		t.Cleanup(server.Close)
		r.url = server.URL + "/fleet.git"
		r.seedLocally()
		r.publish(r.options(), testApp(t, "myorg-web", "app1", "r1"))
		if n := connections.Load(); n != 1 {
			t.Errorf("partial %t: %d connections", partial, n)
		}
	}
}
