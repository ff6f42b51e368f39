package publish

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// maxWords is how much of a server's words is repeated, in characters.
const maxWords = 600

var escapeRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\a\x1b]*(\a|\x1b\\\\)")
})

// harmless makes what a server says fit to be shown: on one line, without what steers a terminal or turns the
// direction of writing, without the secrets that it was sent, and not too long.
func harmless(text string, secrets ...string) string {
	text = escapeRE().ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' }) {
		line = strings.Map(func(r rune) rune {
			switch {
			case r == '\t':
				return ' '
			case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
				return -1
			}
			return r
		}, line)
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	text = strings.Join(lines, "; ")
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if runes := []rune(text); len(runes) > maxWords {
		text = "…" + string(runes[len(runes)-maxWords:])
	}
	return text
}

// secrets are the forms in which the token travels, the longest first.
func (a Auth) secrets() []string {
	if a.Token == "" {
		return nil
	}
	return []string{
		base64.StdEncoding.EncodeToString([]byte(a.user() + ":" + a.Token)),
		url.QueryEscape(a.Token), url.PathEscape(a.Token), a.Token,
	}
}

// user is the name to give beside the token: the common servers take any.
func (a Auth) user() string {
	if a.Username == "" {
		return "git"
	}
	return a.Username
}
