package publish

import (
	"context"
	"net"
	"time"
)

// dialFunc connects to an address host:port.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// connectTimeout is for the connection alone: a host that is not there should not cost as much patience as one
// that is busy.
const connectTimeout = 10 * time.Second

// dial connects, and ends a connection on which nothing has moved for too long.
func (n Network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dial := n.dialer
	if dial == nil {
		dial = (&net.Dialer{Timeout: min(connectTimeout, n.silence())}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &watchedConn{conn, n.silence()}, nil
}

// watchedConn fails with [os.ErrDeadlineExceeded] when nothing comes or goes for a while. One limit on the whole
// exchange would not do: a large repository may take long, and a dead server is known sooner.
type watchedConn struct {
	net.Conn
	silence time.Duration
}

func (c *watchedConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write moves the deadline of a read that is waiting, too: what is asked now cannot have been answered before.
func (c *watchedConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.silence)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
