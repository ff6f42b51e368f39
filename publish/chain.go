package publish

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// chain is what publishers on this machine with the same credentials have in common for one branch: commits that build on each other and on the
// remote's head, and are pushed together. Two locks guard it. Who has the graft lock may change the file: add a commit
// of his own, or record what a push has done. Who has the push lock may push. The file is replaced as a whole, so that
// it can be read without either.
type chain struct {
	cache *repoCache
	key   string // of the branch, as a file's name
	seen  os.FileInfo
	last  chainState // as it was when it was last read
}

// chainState is the file.
type chainState struct {
	Branch  string    `json:"branch"`  // for people
	Epoch   int64     `json:"epoch"`   // another one whenever commits are dropped: what was built on them is void
	Base    string    `json:"base"`    // where the remote's branch was
	Links   []string  `json:"links"`   // the commits that are on their way, each the parent of the next
	Touched time.Time `json:"touched"` // when the last one was added
	Pushed  []string  `json:"pushed"`  // commits that have arrived, the latest last
	Refused []int64   `json:"refused"` // epochs that a server did not take: whose commits they were try again alone
	Open    bool      `json:"open"`    // somebody pushes this epoch's commits without the lock
}

const (
	// keptPushed is how many commits that have arrived are remembered: many more than are ever on their way.
	keptPushed = 200
	// stale is when commits have been left behind by a process that died: a living one would have given up by now.
	stale = 2 * time.Minute
)

// newChain is the chain of a branch. Publishers with other credentials have another one: whoever pushes a commit answers
// for it with his own. The salt keeps a password from being guessed by the file's name.
func newChain(ctx context.Context, c *repoCache, ref plumbing.ReferenceName, o Options) (*chain, error) {
	salt, err := c.salt(ctx)
	if err != nil {
		return nil, err
	}
	sum := hmac.New(sha256.New, salt)
	fmt.Fprintf(sum, "%q %q %q %q %q", ref, o.Auth, o.SSH.Key, o.SSH.Agent, o.SSH.Identities)
	key := filepath.Join("chain", hex.EncodeToString(sum.Sum(nil)[:16]))
	return &chain{cache: c, key: key, last: chainState{Branch: ref.Short()}}, nil
}

// graftLock has patience while the chain changes: then the others are busy, and not stopped.
func (c *chain) graftLock(ctx context.Context) (func(), error) {
	before := c.read()
	return c.cache.lockWhile(ctx, c.key+".graft.lock", c.cache.patience, func() bool {
		now := c.read()
		changed := !now.Touched.Equal(before.Touched) || len(now.Links) != len(before.Links) || now.Epoch != before.Epoch
		before = now
		return changed
	})
}

func (c *chain) pushLock(ctx context.Context, patience time.Duration) (func(), error) {
	return c.cache.lock(ctx, c.key+".push.lock", patience)
}

func (c *chain) file() string { return filepath.Join(c.cache.dir, c.key+".json") }

// read returns the chain as it is now. One that is not there, or makes no sense, has nothing and an epoch of its own.
func (c *chain) read() chainState {
	info, err := os.Stat(c.file())
	if err == nil && c.seen != nil && os.SameFile(info, c.seen) && info.ModTime().Equal(c.seen.ModTime()) {
		return c.last
	}
	state := chainState{Branch: c.last.Branch}
	data, readErr := os.ReadFile(c.file())
	if err == nil {
		err = readErr
	}
	if err == nil {
		err = json.Unmarshal(data, &state)
	}
	if err == nil && (len(state.Links) > 0 && !plumbing.IsHash(state.Base) || slices.ContainsFunc(state.Links, func(s string) bool { return !plumbing.IsHash(s) })) {
		err = errors.New("malformed")
	}
	if err != nil {
		return chainState{Branch: c.last.Branch}
	}
	c.seen, c.last = info, state
	return state
}

// write replaces the file. The caller has the graft lock.
func (c *chain) write(state chainState) error {
	if state.Epoch == 0 {
		state.Epoch = time.Now().UnixNano()
	}
	c.seen = nil
	return writeJSON(c.file(), state)
}

// change changes the chain if it is still in an epoch.
func (c *chain) change(ctx context.Context, epoch int64, change func(*chainState)) error {
	release, err := c.graftLock(ctx)
	if err != nil {
		return err
	}
	defer release()
	state := c.read()
	if state.Epoch != epoch {
		return nil
	}
	change(&state)
	return c.write(state)
}

// append adds a commit; without others, the base is where the remote's branch is.
func (s *chainState) append(base, commit plumbing.Hash) {
	if len(s.Links) == 0 {
		s.Base = base.String()
	}
	s.Links, s.Touched = append(slices.Clone(s.Links), commit.String()), time.Now()
}

// tip is what the next commit builds on: zero when that is the remote's head.
func (s *chainState) tip() plumbing.Hash {
	if len(s.Links) == 0 {
		return plumbing.ZeroHash
	}
	return plumbing.NewHash(s.Links[len(s.Links)-1])
}

// arrived records that the remote's branch is at one of the commits.
func (s *chainState) arrived(commit string) {
	n := slices.Index(s.Links, commit) + 1
	s.Pushed = slices.Concat(s.Pushed, s.Links[:n])
	s.Pushed = s.Pushed[max(0, len(s.Pushed)-keptPushed):]
	s.Links = slices.Clone(s.Links[n:])
	if n > 0 {
		s.Base = commit
	}
}

// drop gives up the commits; refused, because the server will not have them.
func (s *chainState) drop(refused bool) {
	if refused {
		s.Refused = append(slices.Clone(s.Refused[max(0, len(s.Refused)-keptPushed):]), s.Epoch)
	}
	s.Links, s.Base, s.Open = nil, "", false
	s.Epoch = max(s.Epoch+1, time.Now().UnixNano())
}

// fate is what became of a commit.
type fate int

const (
	waiting fate = iota
	arrived
	dropped
	refused
)

func (s chainState) fate(epoch int64, commit string) fate {
	switch {
	case slices.Contains(s.Pushed, commit):
		return arrived
	case s.Epoch == epoch && slices.Contains(s.Links, commit):
		return waiting
	case slices.Contains(s.Refused, epoch):
		return refused
	}
	return dropped
}
