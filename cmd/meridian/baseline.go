package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
)

// baseline is what compiled manifests are compared with.
type baseline interface {
	// app returns the manifests of an application in all regions, by their path in the repository.
	app(ctx context.Context, namespace, name string) (manifest.Tree, error)
	// hasEdge reports whether what the regions' proxies read is among them.
	hasEdge() bool
	close() error
}

func (c *cli) openBaseline(ctx context.Context, target targetFlags, platform *regions.Platform) (baseline, error) {
	info, err := os.Stat(target.url)
	switch {
	case err == nil && info.IsDir() && !isRepository(target.url):
		return folderBaseline(target.url), nil
	case err != nil && !strings.Contains(target.url, "://") && !publish.IsRemote(target.url): // publishing would create it; a comparison only hides the typo
		return nil, usageError{fmt.Errorf("compare with %s: %w", target.url, err)}
	}
	options, err := c.publishOptions(target)
	if err != nil {
		return nil, err
	}
	snapshot, list, err := publish.Read(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := c.report(list, nil); err != nil {
		return nil, err
	}
	return repositoryBaseline{snapshot, platform}, nil
}

// isRepository reports whether a folder is a bare git repository.
func isRepository(dir string) bool {
	_, head := os.Stat(filepath.Join(dir, "HEAD"))
	_, objects := os.Stat(filepath.Join(dir, "objects"))
	return head == nil && objects == nil
}

type folderBaseline string

func (dir folderBaseline) app(_ context.Context, namespace, name string) (manifest.Tree, error) {
	paths, err := filepath.Glob(filepath.Join(globQuote(string(dir)), "regions", "*"))
	if err != nil {
		return manifest.Tree{}, err
	}
	var files []manifest.File
	for _, path := range paths {
		folder := compiler.AppFolder(filepath.Base(path), namespace, name)
		tree, err := readTree(filepath.Join(string(dir), filepath.FromSlash(folder)))
		if err != nil {
			return manifest.Tree{}, err
		}
		files = appendTree(files, folder, tree)
	}
	return manifest.NewTree(files)
}

func (folderBaseline) hasEdge() bool { return false }
func (folderBaseline) close() error  { return nil }

func appendTree(files []manifest.File, folder string, tree manifest.Tree) []manifest.File {
	for path, data := range tree.Files() {
		files = append(files, manifest.File{Path: folder + "/" + path, Data: data})
	}
	return files
}

type repositoryBaseline struct {
	snapshot *publish.Snapshot
	platform *regions.Platform
}

func (r repositoryBaseline) app(ctx context.Context, namespace, name string) (manifest.Tree, error) {
	ids, err := r.snapshot.Regions(ctx)
	if err != nil {
		return manifest.Tree{}, err
	}
	var files []manifest.File
	for _, id := range ids {
		folder := compiler.AppFolder(id, namespace, name)
		tree, err := r.snapshot.Tree(ctx, folder)
		if err != nil {
			return manifest.Tree{}, err
		}
		files = appendTree(files, folder, tree)
	}
	claims, err := r.snapshot.Claims(ctx, publish.AppID{Namespace: namespace, Name: name})
	if err != nil {
		return manifest.Tree{}, err
	}
	edge, err := edgeFiles(r.platform, claims)
	if err != nil {
		return manifest.Tree{}, err
	}
	return manifest.NewTree(append(files, edge...))
}

func (repositoryBaseline) hasEdge() bool { return true }

func (r repositoryBaseline) close() error { return r.snapshot.Close() }
