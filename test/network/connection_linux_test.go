package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// inside runs a function in a network namespace, on a thread of its own that ends with it.
func (n namespace) inside(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread is not used again
		done <- func() error {
			file, err := os.Open("/run/netns/" + n.name)
			if err != nil {
				return err
			}
			defer file.Close()
			if err := unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err != nil {
				return fmt.Errorf("enter %s: %w", n.name, err)
			}
			return f()
		}()
	}()
	return <-done
}

// serve opens a port on all addresses of a namespace, and answers with who it is.
func (n namespace) serve(t *testing.T, port wanted) error {
	return n.inside(func() error {
		address := fmt.Sprintf(":%d", port.number)
		if port.protocol == "TCP" {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				return err
			}
			t.Cleanup(func() { listener.Close() })
			go n.serveTCP(listener)
			return nil
		}
		for _, family := range []string{"udp4", "udp6"} {
			socket, err := net.ListenPacket(family, address)
			if err != nil {
				return err
			}
			t.Cleanup(func() { socket.Close() })
			if err := n.serveUDP(socket, family); err != nil {
				return err
			}
		}
		return nil
	})
}

func (n namespace) serveTCP(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			_, _ = io.WriteString(c, n.who)
		}()
	}
}

// serveUDP answers from the address that was asked: a namespace that has all of them would else choose one.
func (n namespace) serveUDP(socket net.PacketConn, family string) error {
	buffer := make([]byte, 64)
	if family == "udp4" {
		p := ipv4.NewPacketConn(socket)
		go func() {
			for {
				_, control, from, err := p.ReadFrom(buffer)
				if err != nil {
					return
				}
				_, _ = p.WriteTo([]byte(n.who), &ipv4.ControlMessage{Src: control.Dst}, from)
			}
		}()
		return p.SetControlMessage(ipv4.FlagDst, true)
	}
	p := ipv6.NewPacketConn(socket)
	go func() {
		for {
			_, control, from, err := p.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = p.WriteTo([]byte(n.who), &ipv6.ControlMessage{Src: control.Dst}, from)
		}
	}()
	return p.SetControlMessage(ipv6.FlagDst, true)
}

// errRefused says that the other side, or the router in its place, refused a connection.
var errRefused = errors.New("refused")

// connect opens a connection from where the thread is, and returns who answers. Whoever does not answer at all is an
// error of another kind: a policy refuses.
func connect(q question) (who string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	dialer := net.Dialer{}
	local, remote := netip.AddrPortFrom(q.from.address, 0), netip.AddrPortFrom(q.to.address, uint16(q.port))
	if q.protocol == "UDP" {
		dialer.LocalAddr = net.UDPAddrFromAddrPort(local)
		c, err := dialer.DialContext(ctx, "udp", remote.String())
		if err != nil {
			return "", err
		}
		defer c.Close()
		return exchange(ctx, c)
	}
	dialer.LocalAddr = net.TCPAddrFromAddrPort(local)
	c, err := dialer.DialContext(ctx, "tcp", remote.String())
	if err != nil {
		return "", refused(err)
	}
	defer c.Close()
	_ = c.(*net.TCPConn).SetLinger(0) // thousands of connections: none need wait
	_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
	answer, err := io.ReadAll(c)
	return string(answer), err
}

// exchange sends datagrams until one is answered, or refused: they may be lost.
func exchange(ctx context.Context, c net.Conn) (who string, err error) {
	buffer := make([]byte, 64)
	for ctx.Err() == nil {
		if _, err := c.Write([]byte("who?")); err != nil {
			return "", refused(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		size, err := c.Read(buffer)
		if err == nil {
			return string(buffer[:size]), nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return "", refused(err)
		}
	}
	return "", ctx.Err()
}

func refused(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return errRefused
	}
	return err
}
