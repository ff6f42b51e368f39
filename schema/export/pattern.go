package export

import (
	"fmt"
	"strings"
)

// ecma writes a regular expression of CUE's (RE2) as one of JSON Schema's (ECMA 262 with Unicode), and reports whether
// it can. The schema's own expressions are in the common part of both but for two classes: RE2's \p{C} lacks the
// code points that are not assigned, and its \s has only ASCII.
func ecma(re2 string) (string, bool) {
	var b strings.Builder
	class := false
	for i := 0; i < len(re2); i++ {
		switch c := re2[i]; {
		case c == '\\' && strings.HasPrefix(re2[i:], `\p{C}`):
			b.WriteString(inClass(`\p{Cc}\p{Cf}\p{Cs}\p{Co}`, class))
			i += len(`\p{C}`) - 1
		case c == '\\' && strings.HasPrefix(re2[i:], `\s`):
			b.WriteString(inClass(`\t\n\f\r `, class))
			i++
		case c == '\\' && strings.HasPrefix(re2[i:], `\x`) && i+3 < len(re2) && re2[i+2] != '{':
			b.WriteString(re2[i : i+4])
			i += 3
		case c == '\\':
			i++
			if i == len(re2) || !strings.ContainsRune(`^$\.*+?()[]{}|/-tnfr`, rune(re2[i])) {
				return "", false
			}
			b.WriteString(re2[i-1 : i+1])
		case c == '(' && strings.HasPrefix(re2[i:], "(?") && !strings.HasPrefix(re2[i:], "(?:"):
			return "", false // flags and names
		default:
			class = c == '[' || class && c != ']'
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// inClass puts characters into a class of their own, unless they are in one.
func inClass(characters string, class bool) string {
	if class {
		return characters
	}
	return "[" + characters + "]"
}

func anchored(expr string) string { return "^" + group(expr) + "$" }

func group(alternatives ...string) string { return "(" + strings.Join(alternatives, "|") + ")" }

// ipAddress matches what Go's netip.ParseAddr reads, without zones.
func ipAddress() string { return group(ipv4(), ipv6()) }

// ipPrefix matches what Go's netip.ParsePrefix reads.
func ipPrefix() string {
	return group(
		ipv4()+"/"+group("[0-9]", "[12][0-9]", "3[0-2]"),
		ipv6()+"/"+group("[0-9]", "[1-9][0-9]", "1[01][0-9]", "12[0-8]"),
	)
}

func ipv4() string {
	octet := group("25[0-5]", "2[0-4][0-9]", "1[0-9][0-9]", "[1-9]?[0-9]")
	return "(" + octet + `\.){3}` + octet
}

// ipv6 lists the forms by how many groups stand before the double colon: it stands for one group at least. An IPv4
// address may be the last two.
func ipv6() string {
	const h = "[0-9A-Fa-f]{1,4}"
	forms := []string{"(" + h + ":){7}" + h, "(" + h + ":){6}" + ipv4()}
	for before := range 8 {
		head := "::"
		if before > 0 {
			head = fmt.Sprintf("(%s:){%d}:", h, before)
		}
		tails := []string{""}
		if left := 7 - before; left > 0 {
			tails = append(tails, fmt.Sprintf("(%s:){0,%d}%s", h, left-1, h))
		}
		if left := 5 - before; left >= 0 {
			tails = append(tails, fmt.Sprintf("(%s:){0,%d}%s", h, left, ipv4()))
		}
		forms = append(forms, head+group(tails...))
	}
	return group(forms...)
}
