package export

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

// TestAddresses holds the patterns to what CUE's net.IP and net.IPCIDR go by (S10, S19).
func TestAddresses(t *testing.T) {
	ip, prefix := regexp.MustCompile(anchored(ipAddress())), regexp.MustCompile(anchored(ipPrefix()))
	addresses := []string{
		"", "1.2.3.4", "0.0.0.0", "255.255.255.255", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.04", "1.2.3.4 ", "::", "::1", "1::", "1::8",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::",
		"1::2::3", ":1", "1:", ":::", "fe80::1%eth0", "12345::", "g::", "FE80::A", "::1.2.3.4", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5::1.2.3.4", "1::2:3:4:5:1.2.3.4", "1::2:3:4:5:6:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::1.2.3.256", "1.2.3.4::",
	}
	// Every number of groups before and after the double colon.
	for before := range 9 {
		for after := range 9 {
			text := strings.Repeat("a:", before) + ":" + strings.Repeat(":b", after)
			addresses = append(addresses, text, text+":1.2.3.4", strings.TrimSuffix(strings.Repeat("a:", before), ":"))
		}
	}
	for _, text := range addresses {
		parsed, err := netip.ParseAddr(text)
		if want := err == nil && parsed.Zone() == ""; ip.MatchString(text) != want {
			t.Errorf("%q: the pattern says %v", text, !want)
		}
		for _, bits := range []string{"", "/", "/0", "/8", "/32", "/33", "/64", "/100", "/119", "/128", "/129", "/00", "/08", "/+1", "/1 "} {
			_, err := netip.ParsePrefix(text + bits)
			if prefix.MatchString(text+bits) != (err == nil) {
				t.Errorf("%q: the pattern says %v", text+bits, err != nil)
			}
		}
	}
}

func TestECMA(t *testing.T) {
	tests := []struct {
		re2, want string
		ok        bool
	}{
		{`^[-a-z0-9]+\.x$`, `^[-a-z0-9]+\.x$`, true},
		{`\p{C}`, `[\p{Cc}\p{Cf}\p{Cs}\p{Co}]`, true},
		{`[\p{C}\\]`, `[\p{Cc}\p{Cf}\p{Cs}\p{Co}\\]`, true},
		{`[\p{C}\s]x`, `[\p{Cc}\p{Cf}\p{Cs}\p{Co}\t\n\f\r ]x`, true},
		{`\x00`, `\x00`, true},
		{`(^|/)\.\.?(/|$)`, `(^|/)\.\.?(/|$)`, true},
		{`(?:a)`, `(?:a)`, true},
		{`(?i)a`, "", false},
		{`\pL`, "", false},
		{`\Aa\z`, "", false},
		{`a\`, "", false},
	}
	for _, test := range tests {
		t.Run(test.re2, func(t *testing.T) {
			got, ok := ecma(test.re2)
			if got != test.want || ok != test.ok {
				t.Errorf("got %q, %v; want %q, %v", got, ok, test.want, test.ok)
			}
		})
	}
}
