package publish

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// RevisionError is a revision that does not exist, or cannot be understood.
type RevisionError struct{ Revision, Problem string }

const unknownRevision = "is no branch, tag or commit that this clone knows"

func (e *RevisionError) Error() string { return fmt.Sprintf("revision %q %s", e.Revision, e.Problem) }

// Resolve returns the commit that a revision names: a branch, a tag, a commit or the beginning of one, HEAD or @,
// each with ~N and ^N behind it as git reads them. An error that is a *[RevisionError] is the user's.
func (s *Sources) Resolve(ctx context.Context, revision string) (string, error) {
	name, steps := revision, ""
	if i := strings.IndexAny(revision, "~^"); i >= 0 {
		name, steps = revision[:i], revision[i:]
	}
	refuse := func(problem string) (string, error) { return "", &RevisionError{revision, problem} }
	if name == "" || strings.Contains(name, "@{") || strings.ContainsAny(name, ": ") || strings.HasPrefix(name, "-") {
		return refuse("is not understood: give a branch, tag or commit, with ~N or ^N")
	}
	hash, err := s.named(revision, name)
	if err != nil {
		return "", err
	}
	hash, err = s.peel(ctx, revision, hash)
	if err != nil {
		return "", err
	}
	for steps != "" {
		kind := steps[0]
		digits := len(steps[1:]) - len(strings.TrimLeft(steps[1:], "0123456789"))
		n := 1
		if digits > 0 {
			if n, err = strconv.Atoi(steps[1 : 1+digits]); err != nil {
				return refuse("counts too far")
			}
		}
		steps = steps[1+digits:]
		if steps != "" && steps[0] != '~' && steps[0] != '^' {
			return refuse("is not understood: give a branch, tag or commit, with ~N or ^N")
		}
		if hash, err = s.step(ctx, revision, hash, kind, n); err != nil {
			return "", err
		}
	}
	return hash.String(), nil
}

