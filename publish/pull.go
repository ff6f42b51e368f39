package publish

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/diag"
)

// forker is what pull requests want of an [engine] beside: a branch of their own, and to know which one is not.
type forker interface {
	// fork is the same repository with another branch. What was read of it is shared; it needs no close.
	fork(ref plumbing.ReferenceName) engine

	// trunk is the branch that HEAD names; empty where the repository does not say.
	trunk(ctx context.Context) (plumbing.ReferenceName, error)
}

// baseTrailer names, in a commit that was made for a pull request, the base's head that it was made from.
const baseTrailer = "Meridian-Base: "

// fork is the branch of a pull request.
type fork struct {
	engine
	name string
	at   plumbing.Hash // zero: there is none yet
	tip  object.Commit
}

// tryPull makes an attempt of a pull request: the base is read, the branch is moved. It is made anew from the base's
// head every time, so that it is never stale.
func tryPull(ctx context.Context, e engine, o Options, j job, last *pushed) (Result, []diag.Diagnostic, *pushed, error) {
	head, err := e.head(ctx)
	if err != nil {
		return Result{}, nil, nil, err
	}
	if head.IsZero() {
		return Result{}, nil, nil, refuse(diag.BaseMissing, "there is no branch %s to make a pull request from", o.Base)
	}
	b, err := openFork(ctx, e, o)
	if err != nil {
		return Result{}, nil, nil, err
	}
	if last != nil && b.at == last.commit {
		return last.result, nil, nil, nil // only the answer was lost
	}
	p, err := makePlan(ctx, e, o, j, head)
	if err != nil {
		return Result{}, nil, nil, err
	}
	if diag.HasErrors(p.diags) {
		return Result{}, folded(p.diags), nil, nil
	}
	text := p.text(j, baseTrailer+head.String())
	subject, _, _ := strings.Cut(text, "\n")
	result := Result{Parent: hashText(head), Branch: hashText(b.at), Title: subject}
	if result.Changed, err = p.draft.changes(ctx); err != nil || len(result.Changed) == 0 {
		return result, p.diags, nil, err
	}
	if j.guarded {
		if err := p.checkRemoval(ctx, result.Changed, j.pos); err != nil || diag.HasErrors(p.diags) {
			return Result{}, folded(p.diags), nil, err
		}
	}
	if err := p.checkAgain(ctx); err != nil || diag.HasErrors(p.diags) {
		return Result{}, folded(p.diags), nil, err
	}
	if err := p.review(ctx, result.Changed); err != nil {
		return Result{}, nil, nil, err
	}
	move, err := b.wantsMove(ctx, e, p, head)
	if err != nil {
		return Result{}, nil, nil, err
	}
	if !move {
		result.Commit = result.Branch
	}
	if !move || o.DryRun {
		return result, p.diags, nil, nil
	}
	if diags, err := p.checkKey(ctx); err != nil || len(diags) > 0 {
		return Result{}, diags, nil, err
	}
	failed, err := b.push(ctx, p, o, text, head, &result)
	return result, p.diags, failed, err
}

// openFork looks at the branch to move, which must not be one that others work on.
func openFork(ctx context.Context, e engine, o Options) (*fork, error) {
	f, ok := e.(forker)
	if !ok {
		return nil, errors.New("this kind of repository takes no pull requests")
	}
	trunk, err := f.trunk(ctx)
	if err != nil {
		return nil, err
	}
	ref := plumbing.NewBranchReferenceName(o.Branch)
	if ref == trunk {
		return nil, refuse(diag.BranchShared, "%s is the repository's default branch", o.Branch)
	}
	b := &fork{engine: f.fork(ref), name: o.Branch}
	if b.at, err = b.head(ctx); err != nil || b.at.IsZero() {
		return b, err
	}
	b.tip, err = readCommit(ctx, b.engine, b.at)
	return b, err
}

// wantsMove reports whether the branch does not hold yet what is planned, and refuses to move one that holds the work of
// others: it would be lost.
func (b *fork) wantsMove(ctx context.Context, e engine, p *plan, head plumbing.Hash) (bool, error) {
	if b.at.IsZero() || b.at == head {
		return true, nil
	}
	root, _, err := p.draft.write()
	if err != nil {
		return false, err
	}
	if b.tip.TreeHash == root && slices.Equal(b.tip.ParentHashes, []plumbing.Hash{head}) {
		return false, nil
	}
	if madeForPull(b.tip) {
		return true, nil
	}
	past, err := inPast(ctx, e, head, b.at)
	if err != nil || past {
		return past, err
	}
	subject, _, _ := strings.Cut(b.tip.Message, "\n")
	return false, refuse(diag.BranchForeign, "the branch %s holds a commit of %s, %q, that was not made for a pull request of Meridian",
		b.name, b.tip.Author.Name, subject)
}

// madeForPull reports whether a commit is the only one of a pull request's branch: made by Meridian, from what then was
// the head of the base. Whoever adds to the branch makes another its tip.
func madeForPull(c object.Commit) bool {
	return len(c.ParentHashes) == 1 && strings.Contains("\n"+c.Message, "\n"+baseTrailer+c.ParentHashes[0].String()+"\n") &&
		madeByMeridian(c)
}

func madeByMeridian(c object.Commit) bool { return strings.Contains(c.Message, "\nMeridian-Version: ") }

// longestPast is how many commits of the base are looked through for one.
const longestPast = 2500

// inPast reports whether a commit is one of the base's own. A branch that somebody has just made from it is.
func inPast(ctx context.Context, e engine, head, commit plumbing.Hash) (bool, error) {
	w := newWalk(e, head)
	if err := w.push(ctx, head); err != nil {
		return false, err
	}
	for len(w.queue) > 0 && len(w.seen) < longestPast {
		here := w.next()
		if here.hash == commit {
			return true, nil
		}
		for _, parent := range here.commit.ParentHashes {
			if err := w.push(ctx, parent); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// push makes the commit and moves the branch to it, by force where it was elsewhere before.
func (b *fork) push(ctx context.Context, p *plan, o Options, message string, head plumbing.Hash, result *Result) (*pushed, error) {
	commit, objects, err := makeCommit(p.draft, o, message, head)
	if err != nil {
		return nil, err
	}
	result.Commit = hashText(commit)
	err = b.advance(ctx, b.at, commit, objects)
	var retry *retryError
	if errors.As(err, &retry) {
		return &pushed{commit, b.at, *result}, err
	}
	return nil, err
}

func (e *localEngine) fork(ref plumbing.ReferenceName) engine {
	other := *e
	other.ref = ref
	return &other
}

func (e *localEngine) trunk(context.Context) (plumbing.ReferenceName, error) {
	return readHead(e.path)
}

func (e *remoteEngine) fork(ref plumbing.ReferenceName) engine {
	other := *e
	other.ref = ref
	return &other
}

func (e *remoteEngine) trunk(ctx context.Context) (plumbing.ReferenceName, error) {
	session, refs, err := e.uploadSession(ctx)
	if session == nil || err != nil {
		return "", err
	}
	return namedByHead(refs), nil
}
