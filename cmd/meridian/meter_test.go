package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMeter(t *testing.T) {
	tests := []struct {
		name  string
		width int
		steps []time.Duration // since the start, at which something is said
		want  string
	}{
		{"quick work is silent", 80, []time.Duration{0, 900 * time.Millisecond}, ""},
		{"long work is told and wiped", 80, []time.Duration{0, 1100 * time.Millisecond, 1150 * time.Millisecond, 1300 * time.Millisecond}, "\r\x1b[Kstep 1\r\x1b[Kstep 3\r\x1b[K"},
		{"a line fits the terminal", 5, []time.Duration{2 * time.Second}, "\r\x1b[Kstep\r\x1b[K"},
		{"a pipe hears nothing", 0, []time.Duration{0, 5 * time.Second}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			start := time.Unix(1790000000, 0)
			now := start
			c := &cli{World: World{Stderr: &stderr, Now: func() time.Time { return now }, Terminal: func(any) int { return test.width }}}
			m := c.newMeter("starting")
			for i, at := range test.steps {
				now = start.Add(at)
				m.say("step %d", i)
			}
			m.stop()
			m.say("after the end")
			if d := cmp.Diff(test.want, stderr.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestMeterGoesByItsClock holds that the timer only asks the clock that was given: where it stands still, as in tests,
// nothing is told however long the work really takes.
func TestMeterGoesByItsClock(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "", patience: "\r\x1b[Kstarting\r\x1b[K"} {
		var stderr bytes.Buffer
		now := time.Unix(1790000000, 0)
		c := &cli{World: World{Stderr: &stderr, Now: func() time.Time { return now }, Terminal: func(any) int { return 80 }}}
		m := c.newMeter("starting")
		m.timer.Stop()
		now = now.Add(after)
		m.show() // as the timer does
		m.stop()
		if d := cmp.Diff(want, stderr.String()); d != "" {
			t.Errorf("after %v: %s", after, d)
		}
	}
}
