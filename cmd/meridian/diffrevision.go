package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/schema"
)

// diffRevisions compares the sources at a git revision with those on the disk, or at another one.
func (c *cli) diffRevisions(ctx context.Context, f diffFlags, args []string, d *differ) error {
	sources, err := openSources(args)
	if errors.Is(err, publish.ErrNoRepository) && f.revision == "" {
		return usageError{errors.New("outside of a git repository diff wants --against FOLDER|REPOSITORY or --against-platform DIR")}
	}
	if errors.Is(err, publish.ErrNoRepository) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	defer sources.Close()
	from, to, err := resolveRange(ctx, sources, f.revision)
	if err != nil {
		var unknown *publish.RevisionError
		if errors.As(err, &unknown) {
			return usageError{err}
		}
		return err
	}
	d.from, d.to = from.String(), to.String()
	s, err := schema.New()
	if err != nil {
		return err
	}
	new, err := c.sideAt(s, sources, to)
	if err != nil {
		return err
	}
	old, err := c.sideAt(s, sources, from)
	if err != nil {
		return err
	}
	return c.diffSides(ctx, sides{old: old, new: new, args: args, partial: f.partial, root: sources.Root(), untrusted: f.untrusted}, d)
}

// openSources opens the git repository that all arguments are in.
func openSources(args []string) (*publish.Sources, error) {
	var found *publish.Sources
	for _, arg := range orHere(args) {
		dir := strings.TrimSuffix(arg, "...")
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			dir = filepath.Dir(dir)
		}
		sources, err := publish.OpenSources(dir)
		switch {
		case err != nil && found != nil:
			return nil, errors.Join(err, found.Close())
		case err != nil:
			return nil, err
		case found == nil:
			found = sources
			continue
		}
		other := sources.Root()
		if err := sources.Close(); err != nil {
			return nil, err
		}
		if other != found.Root() {
			return nil, errors.Join(usageError{fmt.Errorf("%s and %s are two git repositories; compare one at a time", found.Root(), other)}, found.Close())
		}
	}
	return found, nil
}

// resolveRange understands A, A..B and A...B. The second origin is the disk for A alone.
func resolveRange(ctx context.Context, sources *publish.Sources, text string) (from, to origin, err error) {
	if text == "" {
		text = "HEAD"
	}
	a, b, two := strings.Cut(text, "..")
	b, apart := strings.CutPrefix(b, ".")
	orHead := func(name string) string {
		if name == "" {
			return "HEAD"
		}
		return name
	}
	if !two {
		from, err = originAt(ctx, sources, a)
		return from, origin{}, err
	}
	a, b = orHead(a), orHead(b)
	if apart {
		if a, err = sources.MergeBase(ctx, a, b); err != nil {
			return from, to, err
		}
		a = a[:12]
	}
	if from, err = originAt(ctx, sources, a); err != nil {
		return from, to, err
	}
	to, err = originAt(ctx, sources, b)
	return from, to, err
}

func originAt(ctx context.Context, sources *publish.Sources, revision string) (origin, error) {
	commit, err := sources.Resolve(ctx, revision)
	if err != nil {
		return origin{}, err
	}
	files, err := sources.At(ctx, commit)
	if err != nil {
		return origin{}, fmt.Errorf("read revision %s: %w", revision, err)
	}
	return origin{revision: revision, commit: commit, root: sources.Root(), files: files}, nil
}

// sideAt is a revision's sources with the platform that belongs to them: the revision's own, where the platform's
// folder is in the same repository.
func (c *cli) sideAt(s *schema.Schema, sources *publish.Sources, o origin) (side, error) {
	from := origin{}
	if o.files != nil && c.platform != "" && sameRepository(sources, c.platform) {
		from = o
	}
	p, err := c.loadPlatformOf(s, from, c.platform)
	if err != nil {
		return side{}, err
	}
	return side{o, &session{schema: s, compiler: compiler.New(s, p)}}, nil
}

func sameRepository(sources *publish.Sources, dir string) bool {
	other, err := publish.OpenSources(dir)
	if err != nil {
		return false
	}
	defer other.Close()
	return other.Root() == sources.Root()
}

// diffPlatforms compares the same sources compiled with two platforms.
func (c *cli) diffPlatforms(ctx context.Context, f diffFlags, args []string, d *differ) error {
	if c.platform == "" {
		return usageError{errors.New("--against-platform names the old platform; give the new one with --platform")}
	}
	s, err := schema.New()
	if err != nil {
		return err
	}
	var both [2]side
	for i, dir := range []string{f.platform, c.platform} {
		p, err := c.loadPlatformOf(s, origin{}, dir)
		if err != nil {
			return err
		}
		both[i] = side{origin{}, &session{schema: s, compiler: compiler.New(s, p)}}
	}
	d.from, d.to = "platform "+f.platform, "platform "+c.platform
	return c.diffSides(ctx, sides{old: both[0], new: both[1], args: args, partial: f.partial, oldPlatform: f.platform, untrusted: f.untrusted}, d)
}

// samePlatform reports whether two sessions compile alike, whatever their files are called.
func samePlatform(a, b *session) bool {
	return slices.EqualFunc(a.compiler.Platform().Sources, b.compiler.Platform().Sources, func(x, y schema.Source) bool {
		return filepath.Base(x.Name) == filepath.Base(y.Name) && string(x.Data) == string(y.Data)
	})
}
