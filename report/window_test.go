package report

import (
	"strings"
	"testing"
	"time"
)

// TestWindowOfLongLine holds that a line is shown alike however much of it lies far from the mistake, and as quickly.
func TestWindowOfLongLine(t *testing.T) {
	for _, filling := range []string{"x", "好", "e\u0301", "\x1b", "\t"} {
		for _, width := range []int{0, 80} {
			style := Style{Width: width}
			far := strings.Repeat(filling, 2000)
			text, caret := window([]byte(far+"HERE"+far), len(far)+1, style)
			more, moreCaret := window([]byte(far+far+"HERE"+far+far), 2*len(far)+1, style)
			if text != more || caret != moreCaret || !strings.HasPrefix(text, "…") || !strings.HasSuffix(text, "…") || !strings.Contains(text, "HERE") {
				t.Errorf("%q, %d wide: %q, and with more around it %q", filling, width, text, more)
			}
		}
	}
	line := []byte(strings.Repeat("x: 1, ", 1<<20/6))
	begin := time.Now()
	for column := 1; column < len(line); column += 6 * 16 {
		window(line, column, Style{})
	}
	if took := time.Since(begin); took > 20*time.Second { // it was minutes
		t.Errorf("%d mistakes took %v", len(line)/96, took)
	}
}
