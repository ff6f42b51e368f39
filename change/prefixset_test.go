package change

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// small maps the numbers 0 to 255 to addresses of one family, so that sets can be tried out address by address. The
// ends of the family are among them, where successors run out.
func small(family string, n int) netip.Addr {
	if family == "IPv4" {
		if n >= 128 {
			return netip.AddrFrom4([4]byte{255, 255, 255, byte(n)})
		}
		return netip.AddrFrom4([4]byte{0, 0, 0, byte(n)})
	}
	var a [16]byte
	if n >= 128 {
		for i := range a {
			a[i] = 255
		}
	}
	a[15] = byte(n)
	return netip.AddrFrom16(a)
}

func bits(family string) int { return small(family, 0).BitLen() }

// members returns which of the small numbers are in a set, the slow way.
func members(family string, prefixes []netip.Prefix) []bool {
	in := make([]bool, 256)
	for n := range in {
		in[n] = slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(small(family, n)) })
	}
	return in
}

func TestPrefixSetAgainstBruteForce(t *testing.T) {
	for _, family := range []string{"IPv4", "IPv6"} {
		t.Run(family, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			draw := func() []netip.Prefix {
				var list []netip.Prefix
				for range random.IntN(5) {
					list = append(list, netip.PrefixFrom(small(family, random.IntN(256)), bits(family)-random.IntN(9)))
				}
				return list
			}
			for range 800 {
				a, b := draw(), draw()
				inA, inB := members(family, a), members(family, b)
				want := make([]bool, 256)
				for n := range want {
					want[n] = inA[n] && !inB[n]
				}
				got := newPrefixSet(a...).minus(newPrefixSet(b...))
				if d := cmp.Diff(want, members(family, got.prefixes())); d != "" {
					t.Fatalf("%v minus %v is %v\n%s", a, b, got.prefixes(), d)
				}
				for n := range want {
					want[n] = inA[n] || inB[n]
				}
				got = newPrefixSet(a...).union(newPrefixSet(b...))
				if d := cmp.Diff(want, members(family, got.prefixes())); d != "" {
					t.Fatalf("%v and %v are %v\n%s", a, b, got.prefixes(), d)
				}
				if d := cmp.Diff(got, newPrefixSet(got.prefixes()...), cmp.Comparer(sameRange)); d != "" {
					t.Fatalf("prefixes of %v make another set\n%s", got, d)
				}
			}
		})
	}
}

func sameRange(a, b addressRange) bool { return a == b }

func TestPrefixSetOfBothFamilies(t *testing.T) {
	all := everyAddress()
	if len(all.minus(all)) != 0 || len(all.union(all)) != 2 {
		t.Errorf("all addresses are %v", all)
	}
	without := all.minus(newPrefixSet(netip.MustParsePrefix("10.0.0.0/8")))
	if got := all.minus(without).words(); got != "10.0.0.0/8" {
		t.Errorf("what was taken away is %s", got)
	}
	if got := all.words(); got != "all addresses" {
		t.Errorf("all are called %q", got)
	}
	if got := newPrefixSet(netip.MustParsePrefix("0.0.0.0/0")).words(); got != "0.0.0.0/0" {
		t.Errorf("all of IPv4 is called %q", got)
	}
	if got := newPrefixSet(netip.MustParsePrefix("10.1.2.3/8")).words(); got != "10.0.0.0/8" {
		t.Errorf("bits behind the mask are kept: %s", got)
	}
	if got := without.words(); got != "0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6 and 5 more" {
		t.Errorf("much is called %q", got)
	}
}

func TestPartWords(t *testing.T) {
	set := func(list ...string) prefixSet {
		var prefixes []netip.Prefix
		for _, text := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(text))
		}
		return newPrefixSet(prefixes...)
	}
	tests := []struct {
		name     string
		new, old prefixSet
		want     string
	}{
		{"another range", set("10.0.0.0/24", "192.0.2.0/24"), set("192.0.2.0/24"), "10.0.0.0/24"},
		{"a wider range", set("10.0.0.0/16"), set("10.0.7.0/24"), "more of 10.0.0.0/16"},
		{"twice as wide", set("10.0.0.0/23"), set("10.0.0.0/24"), "10.0.1.0/24"},
		{"one wider and another", set("10.0.0.0/16", "192.0.2.0/24"), set("10.0.7.0/24"), "more of 10.0.0.0/16, 192.0.2.0/24"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := test.new.partWords(test.new.minus(test.old)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
