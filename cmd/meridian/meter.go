package main

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long a command works in silence.
const patience = time.Second

// meter says on a terminal what a command is doing when it takes longer than a moment. Where standard error is no
// terminal it is silent: a log has no use for a line that rewrites itself. How long that is, World.Now tells.
type meter struct {
	c     *cli
	timer *time.Timer

	mutex        sync.Mutex
	running      bool
	start, shown time.Time // shown is zero until there is a line to wipe
	line         string
}

// newMeter starts a meter. Its line appears after a second, and is wiped by stop.
func (c *cli) newMeter(line string) *meter {
	m := &meter{c: c, running: c.Terminal(c.Stderr) > 0, start: c.Now(), line: line}
	if m.running {
		m.timer = time.AfterFunc(patience, m.show)
	}
	return m
}

// say replaces the line; it is shown at most ten times a second.
func (m *meter) say(format string, args ...any) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !m.running {
		return
	}
	m.line = fmt.Sprintf(format, args...)
	if now := m.c.Now(); now.Sub(m.start) >= patience && now.Sub(m.shown) >= patience/10 {
		m.write(now)
	}
}

func (m *meter) show() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if now := m.c.Now(); m.running && now.Sub(m.start) >= patience {
		m.write(now)
	}
}

func (m *meter) write(now time.Time) {
	m.shown = now
	text := []rune(m.line)
	if width := m.c.Terminal(m.c.Stderr); width > 0 && len(text) >= width {
		text = text[:width-1]
	}
	fmt.Fprintf(m.c.Stderr, "\r\x1b[K%s", string(text))
}

// stop wipes the line. A meter that is stopped stays silent.
func (m *meter) stop() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if !m.running {
		return
	}
	m.running = false
	m.timer.Stop()
	if !m.shown.IsZero() {
		fmt.Fprint(m.c.Stderr, "\r\x1b[K")
	}
}
