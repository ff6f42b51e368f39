package publish

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/diag"
)

// AppCommit is a commit that changed an application: its manifests, its record, or what it claims.
type AppCommit struct {
	Commit   string
	Author   Signature
	Message  string
	Old, New *Published // nil where the application is not there; without a readable record, Regions alone
}

// History calls visit with the commits that changed an application, the newest first, until it returns false. Of a
// merge that changed nothing of it, only the side it came from is followed, as in git's own log. Over https the
// history is fetched in growing parts, as far as it is needed.
func History(ctx context.Context, o Options, id AppID, visit func(AppCommit) bool) ([]diag.Diagnostic, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return nil, err
	}
	w, diags, err := openWalk(ctx, o)
	if err != nil || len(diags) > 0 {
		return diags, err
	}
	err = w.history(ctx, id, visit)
	return nil, errors.Join(err, w.engine.close())
}

// AppAt returns an application as it was in a commit of the branch, and the whole hash of that; commit is a hash or at
// least 7 digits of its beginning. The hash is empty when there is no such commit, the application nil when it was not
// there.
func AppAt(ctx context.Context, o Options, id AppID, commit string) (string, *Published, []diag.Diagnostic, error) {
	if err := checkNames("application", id.Namespace, id.Name); err != nil {
		return "", nil, nil, err
	}
	w, diags, err := openWalk(ctx, o)
	if err != nil || len(diags) > 0 {
		return "", nil, diags, err
	}
	hash, app, err := w.find(ctx, id, commit)
	return hash, app, nil, errors.Join(err, w.engine.close())
}

// deepener is an engine that does not have the whole history at first.
type deepener interface {
	deepen(ctx context.Context, depth int) error
}

// walk goes back through a branch's history.
type walk struct {
	engine engine
	head   plumbing.Hash
	depth  int // how much history a [deepener] has; below 0 all
	seen   map[plumbing.Hash]bool
	queue  []ancestor                 // newest first
	owned  map[plumbing.Hash][]string // the claims that records name, by their blobs
}

// ancestor is a commit that was read.
type ancestor struct {
	hash   plumbing.Hash
	commit object.Commit
}

func openWalk(ctx context.Context, o Options) (*walk, []diag.Diagnostic, error) {
	e, diags, err := connectToRead(o)
	if err != nil || len(diags) > 0 {
		return nil, diags, err
	}
	head, err := e.head(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, e.close())
	}
	w := newWalk(e, head)
	if !head.IsZero() {
		err = w.push(ctx, head)
	}
	if err != nil {
		return nil, nil, errors.Join(err, e.close())
	}
	return w, nil, nil
}

func newWalk(e engine, head plumbing.Hash) *walk {
	return &walk{engine: e, head: head, depth: 1, seen: map[plumbing.Hash]bool{}, owned: map[plumbing.Hash][]string{}}
}

// push reads a commit and puts it in its place in the queue. One that a shallow clone does not have ends its line.
func (w *walk) push(ctx context.Context, hash plumbing.Hash) error {
	if w.seen[hash] {
		return nil
	}
	w.seen[hash] = true
	commit, err := w.read(ctx, hash)
	if isMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	at, _ := slices.BinarySearchFunc(w.queue, commit.Committer.When, func(a ancestor, when time.Time) int {
		return when.Compare(a.commit.Committer.When)
	})
	w.queue = slices.Insert(w.queue, at, ancestor{hash, commit})
	return nil
}

// read reads a commit, and fetches more history when it is not at hand.
func (w *walk) read(ctx context.Context, hash plumbing.Hash) (object.Commit, error) {
	for {
		commit, err := readCommit(ctx, w.engine, hash)
		more, can := w.engine.(deepener)
		if !isMissing(err) || !can || w.depth < 0 {
			return commit, err
		}
		w.depth *= 50 // 50, then 2500, then all
		if w.depth > 2500 {
			w.depth = -1
		}
		if err := more.deepen(ctx, w.depth); err != nil {
			return commit, err
		}
	}
}

// next takes the newest commit out of the queue.
func (w *walk) next() ancestor {
	first := w.queue[0]
	w.queue = w.queue[1:]
	return first
}

func (w *walk) history(ctx context.Context, id AppID, visit func(AppCommit) bool) error {
	for len(w.queue) > 0 {
		here := w.next()
		parents, same, err := w.parents(ctx, here.commit, id)
		if err != nil {
			return err
		}
		if same >= 0 {
			if err := w.push(ctx, here.commit.ParentHashes[same]); err != nil {
				return err
			}
			continue
		}
		for _, parent := range here.commit.ParentHashes {
			if err := w.push(ctx, parent); err != nil {
				return err
			}
		}
		entry := AppCommit{Commit: here.hash.String(), Message: here.commit.Message}
		entry.Author = Signature{here.commit.Author.Name, here.commit.Author.Email, here.commit.Author.When}
		if entry.New, err = w.app(ctx, here.commit.TreeHash, id); err != nil {
			return err
		}
		if len(parents) > 0 {
			if entry.Old, err = w.app(ctx, parents[0], id); err != nil {
				return err
			}
		}
		if entry.Old == nil && entry.New == nil {
			continue // a root without it
		}
		if !visit(entry) {
			return nil
		}
	}
	return nil
}

// parents returns the root trees of a commit's parents, and the number of the first in which the application is the
// same; -1 when it is in none.
func (w *walk) parents(ctx context.Context, c object.Commit, id AppID) ([]plumbing.Hash, int, error) {
	var trees []plumbing.Hash
	for i, hash := range c.ParentHashes {
		parent, err := w.read(ctx, hash)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		trees = append(trees, parent.TreeHash)
		same, err := w.same(ctx, c.TreeHash, parent.TreeHash, id)
		if err != nil {
			return nil, 0, err
		}
		if same {
			return trees, i, nil
		}
	}
	return trees, -1, nil
}

// find looks for a commit of the branch.
func (w *walk) find(ctx context.Context, id AppID, commit string) (string, *Published, error) {
	const least = 7
	for len(w.queue) > 0 && len(commit) >= least {
		here := w.next()
		if strings.HasPrefix(here.hash.String(), strings.ToLower(commit)) {
			app, err := w.app(ctx, here.commit.TreeHash, id)
			return here.hash.String(), app, err
		}
		for _, parent := range here.commit.ParentHashes {
			if err := w.push(ctx, parent); err != nil {
				return "", nil, err
			}
		}
	}
	return "", nil, nil
}
