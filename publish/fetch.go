package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// fetch gets one commit with its trees at depth 1: what differs from the commit at hand, if there is one, else all of
// them. Of several processes that share a cache, one fetches all and the others wait for it.
func (e *remoteEngine) fetch(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, head plumbing.Hash) error {
	if done, err := e.fetchSince(ctx, session, refs, head); done || err != nil {
		return err
	}
	release := e.begin(ctx, head)
	defer release()
	if done, err := e.fetchSince(ctx, session, refs, head); done || err != nil {
		return err
	}
	e.empty()
	err := e.fetchAll(ctx, session, refs, head)
	if errors.As(err, new(*storeError)) {
		e.forget(err)
		err = e.fetchAll(ctx, session, refs, head)
	}
	if err != nil {
		return e.failure("fetch", err)
	}
	e.remember(ctx, head)
	return nil
}

// fetchSince gets what differs from the commit at hand, in a pack whose deltas may lean on objects that we have
// ("thin"), which a server will not make of a shallow history otherwise. It reports whether that succeeded.
func (e *remoteEngine) fetchSince(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, head plumbing.Hash) (bool, error) {
	if e.have.IsZero() || e.have == head {
		return e.have == head, nil
	}
	err := e.ask(ctx, session, refs, question{commit: head, have: e.have, filter: e.partial})
	if err == nil {
		e.remember(ctx, head)
		return true, nil
	}
	if ctx.Err() != nil {
		return false, e.failure("fetch", err)
	}
	return false, nil
}

func (e *remoteEngine) fetchAll(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, head plumbing.Hash) error {
	e.partial = !e.whole && canFilter(refs)
	err := e.ask(ctx, session, refs, question{commit: head, filter: e.partial})
	if err != nil && e.partial && ctx.Err() == nil && !errors.As(err, new(*storeError)) {
		e.whole, e.partial = true, false // the server promised more than it keeps
		err = e.ask(ctx, session, refs, question{commit: head})
	}
	return err
}

// canFilter reports whether the server can leave blobs out and give single ones later. Servers that give any
// object advertise both of the narrower capabilities.
func canFilter(refs *packp.AdvRefs) bool {
	c := refs.Capabilities
	return c.Supports(capability.Filter) && c.Supports(capability.AllowTipSHA1InWant) && c.Supports(capability.AllowReachableSHA1InWant)
}

// prefetch gets the blobs that are not here yet, in one request.
func (e *remoteEngine) prefetch(ctx context.Context, blobs []plumbing.Hash) error {
	if !e.partial {
		return nil
	}
	var missing []plumbing.Hash
	seen := map[plumbing.Hash]bool{}
	for _, hash := range blobs {
		if !seen[hash] && !e.store.has(hash) {
			missing = append(missing, hash)
		}
		seen[hash] = true
	}
	if len(missing) == 0 {
		return nil
	}
	if done := e.askKnown(ctx, question{blobs: missing}); done {
		return nil
	}
	session, refs, err := e.uploadSession(ctx)
	if err != nil {
		return err
	}
	if session == nil {
		return e.failure("fetch", fmt.Errorf("the repository has become empty"))
	}
	defer session.Close()
	err = e.ask(ctx, session, refs, question{blobs: missing})
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return e.failure("fetch", err)
	}
	if errors.As(err, new(*storeError)) {
		e.forget(err)
		return e.fetchAgain(ctx, e.have)
	}
	// The server promised more than it keeps: get the whole commit instead.
	e.whole = true
	head := e.have
	e.have = plumbing.ZeroHash
	return e.fetch(ctx, session, refs, head)
}

// deepen gets the history of the commit at hand: so many commits, or with a depth below 0 all of it, with their trees
// and, where the server cannot leave them out, their blobs.
func (e *remoteEngine) deepen(ctx context.Context, depth int) error {
	session, refs, err := e.uploadSession(ctx)
	if err != nil {
		return err
	}
	if session == nil {
		return e.failure("fetch", fmt.Errorf("the repository has become empty"))
	}
	defer session.Close()
	if err := e.ask(ctx, session, refs, question{commit: e.have, filter: e.partial, depth: depth}); err != nil {
		return e.failure("fetch", err)
	}
	return nil
}

// question is a request for objects.
type question struct {
	commit plumbing.Hash   // a commit with its trees and, unless filtered, blobs
	have   plumbing.Hash   // a commit that is complete here, zero for none
	filter bool            // without blobs
	depth  int             // how many commits of history; 0 is one, below 0 all
	blobs  []plumbing.Hash // or these blobs and nothing else
}

// request puts a question into the protocol's form.
func (q question) request(server *capability.List) (*packp.UploadPackRequest, error) {
	req := packp.NewUploadPackRequestFromCapabilities(server)
	var set []capability.Capability
	if server.Supports(capability.NoProgress) {
		set = append(set, capability.NoProgress)
	}
	if q.commit.IsZero() {
		req.Wants = q.blobs
	} else {
		req.Wants = []plumbing.Hash{q.commit}
		if q.depth >= 0 {
			req.Depth = packp.DepthCommits(max(1, q.depth))
			set = append(set, capability.Shallow)
		}
	}
	if q.filter {
		req.Filter = packp.FilterBlobNone()
		set = append(set, capability.Filter)
	}
	if !q.have.IsZero() {
		req.Haves, req.Shallows = []plumbing.Hash{q.have}, []plumbing.Hash{q.have}
		set = append(set, capability.ThinPack)
	}
	for _, c := range set {
		if err := req.Capabilities.Set(c); err != nil {
			return nil, err
		}
	}
	return req, nil
}

// ask sends a question and stores the objects of the answer.
func (e *remoteEngine) ask(ctx context.Context, session transport.UploadPackSession, refs *packp.AdvRefs, q question) error {
	req, err := q.request(refs.Capabilities)
	if err != nil {
		return err
	}
	response, err := session.UploadPack(ctx, req)
	if err != nil {
		return err
	}
	defer response.Close()
	in := &sourceReader{Reader: demultiplex(req.Capabilities, response)}
	err = e.store.receive(in, q.depth == 0)
	if err != nil && !in.failed && e.cache != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return &storeError{err}
	}
	return err
}

// storeError is a cache that cannot take what came.
type storeError struct{ error }

// sourceReader remembers whether it was the reading that failed.
type sourceReader struct {
	io.Reader
	failed bool
}

func (r *sourceReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.failed = r.failed || err != nil && err != io.EOF
	return n, err
}

// demultiplex takes a pack out of the channels that a server sends it in.
func demultiplex(agreed *capability.List, r io.Reader) io.Reader {
	switch {
	case agreed.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, r)
	case agreed.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, r)
	default:
		return r
	}
}

// namedByHead is the branch that a server's HEAD names; empty where it does not say.
func namedByHead(refs *packp.AdvRefs) plumbing.ReferenceName {
	for _, symref := range refs.Capabilities.Get(capability.SymRef) {
		if target, ok := strings.CutPrefix(symref, "HEAD:"); ok {
			return plumbing.ReferenceName(target)
		}
	}
	return ""
}
