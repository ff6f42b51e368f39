package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
)

// combiner makes attempts together with other publishers on this machine: each makes a commit of his own on top of what
// the others have made, and one of them pushes them all. Nobody is told of success before his commit is in the remote.
// What the remote's branch is moved from is compared by the server, so that a mistake of the locks could cost a push
// but not a commit.
type combiner struct {
	engine *remoteEngine
	chain  *chain
	ticket *ticket // what is on its way; nil for nothing
	alone  bool    // the server refused what was pushed together
	off    bool    // the locks cannot be had

	together int   // how many commits were last on their way, ours among them
	loss     error // in the server's words for a lost race, which do not tell whether the branch has moved
}

// ticket is a commit whose arrival decides over an attempt.
type ticket struct {
	epoch  int64
	commit plumbing.Hash
	from   plumbing.Hash // the remote's branch below it
	own    bool          // the commit is of this run; else it is that of another, and the run has none
	landed bool          // we have pushed it ourselves
	attempt
}

// pushed is the ticket's commit, if it is of this run.
func (t *ticket) pushed() *pushed {
	if t == nil || !t.own {
		return nil
	}
	return &pushed{t.commit, t.from, t.result}
}

// newCombiner returns nil where there are no others to combine with: without a cache, in a dry run, for a pull
// request, and for what takes long to plan.
func newCombiner(ctx context.Context, e engine, o Options, j job) *combiner {
	remote, ok := e.(*remoteEngine)
	if !ok || remote.cache == nil || o.DryRun || o.Base != "" || j.long {
		return nil
	}
	c, err := newChain(ctx, remote.cache, remote.ref, o)
	if err != nil {
		remote.tell(fmt.Sprintf("publishing alone: %v", err))
		return nil
	}
	return &combiner{engine: remote, chain: c}
}

// try is an attempt, as the function of that name makes it by itself.
func (c *combiner) try(ctx context.Context, e engine, o Options, j job, last *pushed) (Result, []diag.Diagnostic, *pushed, error) {
	switch {
	case c == nil || c.off || c.engine.cache == nil:
		return try(ctx, e, o, j, last)
	case c.alone:
		return c.tryAlone(ctx, o, j, last)
	case c.ticket == nil:
		a, err := c.graft(ctx, o, j, last)
		if errors.As(err, new(*lockError)) {
			c.engine.tell(fmt.Sprintf("publishing alone: %v", err))
			c.off = true
			return try(ctx, e, o, j, last)
		}
		if err != nil || c.ticket == nil {
			return a.result, a.diags, nil, err
		}
	}
	return c.deliver(ctx)
}

// pause is what back-off starts from: how long an attempt takes. Of several who were in it together, whoever comes first
// brings the others along.
func (c *combiner) pause(retry *retryError, took time.Duration) time.Duration {
	if c != nil && c.together > 1 {
		took /= time.Duration(c.together)
	}
	return max(retry.pause, took)
}

// lockError says that publishers cannot combine: a lock is held for too long, or the cache cannot be written.
type lockError struct{ err error }

func (e *lockError) Error() string { return e.err.Error() }

