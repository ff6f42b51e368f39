package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

func (e *remoteEngine) advance(ctx context.Context, from, to plumbing.Hash, objects []gitObject) error {
	err := e.push(ctx, from, to, objects)
	if err == nil {
		e.landed(ctx, from, to, objects)
	}
	return err
}

// push pushes by the protocol itself, and not by go-git's Push: that walks the history to see whether the
// move is a fast-forward, which at depth 1 finds no history to walk. The server compares the old value.
func (e *remoteEngine) push(ctx context.Context, from, to plumbing.Hash, objects []gitObject) error {
	session, err := e.toMove(ctx, from)
	if err != nil {
		return err
	}
	defer session.Close()
	var pack bytes.Buffer
	if _, err := encodePack(&pack, objects); err != nil {
		return err
	}
	words := &tail{}
	req, err := pushRequest(session.refs.Capabilities, e.ref, from, to, &pack, words)
	if err != nil {
		return e.failure("push to", err)
	}
	report, err := session.ReceivePack(ctx, req)
	switch {
	case report != nil && report.Error() != nil:
		return e.rejection(report, words.String())
	case report == nil && err == nil:
		err = errors.New("the server gave no answer")
	}
	if err != nil {
		return e.failure("push to", words.explain(bare(err)))
	}
	return nil
}

func pushRequest(server *capability.List, ref plumbing.ReferenceName, from, to plumbing.Hash, pack io.Reader, words io.Writer) (*packp.ReferenceUpdateRequest, error) {
	req := packp.NewReferenceUpdateRequestFromCapabilities(server)
	// Asked for even where an empty repository's answer did not list it: without a report there is no telling.
	if err := req.Capabilities.Set(capability.ReportStatus); err != nil {
		return nil, err
	}
	if server.Supports(capability.Sideband64k) {
		if err := req.Capabilities.Set(capability.Sideband64k); err != nil {
			return nil, err
		}
	}
	req.Commands = []*packp.Command{{Name: ref, Old: from, New: to}}
	req.Packfile = io.NopCloser(pack)
	req.Progress = words
	return req, nil
}

// tail keeps the last of what a server says beside its answer: a hook's reasons, mostly. It is generous, so that no
// half of a secret is left at its start where it would not be known for one.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-(1<<16)):]
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }

// explain adds what the server said to an error.
func (t *tail) explain(err error) error {
	if len(t.text) == 0 {
		return err
	}
	return fmt.Errorf("%w; the server says: %s", err, t.text)
}
