package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/manifest"
)

func (c *cli) buildCommand() *cobra.Command {
	var output string
	var only []string
	var partial bool
	var untrusted untrustedFlags
	cmd := &cobra.Command{
		Use:   "build " + appsUsage,
		Short: "Compile applications into manifests",
		Long: `Compile applications into Kubernetes manifests for every region they are in, and
print them or, with -o, write them to a folder laid out like the GitOps
repository. In that folder an application's own folders are replaced as a whole;
everything else is left alone. With a mistake anywhere nothing is printed and
nothing is written.` + appsHelp + untrustedHelp,
		Example: `  meridian build
  meridian build --region aws-oregon app.cue
  meridian build -o out ./...`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.newSession()
			if err != nil {
				return err
			}
			if err := checkRegions(s, only); err != nil {
				return err
			}
			if err := c.confine(cmd.Context(), s, untrusted); err != nil {
				return err
			}
			b := builder{c: c, only: only}
			if output != "" {
				return b.write(cmd, s, args, partial, output)
			}
			return b.print(cmd, s, args, partial)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "`FOLDER` to write to, instead of standard output")
	regionFlag(cmd, &only)
	partialFlag(cmd, &partial)
	untrusted.register(cmd, false)
	return cmd
}

func regionFlag(cmd *cobra.Command, only *[]string) {
	cmd.Flags().StringSliceVar(only, "region", nil, "show this `REGION` only (repeat, or separate with commas)")
}

// checkRegions refuses regions that do not exist or are not open.
func checkRegions(s *session, ids []string) error {
	for _, id := range ids {
		if !slices.Contains(s.compiler.Platform().Open(), id) {
			return usageError{fmt.Errorf("there is no open region %q%s; open regions are %s", id, didYouMean(id, s.compiler.Platform().Open()), strings.Join(s.compiler.Platform().Open(), ", "))}
		}
	}
	return nil
}

// builder writes what compiling gives.
type builder struct {
	c    *cli
	only []string
}

func (b builder) shows(region string) bool {
	return len(b.only) == 0 || slices.Contains(b.only, region)
}

// print prints all objects as one YAML stream. It is kept back until everything is known to be right.
func (b builder) print(cmd *cobra.Command, s *session, args []string, partial bool) error {
	var out [][]byte // the manifests themselves: they are not copied
	err := b.c.compileAll(cmd.Context(), s, args, partial, func(app *compiled) error {
		for _, output := range app.result.Outputs {
			if !b.shows(output.Region) {
				continue
			}
			folder := compiler.AppFolder(output.Region, app.result.Namespace, app.result.App.Name)
			for _, file := range output.Order {
				data, _ := output.Files.Get(file)
				out = append(out, []byte("---\n# "+folder+"/"+file+"\n"), data)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(b.c.Stdout, 1<<16)
	for _, data := range out {
		if _, err := w.Write(data); err != nil {
			return err
		}
	}
	return w.Flush()
}

// write stages all manifests beside the folder, and moves them into it when everything is known to be right.
func (b builder) write(cmd *cobra.Command, s *session, args []string, partial bool, dir string) error {
	staging, err := stagingDir(dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	var owned []ownedFolder
	err = b.c.compileAll(cmd.Context(), s, args, partial, func(app *compiled) error {
		for _, output := range app.result.Outputs {
			if !b.shows(output.Region) {
				continue
			}
			folder := compiler.AppFolder(output.Region, app.result.Namespace, app.result.App.Name)
			if err := writeTree(filepath.Join(staging, folder), output.Files); err != nil {
				return err
			}
		}
		owned = append(owned, ownedFolder{app.result.Namespace, app.result.App.Name})
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := os.Lstat(dir); os.IsNotExist(err) {
		return os.Rename(staging, dir)
	}
	return b.merge(staging, dir, owned)
}

// ownedFolder names an application in the repository's layout.
type ownedFolder struct{ namespace, app string }

// merge replaces the applications' folders of all regions, also of those they have left.
func (b builder) merge(staging, dir string, owned []ownedFolder) error {
	old, err := filepath.Glob(filepath.Join(globQuote(dir), "regions", "*"))
	if err != nil {
		return err
	}
	fresh, err := filepath.Glob(filepath.Join(globQuote(staging), "regions", "*"))
	if err != nil {
		return err
	}
	var ids []string
	for _, path := range slices.Concat(old, fresh) {
		ids = append(ids, filepath.Base(path))
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if !b.shows(id) {
			continue
		}
		for _, o := range owned {
			folder := filepath.FromSlash(compiler.AppFolder(id, o.namespace, o.app))
			if err := replaceOrRemove(filepath.Join(staging, folder), filepath.Join(dir, folder)); err != nil {
				return err
			}
		}
	}
	return nil
}

func replaceOrRemove(fresh, old string) error {
	if _, err := os.Lstat(fresh); os.IsNotExist(err) {
		return os.RemoveAll(old)
	}
	return replaceDir(fresh, old)
}

// globQuote escapes what filepath.Glob would take for a pattern.
func globQuote(path string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(path)
}

// goldenTree is an application's manifests as golden files lie: a folder a region.
func goldenTree(result *compiler.Product) (manifest.Tree, error) {
	var files []manifest.File
	for _, output := range result.Outputs {
		for path, data := range output.Files.Files() {
			files = append(files, manifest.File{Path: output.Region + "/" + path, Data: data})
		}
	}
	return manifest.NewTree(files)
}
