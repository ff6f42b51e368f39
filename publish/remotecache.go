package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
)

// openCache makes the cache the engine's store, if there is to be one.
func (e *remoteEngine) openCache(o Options) error {
	if o.Cache == "" {
		e.store = newMemoryStore()
		return nil
	}
	c, err := openCache(o.Cache, e.url, o.Auth.Token != "", e.silence)
	if err != nil {
		return err
	}
	e.cache, e.store = c, c.store
	return nil
}

// forget goes on without the cache: nothing that is wrong with it may be in the way of publishing.
func (e *remoteEngine) forget(cause error) {
	e.tell(fmt.Sprintf("going on without the cache: %v", cause))
	if e.cache != nil {
		_ = e.cache.store.close()
	}
	e.cache, e.store = nil, newMemoryStore()
	e.have, e.partial = plumbing.ZeroHash, false
}

// recall finds out what the cache has by now of the branch whose head is given: other processes fetch, too.
func (e *remoteEngine) recall(head plumbing.Hash) {
	if e.cache == nil {
		return
	}
	state, err := e.cache.state()
	e.have = plumbing.ZeroHash
	if err != nil || len(state.Complete) == 0 || state.Partial && e.whole {
		return // fetching makes it anew
	}
	e.partial = state.Partial
	if e.server == nil && state.Server != "" {
		list := capability.NewList()
		if err := list.Decode([]byte(state.Server)); err == nil {
			e.server = list
		}
	}
	commit := state.Complete[e.ref.String()]
	for _, branch := range slices.Sorted(maps.Keys(state.Complete)) {
		if other := state.Complete[branch]; commit == "" || other == head.String() {
			commit = other // another branch's has most of it
		}
	}
	e.have = plumbing.NewHash(commit)
}

// remember records that the cache holds a commit with all it needs.
func (e *remoteEngine) remember(ctx context.Context, commit plumbing.Hash) {
	e.have = commit
	if e.cache == nil {
		return
	}
	held := e.cache.store.bytes()
	// What cannot be recorded is fetched again.
	_ = e.cache.changeState(ctx, func(state *cacheState) {
		if state.Partial != e.partial || len(state.Complete) == 0 {
			clear(state.Complete)
			state.Partial, state.Limit = e.partial, 4*held+(512<<20)
		}
		if e.server != nil {
			state.Server = e.server.String()
		}
		if state.Complete[e.ref.String()] = commit.String(); held > state.Limit {
			clear(state.Complete) // the next fetch begins afresh
		}
	})
}

// landed records that the branch is at a commit of ours, so that the next run need not fetch it.
func (e *remoteEngine) landed(ctx context.Context, from, to plumbing.Hash, objects []gitObject) {
	if e.cache == nil || from.IsZero() || e.have != from {
		return
	}
	if _, err := e.cache.store.add(objects); err == nil {
		e.remember(ctx, to)
	}
}

// isDamage reports whether an error of reading means that the cache does not hold what it should. Commits other than
// the head may be missing, and so may blobs where they are left out.
func (e *remoteEngine) isDamage(err error, kind plumbing.ObjectType, hash plumbing.Hash) bool {
	var damage *damageError
	return errors.As(err, &damage) || isMissing(err) && (kind != plumbing.CommitObject || hash == e.have)
}

// renew makes the cache anew when an object cannot be read from it, and fetches the commit at hand again; the second time
// it goes on in memory.
func (e *remoteEngine) renew(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash, cause error) error {
	commit := e.have
	if e.renewed {
		e.forget(cause)
		return e.fetchAgain(ctx, commit)
	}
	e.renewed = true
	release, err := e.cache.lock(ctx, "store.lock", e.cache.coldPatience())
	if err != nil {
		e.forget(err)
		return e.fetchAgain(ctx, commit)
	}
	_ = e.cache.store.close() // to look at what is there now: somebody else may have made it anew
	e.recall(commit)
	_, err = e.store.read(kind, hash)
	if e.have == commit && err != nil {
		e.tell(fmt.Sprintf("making the cache anew: %v", cause))
		e.empty()
	}
	release()
	if err == nil {
		return nil
	}
	return e.fetchAgain(ctx, commit)
}

// fetchAgain gets a commit into a store that has nothing.
func (e *remoteEngine) fetchAgain(ctx context.Context, commit plumbing.Hash) error {
	session, refs, err := e.uploadSession(ctx)
	if err != nil {
		return err
	}
	if session == nil {
		return e.failure("fetch", errors.New("the repository has become empty"))
	}
	defer session.Close()
	return e.fetch(ctx, session, refs, commit)
}

// begin locks the cache for a fetch of everything. Another process may have done it meanwhile: then there is something
// to build on. Without a cache it does nothing.
func (e *remoteEngine) begin(ctx context.Context, head plumbing.Hash) (release func()) {
	if e.cache == nil {
		return func() {}
	}
	release, err := e.cache.lock(ctx, "store.lock", e.cache.coldPatience())
	if err != nil {
		e.forget(err)
		return func() {}
	}
	before := e.have
	if e.recall(head); e.have == before {
		e.have = plumbing.ZeroHash
	}
	return release
}

// empty throws away what the store has; the cache is locked.
func (e *remoteEngine) empty() {
	e.have = plumbing.ZeroHash
	if e.cache == nil {
		return
	}
	if err := e.cache.reset(); err != nil {
		e.forget(err)
	}
}

// tidy puts the cache's packs together when there are many and nobody else is at it.
func (e *remoteEngine) tidy() {
	if e.cache == nil || len(e.cache.store.packs) <= maxCachePacks {
		return
	}
	release, err := e.cache.lock(context.Background(), "store.lock", 0)
	if err != nil {
		return
	}
	defer release()
	if err := e.cache.store.tidy(); err != nil {
		_ = e.cache.reset()
	}
}
