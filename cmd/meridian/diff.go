package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/golden"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

func (c *cli) diffCommand() *cobra.Command {
	var partial, summary bool
	var target targetFlags
	cmd := &cobra.Command{
		Use:   "diff --against FOLDER|REPOSITORY " + appsUsage,
		Short: "Say what publishing would change",
		Long: `Compile applications and compare their manifests of all regions with a folder that build -o wrote,
or with the GitOps repository. Exit code 1 means that something differs.` + appsHelp,
		Example: `  meridian diff --against out
  meridian diff --against https://git.mydomain.com/gitops.git --token-file token ./...`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if target.url == "" {
				return usageError{fmt.Errorf("diff wants --against FOLDER or --against REPOSITORY")}
			}
			s, err := c.newSession()
			if err != nil {
				return err
			}
			baseline, err := c.openBaseline(cmd.Context(), target)
			if err != nil {
				return err
			}
			defer baseline.close()
			var difference golden.Diff
			err = c.compileAll(cmd.Context(), s, args, partial, func(app *compiled) error {
				got, err := app.result.Tree()
				if err != nil {
					return err
				}
				want, err := baseline.app(cmd.Context(), app.result.Namespace, app.result.App.Name)
				if err != nil {
					return err
				}
				difference = append(difference, golden.Compare(want, got)...)
				return nil
			})
			if err != nil || len(difference) == 0 {
				return err
			}
			text := difference.Unified() + "\n" + difference.Summary()
			if summary {
				text = difference.Summary()
			}
			if _, err := fmt.Fprint(c.Stdout, text); err != nil {
				return err
			}
			return errReported
		},
	}
	target.register(cmd, "against")
	cmd.Flags().BoolVar(&summary, "summary", false, "object by object only, without the unified diff")
	partialFlag(cmd, &partial)
	return cmd
}

// baseline is what compiled manifests are compared with.
type baseline interface {
	// app returns the manifests of an application in all regions, by their path in the repository.
	app(ctx context.Context, namespace, name string) (manifest.Tree, error)
	close() error
}

func (c *cli) openBaseline(ctx context.Context, target targetFlags) (baseline, error) {
	info, err := os.Stat(target.url)
	switch {
	case err == nil && info.IsDir() && !isRepository(target.url):
		return folderBaseline(target.url), nil
	case err != nil && !strings.Contains(target.url, "://"): // publishing would create it; a comparison only hides the typo
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
	return repositoryBaseline{snapshot}, nil
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

func (folderBaseline) close() error { return nil }

func appendTree(files []manifest.File, folder string, tree manifest.Tree) []manifest.File {
	for path, data := range tree.Files() {
		files = append(files, manifest.File{Path: folder + "/" + path, Data: data})
	}
	return files
}

type repositoryBaseline struct{ snapshot *publish.Snapshot }

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
	return manifest.NewTree(files)
}

func (r repositoryBaseline) close() error { return r.snapshot.Close() }

// targetFlags say where the GitOps repository is and how to get in.
type targetFlags struct {
	url       string
	branch    string
	username  string
	tokenFile string
}

func (t *targetFlags) register(cmd *cobra.Command, name string) {
	what := "the GitOps repository: a local bare repository's path, file:// or https://"
	if name == "against" {
		what = "a folder that build -o wrote, or " + what
	}
	cmd.Flags().StringVar(&t.url, name, "", what)
	cmd.Flags().StringVar(&t.branch, "branch", "main", "the repository's branch")
	cmd.Flags().StringVar(&t.username, "username", "", "user name for https (default: what servers accept beside a token)")
	cmd.Flags().StringVar(&t.tokenFile, "token-file", "", "file with the token for https (default: the variable MERIDIAN_TOKEN)")
}

// publishOptions are the options that reading and writing share.
func (c *cli) publishOptions(t targetFlags) (publish.Options, error) {
	options := publish.Options{URL: t.url, Branch: t.branch, Auth: publish.Auth{Username: t.username, Token: c.Getenv("MERIDIAN_TOKEN")}, MeridianVersion: version()}
	if t.tokenFile != "" {
		data, err := os.ReadFile(t.tokenFile)
		if err != nil {
			return options, usageError{fmt.Errorf("read token: %w", err)}
		}
		options.Auth.Token = strings.TrimSpace(string(data))
	}
	if t.branch == "" || strings.ContainsAny(t.branch, " ~^:?*[\\") || slices.Contains(strings.Split(t.branch, "/"), "") {
		return options, usageError{fmt.Errorf("%q is not a branch name", t.branch)}
	}
	return options, nil
}
