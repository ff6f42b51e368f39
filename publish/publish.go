package publish

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/signature"
)

// job is something to publish: how to change a tree, and what to say about it.
type job struct {
	plan    func(context.Context, *plan) error
	message string
	pos     diag.Pos // of mistakes that belong to no application
	guarded bool     // a massive removal is refused
	long    bool     // planning takes so long that nobody should wait for it
}

// rejections is how often a push may fail while the head stays where it was. Then it is no race: a hook
// declines it, say, and will go on doing so.
const rejections = 5

// run carries out a job: plan on the head, commit, move the branch, and again from the new head if that fails.
func run(ctx context.Context, o Options, j job) (Result, []diag.Diagnostic, error) {
	if o.Attempts <= 0 {
		o.Attempts = math.MaxInt
	}
	if o.Base != "" {
		o.Edge = nil // two pull requests would conflict in what is computed from the claims of all
	}
	ctx, cancel := context.WithTimeout(ctx, o.patience())
	defer cancel()
	e, warnings, err := connect(o)
	if err != nil || diag.HasErrors(warnings) {
		return Result{}, warnings, err
	}
	if remote, ok := e.(*remoteEngine); ok {
		remote.writes = remote.stateless && !o.DryRun && o.Base == ""
	}
	result, diags, err := publishTo(ctx, e, o, j)
	return result, diag.Sort(append(warnings, diags...)), errors.Join(err, e.close())
}

// patience is how long all attempts may take together.
func (o Options) patience() time.Duration {
	if o.Timeout <= 0 {
		return 2 * time.Minute
	}
	return o.Timeout
}

// pushed is a commit whose fate is unknown.
type pushed struct {
	commit plumbing.Hash
	from   plumbing.Hash
	result Result
}

// publishTo makes attempts until one gets through, or it is clear that none will.
func publishTo(ctx context.Context, e engine, o Options, j job) (Result, []diag.Diagnostic, error) {
	var last *pushed
	standstill := 0 // failures in a row on one head
	others := newCombiner(ctx, e, o, j)
	begin, quickest := time.Now(), time.Duration(math.MaxInt64)
	if _, ok := e.(*remoteEngine); ok && !o.DryRun && o.Base == "" {
		o.turn = &turn{began: begin, yielded: j.long}
	}
	for attempt := 1; ; attempt++ {
		tried := time.Now()
		result, diags, now, err := others.try(ctx, e, o, j, last)
		var room *yieldError
		if errors.As(err, &room) {
			if o.Progress != nil {
				o.Progress(fmt.Sprintf("%v; trying in %s", room, room.pause.Round(time.Second)))
			}
			if sleep(ctx, room.pause) != nil {
				return giveUp(ctx, e, others, o, j, last, 0, err)
			}
			attempt--
			continue
		}
		quickest = min(quickest, time.Since(tried))
		if result.Attempts = attempt; err == nil {
			return result, diags, nil
		}
		if now != nil && last != nil && now.from != last.from {
			standstill = 0
		}
		if now != nil {
			last = now
		}
		standstill++
		var retry *retryError
		again := errors.As(err, &retry)
		if again && retry.moved {
			standstill = 0
		}
		if o.turn != nil && again && (retry.moved || retry.lost) {
			o.turn.delayed = true
		}
		hopeless := !again || standstill >= rejections || attempt >= o.Attempts
		if !hopeless && o.Progress != nil {
			o.Progress(fmt.Sprintf("attempt %d did not get through; trying again from the new head", attempt))
		}
		if hopeless || sleep(ctx, backoff(attempt, others.pause(retry, quickest), time.Since(begin))) != nil {
			return giveUp(ctx, e, others, o, j, last, attempt, err)
		}
	}
}

// lastLook is how long a run that is at its end, or was interrupted, may take to learn what became of its push.
const lastLook = 5 * time.Second

