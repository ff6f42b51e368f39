package reach

import (
	"net/netip"
	"slices"
)

// Split cuts a range of addresses into pieces that are each inside or outside of every one of the other ranges,
// sorted.
func Split(whole netip.Prefix, cuts []netip.Prefix) []netip.Prefix {
	var inside []netip.Prefix
	for _, cut := range cuts {
		if cut.Bits() > whole.Bits() && whole.Contains(cut.Addr()) {
			inside = append(inside, cut)
		}
	}
	if len(inside) == 0 {
		return []netip.Prefix{whole}
	}
	low := netip.PrefixFrom(whole.Addr(), whole.Bits()+1)
	return slices.Concat(Split(low, inside), Split(upper(low), inside))
}

// upper returns the range that together with a lower half makes the range above.
func upper(low netip.Prefix) netip.Prefix {
	b := low.Addr().AsSlice()
	bit := low.Bits() - 1
	b[bit/8] |= 0x80 >> (bit % 8)
	addr, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(addr, low.Bits())
}

// Join returns the fewest ranges for sorted ranges that do not overlap.
func Join(ranges []netip.Prefix) []netip.Prefix {
	var joined []netip.Prefix
	for _, next := range ranges {
		joined = append(joined, next)
		for n := len(joined); n > 1; n = len(joined) {
			low, high := joined[n-2], joined[n-1]
			if low.Bits() != high.Bits() || low.Bits() == 0 {
				break
			}
			above := netip.PrefixFrom(low.Addr(), low.Bits()-1)
			if above.Masked() != above || !above.Contains(high.Addr()) {
				break
			}
			joined = append(joined[:n-2], above)
		}
	}
	return joined
}

// Overlaps reports whether a list holds a range that shares addresses with another.
func Overlaps(list []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(list, p.Overlaps)
}

// Covers reports whether a list holds a range that another is inside of.
func Covers(list []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(list, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}

// loopback are addresses that never leave a pod.
func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}
