package publish

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/meridian-gitops/meridian/diag"
)

// lost reports whether an error is about the connection, so that another one may do better.
func lost(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	return slices.ContainsFunc([]error{context.Canceled, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, errSlowLogin}, func(known error) bool {
		return errors.Is(err, known)
	})
}

// strange is the error of a host with which nothing could be agreed on before it could be believed.
func strange(err error) error {
	if errors.Is(err, io.EOF) { // it may have too many guests
		return errors.New("the server ends the connection before the login")
	}
	return finalUnless(lost(err), err)
}

// closedRE finds, among the words with which servers end a command, those that will stay the same. There are no codes
// for them.
var closedRE = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)not (be )?found|cannot find|does not (appear|exist)|no such|denied|permission|not (permitted|allowed|authori[sz]ed|available)|forbidden|unauthori[sz]ed|have access|read-?only|archived|not a git|unrecognized command`)
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
