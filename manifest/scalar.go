package manifest

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// errNotUTF8 is given for text that neither YAML nor JSON can carry. encoding/json would replace the bytes in
// silence; a manifest that differs from its source is worse than none.
var errNotUTF8 = errors.New("text is not valid UTF-8")

// style is how a string is written.
type style uint8

const (
	plain   style = iota // as it is
	quoted               // in double quotes, with escapes
	literal              // a block of lines under |
)

// styleOf picks the most readable style that every reader takes back as the same string.
func styleOf(s string) (style, error) {
	t, err := scan(s)
	switch {
	case err != nil:
		return quoted, err
	case s == "" || t.escapes || t.blankEnds:
		return quoted, nil
	case t.lines && strings.Trim(s, "\n") != "":
		return literal, nil
	case t.lines || t.tab || t.marks || !startsPlain(s) || guessable(s):
		return quoted, nil
	}
	return plain, nil
}

// traits are the properties of a text that its style depends on.
type traits struct {
	lines     bool // has a line feed
	tab       bool
	blankEnds bool // a line ends in a space or tab, which editors and hooks strip
	escapes   bool // has a character that must not stand in a file as it is
	marks     bool // has YAML's own punctuation: ": ", " #", or a colon at the end
}

func scan(s string) (traits, error) {
	var t traits
	for i := 0; i < len(s); i++ {
		switch c := s[i]; classes[c] {
		case classText:
		case classBlank:
			t.tab = t.tab || c == '\t'
			t.blankEnds = t.blankEnds || i+1 == len(s) || s[i+1] == '\n'
		case classColon:
			t.marks = t.marks || i+1 == len(s) || s[i+1] == ' '
		case classHash:
			t.marks = t.marks || i > 0 && s[i-1] == ' '
		case classLine:
			t.lines = true
		case classControl:
			t.escapes = true
		case classHigh:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				return t, errNotUTF8
			}
			t.escapes = t.escapes || !readable(r, s[:i])
			i += size - 1
		}
	}
	return t, nil
}

// class sorts bytes by what scan has to look at; all else is text.
type class uint8

const (
	classText class = iota
	classBlank
	classColon
	classHash
	classLine
	classControl
	classHigh // part of a character beyond ASCII
)

// classes is a table because scan passes over every byte of every string of every object.
var classes = func() (table [256]class) {
	for c := range table {
		switch {
		case c == '\n':
			table[c] = classLine
		case c == '\t' || c == ' ':
			table[c] = classBlank
		case c < ' ' || c == 0x7f:
			table[c] = classControl
		case c == ':':
			table[c] = classColon
		case c == '#':
			table[c] = classHash
		case c >= utf8.RuneSelf:
			table[c] = classHigh
		}
	}
	return table
}()

const (
	zeroWidthJoiner   = '\u200d'
	emojiPresentation = '\ufe0f'
	ideographicSpace  = '\u3000'
)

// readable reports whether a character beyond ASCII may stand in a file unescaped. What a reviewer cannot see is
// escaped: controls, the line breaks of other conventions (NEL, LS, PS), marks of direction, spaces that look like
// a space, zero widths. The joiner inside an emoji is drawn as part of it.
func readable(r rune, before string) bool {
	if r == zeroWidthJoiner {
		last, _ := utf8.DecodeLastRuneInString(before)
		return last == emojiPresentation || unicode.In(last, unicode.So, unicode.Sk)
	}
	return unicode.IsPrint(r) || r == ideographicSpace
}

// startsPlain reports whether the first character lets a plain scalar begin. A dash does before a letter, because
// "-c" and "--port=80" are what lists of arguments are made of; before anything else it could be an indicator, a
// number or a document marker.
func startsPlain(s string) bool {
	switch s[0] {
	case '-':
		flag := strings.TrimPrefix(s[1:], "-")
		return flag != "" && isLetter(flag[0])
	case '.':
		return !strings.HasPrefix(s, "...")
	}
	return !strings.ContainsRune(" ?:,[]{}#&*!|>'\"%@`", rune(s[0]))
}

// guessable reports whether some reader, of YAML 1.1 or 1.2, could take a plain s for something other than a
// string. It errs on the side of true.
func guessable(s string) bool {
	switch c := s[0]; {
	case isDigit(c) || c == '+' || c == '.':
		return isDate(s) || isNumber(s)
	case len(s) <= len("false"):
		return isWord(s)
	}
	return false
}

// isWord knows YAML 1.1's words for true, false and null in any case, its merge key and its default value.
func isWord(s string) bool {
	if strings.IndexByte("yYnNoOtTfF~<=", s[0]) < 0 {
		return false // nearly always
	}
	return slices.ContainsFunc([]string{"y", "yes", "n", "no", "on", "off", "true", "false", "null", "~", "<<", "="},
		func(word string) bool { return strings.EqualFold(word, s) })
}

