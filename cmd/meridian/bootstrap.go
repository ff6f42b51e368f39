package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
)

// bootstrapFlags say what bootstrap prints, and where to.
type bootstrapFlags struct {
	only   []string
	output string
	ci     string
}

func (c *cli) bootstrapCommand() *cobra.Command {
	var f bootstrapFlags
	cmd := &cobra.Command{
		Use:   "bootstrap",
		Short: "Print what makes a region's clusters sync from the repository",
		Long: `Print the objects that make the clusters of a region follow the repository, for
Flux or Argo CD, whichever the platform's sync says: the source, and what syncs
the region's folders sync and edge. They are applied once, by hand or by what
sets up clusters; spaces and applications come from the repository. With -o they
are written to a folder a region, for the regions that are named or all open
ones. What must be there before is listed on standard error: controllers and
their flags, the secret that the repository is read with, by name and keys.

With --ci print the job for the repository's own CI that computes what
applications share after pull requests were merged: meridian publish --edge.`,
		Example: `  meridian bootstrap --region aws-oregon | kubectl apply -f -
  meridian bootstrap -o clusters
  meridian bootstrap --ci github > .github/workflows/meridian.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.bootstrap(f) },
	}
	flags := cmd.Flags()
	regionFlag(cmd, &f.only)
	flags.Lookup("region").Usage = "the `REGION` whose clusters are set up (repeat, or separate with commas, with -o)"
	flags.StringVarP(&f.output, "output", "o", "", "`FOLDER` to write to, instead of standard output")
	flags.StringVar(&f.ci, "ci", "", "print the job for the repository's `CI` instead: github or gitlab")
	return cmd
}

func (c *cli) bootstrap(f bootstrapFlags) error {
	if f.ci != "" && (f.output != "" || len(f.only) > 0) {
		return usageError{fmt.Errorf("bootstrap --ci prints one job for all regions; leave --region and -o out")}
	}
	if f.ci == "" && f.output == "" && len(f.only) != 1 {
		return usageError{fmt.Errorf("bootstrap wants one --region, or -o FOLDER for several")}
	}
	s, err := c.newSession()
	if err != nil {
		return err
	}
	if f.ci != "" {
		return c.bootstrapCI(s, f.ci)
	}
	if err := checkRegions(s, f.only); err != nil {
		return err
	}
	made, err := c.bootstraps(s, f.only)
	if err != nil {
		return err
	}
	if f.output != "" {
		err = c.writeBootstraps(made, f.output)
	} else {
		err = c.printBootstrap(made[0])
	}
	if err != nil {
		return err
	}
	return c.printBefore(made)
}

// bootstraps builds what regions' clusters are told: of those that are named, or of all open ones.
func (c *cli) bootstraps(s *session, only []string) ([]compiler.Bootstrap, error) {
	ids := slices.Compact(slices.Sorted(slices.Values(only)))
	if len(ids) == 0 {
		ids = s.compiler.Platform().Open()
	}
	found := map[string][]diag.Diagnostic{}
	var made []compiler.Bootstrap
	for _, id := range ids {
		b, list, err := s.compiler.Bootstrap(id)
		if err != nil {
			return nil, err
		}
		found[id] = list
		made = append(made, b)
	}
	return made, c.report(diag.Sort(diag.Fold(found, len(ids))), s.platformFiles())
}

// platformFiles are the platform's files, as diagnostics call them.
func (s *session) platformFiles() map[string][]byte {
	files := map[string][]byte{}
	for _, src := range s.compiler.Platform().Sources {
		files[src.Name] = src.Data
	}
	return files
}

// printBootstrap prints a region's objects as one YAML stream.
func (c *cli) printBootstrap(b compiler.Bootstrap) error {
	w := bufio.NewWriter(c.Stdout)
	for _, object := range b.Objects {
		data, _ := b.Files.Get(object.File)
		fmt.Fprintf(w, "---\n# %s/%s\n%s", b.Region, object.File, data)
	}
	return w.Flush()
}

// writeBootstraps replaces a folder a region, each as a whole.
func (c *cli) writeBootstraps(made []compiler.Bootstrap, dir string) error {
	for _, b := range made {
		if err := writeBootstrap(b, filepath.Join(dir, b.Region)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.Stdout, "wrote %s (%s)\n", filepath.ToSlash(filepath.Join(dir, b.Region)), count(b.Files.Len(), "file")); err != nil {
			return err
		}
	}
	return nil
}

func writeBootstrap(b compiler.Bootstrap, dir string) error {
	staging, err := stagingDir(dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(staging)
	if err := writeTree(staging, b.Files); err != nil {
		return err
	}
	return replaceDir(staging, dir)
}

// printBefore lists what must be there before, each thing once with the regions that it is for.
func (c *cli) printBefore(made []compiler.Bootstrap) error {
	var tasks []shared[compiler.Task]
	for _, b := range made {
		for _, task := range b.Outside {
			tasks = share(tasks, task, b.Region, taskKey)
		}
	}
	slices.SortStableFunc(tasks, func(a, b shared[compiler.Task]) int { return compiler.CompareTasks(a.what, b.what) })
	var text strings.Builder
	style := c.style(c.Stderr)
	fmt.Fprintf(&text, "%s\n", style.Strong("before:"))
	for _, task := range tasks {
		taskText(&text, task, len(made), style)
	}
	_, err := io.WriteString(c.Stderr, text.String())
	return err
}
