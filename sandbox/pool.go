// Package sandbox does work on untrusted input in child processes that may be killed.
//
// In: a [Program] to run as the child, [Limits], and requests, which are values that gob can encode. Out: the child's
// answers, bounded in size; or an [*Ended] that says why there is none: the work took too long, needed too much memory,
// or the child crashed. The next request then gets a fresh child, so that one bad input harms no other. [Serve] is the
// child's side.
//
// It is for work that cannot be interrupted inside a process, such as evaluating CUE. A child is a process group of its
// own without environment, without files but its three pipes, and with limits of the operating system on processor
// time, data, files and core dumps; on Linux it is killed with its parent, elsewhere it ends when its input does. Where
// the operating system has no such limits (Windows), there remain the time, the Go runtime's own limit on memory and
// the bound on answers. The package knows nothing of what is asked; it does not take privileges from the child that a
// user has, and refuses nothing that a child answers within its bounds.
package sandbox

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Limits bound one piece of work.
type Limits struct {
	Time   time.Duration // of the clock; as much of the processor, for each that the child may use
	Memory int64         // bytes of data
	Answer int64         // bytes that may come back
}

// DefaultLimits are what an application's evaluation stays a thousand times below.
func DefaultLimits() Limits {
	return Limits{Time: 8 * time.Second, Memory: 768 << 20, Answer: 64 << 20}
}

// Program is what runs as a child; it must call [Serve].
type Program struct {
	Path string   // of the executable
	Args []string // with the name it is called by
}

// Call is one exchange with a child.
type Call struct {
	Request any
	Answer  any // a pointer to what is filled in
	// Reply answers a question that the child asks meanwhile; decode fills in what it asks. nil: it may ask nothing.
	Reply func(decode func(question any) error) (any, error)
}

// Pool keeps children for reuse. It may be used by many goroutines at once and must be closed.
type Pool struct {
	program Program
	limits  Limits
	prepare func(ctx context.Context, do func(context.Context, Call) error) error

	mu     sync.Mutex
	idle   []*child
	closed bool
}

// NewPool returns a pool without children: each is started when there is work and none is idle. prepare, if not nil, is
// the first thing done with each; its failure is that of the call that wanted the child.
func NewPool(program Program, limits Limits, prepare func(ctx context.Context, do func(context.Context, Call) error) error) *Pool {
	return &Pool{program: program, limits: limits, prepare: prepare}
}

// Limits returns what the work is bound by.
func (p *Pool) Limits() Limits { return p.limits }

// Do has a child do something. An error that is an *[Ended] is about the request, any other about the machine.
func (p *Pool) Do(ctx context.Context, call Call) error {
	c := p.take()
	for {
		again := c != nil // one that has been used may have ended since, for reasons of its own
		if c == nil {
			var err error
			if c, err = p.fresh(ctx); err != nil {
				return err
			}
		}
		err := c.do(ctx, call)
		if err == nil {
			p.give(c)
			return nil
		}
		c.kill()
		var ended *Ended
		if !again || !errors.As(err, &ended) || ended.Reason != Crash {
			return err
		}
		c = nil
	}
}

// take returns an idle child, nil when there is none.
func (p *Pool) take() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return c
}

// fresh starts a child.
func (p *Pool) fresh(ctx context.Context) (*child, error) {
	c, err := start(p.program, p.limits)
	if err != nil {
		return nil, err
	}
	if p.prepare == nil {
		return c, nil
	}
	if err := p.prepare(ctx, c.do); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// give takes a child back that is worth keeping.
func (p *Pool) give(c *child) {
	p.mu.Lock()
	keep := !p.closed && !c.last && !c.killed.Load()
	if keep {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !keep {
		c.kill()
	}
}

// Close ends all idle children. One that is at work ends with its work.
func (p *Pool) Close() error {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, c := range idle {
		c.kill()
	}
	return nil
}
