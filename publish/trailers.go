package publish

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
)

// mostBody is how many bytes of a source commit's body are repeated in a trailer.
const mostBody = 4096

// trailerRE is a line that git takes for a trailer.
var trailerRE = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9-]+[ \t]*:`) })

// withTrailers puts trailers behind a message, in the same paragraph as those that it ends with: git reads no other
// paragraph than the last.
func withTrailers(text string, trailers []string) string {
	if len(trailers) == 0 {
		return text + "\n"
	}
	gap := "\n\n"
	if endsWithTrailers(text) {
		gap = "\n"
	}
	return text + gap + strings.Join(trailers, "\n") + "\n"
}

// endsWithTrailers tells as git does whether a message's last paragraph is trailers: all lines are, or a quarter of them
// and one that git itself writes. The first paragraph is the subject, whatever it looks like.
func endsWithTrailers(text string) bool {
	paragraphs := paragraphs(text)
	if len(paragraphs) < 2 {
		return false
	}
	trailers, others, known := 0, 0, false
	continued := false
	for _, line := range paragraphs[len(paragraphs)-1] {
		switch {
		case strings.HasPrefix(line, "#"): // a comment to git
		case strings.HasPrefix(line, "Signed-off-by: ") || strings.HasPrefix(line, "(cherry picked from commit "):
			trailers, known, continued = trailers+1, true, true
		case trailerRE().MatchString(line):
			trailers, continued = trailers+1, true
		case continued && (line[0] == ' ' || line[0] == '\t'):
		default:
			others, continued = others+1, false
		}
	}
	return trailers > 0 && (others == 0 || known && trailers*3 >= others)
}

// paragraphs are the runs of lines between blank ones.
func paragraphs(text string) [][]string {
	var list [][]string
	blank := true
	for line := range strings.SplitSeq(text, "\n") {
		was := blank
		if blank = strings.TrimSpace(line) == ""; blank {
			continue
		}
		if was {
			list = append(list, nil)
		}
		list[len(list)-1] = append(list[len(list)-1], line)
	}
	return list
}

// splitMessage takes a message apart as git log's %s and %b do.
func splitMessage(message string) (subject, body string) {
	message = strings.Trim(strings.ReplaceAll(message, "\r\n", "\n"), "\n")
	first, rest, _ := strings.Cut(message, "\n\n")
	return strings.Join(strings.Fields(first), " "), strings.TrimSpace(rest)
}

// jsonText is text as JSON writes it, on one line.
func jsonText(text string) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string into a buffer
	return strings.TrimRight(b.String(), "\n")
}
