package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// commitEngine is an engine that has nothing but a commit.
type commitEngine struct {
	engine
	gitObject
}

func (e commitEngine) read(context.Context, plumbing.ObjectType, plumbing.Hash) ([]byte, error) {
	return e.data, nil
}

// TestYield says to whom a newcomer leaves room: to those who have waited, who have published just now, and who are ours.
func TestYield(t *testing.T) {
	const ours, other = "x\n\nMeridian-Version: v1\n", "x\n"
	tests := []struct {
		name    string
		message string
		ago     time.Duration // since the commit
		waited  time.Duration
		least   time.Duration // the pause; zero for none
		most    time.Duration
	}{
		{"in a crowd", ours, time.Second, 10 * time.Second, 4500 * time.Millisecond, 13501 * time.Millisecond},
		{"in a large crowd", ours, time.Second, 100 * time.Second, 15 * time.Second, 45001 * time.Millisecond},
		{"another clock", ours, -2 * time.Second, 10 * time.Second, 4500 * time.Millisecond, 13501 * time.Millisecond},
		{"alone", ours, time.Second, 0, 0, 0},
		{"later", ours, 6 * time.Second, 10 * time.Second, 0, 0},
		{"a wrong clock", ours, -time.Hour, 10 * time.Second, 0, 0},
		{"made long before", ours, time.Second, time.Hour, 0, 0},
		{"made later than committed", ours, time.Second, -10 * time.Second, 0, 0},
		{"somebody else's", other, time.Second, 10 * time.Second, 0, 0},
	}
	for _, test := range tests {
		when := time.Now().Add(-test.ago)
		commit, err := encode(plumbing.CommitObject, &object.Commit{
			Author:    object.Signature{Name: "a", Email: "a@b", When: when.Add(-test.waited)},
			Committer: object.Signature{Name: "a", Email: "a@b", When: when},
			Message:   test.message,
		})
		if err != nil {
			t.Fatal(err)
		}
		turn := new(turn)
		err = turn.yield(t.Context(), commitEngine{gitObject: commit}, commit.hash)
		var room *yieldError
		switch {
		case errors.As(err, &room):
			if room.pause < test.least || room.pause > test.most || !turn.delayed {
				t.Errorf("%s: a pause of %s, want %s to %s", test.name, room.pause, test.least, test.most)
			}
			if err := turn.yield(t.Context(), commitEngine{gitObject: commit}, commit.hash); err != nil {
				t.Errorf("%s: yields again", test.name)
			}
		case err != nil:
			t.Error(err)
		case test.most > 0 || turn.delayed:
			t.Errorf("%s: no pause", test.name)
		}
	}
}

// TestYieldInTime holds that who has little time leaves himself most of it.
func TestYieldInTime(t *testing.T) {
	when := time.Now()
	commit, err := encode(plumbing.CommitObject, &object.Commit{
		Author:    object.Signature{Name: "a", Email: "a@b", When: when.Add(-time.Minute)},
		Committer: object.Signature{Name: "a", Email: "a@b", When: when},
		Message:   "x\n\nMeridian-Version: v1\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var room *yieldError
	if err := new(turn).yield(ctx, commitEngine{gitObject: commit}, commit.hash); !errors.As(err, &room) || room.pause > 7501*time.Millisecond {
		t.Errorf("%v: %+v", err, room)
	}
}

// TestTurn publishes right after somebody who has waited: the newcomer says that he waits, does, and gets through at the
// first attempt. His commit says how long that took.
func TestTurn(t *testing.T) {
	t.Run("cached", func(t *testing.T) { testTurn(t, newCachedRepo(t)) })
	t.Run("alone", func(t *testing.T) {
		r := newHTTPRepo(t, true)
		r.seedLocally()
		testTurn(t, r)
	})
}

func testTurn(t *testing.T, r *repo) {
	t.Helper()
	waited := r.options()
	waited.Author.When = time.Now()
	waited.Committer = Signature{"Li Wei", "li.wei@mydomain.com", waited.Author.When.Add(2 * time.Second)} // a slow machine has time
	r.publish(waited, withVersion(t, "app1", 0))
	o, said := r.options(), ""
	o.Author.When, o.Retimed = time.Now(), true
	o.Progress = func(text string) { said += text + "\n" }
	start := time.Now()
	result := r.publish(o, withVersion(t, "app2", 0))
	took := time.Since(start)
	if took < 900*time.Millisecond || result.Attempts != 1 || !strings.Contains(said, "many are publishing: the last has waited 2s; trying in ") {
		t.Errorf("%+v after %s: %s", result, took, said)
	}
	var author, committer int64
	if _, err := fmt.Sscan(r.git("log", "-1", "--format=%at %ct", "main"), &author, &committer); err != nil {
		t.Fatal(err)
	}
	if least := int64(room(t, said).Seconds()); committer-author < least || committer-author > int64(took.Seconds()) {
		t.Errorf("committed %d s after it was made, want %d s, and not more than it took: %s", committer-author, least, took)
	}
}

// room is the pause that was announced, which is told in whole seconds, less what was rounded up.
func room(t *testing.T, said string) time.Duration {
	t.Helper()
	_, text, _ := strings.Cut(said, "trying in ")
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	return max(0, d-500*time.Millisecond)
}

// TestRetimed holds the committer's time to what is given, unless it may go on while others are in the way.
func TestRetimed(t *testing.T) {
	r := &repo{t: t, dir: t.TempDir()}
	r.url = r.dir
	r.git("init", "--quiet", "--bare", "--initial-branch=main", r.dir)
	e, diags, err := connect(r.options())
	if err != nil || len(diags) > 0 {
		t.Fatal(diags, err)
	}
	defer e.close()
	for _, test := range []struct {
		retimed, delayed bool
		want             time.Duration
	}{{true, true, 7 * time.Second}, {true, false, 0}, {false, true, 0}} {
		o := r.options()
		o.Retimed, o.turn = test.retimed, &turn{began: time.Now().Add(-7500 * time.Millisecond), delayed: test.delayed}
		_, objects, err := makeCommit(newDraft(e, plumbing.ZeroHash), o, "x\n", plumbing.ZeroHash)
		if err != nil {
			t.Fatal(err)
		}
		var commit object.Commit
		if err := commit.Decode(objects[len(objects)-1].memoryObject()); err != nil {
			t.Fatal(err)
		}
		if got := commit.Committer.When.Sub(commit.Author.When); got != test.want {
			t.Errorf("%+v: committed %s later, want %s", test, got, test.want)
		}
	}
}
