package publishing

import (
	"slices"
	"testing"
)

// shrink leaves out what a failure does not need: halves first, then smaller pieces, until no single element can go.
func shrink[T any](list []T, fails func([]T) bool) []T {
	for size := max(1, len(list)/2); ; {
		shorter := false
		for from := 0; from < len(list); {
			without := slices.Concat(list[:from], list[min(from+size, len(list)):])
			if fails(without) {
				list, shorter = without, true
				continue
			}
			from += size
		}
		switch {
		case size > 1:
			size /= 2
		case !shorter:
			return list
		}
	}
}

// TestShrink shortens lists that fail when they have certain elements, in order.
func TestShrink(t *testing.T) {
	for _, needed := range [][]int{{}, {0}, {99}, {3, 50}, {10, 11, 12, 80}} {
		list := make([]int, 100)
		for i := range list {
			list[i] = i
		}
		tries := 0
		got := shrink(list, func(list []int) bool {
			tries++
			at := 0
			for _, x := range list {
				if at < len(needed) && x == needed[at] {
					at++
				}
			}
			return at == len(needed)
		})
		if !slices.Equal(got, needed) || tries > 400 {
			t.Errorf("shortened to %v in %d tries, want %v", got, tries, needed)
		}
	}
}