// graft plans on the tip of the chain and adds a commit to it, which gives a ticket. Without one the attempt is over.
func (c *combiner) graft(ctx context.Context, o Options, j job, last *pushed) (attempt, error) {
	release, err := c.chain.graftLock(ctx)
	if err != nil {
		return attempt{}, cmp.Or(ctx.Err(), error(&lockError{err}))
	}
	defer release()
	state := c.chain.read()
	if len(state.Links) > 0 && time.Since(state.Touched) > stale {
		state.drop(false)
	}
	base, tip, err := c.start(ctx, o, state)
	if err != nil {
		return attempt{}, err
	}
	a, err := prepare(ctx, c.engine, o, j, tip, last)
	switch {
	case err != nil && len(state.Links) > 0 && ctx.Err() == nil: // it may be the others' commits that cannot be read
		state.drop(false)
		return a, &retryError{err: errors.Join(err, c.chain.write(state)), pause: lockPause}
	case err != nil:
		return a, err
	case a.commit.IsZero() && len(state.Links) == 0:
		return a, nil
	case a.commit.IsZero(): // true only if what it was planned on arrives
		c.ticket = &ticket{epoch: state.Epoch, commit: tip, from: base, attempt: a}
		return a, nil
	case c.engine.cache == nil:
		return a, &lockError{errors.New("the cache cannot be used")}
	}
	if state.Epoch == 0 {
		state.Epoch = time.Now().UnixNano()
	}
	_, err = c.chain.cache.store.add(a.objects)
	if err == nil {
		state.append(base, a.commit)
		err = c.chain.write(state)
	}
	if err != nil {
		return a, &lockError{err}
	}
	c.ticket = &ticket{epoch: state.Epoch, commit: a.commit, from: base, own: true, attempt: a}
	return a, nil
}

// start returns where the remote's branch is, as far as is known, and what to plan on.
func (c *combiner) start(ctx context.Context, o Options, state chainState) (base, tip plumbing.Hash, err error) {
	if tip = state.tip(); !tip.IsZero() {
		base = plumbing.NewHash(state.Base)
		c.engine.recall(base)
		return base, tip, nil
	}
	if tip, err = c.engine.head(ctx); err != nil {
		err = fmt.Errorf("read the branch's head: %w", err)
	} else {
		err = o.turn.yield(ctx, c.engine, tip)
	}
	return tip, tip, err
}

// deliver waits until the ticket's commit has arrived or cannot any more, and pushes when nobody else does.
func (c *combiner) deliver(ctx context.Context) (Result, []diag.Diagnostic, *pushed, error) {
	t := c.ticket
	c.loss = nil
	begin, pause := time.Now(), lockPause
	before := c.chain.read()
	for {
		state := c.chain.read()
		if !state.Touched.Equal(before.Touched) || len(state.Pushed) != len(before.Pushed) || state.Epoch != before.Epoch {
			before, begin = state, time.Now() // it goes on
		}
		if state.Epoch == t.epoch {
			c.together = max(1, len(state.Links))
		}
		fate := state.fate(t.epoch, t.commit.String())
		if t.landed || fate == arrived {
			c.ticket = nil
			return t.result, t.diags, nil, nil
		}
		if fate != waiting {
			c.ticket, c.alone = nil, fate == refused
			err := &retryError{err: c.loss, pause: lockPause, lost: true}
			if c.loss == nil {
				err.err, err.moved = fmt.Errorf("push to %s: the commits of this machine were overtaken", c.engine.url), true
			}
			return Result{}, nil, t.pushed(), err
		}
		release, err := c.chain.pushLock(ctx, 0)
		switch {
		case err == nil:
			err = c.push(ctx)
			release()
		case ctx.Err() != nil:
			err = ctx.Err()
		case time.Since(begin) > c.chain.cache.patience:
			err = c.pushOpenly(ctx)
		default:
			err = sleep(ctx, jitter(pause))
			pause = min(2*pause, longestLockPause)
		}
		if err != nil && !t.landed {
			return Result{}, nil, t.pushed(), err
		}
	}
}

// pushOpenly pushes although somebody holds the lock: he may have been stopped.
func (c *combiner) pushOpenly(ctx context.Context) error {
	if err := c.chain.change(ctx, c.ticket.epoch, func(state *chainState) { state.Open = true }); err != nil {
		return err
	}
	return c.push(ctx)
}

