package publish

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/meridian-gitops/meridian/diag"
)

// lost reports whether an error is about the connection, so that another one may do better.
func lost(err error) bool {
	var network net.Error
	return errors.Is(err, context.Canceled) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errSlowLogin)
}

// strange is the error of a host with which nothing could be agreed on before it could be believed.
func strange(err error) error { return finalUnless(lost(err), err) }

// closedRE finds, among the words with which servers end a command, those that will stay the same. There are no codes
// for them.
var closedRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)not (be )?found|does not (appear|exist)|no such|denied|permission|not permitted|not allowed|forbidden|unauthori[sz]ed|access|read-?only|archived|not a git|unrecognized command|not available`)
})

func (s *sshSessions) explain(err error) error {
	var ended *commandError
	if errors.As(err, &ended) {
		if closedRE().MatchString(ended.words) {
			return refuse(diag.AccessDenied, "the server does not open %s: %s", s.url, ended.words).
				hint("check the address, and that the key which is used may read and write this repository")
		}
		return err
	}
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) {
		return refuse(diag.AccessDenied, "%s lets nobody run a command: %s", s.url, refused.Message)
	}
	return err
}
