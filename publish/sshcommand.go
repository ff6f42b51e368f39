package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"golang.org/x/crypto/ssh"
)

// sshCommand is a git service that runs at the server.
type sshCommand struct {
	line    *sshLine
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
	words   *sharedTail // of what it, or who runs it, says beside the protocol
}

// start runs a git service, over the connection that there is or a new one.
func (s *sshSessions) start(ctx context.Context, service string) (*sshCommand, error) {
	for {
		old := s.client != nil
		if !old {
			if err := s.connect(ctx); err != nil {
				return nil, err
			}
		}
		var command *sshCommand
		err := s.line.within(ctx, func() (err error) {
			command, err = s.run(s.address.command(service))
			return err
		})
		if err == nil {
			return command, nil
		}
		_ = s.close()
		if !old || ctx.Err() != nil {
			return nil, err
		}
	} // the connection was left alone for a while, and has ended
}

func (s *sshSessions) run(line string) (*sshCommand, error) {
	session, err := s.client.NewSession()
	if err != nil {
		return nil, err
	}
	c := &sshCommand{line: s.line, session: session, words: &sharedTail{}}
	session.Stderr = c.words
	if c.in, err = session.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = session.StdoutPipe(); err != nil {
		return nil, err
	}
	return c, session.Start(line)
}

// end waits until the command has ended, and returns how.
func (c *sshCommand) end(ctx context.Context) error {
	return c.line.within(ctx, func() error {
		_, _ = io.Copy(io.Discard, c.out)
		return c.session.Wait()
	})
}

func (c *sshCommand) close() { _ = c.session.Close() }

// lastWords is how long a command that went wrong may take to end.
const lastWords = 5 * time.Second

// failure tells why a command has not answered as it should: often it has ended, and said why in words.
func (c *sshCommand) failure(ctx context.Context, err error) error {
	defer c.close()
	var line *pktline.ErrorLine
	if errors.As(err, &line) {
		return &commandError{line.Text, err}
	}
	if lost(err) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || ctx.Err() != nil {
		return err // nothing more can come
	}
	_ = c.in.Close()
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	var cut *ssh.ExitMissingError
	switch ended := c.end(ctx); {
	case ctx.Err() != nil:
	case errors.As(ended, &cut):
		err = errors.New("the connection ended before git did")
	case ended != nil:
		err = fmt.Errorf("git ended there: %w", ended)
	}
	return &commandError{c.words.String(), err}
}

// commandError is a git service that does not do as it is asked.
type commandError struct {
	words string // its own
	cause error
}

func (e *commandError) Unwrap() error { return e.cause }

func (e *commandError) Error() string {
	if e.words == "" {
		return e.cause.Error()
	}
	return e.words
}

// sharedTail is a tail that is written to while it is read.
type sharedTail struct {
	mutex sync.Mutex
	tail  tail
}

func (t *sharedTail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.tail.Write(p)
}

func (t *sharedTail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.tail.String()
}
