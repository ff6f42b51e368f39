package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/regions"
)

// initFlags say what the starter contains.
type initFlags struct {
	name, space, owner, image, host string
	port                            int
}

func (c *cli) initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init [FOLDER]",
		Short: "Write a starter app.cue, its golden files and the pre-commit hook",
		Long: `Write a starter app.cue that compiles as it stands, its golden files, and a .pre-commit-config.yaml
with Meridian's hooks. With --platform DIR, where DIR is not there yet, write the embedded demo
organisation to it instead, as the start of a platform of your own. A file that exists is never
overwritten.`,
		Example: `  meridian init --name app1 --space web --owner team-web@mydomain.com --host app1.mydomain.com
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
	flags.StringVar(&f.name, "name", "", "the application's name (default: the folder's)")
	flags.StringVar(&f.space, "space", "web", "its space")
	flags.StringVar(&f.owner, "owner", "team@mydomain.com", "who answers for it")
	flags.StringVar(&f.image, "image", "", "the image's name in the company's project (default: the name)")
	flags.StringVar(&f.host, "host", "", "a host to expose it at; none means no exposure")
	flags.IntVar(&f.port, "port", 8080, "the port it listens on")
	return cmd
}

const preCommitConfig = `# Meridian's hooks; see https://pre-commit.com
repos:
  - repo: https://github.com/meridian-gitops/meridian
    rev: main # pin a release here
    hooks:
      - id: meridian-vet
      - id: meridian-test
`

func (c *cli) initApp(cmd *cobra.Command, dir string, f initFlags) error {
	if f.name == "" {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		f.name = nameOf(filepath.Base(absolute))
	}
	if f.image == "" {
		f.image = f.name
	}
	text := starter(f)
	s, err := c.newSession()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, appFile)
	in := &input{path: path, beside: map[string][]byte{}}
	in.source.Name, in.source.Data = path, []byte(text)
	app, err := s.compile(in)
	if err != nil {
		return err
	}
	if err := c.report(app.list, map[string][]byte{path: in.source.Data}); err != nil {
		return err
	}
	tree, err := goldenTree(app.result)
	if err != nil {
		return err
	}
	hooks := filepath.Join(dir, ".pre-commit-config.yaml")
	if err := absent(path, filepath.Join(dir, goldenDir)); err != nil {
		return err
	}
	if err := writeNew(path, []byte(text)); err != nil {
		return err
	}
	if err := writeTree(filepath.Join(dir, goldenDir), tree); err != nil {
		return err
	}
	fmt.Fprintf(c.Stdout, "wrote %s\nwrote %s (%s)\n", path, filepath.Join(dir, goldenDir), count(tree.Len(), "file"))
	if absent(hooks) != nil {
		fmt.Fprintf(c.Stdout, "left %s as it is\n", hooks)
	} else if err := writeNew(hooks, []byte(preCommitConfig)); err != nil {
		return err
	} else {
		fmt.Fprintf(c.Stdout, "wrote %s\n", hooks)
	}
	fmt.Fprintf(c.Stdout, "next: edit %s, then meridian vet %s, meridian test --update %s\n", path, dir, dir)
	return nil
}

// nameOf makes an application's name of a folder's: what a name cannot have becomes '-'.
func nameOf(folder string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(folder))
	return strings.Trim(name, "-")
}

// starter is an app.cue with what was asked for, and nothing that must be removed.
func starter(f initFlags) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package app\n\nname:  %q\nspace: %q // the namespace is \"<org>-%s\"\nowner: %q\n\n", f.name, f.space, f.space, f.owner)
	fmt.Fprintf(&b, "image: {name: %q, tag: \"1.0\"} // <the region's registry>/<company project>/%s:1.0\n\n", f.image, f.image)
	b.WriteString("resources: {\n\trequests: {cpu: \"100m\", memory: \"128Mi\"}\n\tlimits: memory: \"256Mi\"\n}\nreplicas: 2\n\n")
	fmt.Fprintf(&b, "ports: web: %d\n\n", f.port)
	if f.host != "" {
		fmt.Fprintf(&b, "http: public: {\n\thost: %q // under a domain that is registered to the space\n\tport: \"web\"\n}\n\n", f.host)
	}
	b.WriteString("health: {\n\tstartup: http: {path: \"/\", port: \"web\"} // it gets requests only after this succeeds\n\tliveness: tcp: port: \"web\"\n}\n")
	return b.String()
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
