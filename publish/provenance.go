package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/config"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// SourceCommit is what the commit that sources come from says.
type SourceCommit struct {
	Commit  string
	Author  Signature // in the author's own time zone
	Time    time.Time // the committer's
	Message string
}

// Head returns the commit that is checked out; nil when there is none yet.
func (s *Sources) Head(ctx context.Context) (*SourceCommit, error) {
	s.mu.Lock()
	ref, err := storer.ResolveReference(s.local.store, plumbing.HEAD)
	s.mu.Unlock()
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read HEAD: %w", err)
	}
	return s.Commit(ctx, ref.Hash().String())
}

// Commit returns a commit by its whole hash; nil when this clone does not have it.
func (s *Sources) Commit(ctx context.Context, hash string) (*SourceCommit, error) {
	if !plumbing.IsHash(hash) {
		return nil, nil
	}
	commit, err := s.commit(ctx, plumbing.NewHash(hash))
	if isMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	author := Signature{commit.Author.Name, commit.Author.Email, commit.Author.When}
	return &SourceCommit{hash, author, commit.Committer.When.UTC(), commit.Message}, nil
}

// Holds reports whether a commit has a file with this content; name is its path on the disk.
func (s *Sources) Holds(ctx context.Context, commit, name string, data []byte) (bool, error) {
	c, err := s.commit(ctx, plumbing.NewHash(commit))
	if err != nil {
		return false, err
	}
	inside, ok := s.Inside(name)
	if !ok {
		return false, nil
	}
	n, err := newDraft(sharedEngine{s}, c.TreeHash).lookup(ctx, inside)
	if n == nil || err != nil {
		return false, err
	}
	return n.base == plumbing.ComputeHash(plumbing.BlobObject, data), nil
}

// Inside returns a path on the disk as one from the root of the work tree, and whether it is below that.
func (s *Sources) Inside(name string) (string, bool) {
	full, err := filepath.Abs(name)
	if err != nil {
		return "", false
	}
	rel, err := filepath.Rel(s.root, full)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// ConfigFile is where the repository's own configuration is.
func (s *Sources) ConfigFile() string { return filepath.Join(s.common, "config") }

// GitConfig is git's configuration as some of its files say it, the later ones over the earlier.
type GitConfig struct {
	options  *config.Config
	Included bool // a file includes others, which are not read
}

// ReadGitConfig reads files of git's configuration; one that does not exist says nothing.
func ReadGitConfig(files ...string) (GitConfig, error) {
	g := GitConfig{options: config.New()}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = config.NewDecoder(bytes.NewReader(data)).Decode(g.options)
		}
		if err != nil {
			return g, fmt.Errorf("read git's configuration %s: %w", file, err)
		}
	}
	g.Included = g.options.HasSection("include") || g.options.HasSection("includeIf")
	return g, nil
}

// Get returns the last value of a key such as user.name; empty when there is none.
func (g GitConfig) Get(key string) string {
	section, name, _ := strings.Cut(key, ".")
	return g.options.Section(section).Option(name)
}

// Remote returns the address of a remote without credentials; empty when it is not known, or a path of this machine.
func (g GitConfig) Remote(name string) string {
	address := Source{Repository: g.options.Section("remote").Subsection(name).Option("url")}.public().Repository
	if scheme, _, ok := strings.Cut(address, "://"); ok && scheme != "file" || !ok && scpRE().MatchString(address) {
		return address
	}
	return ""
}

// trailers are what Argo CD reads of a commit beside its hash and repository: each a line of git's own form.
func (c *SourceCommit) trailers() []string {
	if c == nil {
		return nil
	}
	subject, body := splitMessage(c.Message)
	list := []string{"Argocd-reference-commit-author: " + (&mail.Address{Name: c.Author.Name, Address: c.Author.Email}).String()}
	if !c.Author.When.IsZero() {
		list = append(list, "Argocd-reference-commit-date: "+c.Author.When.Format(time.RFC3339))
	}
	if subject != "" {
		list = append(list, "Argocd-reference-commit-subject: "+subject)
	}
	if body != "" && len(body) <= mostBody {
		list = append(list, "Argocd-reference-commit-body: "+jsonText(body))
	}
	return list
}
