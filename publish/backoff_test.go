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
		{2, time.Second, 200 * time.Millisecond, 601 * time.Millisecond},
		{3, time.Second, 800 * time.Millisecond, 2401 * time.Millisecond},
		{4, 0, 2400 * time.Millisecond, 7201 * time.Millisecond},
		{1000, 0, 2400 * time.Millisecond, 7201 * time.Millisecond},
		{1000, 22500 * time.Millisecond, 1520 * time.Millisecond, 4561 * time.Millisecond},
		{1000, 45 * time.Second, 640 * time.Millisecond, 1921 * time.Millisecond},
		{1000, time.Hour, 640 * time.Millisecond, 1921 * time.Millisecond},
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
