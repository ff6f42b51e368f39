package publish

import (
	"context"
	"math/rand/v2"
	"time"
)

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// jitter spreads contenders that would otherwise come back all at once: half to one and a half times d.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d+1)
}

const (
	// patienceEnds is how long a run waits longer after each loss. From then on it waits less and less: newcomers try at
	// once, and would otherwise overtake whoever has lost often, again and again.
	patienceEnds = 15 * time.Second
	// insisting is when it waits the least. That is not nothing: when many are old, the server is at its limit.
	insisting = 45 * time.Second
)

// backoff is the pause after the nth lost attempt, counted from 1, of a run that has lasted so long, where an attempt
// takes about as long as start. It must grow: with a fixed one, sixteen contenders together get an eighth of the commits
// through that one gets.
func backoff(attempt int, start, elapsed time.Duration) time.Duration {
	d := start
	for range min(attempt, 12) - 1 {
		d *= 2
	}
	return jitter(min(d, pauseLimit(start, elapsed)))
}

// pauseLimit is the longest pause: long enough for twenty others to have their turn, within reason. It falls to a sixth
// of that while a run gets old.
func pauseLimit(start, elapsed time.Duration) time.Duration {
	longest := min(max(3*time.Second, 20*start), 20*time.Second)
	left := float64(insisting-elapsed) / float64(insisting-patienceEnds)
	return time.Duration(min(1, max(1.0/6, left)) * float64(longest))
}
