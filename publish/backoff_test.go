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
		{4, 0, 1600 * time.Millisecond, 4801 * time.Millisecond},
		{1000, 0, 1600 * time.Millisecond, 4801 * time.Millisecond},
		{1000, 22500 * time.Millisecond, 1040 * time.Millisecond, 3121 * time.Millisecond},
		{1000, 45 * time.Second, 480 * time.Millisecond, 1441 * time.Millisecond},
		{1000, time.Hour, 480 * time.Millisecond, 1441 * time.Millisecond},
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

// TestPause holds that pauses begin with what an attempt takes, with a cache as without; those who were in it together
// leave as much room as one.
func TestPause(t *testing.T) {
	retry := &retryError{pause: 100 * time.Millisecond}
	tests := []struct {
		name string
		c    *combiner
		took time.Duration
		want time.Duration
	}{
		{"without a cache", nil, 2 * time.Second, 2 * time.Second},
		{"with one", &combiner{}, 2 * time.Second, 2 * time.Second},
		{"alone in it", &combiner{together: 1}, 2 * time.Second, 2 * time.Second},
		{"four together", &combiner{together: 4}, 2 * time.Second, 500 * time.Millisecond},
		{"a fast attempt", nil, time.Millisecond, 100 * time.Millisecond},
		{"many together", &combiner{together: 100}, 2 * time.Second, 100 * time.Millisecond},
	}
	for _, test := range tests {
		if got := test.c.pause(retry, test.took); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
