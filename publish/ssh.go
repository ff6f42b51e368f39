package publish

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"golang.org/x/crypto/ssh"
)

// SSH says how to log in to a remote over ssh, and which hosts are believed. The files are in OpenSSH's forms and are
// read when such a remote is; its configuration is not.
type SSH struct {
	Key        string   // a private key's file: that key and no other
	Agent      string   // without a Key, the agent's keys are tried: the path of its socket; empty: none
	Identities []string // and then those of these files that are there
	Passphrase string   // of keys that are encrypted
	KnownHosts []string // files of host keys; one that is not there is empty
}

// sshSessions reaches a repository over ssh. One connection serves all sessions until it breaks.
type sshSessions struct {
	address *sshAddress
	url     string
	network Network
	hosts   *knownHosts
	keys    *sshKeys

	line   *sshLine // nil: there is no connection yet
	client *ssh.Client
}

func openSSH(t target, ref plumbing.ReferenceName, o Options) (engine, error) {
	hosts, err := readKnownHosts(o.SSH.KnownHosts)
	if err != nil {
		return nil, err
	}
	keys := &sshKeys{ssh: o.SSH, silence: o.Network.silence(), read: map[string]ssh.Signer{}}
	return newRemote(t.url, ref, o, &sshSessions{address: t.ssh, url: t.url, network: o.Network, hosts: hosts, keys: keys}), nil
}

func (s *sshSessions) upload() (transport.UploadPackSession, error) {
	return &sshUpload{sshSession: sshSession{sessions: s, service: transport.UploadPackServiceName}}, nil
}

func (s *sshSessions) receive() (transport.ReceivePackSession, error) {
	return &sshReceive{sshSession{sessions: s, service: transport.ReceivePackServiceName}}, nil
}

// close ends the connection, however it is.
func (s *sshSessions) close() error {
	if s.client != nil {
		_ = s.client.Close()
	}
	s.client, s.line = nil, nil
	return nil
}

// connect dials, checks the host's key and logs in.
func (s *sshSessions) connect(ctx context.Context) error {
	login, err := s.keys.login(ctx)
	if err != nil {
		return err
	}
	defer login.close()
	conn, err := s.network.dial(ctx, "tcp", s.address.dialled())
	if err != nil {
		return err
	}
	line := &sshLine{Conn: conn}
	known, vouched := s.hosts.of(s.address)
	var refused atomic.Pointer[refusal] // another goroutine looks at the host's key
	var believed atomic.Bool
	config := &ssh.ClientConfig{
		User:              s.address.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(login.signers...)},
		HostKeyAlgorithms: hostKeyAlgorithms(known, vouched),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if r := s.hosts.judge(s.address, key); r != nil {
				refused.Store(r)
				return r
			}
			believed.Store(true)
			return nil
		},
	}
	// A server that goes on saying little is none the better for it.
	hurried, cancel := context.WithTimeoutCause(ctx, 2*s.network.silence(), errSlowLogin)
	defer cancel()
	var client *ssh.Client
	err = line.within(hurried, func() error {
		c, channels, requests, err := ssh.NewClientConn(line, s.address.dialled(), config)
		if err == nil {
			client = ssh.NewClient(c, channels, requests)
		}
		return err
	})
	switch {
	case refused.Load() != nil: // the error does not say so any more
		return refused.Load()
	case err != nil && believed.Load():
		return login.failure(s.url, err)
	case err != nil:
		return strange(err)
	}
	s.line, s.client = line, client
	return nil
}

var errSlowLogin = errors.New("the server does not come to an end with the login")

// sshLine is the connection under ssh. It remembers what it broke of, because all that the channels above tell then is
// that they have ended.
type sshLine struct {
	net.Conn
	mutex  sync.Mutex
	broken error
}

func (l *sshLine) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, net.ErrClosed) { // it is we who close it
		l.mutex.Lock()
		defer l.mutex.Unlock()
		if l.broken == nil {
			l.broken = err
		}
	}
	return n, err
}

// within does something that ends when the context does, because the connection is closed then, and tells why it
// failed.
func (l *sshLine) within(ctx context.Context, do func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	if err := do(); err != nil {
		return l.cause(ctx, err)
	}
	return nil
}

// cause is why something failed: the context has ended, the connection broke, or the error itself.
func (l *sshLine) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.broken != nil {
		return l.broken
	}
	return err
}
