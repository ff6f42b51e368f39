package signature

import (
	"bytes"
	"errors"
)

// ErrUnsigned says that a commit has no signature.
var ErrUnsigned = errors.New("it is not signed")

// Split takes a commit object apart: what was signed, which is the object without its signature headers, and the
// signature in its gpgsig header. It is [ErrUnsigned] when there is none.
func Split(commit []byte) (signed, signature []byte, err error) {
	head, message := commit, []byte(nil)
	if end := bytes.Index(commit, []byte("\n\n")); end >= 0 {
		head, message = commit[:end+1], commit[end+1:]
	}
	found, header := 0, ""
	for line := range bytes.Lines(head) {
		more, continued := bytes.CutPrefix(line, []byte(" "))
		if !continued {
			name, value, _ := bytes.Cut(line, []byte(" "))
			header, more = string(name), value
		}
		switch header {
		case "gpgsig":
			if !continued {
				found++
			}
			signature = append(signature, more...)
		case "gpgsig-sha256": // of the same commit under another hash; git leaves it out of what it signs
		default:
			signed = append(signed, line...)
		}
	}
	switch {
	case found == 0:
		return nil, nil, ErrUnsigned
	case found > 1:
		return nil, nil, errors.New("it has several signatures")
	}
	return append(signed, message...), signature, nil
}
