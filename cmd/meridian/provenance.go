package main

import (
	"context"
	"encoding/hex"
	"errors"
	"path"
	"path/filepath"
	"time"

	"github.com/meridian-gitops/meridian/publish"
)

// provenance knows where inputs are taken from: what flags say, or CI, or the git repository that they lie in.
type provenance struct {
	repository string // what flags or CI say
	commit     string
	sources    *publish.Sources // nil outside of a repository
	origin     string           // the repository's remote origin; empty when it is not known
	head       *publish.SourceCommit
	stated     *publish.SourceCommit // the commit that flags or CI say, if it is at hand
}

// newProvenance looks at the repository of the working folder. What cannot be read there is not known: that is no reason
// not to publish. It must be closed.
func (c *cli) newProvenance(ctx context.Context, f publishFlags) (*provenance, error) {
	p := &provenance{}
	p.repository, p.commit = c.ciSource()
	if f.repository != "" {
		p.repository = f.repository
	}
	if f.commit != "" {
		p.commit = f.commit
	}
	sources, err := publish.OpenSources(".")
	if err != nil {
		return p, nil
	}
	p.sources = sources
	p.head, err = sources.Head(ctx)
	if err == nil && p.commit != "" {
		p.stated, err = sources.Commit(ctx, p.commit)
	}
	if config, unread := publish.ReadGitConfig(sources.ConfigFile()); unread == nil {
		p.origin = config.Remote("origin")
	}
	if errors.Is(err, context.Canceled) {
		return p, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *provenance) close() error {
	if p.sources == nil {
		return nil
	}
	return p.sources.Close()
}

// of says where a file and what was read with it come from. A commit is claimed when flags or CI do, or when it holds
// every file as it was read: what somebody changed since comes from no commit.
func (p *provenance) of(ctx context.Context, file string, inputs map[string][]byte) publish.Source {
	s := publish.Source{Repository: p.repository, Commit: p.commit, Path: p.path(file)}
	if s.Repository == "" {
		s.Repository = p.origin
	}
	commit := p.stated
	if s.Commit == "" && p.holds(ctx, inputs) {
		commit = p.head
	}
	if commit != nil {
		s.Commit, s.Time = commit.Commit, commit.Time.UTC().Format(time.RFC3339)
	}
	return s
}

// path is from the repository's root, or else from the working folder.
func (p *provenance) path(file string) string {
	if p.sources != nil {
		if inside, ok := p.sources.Inside(file); ok {
			return inside
		}
	}
	if filepath.IsLocal(file) {
		return filepath.ToSlash(file)
	}
	return ""
}

func (p *provenance) holds(ctx context.Context, inputs map[string][]byte) bool {
	if p.head == nil {
		return false
	}
	for file, data := range inputs {
		if same, err := p.sources.Holds(ctx, p.head.Commit, file, data); !same || err != nil {
			return false
		}
	}
	return true
}

// sourceCommit is the commit that a source names, for the trailers.
func (p *provenance) sourceCommit(s publish.Source) *publish.SourceCommit {
	for _, known := range []*publish.SourceCommit{p.stated, p.head} {
		if known != nil && known.Commit == s.Commit {
			return known
		}
	}
	return nil
}

// disk are the files that an application was read from, as they lie on the disk.
func (in *input) disk() map[string][]byte {
	files := in.sources()
	for name, data := range in.beside {
		files[filepath.Join(filepath.Dir(in.path), filepath.FromSlash(name))] = data
	}
	return files
}

// ciSource is the repository and the commit that a CI job works on, of systems that say so in variables of their own.
func (c *cli) ciSource() (repository, commit string) {
	for _, ci := range []struct{ marker, repository, commit string }{
		{"GITHUB_REPOSITORY", "", "GITHUB_SHA"},
		{"CI_PROJECT_URL", "CI_PROJECT_URL", "CI_COMMIT_SHA"}, // GitLab
		{"JENKINS_URL", "GIT_URL", "GIT_COMMIT"},              // of its git plug-in
		{"TF_BUILD", "BUILD_REPOSITORY_URI", "BUILD_SOURCEVERSION"},
		{"BITBUCKET_COMMIT", "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_COMMIT"},
		{"CIRCLE_SHA1", "CIRCLE_REPOSITORY_URL", "CIRCLE_SHA1"},
		{"BUILDKITE_COMMIT", "BUILDKITE_REPO", "BUILDKITE_COMMIT"},
	} {
		if c.Getenv(ci.marker) == "" {
			continue
		}
		repository, commit = c.Getenv(ci.repository), c.Getenv(ci.commit)
		if ci.marker == "GITHUB_REPOSITORY" {
			repository = c.getenv("GITHUB_SERVER_URL", "https://github.com") + "/" + path.Clean(c.Getenv(ci.marker))
		}
		if digits, err := hex.DecodeString(commit); err != nil || len(digits) < 20 {
			commit = "" // Buildkite says HEAD where it does not know yet
		}
		return repository, commit
	}
	return "", ""
}
