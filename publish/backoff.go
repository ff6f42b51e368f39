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

// crowd is how many contenders the longest pause leaves a turn to.
const crowd = 32

// What pauses become while a run gets old: those who have come later would otherwise overtake whoever has lost often,
// again and again. In a crowd some are always old, so that the young have to leave them room.
const (
	patient   = 1.0 // of the longest pause, at first
	impatient = 0.3 // after insisting
	insisting = 45 * time.Second
)

// backoff is the pause after the nth lost attempt, counted from 1, of a run that has lasted so long, where an attempt
// takes about as long as start. It must grow, and fast: what the losers of a crowd cost the server is taken from whoever
// could have won.
func backoff(attempt int, start, elapsed time.Duration) time.Duration {
	d := start
	for range min(attempt, 8) - 1 {
		d *= 4
	}
	return jitter(min(d, pauseLimit(start, elapsed)))
}

// pauseLimit is the longest pause: long enough for a crowd to have their turn, within reason.
func pauseLimit(start, elapsed time.Duration) time.Duration {
	longest := min(max(3*time.Second, crowd*start), 20*time.Second)
	age := min(1, float64(elapsed)/float64(insisting))
	return time.Duration((patient - (patient-impatient)*age) * float64(longest))
}
