package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/meridian-gitops/meridian/diag"
)

// persistent is a remote for those who only read: what the server or the way to it fails at is asked for again, as often
// as publishing does.
type persistent struct {
	*remoteEngine
	limit time.Duration // from the first failure
}

// connectToRead is [connect] for those who only read.
func connectToRead(o Options) (engine, []diag.Diagnostic, error) {
	e, diags, err := connect(o)
	if remote, ok := e.(*remoteEngine); ok && err == nil {
		return &persistent{remote, o.patience()}, diags, err
	}
	return e, diags, err
}

func (p *persistent) head(ctx context.Context) (head plumbing.Hash, err error) {
	err = p.again(ctx, func() error {
		head, err = p.remoteEngine.head(ctx)
		return err
	})
	return head, err
}

func (p *persistent) read(ctx context.Context, kind plumbing.ObjectType, hash plumbing.Hash) (data []byte, err error) {
	err = p.again(ctx, func() error {
		data, err = p.remoteEngine.read(ctx, kind, hash)
		return err
	})
	return data, err
}

func (p *persistent) prefetch(ctx context.Context, blobs []plumbing.Hash) error {
	return p.again(ctx, func() error { return p.remoteEngine.prefetch(ctx, blobs) })
}

func (p *persistent) deepen(ctx context.Context, depth int) error {
	return p.again(ctx, func() error { return p.remoteEngine.deepen(ctx, depth) })
}

// again asks until it is answered, or it is clear that it will not be.
func (p *persistent) again(ctx context.Context, ask func() error) error {
	begin := time.Now()
	for attempt := 1; ; attempt++ {
		err := ask()
		var retry *retryError
		if err == nil || !errors.As(err, &retry) {
			return err
		}
		elapsed := time.Since(begin)
		hopeless := attempt >= rejections || elapsed >= p.limit
		if !hopeless {
			p.tell(fmt.Sprintf("attempt %d did not get through; trying again", attempt))
		}
		if hopeless || sleep(ctx, backoff(attempt, retry.pause, elapsed)) != nil {
			if attempt > 1 {
				err = fmt.Errorf("gave up after %d attempts: %w", attempt, err)
			}
			return err
		}
	}
}
