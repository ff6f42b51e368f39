package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// turn is a run's place among those that publish to a branch at the same time. They have nowhere to queue in, and whoever
// comes new would overtake those who have lost often, again and again. What all of them see is the branch's head, which
// says how long its run has waited: a newcomer waits about as long before he tries, if it was just now.
type turn struct {
	began   time.Time
	delayed bool // by others: a race was lost, or a turn yielded
	yielded bool
}

const (
	// justNow is how long ago somebody published who was not the last of a crowd. It is compared with another machine's
	// clock.
	justNow = 4 * time.Second
	// shortWait is no crowd; commits tell the time in seconds.
	shortWait = 1 * time.Second
	// longestWait is the longest that is believed; longestYield is the longest that is given.
	longestWait  = 2 * time.Minute
	longestYield = 30 * time.Second
	// yielding is the part of the other's wait: less than all of it, so that waits get shorter when the crowd does.
	yielding = 0.9
)

// yieldError says that others have waited longer. It is no attempt.
type yieldError struct{ waited, pause time.Duration }

func (e *yieldError) Error() string {
	return fmt.Sprintf("many are publishing: the last has waited %s", e.waited)
}

// yield returns a *yieldError once, before the first attempt of a run, if others publish who have waited.
func (t *turn) yield(ctx context.Context, e engine, head plumbing.Hash) error {
	if t == nil || t.yielded || head.IsZero() {
		return nil
	}
	t.yielded = true
	commit, err := readCommit(ctx, e, head)
	if err != nil {
		return err
	}
	waited := commit.Committer.When.Sub(commit.Author.When)
	switch {
	case !madeByMeridian(commit):
	case time.Since(commit.Committer.When).Abs() > justNow:
	case waited < shortWait || waited > longestWait:
	default:
		t.delayed = true
		pause := min(time.Duration(yielding*float64(waited)), longestYield)
		if deadline, ok := ctx.Deadline(); ok {
			pause = min(pause, time.Until(deadline)/4) // the attempts need some time, too
		}
		return &yieldError{waited, jitter(max(0, pause))}
	}
	return nil
}

// waited is how long the run has lasted, in whole seconds, if others on other machines are why. Those on one combine,
// and wait for each other otherwise.
func (t *turn) waited() time.Duration {
	if t == nil || !t.delayed {
		return 0
	}
	return time.Since(t.began).Truncate(time.Second)
}
