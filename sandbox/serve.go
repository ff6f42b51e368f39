package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// exitTime is the exit code of a child that has used up its processor time.
const exitTime = 124

// lifetime is the processor time after which a child asks to be replaced.
const lifetime = 20 * time.Minute

// Worker does what a child is asked.
type Worker interface {
	// Work does one request, which decode fills in, and returns the answer. ask has the parent answer a question. An
	// error ends the child.
	Work(decode func(request any) error, ask func(question, reply any) error) (any, error)
}

// Serve is the child's side: it limits its own process and then does what it is asked, until its input ends. limits is
// the variable MERIDIAN_SANDBOX as the child has it. It writes nothing but answers to out.
func Serve(in io.Reader, out io.Writer, limits string, worker Worker) error {
	l, err := decodeLimits(limits)
	if err != nil {
		return err
	}
	debug.SetMaxStack(int(l.Memory / 4))
	debug.SetMemoryLimit(l.Memory / 4 * 3)
	if err := confine(l); err != nil {
		return fmt.Errorf("limit the child: %w", err)
	}
	s := server{newStream(untilEnd(in), out)}
	for {
		if err := allow(l); err != nil {
			return fmt.Errorf("limit the child: %w", err)
		}
		if err := s.one(worker); err != nil {
			return err
		}
	}
}

// untilEnd passes the input on, and ends the process when it ends: the parent is gone, whatever the child is at.
func untilEnd(in io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, _ = io.Copy(w, in)
		os.Exit(0)
	}()
	return r
}

type server struct{ stream }

// one serves one request.
func (s *server) one(worker Worker) error {
	if err := s.expect(request); err != nil {
		return err
	}
	result, err := worker.Work(s.decoder.Decode, s.ask)
	if err != nil {
		return err
	}
	kind := answer
	if used() > lifetime {
		kind = lastAnswer
	}
	return s.send(kind, result)
}

// ask has the parent answer a question.
func (s *server) ask(about, into any) error {
	if err := s.send(question, about); err != nil {
		return err
	}
	if err := s.expect(reply); err != nil {
		return err
	}
	return s.decoder.Decode(into)
}

func (s *server) expect(want int) error {
	var kind int
	if err := s.decoder.Decode(&kind); err != nil {
		return err
	}
	if kind != want {
		return errors.New("a message out of turn")
	}
	return nil
}