// push pushes all commits of the chain and records what became of them. An error is of the attempt; that others have
// done it, or that it is to be done again, is none.
func (c *combiner) push(ctx context.Context) error {
	state := c.chain.read()
	if state.fate(c.ticket.epoch, c.ticket.commit.String()) != waiting {
		return nil
	}
	base, tip := plumbing.NewHash(state.Base), state.tip()
	objects := c.ticket.objects
	if !c.ticket.own || len(state.Links) > 1 {
		var err error
		if objects, err = newObjects(c.chain.cache.store, base, state.Links); err != nil {
			return c.drop(ctx, state, false)
		}
	}
	err := c.engine.push(ctx, base, tip, objects)
	var retry *retryError
	switch {
	case err == nil:
		return c.arrived(ctx, state, tip)
	case errors.As(err, &retry):
		return c.examine(ctx, state, retry)
	case len(state.Links) == 1 && c.ticket.own:
		return errors.Join(err, c.drop(ctx, state, false))
	}
	return c.drop(ctx, state, true) // one of them is at fault: each tries again alone
}

// examine finds out what a push that seems to have failed has done.
func (c *combiner) examine(ctx context.Context, state chainState, failed *retryError) error {
	if failed.lost { // the next attempt reads the head in any case
		c.loss = failed.err
		return c.drop(ctx, state, false)
	}
	head, err := failed.head, error(nil)
	if head.IsZero() {
		head, err = c.engine.branch(ctx)
	}
	switch {
	case err != nil || head.String() == state.Base:
		return failed
	case slices.Contains(state.Links, head.String()):
		return c.arrived(ctx, state, head)
	}
	return c.drop(ctx, state, false)
}

// arrived records that the remote's branch is at one of the commits.
func (c *combiner) arrived(ctx context.Context, state chainState, commit plumbing.Hash) error {
	mine := slices.Index(state.Links, c.ticket.commit.String())
	c.ticket.landed = mine <= slices.Index(state.Links, commit.String())
	base := plumbing.NewHash(state.Base)
	if c.engine.recall(base); !base.IsZero() && c.engine.have == base {
		c.engine.remember(ctx, commit)
	}
	return c.change(ctx, state, func(s *chainState) { s.arrived(commit.String()) })
}

// drop gives the commits up: whoever waits for one of them tries again.
func (c *combiner) drop(ctx context.Context, state chainState, refused bool) error {
	return c.change(ctx, state, func(s *chainState) { s.drop(refused) })
}

func (c *combiner) change(ctx context.Context, state chainState, change func(*chainState)) error {
	if err := c.chain.change(ctx, state.Epoch, change); err != nil {
		return &retryError{err: err, pause: lockPause}
	}
	return nil
}

// tryAlone makes an attempt by itself, on the remote's head, while all others wait.
func (c *combiner) tryAlone(ctx context.Context, o Options, j job, last *pushed) (Result, []diag.Diagnostic, *pushed, error) {
	for _, lock := range []func() (func(), error){
		func() (func(), error) { return c.chain.pushLock(ctx, c.chain.cache.coldPatience()) },
		func() (func(), error) { return c.chain.graftLock(ctx) },
	} {
		release, err := lock()
		if err != nil {
			break // the server compares, with and without locks
		}
		defer release()
	}
	return try(ctx, c.engine, o, j, last)
}

// withdraw takes a commit back that others might push. It returns the ticket when the commit has arrived, and an error
// when neither can be said.
func (c *combiner) withdraw(ctx context.Context) (*ticket, error) {
	if c == nil || c.ticket == nil || !c.ticket.own {
		return nil, nil
	}
	t := c.ticket
	unknown := fmt.Errorf("it is not known whether commit %s arrives: another publisher on this machine may push it", t.commit)
	release, err := c.chain.pushLock(ctx, lastLook/2)
	if err != nil {
		return nil, unknown
	}
	defer release()
	state := c.chain.read()
	switch state.fate(t.epoch, t.commit.String()) {
	case arrived:
		return t, nil
	case waiting:
		if err := c.chain.change(ctx, t.epoch, func(s *chainState) { s.drop(false) }); err != nil || state.Open {
			return nil, unknown
		}
	}
	return nil, nil
}
