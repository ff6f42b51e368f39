package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/regions"
)

// initFlags say what is written.
type initFlags struct {
	name, space, owner, image, host, path string
	port                                  int
	preCommit, editor                     bool
	ci                                    []string
	publishTo                             string
	noInput                               bool
}

func (c *cli) initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write a starter app.cue with its golden files, hooks and CI job",
		Long: `Write a starter app.cue that compiles as it stands, its golden files, and a
.pre-commit-config.yaml with Meridian's hooks; with --editor what editors need,
with --ci a job for GitHub Actions or GitLab CI. On a terminal what no flag says
is asked for. With --platform DIR, where DIR is not there yet, write the
embedded demo organisation to it instead, as the start of a platform of your
own. A file that exists is never overwritten.`,
		Example: `  meridian init
  meridian init --name app1 --owner team-web@mydomain.com services/app1
  meridian init --ci github --publish-to https://git.mydomain.com/gitops.git
  meridian init --platform platform`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			if cmd.Flags().Changed("platform") && !exists(c.platform) {
				if len(args) > 0 {
					return usageError{fmt.Errorf("the platform folder %s is not there; write it first, with init --platform alone", c.platform)}
				}
				return c.initPlatform(c.platform)
			}
			return c.initApp(cmd, dir, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the application's `NAME` (default: the folder's)")
	flags.StringVar(&f.space, "space", "web", "its `SPACE`")
	flags.StringVar(&f.owner, "owner", "team@mydomain.com", "`OWNER`: who answers for it")
	flags.StringVar(&f.image, "image", "", "the image's `NAME` in the company's project (default: the application's)")
	flags.StringVar(&f.host, "host", "", "a `HOST` to expose it at; none means no exposure")
	flags.IntVar(&f.port, "port", 8080, "the `PORT` it listens on")
	flags.StringVar(&f.path, "health", "/", "the HTTP `PATH` that answers when it is up")
	flags.BoolVar(&f.preCommit, "pre-commit", true, "write the pre-commit hooks")
	flags.BoolVar(&f.editor, "editor", false, "write what editors and the cue command need, as schema vendor does")
	flags.StringSliceVar(&f.ci, "ci", nil, "write a job for a `CI`: github, gitlab")
	flags.StringVar(&f.publishTo, "publish-to", "", "the GitOps `REPOSITORY` that the CI job publishes to; none means that it only checks")
	flags.BoolVar(&f.noInput, "no-input", false, "ask nothing, also on a terminal")
	return cmd
}

func (c *cli) initApp(cmd *cobra.Command, dir string, f initFlags) error {
	path := filepath.Join(dir, appFile)
	if err := absent(path, filepath.Join(dir, goldenDir)); err != nil {
		return err
	}
	if f.name == "" {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		f.name = nameOf(filepath.Base(absolute))
	}
	s, err := c.newSession()
	if err != nil {
		return err
	}
	if c.Terminal(c.Stdin) > 0 && c.Terminal(c.Stderr) > 0 && !f.noInput {
		if err := c.ask(cmd, s, path, &f); err != nil {
			return err
		}
	}
	if f.image == "" {
		f.image = f.name
	}
	jobs, err := ciFiles(dir, f)
	if err != nil {
		return err
	}
	app, err := s.compileText(path, starter(f))
	if err != nil {
		return err
	}
	if err := c.report(app.list, map[string][]byte{path: app.input.source.Data}); err != nil {
		return err
	}
	return c.writeStarter(dir, app, f, jobs)
}

// compileText compiles a text as if it stood in a file.
func (s *session) compileText(path, text string) (*compiled, error) {
	in := &input{path: path, beside: map[string][]byte{}}
	in.source.Name, in.source.Data = path, []byte(text)
	return s.compile(in)
}

// writeStarter writes what was asked for, and says what it wrote.
func (c *cli) writeStarter(dir string, app *compiled, f initFlags, more []newFile) error {
	tree, err := goldenTree(app.result)
	if err != nil {
		return err
	}
	path := app.input.path
	if err := writeNew(path, app.input.source.Data); err != nil {
		return err
	}
	if err := writeTree(filepath.Join(dir, goldenDir), tree); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "wrote %s\nwrote %s (%s)\n", path, filepath.Join(dir, goldenDir), count(tree.Len(), "file"))
	if f.preCommit {
		more = append([]newFile{{filepath.Join(checkoutOf(dir), ".pre-commit-config.yaml"), preCommitConfig}}, more...)
	}
	if f.editor {
		if err := c.initEditor(dir); err != nil {
			return err
		}
	}
	for _, file := range more {
		if absent(file.path) != nil {
			fmt.Fprintf(c.Stdout, "left %s as it is\n", file.path)
		} else if err := writeNew(file.path, []byte(file.text)); err != nil {
			return err
		} else {
			fmt.Fprintf(c.Stdout, "wrote %s\n", file.path)
		}
	}
	fmt.Fprintf(c.Stdout, "next: edit %s, then meridian vet %s, meridian test --update %s\n", path, dir, dir)
	return nil
}

// initEditor writes what editors need. A module that is too old for it, or a file of somebody else's, is no reason to
// write nothing else: it is told.
func (c *cli) initEditor(dir string) error {
	written, err := c.writeEditorFiles(dir)
	for _, path := range written {
		fmt.Fprintf(c.Stdout, "wrote %s\n", path)
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(c.Stdout, "left editors as they are: %v\n", err)
		return nil
	}
	return err
}

// newFile is a file to write where there is none.
type newFile struct{ path, text string }

// checkoutOf returns the root of the git checkout that a folder is in, where hooks and CI look for their files, or
// the folder itself.
func checkoutOf(dir string) string {
	up := dir
	for range 64 {
		if exists(filepath.Join(up, ".git")) {
			return filepath.Clean(up)
		}
		absolute, err := filepath.Abs(up)
		if err != nil || filepath.Dir(absolute) == absolute {
			break
		}
		up = filepath.Join(up, "..")
	}
	return dir
}

func (c *cli) initPlatform(dir string) error {
	path := filepath.Join(dir, "platform.cue")
	if err := absent(path); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeNew(path, regions.DemoSource().Data); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "wrote %s\nnext: put your organisation in, then meridian regions --platform %s\n", path, dir)
	return err
}

// absent refuses to overwrite.
func absent(paths ...string) error {
	for _, path := range paths {
		if _, err := os.Lstat(path); err == nil {
			return usageError{fmt.Errorf("%s exists already and is left as it is", path)}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func writeNew(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