// giveUp looks at the head for a last time: the last push may have arrived.
func giveUp(ctx context.Context, e engine, others *combiner, o Options, j job, last *pushed, attempts int, cause error) (Result, []diag.Diagnostic, error) {
	if attempts > 1 {
		cause = fmt.Errorf("gave up after %d attempts: %w", attempts, cause)
	}
	if err := ctx.Err(); err != nil {
		cause = fmt.Errorf("%w: %w", err, cause)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()
	done, err := others.withdraw(ctx)
	switch {
	case err != nil:
		return Result{Attempts: attempts}, nil, fmt.Errorf("%w (%w)", cause, err)
	case done != nil:
		done.result.Attempts = attempts
		return done.result, done.diags, nil
	case last == nil:
		diags, err := told(cause)
		return Result{Attempts: attempts}, diags, err
	}
	o.DryRun = true
	if remote, ok := e.(*remoteEngine); ok {
		remote.writes = false // the side that takes pushes may be what is not well
	}
	result, diags, _, err := try(ctx, e, o, j, last)
	switch {
	case err != nil:
		return Result{Attempts: attempts}, nil, fmt.Errorf("%w (it is not known whether commit %s arrived)", cause, last.commit)
	case result.Commit == "":
		diags, err := told(cause)
		return Result{Attempts: attempts}, diags, err
	}
	result.Attempts = attempts
	return result, diags, nil
}

// attempt is what planning on a commit has come to.
type attempt struct {
	result  Result
	diags   []diag.Diagnostic
	commit  plumbing.Hash // zero when there is nothing to push
	objects []gitObject
}

// try makes one attempt. Beside an error it returns what was pushed, if that may have arrived all the same.
func try(ctx context.Context, e engine, o Options, j job, last *pushed) (Result, []diag.Diagnostic, *pushed, error) {
	if o.Base != "" {
		return tryPull(ctx, e, o, j, last)
	}
	head, err := e.head(ctx)
	if err != nil {
		return Result{}, nil, nil, fmt.Errorf("read the branch's head: %w", err)
	}
	if err := o.turn.yield(ctx, e, head); err != nil {
		return Result{}, nil, nil, err
	}
	a, err := prepare(ctx, e, o, j, head, last)
	if err != nil {
		return Result{}, nil, nil, err
	}
	if a.commit.IsZero() {
		return a.result, a.diags, nil, nil
	}
	err = e.advance(ctx, head, a.commit, a.objects)
	if err == nil {
		return a.result, a.diags, nil, nil
	}
	var retry *retryError
	if !errors.As(err, &retry) {
		return Result{}, nil, nil, err
	}
	return Result{}, nil, &pushed{a.commit, head, a.result}, err
}

// prepare plans on a commit and makes another one of that, if there is something to publish.
func prepare(ctx context.Context, e engine, o Options, j job, head plumbing.Hash, last *pushed) (attempt, error) {
	if last != nil && head == last.commit {
		return attempt{result: last.result}, nil // only the answer was lost
	}
	p, err := makePlan(ctx, e, o, j, head)
	if err != nil {
		return attempt{}, err
	}
	if diag.HasErrors(p.diags) {
		return attempt{diags: folded(p.diags)}, nil
	}
	a := attempt{result: Result{Parent: hashText(head)}, diags: p.diags}
	if a.result.Changed, err = p.draft.changes(ctx); err != nil {
		return attempt{}, err
	}
	if j.guarded {
		if err := p.checkRemoval(ctx, a.result.Changed, j.pos); err != nil {
			return attempt{}, err
		}
		if diag.HasErrors(p.diags) {
			return attempt{diags: folded(p.diags)}, nil
		}
	}
	if len(a.result.Changed) == 0 && last != nil {
		// What was pushed is there, under a later commit: at depth 1 there is no ancestry to ask.
		a.result = last.result
		a.result.Commit = hashText(head)
		return a, nil
	}
	if len(a.result.Changed) == 0 {
		return a, nil
	}
	if err := p.checkAgain(ctx); err != nil || diag.HasErrors(p.diags) {
		return attempt{diags: folded(p.diags)}, err
	}
	a.diags = p.diags
	if err := p.review(ctx, a.result.Changed); err != nil || o.DryRun {
		return a, err
	}
	if diags, err := p.checkKey(ctx); err != nil || len(diags) > 0 {
		return attempt{diags: diags}, err
	}
	a.commit, a.objects, err = makeCommit(p.draft, o, p.text(j), head)
	a.result.Commit = hashText(a.commit)
	return a, err
}

// folded tells what several regions share once, with all of them, and names them in the fix that wants them.
func folded(list []diag.Diagnostic) []diag.Diagnostic {
	list = diag.FoldRegions(list)
	for i, d := range list {
		if d.Code == diag.RegionLeft || d.Code == diag.ExposureDropped {
			list[i] = d.WithHint("if that is meant, add --remove-from %s", strings.ReplaceAll(d.Region, ", ", ","))
		}
	}
	return list
}

func makePlan(ctx context.Context, e engine, o Options, j job, head plumbing.Hash) (*plan, error) {
	root, err := treeOf(ctx, e, head)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(ctx, e, o, root)
	if err != nil {
		p = &plan{}
		return p, p.mistake(err, j.pos)
	}
	p.pos, p.commit = j.pos, head
	return p, p.mistake(j.plan(ctx, p), j.pos)
}

// makeCommit writes the draft and a commit of it. The same draft, parent, message, people and key make the same hash;
// package signature says which keys.
func makeCommit(d *draft, o Options, message string, parent plumbing.Hash) (plumbing.Hash, []gitObject, error) {
	author, err := o.Author.git()
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	committer := author
	if o.Committer != (Signature{}) {
		if committer, err = o.Committer.git(); err != nil {
			return plumbing.ZeroHash, nil, err
		}
	}
	if o.Retimed {
		committer.When = committer.When.Add(o.turn.waited())
	}
	root, objects, err := d.write()
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	commit := object.Commit{Author: author, Committer: committer, Message: message, TreeHash: root}
	if !parent.IsZero() {
		commit.ParentHashes = []plumbing.Hash{parent}
	}
	made, err := sealed(&commit, o.SignKey)
	return made.hash, append(objects, made), err
}

// sealed encodes a commit, signed where there is a key. What git signs is the object as it is without the signature.
func sealed(commit *object.Commit, key *signature.Key) (gitObject, error) {
	made, err := encode(plumbing.CommitObject, commit)
	if err != nil || key == nil {
		return made, err
	}
	armored, err := key.Sign(made.data, commit.Committer.When)
	if err != nil {
		return gitObject{}, refuse(diag.KeyUnusable, "the commit cannot be signed: %v", err)
	}
	commit.PGPSignature = string(armored)
	return encode(plumbing.CommitObject, commit)
}

// git is the signature as it stands in a commit.
func (s Signature) git() (object.Signature, error) {
	clean := func(text string) string {
		return strings.TrimSpace(strings.Map(func(r rune) rune {
			if r < ' ' || r == '<' || r == '>' {
				return -1
			}
			return r
		}, text))
	}
	signature := object.Signature{Name: clean(s.Name), Email: clean(s.Email), When: s.When.UTC().Truncate(time.Second)}
	if signature.Name == "" || signature.Email == "" || s.When.IsZero() {
		return object.Signature{}, errors.New("commit: the author or committer lacks a name, an address or a time")
	}
	return signature, nil
}

// hashText is empty for the zero hash.
func hashText(hash plumbing.Hash) string {
	if hash.IsZero() {
		return ""
	}
	return hash.String()
}
