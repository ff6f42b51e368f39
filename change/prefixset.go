package change

import (
	"net/netip"
	"slices"
)

// addressRange are the addresses from first to last, both included, of one family.
type addressRange struct{ first, last netip.Addr }

// prefixSet is a set of IP addresses: sorted ranges that neither overlap nor touch, IPv4 before IPv6. The nil set is
// empty.
type prefixSet []addressRange

// everyAddress holds all addresses of both families.
func everyAddress() prefixSet {
	return newPrefixSet(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
}

func newPrefixSet(prefixes ...netip.Prefix) prefixSet {
	list := make(prefixSet, 0, len(prefixes))
	for _, p := range prefixes {
		p = p.Masked()
		list = append(list, addressRange{p.Addr(), lastAddress(p)})
	}
	return list.normal()
}

// lastAddress sets all bits behind the mask.
func lastAddress(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

// normal sorts ranges and joins those that overlap or touch. Addresses of the two families never do: no successor
// leads from one to the other.
func (s prefixSet) normal() prefixSet {
	slices.SortFunc(s, func(a, b addressRange) int { return a.first.Compare(b.first) })
	var out prefixSet
	for _, r := range s {
		if len(out) > 0 {
			end := &out[len(out)-1].last
			next := end.Next() // invalid behind a family's last address
			sameFamily := end.Is4() == r.first.Is4()
			if sameFamily && (!next.IsValid() || r.first.Compare(next) <= 0) {
				if r.last.Compare(*end) > 0 {
					*end = r.last
				}
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

func (s prefixSet) union(t prefixSet) prefixSet { return slices.Concat(s, t).normal() }

// minus returns the addresses that are in s and not in t.
func (s prefixSet) minus(t prefixSet) prefixSet {
	var out prefixSet
	for _, r := range s {
		rest, left := r, true
		for _, cut := range t {
			if cut.last.Compare(rest.first) < 0 {
				continue
			}
			if cut.first.Compare(rest.last) > 0 {
				break
			}
			if cut.first.Compare(rest.first) > 0 {
				out = append(out, addressRange{rest.first, cut.first.Prev()})
			}
			if cut.last.Compare(rest.last) >= 0 {
				left = false
				break
			}
			rest.first = cut.last.Next()
		}
		if left {
			out = append(out, rest)
		}
	}
	return out
}

// prefixes returns the fewest prefixes that make the set, sorted.
func (s prefixSet) prefixes() []netip.Prefix {
	var out []netip.Prefix
	for _, r := range s {
		for at := r.first; at.IsValid() && at.Compare(r.last) <= 0; {
			p := netip.PrefixFrom(at, at.BitLen())
			for p.Bits() > 0 {
				wider := netip.PrefixFrom(at, p.Bits()-1)
				if wider.Masked().Addr() != at || lastAddress(wider).Compare(r.last) > 0 {
					break
				}
				p = wider
			}
			out = append(out, p)
			at = lastAddress(p).Next()
		}
	}
	return out
}

// partWords names a part of s by the prefixes of s that it is in: the whole of one, or more of one that was there in
// part already. Cutting a range out of another leaves a dozen prefixes that nobody wrote.
func (s prefixSet) partWords(part prefixSet) string {
	if len(part.prefixes()) <= 2 {
		return part.words()
	}
	var list []string
	for _, p := range s.prefixes() {
		one := newPrefixSet(p)
		switch rest := one.minus(part); {
		case len(rest) == 0:
			list = append(list, p.String())
		case len(one.minus(rest)) > 0:
			list = append(list, "more of "+p.String())
		}
	}
	return someOf(list)
}

// words names the set: a few of its prefixes, and how many more there are.
func (s prefixSet) words() string {
	if len(everyAddress().minus(s)) == 0 {
		return "all addresses"
	}
	var list []string
	for _, p := range s.prefixes() {
		list = append(list, p.String())
	}
	return someOf(list)
}
