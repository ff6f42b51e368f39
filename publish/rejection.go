package publish

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/meridian-gitops/meridian/diag"
)

// Git servers have no codes for why they refuse a push, only words, and each its own. Those of a lost race come
// first, because some of them hold words of the others ("reference already exists; update not allowed"). What is in
// neither list is tried again, a few times.
var (
	raceRE = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)old value|cannot lock|unable to lock|failed to (update|lock)|non-fast-forward|fetch first|stale info|already exists|but expected`)
	})
	policyRE = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)declined|prohibited|denied|not permitted|not allowed|protected|rule violation|hidden ref|checked out|read-?only`)
	})
)

// byPolicy reports whether a server's answer to a push means that it will say the same to the next one.
func byPolicy(status string) bool {
	return !raceRE().MatchString(status) && policyRE().MatchString(status)
}

// rejection tells why a server has not taken a push that reached it.
func (e *remoteEngine) rejection(report *packp.ReportStatus, words string) error {
	status := ""
	if report.UnpackStatus != "ok" {
		status = "it cannot store what was sent: " + report.UnpackStatus
	}
	for _, command := range report.CommandStatuses {
		if command.Status != "ok" {
			status = command.Status
		}
	}
	status, words = harmless(status, e.secrets...), harmless(words, e.secrets...)
	text := status
	if words != "" {
		text += "; the server says: " + words
	}
	if byPolicy(status) {
		return refuse(diag.PushRejected, "the server refuses the push to %s: %s", strings.TrimPrefix(e.ref.String(), "refs/heads/"), text)
	}
	return &retryError{err: fmt.Errorf("push to %s: %w", e.url, errors.New(text)), pause: remotePause, lost: raceRE().MatchString(status)}
}