// named looks a name up as git does: a whole hash, a reference, the beginning of a hash.
func (s *Sources) named(revision, name string) (plumbing.Hash, error) {
	if plumbing.IsHash(name) {
		return plumbing.NewHash(name), nil
	}
	if name == "@" {
		name = "HEAD"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rule := range plumbing.RefRevParseRules {
		full := plumbing.ReferenceName(fmt.Sprintf(rule, name))
		if rule == "%s" && full.String() != strings.ToUpper(name) && !strings.HasPrefix(name, "refs/") {
			continue // other files of .git are not references
		}
		ref, err := storer.ResolveReference(s.local.store, full)
		if err == nil {
			return ref.Hash(), nil
		}
		if full == plumbing.HEAD {
			return plumbing.ZeroHash, &RevisionError{revision, "has no commit yet"}
		}
	}
	return s.abbreviated(revision, name)
}

// abbreviated looks up the beginning of a commit's hash, at least four digits.
func (s *Sources) abbreviated(revision, name string) (plumbing.Hash, error) {
	unknown := &RevisionError{revision, unknownRevision}
	even := name[:len(name)/2*2]
	prefix, err := hex.DecodeString(even)
	if _, digit := strconv.ParseUint(name[len(even):]+"0", 16, 8); err != nil || digit != nil || len(name) < 4 {
		return plumbing.ZeroHash, unknown
	}
	hashes, err := s.local.store.HashesWithPrefix(prefix)
	if err != nil {
		return plumbing.ZeroHash, fmt.Errorf("look up %s: %w", name, err)
	}
	var found plumbing.Hash
	for _, hash := range hashes {
		if !strings.HasPrefix(hash.String(), strings.ToLower(name)) {
			continue
		}
		if _, err := s.local.store.EncodedObject(plumbing.CommitObject, hash); err != nil {
			continue // a tree or a blob
		}
		if !found.IsZero() && found != hash {
			return plumbing.ZeroHash, &RevisionError{revision, "begins several commits: give more digits"}
		}
		found = hash
	}
	if found.IsZero() {
		return plumbing.ZeroHash, unknown
	}
	return found, nil
}

// peel follows annotated tags to the commit.
func (s *Sources) peel(ctx context.Context, revision string, hash plumbing.Hash) (plumbing.Hash, error) {
	for range 10 { // a tag of a tag of a tag …
		data, err := s.read(ctx, plumbing.AnyObject, hash)
		switch {
		case err != nil && isMissing(err) && !s.shallow():
			return hash, &RevisionError{revision, unknownRevision}
		case err != nil:
			return hash, fmt.Errorf("read revision %s: %w", revision, err)
		}
		tag := &object.Tag{}
		switch kind := s.kind(hash); {
		case kind == plumbing.CommitObject:
			return hash, nil
		case kind != plumbing.TagObject:
			return hash, &RevisionError{revision, "is not a commit"}
		}
		if err := tag.Decode(gitObject{plumbing.TagObject, hash, data}.memoryObject()); err != nil {
			return hash, fmt.Errorf("decode tag %s: %w", hash, err)
		}
		hash = tag.Target
	}
	return hash, &RevisionError{revision, "is a tag that leads nowhere"}
}

func (s *Sources) kind(hash plumbing.Hash) plumbing.ObjectType {
	s.mu.Lock()
	defer s.mu.Unlock()
	store, _, err := s.store(hash)
	if err != nil {
		return plumbing.InvalidObject
	}
	o, err := store.EncodedObject(plumbing.AnyObject, hash)
	if err != nil {
		return plumbing.InvalidObject
	}
	return o.Type()
}

// step follows ~n to the n-th first parent, or ^n to the n-th parent.
func (s *Sources) step(ctx context.Context, revision string, hash plumbing.Hash, kind byte, n int) (plumbing.Hash, error) {
	times, parent := n, 0
	if kind == '^' {
		if n == 0 {
			return hash, nil
		}
		times, parent = 1, n-1
	}
	for range times {
		commit, err := s.commit(ctx, hash)
		if err != nil {
			return hash, fmt.Errorf("read revision %s: %w", revision, err)
		}
		if parent >= len(commit.ParentHashes) {
			return hash, &RevisionError{revision, "is before the first commit"}
		}
		hash = commit.ParentHashes[parent]
	}
	if _, err := s.commit(ctx, hash); err != nil {
		return hash, fmt.Errorf("read revision %s: %w", revision, err)
	}
	return hash, nil
}

func (s *Sources) commit(ctx context.Context, hash plumbing.Hash) (object.Commit, error) {
	var commit object.Commit
	data, err := s.read(ctx, plumbing.CommitObject, hash)
	if err != nil {
		return commit, err
	}
	if err := commit.Decode(gitObject{plumbing.CommitObject, hash, data}.memoryObject()); err != nil {
		return commit, fmt.Errorf("decode commit %s: %w", hash, err)
	}
	return commit, nil
}

// MergeBase returns the commit where two revisions parted: what `A...B` compares B with.
func (s *Sources) MergeBase(ctx context.Context, a, b string) (string, error) {
	var commits [2]*object.Commit
	for i, revision := range []string{a, b} {
		hash, err := s.Resolve(ctx, revision)
		if err != nil {
			return "", err
		}
		if commits[i], err = object.GetCommit(s.local.store, plumbing.NewHash(hash)); err != nil {
			return "", fmt.Errorf("read revision %s: %w", revision, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bases, err := commits[0].MergeBase(commits[1])
	switch {
	case err != nil && isMissing(err):
		return "", fmt.Errorf("find where %s and %s parted: %w", a, b, s.missing(err))
	case err != nil:
		return "", fmt.Errorf("find where %s and %s parted: %w", a, b, err)
	case len(bases) == 0:
		return "", &RevisionError{a + "..." + b, "has no commit that both come from"}
	}
	return bases[0].Hash.String(), nil
}
