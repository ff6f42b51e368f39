package publish

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/memory"
)

// remoteEngine is a repository behind https. What is fetched stays in memory: the trees of one commit, and
// blobs as they are asked for, or all of them where the server cannot leave them out.
type remoteEngine struct {
	url       string
	ref       plumbing.ReferenceName
	transport transport.Transport
	auth      Auth

	store   *memory.Storage
	have    plumbing.Hash // the commit that the store has; zero before the first fetch
	partial bool          // without its blobs
	whole   bool          // the server has failed to give single blobs; do not ask again
}

// remotePause is what back-off starts from: two requests take tens of milliseconds.
const remotePause = 40 * time.Millisecond

func openRemote(url string, ref plumbing.ReferenceName, o Options) (engine, error) {
	client := o.Client
	if client == nil {
		client = &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true}}
	}
	return &remoteEngine{url: url, ref: ref, transport: githttp.NewClient(client), auth: o.Auth, store: memory.NewStorage()}, nil
}

// endpoint is made anew for each session: a session that is redirected writes the new place into it, and the
// next one would send the credentials there.
func (e *remoteEngine) endpoint() (*transport.Endpoint, transport.AuthMethod, error) {
	endpoint, err := transport.NewEndpoint(e.url)
	if err != nil || e.auth.Token == "" {
		return endpoint, nil, err
	}
	user := e.auth.Username
	if user == "" {
		user = "git" // beside a token the common servers take any name
	}
	return endpoint, &githttp.BasicAuth{Username: user, Password: e.auth.Token}, nil
}

// uploadSession asks the server for its branches. The session is nil when the repository is empty.
func (e *remoteEngine) uploadSession(ctx context.Context) (transport.UploadPackSession, *packp.AdvRefs, error) {
	endpoint, auth, err := e.endpoint()
	if err != nil {
		return nil, nil, e.failure("fetch", err)
	}
	session, err := e.transport.NewUploadPackSession(endpoint, auth)
	if err != nil {
		return nil, nil, e.failure("fetch", err)
	}
	refs, err := session.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, e.failure("fetch", err)
	}
	return session, refs, nil
}

func (e *remoteEngine) head(ctx context.Context) (plumbing.Hash, error) {
	session, refs, err := e.uploadSession(ctx)
	if session == nil || err != nil {
		return plumbing.ZeroHash, err
	}
	head := refs.References[e.ref.String()]
	if head.IsZero() || head == e.have {
		return head, nil
	}
	return head, e.fetch(ctx, session, refs, head)
}

func (e *remoteEngine) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) ([]byte, error) {
	o, err := e.store.EncodedObject(kind, hash)
	if err != nil && kind == plumbing.BlobObject && e.partial {
		if err := e.prefetch(ctx, []plumbing.Hash{hash}); err != nil {
			return nil, err
		}
		o, err = e.store.EncodedObject(kind, hash)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", kind, hash, err)
	}
	return readObject(o)
}

func (e *remoteEngine) close() error { return nil }

// failure names what failed, takes the token out of the words, and marks what may be tried again: everything
// but an answer that will stay the same. Git servers word a lost race in a dozen ways; none is relied on.
func (e *remoteEngine) failure(what string, err error) error {
	switch {
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrInvalidAuthMethod):
		return fmt.Errorf("%s %s: the server wants other credentials", what, e.url)
	case errors.Is(err, transport.ErrAuthorizationFailed):
		return fmt.Errorf("%s %s: these credentials may not do that", what, e.url)
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fmt.Errorf("%s %s: there is no such repository, or these credentials may not see it", what, e.url)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &retryError{fmt.Errorf("%s %s: %w", what, e.url, err), remotePause}
	}
	text := strings.TrimSpace(err.Error())
	if e.auth.Token != "" {
		text = strings.ReplaceAll(text, e.auth.Token, "***")
	}
	return &retryError{fmt.Errorf("%s %s: %s", what, e.url, text), remotePause}
}
