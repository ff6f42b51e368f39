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

// backoff is the pause after the nth lost attempt, counted from 1. It must grow: with a fixed one, sixteen
// contenders together get an eighth of the commits through that one gets.
func backoff(attempt int, start time.Duration) time.Duration {
	d := start
	for range min(attempt, 12) - 1 {
		d = d * 3 / 2
	}
	return jitter(min(d, 3*time.Second))
}