// isDate reports whether s begins like YAML 1.1's timestamps: 2024-01-01, 2024-1-1T10:00:00Z, 2024-01-01 10:00.
func isDate(s string) bool {
	year, rest := digits(s)
	month, ok1 := strings.CutPrefix(rest, "-")
	monthDigits, rest := digits(month)
	day, ok2 := strings.CutPrefix(rest, "-")
	dayDigits, rest := digits(day)
	return year == 4 && ok1 && ok2 && within(monthDigits, 1, 2) && within(dayDigits, 1, 2) &&
		(rest == "" || strings.ContainsRune("Tt ", rune(rest[0])))
}

// isNumber covers what the readers in use take for a number, together: decimal, 0x, 0o, 0b and 0-octal integers,
// floats, infinities, base 60 (12:30:45), and digits grouped by underscores or, in Ruby, by commas.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "+")
	if strings.ContainsAny(s, "_,") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "_", ""), ",", "")
	}
	if len(s) > 1 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		return strings.Trim(s[2:], "+-0123456789abcdefABCDEF") == ""
	}
	_, rest := digits(s)
	for strings.HasPrefix(rest, ":") {
		_, rest = digits(rest[1:])
	}
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		if strings.EqualFold(fraction, "inf") || strings.EqualFold(fraction, "nan") {
			return true
		}
		_, rest = digits(fraction)
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		_, rest = digits(strings.TrimLeft(rest[1:], "+-"))
	}
	return rest == ""
}

// digits returns how many decimal digits s begins with, and what follows them.
func digits(s string) (n int, rest string) {
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n, s[n:]
}

func isDigit(c byte) bool            { return '0' <= c && c <= '9' }
func isLetter(c byte) bool           { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func within(n, least, most int) bool { return least <= n && n <= most }

// appendInline appends s on one line: plain, or in quotes. Keys are always written so.
func appendInline(dst []byte, s string) ([]byte, error) {
	how, err := styleOf(s)
	switch {
	case err != nil:
		return dst, err
	case how == plain:
		return append(dst, s...), nil
	}
	return appendQuoted(dst, s), nil
}

// appendQuoted appends s in double quotes, with the escapes that JSON and YAML share; only characters beyond
// U+FFFF that are not readable take YAML's own \U, since JSON's surrogate pairs are not YAML.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case ' ' <= r && r <= '~' || r >= utf8.RuneSelf && readable(r, s[:i]):
			dst = utf8.AppendRune(dst, r)
		default:
			dst = appendEscape(dst, r)
		}
	}
	return append(dst, '"')
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '\n':
		return append(dst, `\n`...)
	case '\t':
		return append(dst, `\t`...)
	case '\r':
		return append(dst, `\r`...)
	}
	if r > 0xffff {
		return appendHex(append(dst, `\U`...), r, 8)
	}
	return appendHex(append(dst, `\u`...), r, 4)
}

func appendHex(dst []byte, r rune, width int) []byte {
	for shift := 4 * (width - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&0xf])
	}
	return dst
}

// appendLiteral appends s as a block of lines, indented by indent, from its | to its last line feed.
// The header says how the text ends; and how far the block is indented, where the first line itself begins with
// white space, so that a reader could not tell.
func appendLiteral(dst []byte, s string, indent int) []byte {
	dst = append(dst, '|')
	if strings.IndexByte(" \t\n", s[0]) >= 0 {
		dst = append(dst, '0'+indentStep)
	}
	switch {
	case !strings.HasSuffix(s, "\n"):
		dst = append(dst, '-')
	case strings.HasSuffix(s, "\n\n"):
		dst = append(dst, '+')
	}
	dst = append(dst, '\n')
	for line := range strings.Lines(s) {
		if line != "\n" {
			dst = appendSpaces(dst, indent)
		}
		dst = append(dst, line...)
	}
	if !strings.HasSuffix(s, "\n") {
		dst = append(dst, '\n')
	}
	return dst
}

func appendSpaces(dst []byte, n int) []byte {
	const spaces = "                                "
	for n > len(spaces) {
		dst, n = append(dst, spaces...), n-len(spaces)
	}
	return append(dst, spaces[:n]...)
}

// appendNumber appends the text of a JSON number. With an exponent it gets a point and a sign, without which
// YAML 1.1 has it as a string: 1e21 is written 1.0e+21.
func appendNumber(dst []byte, number string) []byte {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return append(dst, number...)
	}
	mantissa, exponent := number[:at], number[at+1:]
	dst = append(dst, mantissa...)
	if !strings.Contains(mantissa, ".") {
		dst = append(dst, ".0"...)
	}
	dst = append(dst, 'e')
	if isDigit(exponent[0]) {
		dst = append(dst, '+')
	}
	return append(dst, exponent...)
}
