package publish

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// taking is a session with the side of a server that takes pushes (git-receive-pack), and what it has said about its
// branches.
type taking struct {
	transport.ReceivePackSession
	refs *packp.AdvRefs
}

// take asks that side for its branches.
func (e *remoteEngine) take(ctx context.Context) (*taking, error) {
	session, err := e.sessions.receive()
	if err != nil {
		return nil, err
	}
	refs, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		refs, err = packp.NewAdvRefs(), nil
	}
	return &taking{session, refs}, err
}

// headToMove is head for a run that is going to push. A push has to ask where the branch is anyway; asked first, the
// answer does for both: a publish takes two requests, or three where others have moved the branch since the last one. It
// reports false where only the other side can say: to credentials that may not push, or of a branch that is not there.
func (e *remoteEngine) headToMove(ctx context.Context) (head plumbing.Hash, done bool, err error) {
	e.taking = nil
	t, err := e.take(ctx)
	if err != nil {
		err = e.failure("fetch", err)
		if errors.As(err, new(*retryError)) {
			return head, false, err
		}
		e.writes = false
		return head, false, nil
	}
	head = t.refs.References[e.ref.String()]
	if head.IsZero() {
		return head, false, nil
	}
	e.taking = t
	if e.recall(head); head == e.have {
		return head, true, nil
	}
	if !e.have.IsZero() && e.askKnown(ctx, question{commit: head, have: e.have, filter: e.partial}) {
		e.remember(ctx, head)
		return head, true, nil
	}
	session, refs, err := e.uploadSession(ctx)
	if session == nil || err != nil {
		return head, false, err
	}
	defer session.Close()
	if head = refs.References[e.ref.String()]; head.IsZero() || head == e.have { // it has just moved
		return head, true, nil
	}
	return head, true, e.fetch(ctx, session, refs, head)
}

// askKnown asks a question without asking first what the server can do, where that is known and each request stands for
// itself. It reports whether that succeeded; if not, the server is asked again.
func (e *remoteEngine) askKnown(ctx context.Context, q question) bool {
	if e.server == nil || !e.stateless {
		return false
	}
	session, err := e.sessions.upload()
	if err != nil {
		return false
	}
	defer session.Close()
	err = e.ask(ctx, session, &packp.AdvRefs{Capabilities: e.server}, q)
	if err != nil {
		e.server = nil
	}
	return err == nil
}

// toMove returns a session for a push from a commit: the one at hand, if that is where it found the branch.
func (e *remoteEngine) toMove(ctx context.Context, from plumbing.Hash) (*taking, error) {
	t := e.taking
	e.taking = nil
	if t != nil && t.refs.References[e.ref.String()] == from {
		return t, nil
	}
	t, err := e.take(ctx)
	if err != nil {
		return nil, e.failure("push to", err)
	}
	if now := t.refs.References[e.ref.String()]; now != from {
		return nil, &retryError{err: fmt.Errorf("push to %s: %s has moved from %s to %s", e.url, e.ref, from, now), pause: remotePause, moved: true, head: now}
	}
	return t, nil
}
