package publish

import (
	"context"
	"errors"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// sessions are the ways to a repository's server. Each session is one exchange with git there.
type sessions interface {
	upload() (transport.UploadPackSession, error)
	receive() (transport.ReceivePackSession, error)

	// explain returns a *refusal for what the user can mend, a *finalError for what will stay the same, or the error.
	explain(err error) error

	close() error
}

// remoteEngine is a repository behind https or ssh. What is fetched is kept in the cache, or for one run in memory: the trees
// of one commit, and blobs as they are asked for, or all of them where the server cannot leave them out.
type remoteEngine struct {
	url      string // as it may be shown
	ref      plumbing.ReferenceName
	sessions sessions
	secrets  []string // that no message repeats
	silence  time.Duration

	stateless bool             // each request stands for itself, as over http
	writes    bool             // what is read is about to be pushed to: the side that takes pushes is asked where the branch is
	taking    *taking          // its answer, until the push
	server    *capability.List // what the side that gives objects can do, once it has said so

	store   objectStore
	cache   *repoCache    // what the store belongs to; nil when it is in memory
	tell    func(string)  // of what the user may want to know; never nil
	have    plumbing.Hash // the commit that the store has; zero before the first fetch
	partial bool          // without its blobs
	whole   bool          // the server has failed to give single blobs; do not ask again
	renewed bool          // the cache was damaged and has been made anew
}

// remotePause is the least that back-off starts from: an attempt takes about that long.
const remotePause = 100 * time.Millisecond

func newRemote(url string, ref plumbing.ReferenceName, o Options, s sessions) *remoteEngine {
	e := &remoteEngine{url: url, ref: ref, sessions: s, secrets: append(o.Auth.secrets(), o.SSH.Passphrase), silence: o.Network.silence(), tell: o.Progress}
	if e.tell == nil {
		e.tell = func(string) {}
	}
	if err := e.openCache(o); err != nil {
		e.forget(err)
	}
	return e
}

// uploadSession asks the server for its branches. The session is nil when the repository is empty.
func (e *remoteEngine) uploadSession(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	session, err := e.sessions.upload()
	if err != nil {
		return nil, nil, e.failure("fetch", err)
	}
	refs, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, e.failure("fetch", err)
	}
	e.server = refs.Capabilities
	return session, refs, nil
}

// branch asks the server where the branch is, and fetches nothing.
func (e *remoteEngine) branch(ctx context.Context) (plumbing.Hash, error) {
	session, refs, err := e.uploadSession(ctx)
	if session == nil || err != nil {
		return plumbing.ZeroHash, err
	}
	return refs.References[e.ref.String()], session.Close()
}

func (e *remoteEngine) head(ctx context.Context) (plumbing.Hash, error) {
	if e.writes {
		if head, done, err := e.headToMove(ctx); done || err != nil {
			return head, err
		}
	}
	session, refs, err := e.uploadSession(ctx)
	if session == nil || err != nil {
		return plumbing.ZeroHash, err
	}
	defer session.Close()
	head := refs.References[e.ref.String()]
	if head.IsZero() {
		return head, nil
	}
	if e.recall(head); head == e.have {
		return head, nil
	}
	return head, e.fetch(ctx, session, refs, head)
}

// read looks into the store. When a cache turns out to be damaged, it is made anew first.
func (e *remoteEngine) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	data, err := e.lookup(ctx, kind, hash)
	if e.cache != nil && e.isDamage(err, kind, hash) {
		if err := e.renew(ctx, kind, hash, err); err != nil {
			return nil, err
		}
		data, err = e.lookup(ctx, kind, hash)
	}
	return data, err
}

func (e *remoteEngine) lookup(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	data, err := e.store.read(kind, hash)
	if isMissing(err) && kind == plumbing.BlobObject && e.partial {
		if err := e.prefetch(ctx, []plumbing.Hash{hash}); err != nil {
			return nil, err
		}
		data, err = e.store.read(kind, hash)
	}
	return data, err
}

func (e *remoteEngine) close() error {
	e.tidy()
	return errors.Join(e.sessions.close(), e.store.close())
}
