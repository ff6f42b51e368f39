package publish

import (
	"context"
	"errors"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// sshSession is a session of go-git's kind over ssh: a git service that has told its branches and waits to be asked.
// go-git has one of its own, which reads ~/.ssh/config and cannot be interrupted while it logs in.
type sshSession struct {
	sessions *sshSessions
	service  string
	command  *sshCommand // nil: not started, or asked already
}

func (s *sshSession) AdvertisedReferences() (*packp.AdvRefs, error) {
	return s.AdvertisedReferencesContext(context.Background())
}

func (s *sshSession) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	if err := s.Close(); err != nil {
		return nil, err
	}
	command, err := s.sessions.start(ctx, s.service)
	if err != nil {
		return nil, err
	}
	refs := packp.NewAdvRefs()
	err = command.line.within(ctx, func() error { return refs.Decode(command.out) })
	if err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
		return nil, command.failure(ctx, err)
	}
	s.command = command
	transport.FilterUnsupportedCapabilities(refs.Capabilities)
	return refs, nil
}

// take gives the command away to be asked, which can be done once: the next question needs another one.
func (s *sshSession) take(ctx context.Context) (*sshCommand, error) {
	if s.command == nil {
		if _, err := s.AdvertisedReferencesContext(ctx); err != nil {
			return nil, err
		}
	}
	command := s.command
	s.command = nil
	return command, nil
}

// Close takes leave of a service that has not been asked anything.
func (s *sshSession) Close() error {
	if s.command != nil {
		_, _ = s.command.in.Write(pktline.FlushPkt)
		s.command.close()
	}
	s.command = nil
	return nil
}

// sshUpload is a session that fetches.
type sshUpload struct{ sshSession }

func (s *sshUpload) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	refs, err := s.sshSession.AdvertisedReferencesContext(ctx)
	if err == nil && refs.IsEmpty() {
		_ = s.Close()
		return nil, transport.ErrEmptyRemoteRepository
	}
	return refs, err
}

func (s *sshUpload) UploadPack(ctx context.Context, req *packp.UploadPackRequest) (*packp.UploadPackResponse, error) {
	if err := req.Validate(); err != nil {
		return nil, err
	}
	command, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	answer := &sshAnswer{command: command, ctx: ctx, stop: context.AfterFunc(ctx, func() { _ = command.line.Close() })}
	response := packp.NewUploadPackResponse(req)
	err = command.line.within(ctx, func() error { return writeRequest(command.in, req) })
	if err == nil {
		err = response.Decode(answer)
	}
	if err != nil {
		answer.stop()
		return nil, command.failure(ctx, err)
	}
	return response, nil
}

func writeRequest(w io.Writer, req *packp.UploadPackRequest) error {
	if err := req.UploadRequest.Encode(w); err != nil {
		return err
	}
	if err := req.UploadHaves.Encode(w, false); err != nil {
		return err
	}
	return pktline.NewEncoder(w).EncodeString("done\n")
}

// sshAnswer is what comes of a question. The context is that of the question: reading ends with it.
type sshAnswer struct {
	command *sshCommand
	ctx     context.Context
	stop    func() bool
}

func (a *sshAnswer) Read(p []byte) (int, error) {
	n, err := a.command.out.Read(p)
	if err != nil {
		err = a.command.line.cause(a.ctx, err)
	}
	return n, err
}

func (a *sshAnswer) Close() error {
	a.stop()
	a.command.close()
	return nil
}

// sshReceive is a session that pushes.
type sshReceive struct{ sshSession }

func (s *sshReceive) ReceivePack(ctx context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	command, err := s.take(ctx)
	if err != nil {
		return nil, err
	}
	report := packp.NewReportStatus()
	err = command.line.within(ctx, func() error {
		sent := req.Encode(command.in) // a server that wants no more may still say why
		_ = command.in.Close()
		from := demultiplexed(req, command.out)
		if err := report.Decode(from); err != nil {
			return errors.Join(sent, err)
		}
		// Hooks still run, and one whose output nobody takes may be ended.
		_, _ = io.Copy(io.Discard, from)
		return nil
	})
	if err != nil {
		return nil, command.failure(ctx, err)
	}
	_ = command.end(ctx)
	_, _ = io.WriteString(req.Progress, command.words.String())
	return report, report.Error()
}

// demultiplexed takes a report out of the channels that a server sends it in; other words go to the request's Progress.
func demultiplexed(req *packp.ReferenceUpdateRequest, r io.Reader) io.Reader {
	if !req.Capabilities.Supports(capability.Sideband64k) {
		return r
	}
	d := sideband.NewDemuxer(sideband.Sideband64k, r)
	d.Progress = req.Progress
	return d
}
