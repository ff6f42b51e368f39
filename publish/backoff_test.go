package publish

import (
	"testing"
	"time"
)

// TestBackoff holds pauses to their bounds: they grow with losses, never beyond the limit, and shrink for the old.
func TestBackoff(t *testing.T) {
	tests := []struct {
		attempt     int
		elapsed     time.Duration
		least, most time.Duration
	}{
		{1, 0, 50 * time.Millisecond, 150 * time.Millisecond},
		{2, time.Second, 75 * time.Millisecond, 226 * time.Millisecond},
		{5, time.Second, 253 * time.Millisecond, 761 * time.Millisecond},
		{9, 10 * time.Second, 1280 * time.Millisecond, 3846 * time.Millisecond},
		{1000, 15 * time.Second, 1500 * time.Millisecond, 4500 * time.Millisecond},
		{1000, 30 * time.Second, 750 * time.Millisecond, 2250 * time.Millisecond},
		{1000, 45 * time.Second, 50 * time.Millisecond, 150 * time.Millisecond},
		{1000, time.Hour, 50 * time.Millisecond, 150 * time.Millisecond},
	}
	for _, test := range tests {
		low, high := time.Duration(1<<62), time.Duration(0)
		for range 300 {
			d := backoff(test.attempt, 100*time.Millisecond, test.elapsed)
			low, high = min(low, d), max(high, d)
		}
		if low < test.least || high > test.most || high-low < (test.most-test.least)/2 {
			t.Errorf("attempt %d after %s: %s to %s, want %s to %s", test.attempt, test.elapsed, low, high, test.least, test.most)
		}
	}
}
