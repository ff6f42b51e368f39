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
	longestPause  = 3 * time.Second
	shortestPause = 100 * time.Millisecond
	// patienceEnds is how long a run waits longer after each loss. From then on it waits less and less: newcomers try at
	// once, and would otherwise overtake whoever has lost often, again and again.
	patienceEnds = 15 * time.Second
	// insisting is when it waits the least.
	insisting = 45 * time.Second
)

// backoff is the pause after the nth lost attempt, counted from 1, of a run that has lasted so long. It must grow: with
// a fixed one, sixteen contenders together get an eighth of the commits through that one gets.
func backoff(attempt int, start, elapsed time.Duration) time.Duration {
	d := start
	for range min(attempt, 16) - 1 {
		d = d * 3 / 2
	}
	return jitter(min(d, pauseLimit(elapsed)))
}

// pauseLimit falls from the longest pause to the shortest while a run gets old.
func pauseLimit(elapsed time.Duration) time.Duration {
	if elapsed <= patienceEnds {
		return longestPause
	}
	left := float64(insisting-elapsed) / float64(insisting-patienceEnds)
	return max(shortestPause, time.Duration(left*float64(longestPause)))
}
