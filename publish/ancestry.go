package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Order is how a commit stands to an earlier publication's.
type Order int

const (
	OrderUnknown Order = iota
	Newer              // or just as new
	Older
)

// Order says how commit now stands to commit published: by ancestry, and where they are on lines of their own by their
// times. It is unknown when the clone does not reach that far.
func (s *Sources) Order(ctx context.Context, published, now string) (Order, error) {
	var commits [2]*sourceCommit
	for i, name := range []string{published, now} {
		hash, err := s.Resolve(ctx, name)
		var c object.Commit
		if err == nil {
			c, err = s.commit(ctx, plumbing.NewHash(hash))
		}
		var unknown *RevisionError
		switch {
		case errors.As(err, &unknown) || err != nil && isMissing(err):
			return OrderUnknown, nil
		case err != nil:
			return OrderUnknown, fmt.Errorf("compare source commits: %w", err)
		}
		commits[i] = &sourceCommit{hash: plumbing.NewHash(hash), when: c.Committer.When, parents: c.ParentHashes}
	}
	return s.compare(ctx, commits[0], commits[1])
}

// CommitTime returns when a commit was made; ok is false when the clone does not have it.
func (s *Sources) CommitTime(ctx context.Context, revision string) (when time.Time, ok bool, err error) {
	hash, err := s.Resolve(ctx, revision)
	var c object.Commit
	if err == nil {
		c, err = s.commit(ctx, plumbing.NewHash(hash))
	}
	var unknown *RevisionError
	if errors.As(err, &unknown) || err != nil && isMissing(err) {
		return time.Time{}, false, nil
	}
	return c.Committer.When.UTC(), err == nil, err
}

// sourceCommit is a commit on the way back from two others.
type sourceCommit struct {
	hash    plumbing.Hash
	when    time.Time
	parents []plumbing.Hash
	from    reached
	queued  bool
}

// reached says from which of the two a commit was reached.
type reached uint8

const (
	fromPublished reached = 1 << iota
	fromNow
	fromBoth = fromPublished | fromNow
)

// compare walks back from both commits, the latest first, until nothing is left that only one of them comes from. It
// reads the history since they parted and not all of it.
func (s *Sources) compare(ctx context.Context, published, now *sourceCommit) (Order, error) {
	if published.hash == now.hash {
		return Newer, nil
	}
	w := ancestry{sources: s, known: map[plumbing.Hash]*sourceCommit{published.hash: published, now.hash: now}}
	w.reach(published, fromPublished)
	w.reach(now, fromNow)
	for w.alone > 0 {
		if err := w.step(ctx); err != nil {
			return OrderUnknown, fmt.Errorf("compare source commits: %w", err)
		}
	}
	switch {
	case published.from == fromBoth:
		return Newer, nil
	case now.from == fromBoth:
		return Older, nil
	case w.cut:
		return OrderUnknown, nil
	case now.when.Before(published.when):
		return Older, nil
	}
	return Newer, nil
}

// ancestry is a walk back from two commits.
type ancestry struct {
	sources *Sources
	known   map[plumbing.Hash]*sourceCommit
	queue   []*sourceCommit // sorted by time
	alone   int             // how many of the queue were reached from one side only
	cut     bool            // the clone ends somewhere on the way
}

// reach notes from where a commit was reached, and that its parents are to be told.
func (w *ancestry) reach(c *sourceCommit, from reached) {
	before := c.from
	if c.from |= from; c.from == before {
		return
	}
	switch {
	case !c.queued:
		c.queued = true
		i, _ := slices.BinarySearchFunc(w.queue, c, func(a, b *sourceCommit) int { return a.when.Compare(b.when) })
		w.queue = slices.Insert(w.queue, i, c)
		if c.from != fromBoth {
			w.alone++
		}
	case c.from == fromBoth:
		w.alone--
	}
}

// step tells the parents of the latest commit of the queue.
func (w *ancestry) step(ctx context.Context) error {
	c := w.queue[len(w.queue)-1]
	w.queue = w.queue[:len(w.queue)-1]
	c.queued = false
	if c.from != fromBoth {
		w.alone--
	}
	for _, hash := range c.parents {
		parent := w.known[hash]
		if parent == nil {
			commit, err := w.sources.commit(ctx, hash)
			if err != nil && isMissing(err) {
				w.cut = true
				continue
			}
			if err != nil {
				return err
			}
			parent = &sourceCommit{hash: hash, when: commit.Committer.When, parents: commit.ParentHashes}
			w.known[hash] = parent
		}
		w.reach(parent, c.from)
	}
	return nil
}
