package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// faultyServer is in front of a server. Its first connection it breaks, in its way, as soon as the server has sent so
// many bytes over it; below 0, never.
type faultyServer struct {
	address string
	sent    atomic.Int64 // by the server over the first connection
	count   atomic.Int32 // of connections
}

func newFaultyServer(t *testing.T, to string, after int64, fault func(here net.Conn)) *faultyServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	f := &faultyServer{address: listener.Addr().String()}
	go func() {
		for {
			here, err := listener.Accept()
			if err != nil {
				return
			}
			there, err := net.Dial("tcp", to)
			if err != nil {
				here.Close()
				continue
			}
			t.Cleanup(func() { here.Close(); there.Close() })
			go func() { _, _ = io.Copy(there, here); there.Close() }()
			go f.answer(here, there, f.count.Add(1) == 1, after, fault)
		}
	}()
	return f
}

func (f *faultyServer) answer(here, there net.Conn, first bool, after int64, fault func(net.Conn)) {
	defer here.Close()
	if !first {
		_, _ = io.Copy(here, there)
		return
	}
	buffer := make([]byte, 1<<16)
	for {
		left := int64(len(buffer))
		if after >= 0 {
			left = min(left, after-f.sent.Load())
		}
		if left == 0 {
			fault(here)
			return
		}
		n, err := there.Read(buffer[:left])
		f.sent.Add(int64(n))
		if _, failed := here.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// through leads a repository's traffic through the faulty server.
func (r *repo) through(f *faultyServer) {
	r.network.dialer = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, f.address)
	}
}

// sshConversation is how many bytes the server sends at the least when an application is published to a repository of
// these tests: it is not always the same, by a tenth.
func sshConversation(t *testing.T) int64 {
	t.Helper()
	least := int64(math.MaxInt64)
	for range 4 {
		r := newSSHRepo(t)
		r.seedLocally()
		f := newFaultyServer(t, "127.0.0.1:"+sshd(t).port, -1, nil)
		r.through(f)
		if _, got := r.outcome(r.options()); got != "" || f.count.Load() != 1 {
			t.Fatalf("outcome %s, %d connections", got, f.count.Load())
		}
		least = min(least, f.sent.Load())
	}
	return least
}

// sshMoments is at how many places of the conversation faults are tried.
const sshMoments = 12

// TestSSHFaults cuts or holds up the connection, from the greeting on until the answer to the push. The next attempt
// gets through, and nothing is published twice.
func TestSSHFaults(t *testing.T) {
	total := sshConversation(t)
	faults := map[string]func(net.Conn){
		"cut":    func(here net.Conn) { here.Close() },
		"stalls": func(net.Conn) { time.Sleep(10 * time.Second) },
	}
	for name, fault := range faults {
		for i := range sshMoments {
			at := total * int64(i) / sshMoments
			t.Run(fmt.Sprintf("%s after %d of %d bytes", name, at, total), func(t *testing.T) {
				t.Parallel()
				r := newSSHRepo(t)
				r.seedLocally()
				r.network.Silence = 2 * time.Second
				f := newFaultyServer(t, "127.0.0.1:"+sshd(t).port, at, fault)
				r.through(f)
				result, got := r.outcome(r.options())
				if got != "" || r.commits() != 2 || result.Commit != r.head() || f.count.Load() < 2 {
					t.Errorf("%+v %s, %d commits, %d connections", result, got, r.commits(), f.count.Load())
				}
				r.fsck()
			})
		}
	}
}

// TestSSHInterrupted interrupts a run at the same places, after which the server says nothing more.
func TestSSHInterrupted(t *testing.T) {
	total := sshConversation(t)
	for i := range sshMoments {
		at := total * int64(i) / sshMoments
		t.Run(fmt.Sprintf("after %d of %d bytes", at, total), func(t *testing.T) {
			t.Parallel()
			r := newSSHRepo(t)
			r.seedLocally()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			f := newFaultyServer(t, "127.0.0.1:"+sshd(t).port, at, func(net.Conn) { cancel(); time.Sleep(10 * time.Second) })
			r.through(f)
			result, diags, err := Apps(ctx, r.options(), []App{testApp(t, "myorg-web", "app1", "r1")})
			landed := r.commits() == 2
			switch {
			case len(diags) > 0:
				t.Error(diags)
			case landed && (err != nil || result.Commit != r.head()):
				t.Errorf("%+v %v, although it arrived", result, err)
			case !landed && (!errors.Is(err, context.Canceled) || result.Commit != ""):
				t.Errorf("%+v %v", result, err)
			}
		})
	}
}

// TestSSHSilent meets servers that are none of ssh, or do not get to the end.
func TestSSHSilent(t *testing.T) {
	tests := []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"says nothing", func(net.Conn) { time.Sleep(10 * time.Second) }, "gave up after 5 attempts: read the branch's head: fetch URL: the server has said nothing for 1s"},
		{"greets for ever", func(c net.Conn) {
			for i := 0; i < 100; i++ {
				fmt.Fprintf(c, "%d\r\n", i)
				time.Sleep(100 * time.Millisecond)
			}
		}, "gave up after 5 attempts: read the branch's head: fetch URL: the server does not come to an end with the login"},
		{"greets, and says nothing more", func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-none\r\n")
			time.Sleep(10 * time.Second)
		}, "gave up after 5 attempts: read the branch's head: fetch URL: the server has said nothing for 1s"},
		{"is of another kind", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}, "gave up after 5 attempts: read the branch's head: fetch URL: the server ends the connection before the login"},
		{"speaks another protocol", func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-none\r\nHTTP/1.1 400 Bad Request\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "read the branch's head: fetch URL: ssh: handshake failed: ssh: invalid packet length, packet too large"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					go func() { defer c.Close(); test.serve(c) }()
				}
			}()
			r := &repo{t: t, url: "ssh://git@" + listener.Addr().String() + "/fleet.git", network: Network{Silence: time.Second}}
			_, got := r.outcome(r.options())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSSHAgentSilent has an agent that accepts and says nothing: nobody waits for it for long.
func TestSSHAgentSilent(t *testing.T) {
	r := newSSHRepo(t)
	r.seedLocally()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	r.ssh = SSH{Agent: socket, Identities: []string{r.ssh.Key}, KnownHosts: r.ssh.KnownHosts}
	r.network.Silence = 2 * time.Second
	if _, got := r.outcome(r.options()); got != "" || r.commits() != 2 {
		t.Errorf("outcome %s, %d commits", got, r.commits())
	}
}

// TestSSHConnectionReused holds that a run logs in once, and again after the connection was left alone for so long that
// it ended.
func TestSSHConnectionReused(t *testing.T) {
	r := newSSHRepo(t)
	r.seedLocally()
	r.network.Silence = time.Second
	f := newFaultyServer(t, "127.0.0.1:"+sshd(t).port, -1, nil)
	r.through(f)
	snapshot, diags, err := Read(t.Context(), r.options())
	if err != nil || len(diags) > 0 {
		t.Fatal(diags, err)
	}
	defer snapshot.Close()
	if f.count.Load() != 1 {
		t.Errorf("%d connections", f.count.Load())
	}
	e := snapshot.draft.engine
	time.Sleep(1500 * time.Millisecond)
	if head, err := e.head(t.Context()); err != nil || hashText(head) != r.head() {
		t.Errorf("head %s %v", head, err)
	}
}
