package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// finalError is a failure of machines that will stay the same.
type finalError struct{ error }

func finalUnless(again bool, err error) error {
	if again {
		return err
	}
	return &finalError{err}
}

// failure names what failed, takes the secrets out of the words, and marks what may be tried again: everything
// but an answer that will stay the same.
func (e *remoteEngine) failure(what string, err error) error {
	err = bare(err)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &retryError{err: fmt.Errorf("%s %s: %w", what, e.url, err), pause: remotePause}
	}
	err = e.sessions.explain(err)
	var refused *refusal
	if errors.As(err, &refused) {
		d := refused.diagnostic
		d.Message = harmless(d.Message, e.secrets...)
		return &refusal{d}
	}
	text := harmless(err.Error(), e.secrets...)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		text = fmt.Sprintf("the server has said nothing for %s", e.silence)
	}
	worded := fmt.Errorf("%s %s: %s", what, e.url, strings.TrimSpace(text))
	var final *finalError
	if errors.As(err, &final) {
		return worded
	}
	return &retryError{err: worded, pause: remotePause}
}

// bare takes off go-git's wrappers, which do not let one look inside.
func bare(err error) error {
	var unexpected *plumbing.UnexpectedError
	var permanent *plumbing.PermanentError
	switch {
	case errors.As(err, &unexpected):
		return unexpected.Err
	case errors.As(err, &permanent):
		return permanent.Err
	}
	return err
}
