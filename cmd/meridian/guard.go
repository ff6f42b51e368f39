package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// admissionFlags are the flags of guard.
type admissionFlags struct {
	repository string
	branch     string
	identities []string
	bootstrap  bool
	allowPaths []string
	edgeLater  bool
	untrusted  untrustedFlags
}

// guardedErrors is how many errors a push is told of, unless --max-errors says otherwise: they come through git's own
// output.
const guardedErrors = 20

func (c *cli) guardCommand() *cobra.Command {
	var f admissionFlags
	cmd := &cobra.Command{
		Use:   "guard --identity ID [OLD..NEW]",
		Short: "Say whether a push to the GitOps repository may be accepted",
		Long: `Judge the commits from OLD to NEW, and accept them only if every one of them
could come from meridian publish by somebody who may: every changed path belongs
to ID, no name is held twice, and manifests, claims, records and aggregates are
what compiling the recorded inputs gives. Where the platform names signers, they
are signed by one of them. Who owns what is asked of the platform that is
recorded in OLD, never of what is pushed: applications belong to the publishers
of their space, everything to the platform's admins.

Without OLD..NEW it is a pre-receive hook: it reads "OLD NEW REF" lines from
standard input, and guards the branch alone. It may not be deleted or rewritten;
other references are let through, because nothing syncs from them. As a required
check it is given a range of a clone with the whole history, such as
origin/main..HEAD, where HEAD builds on origin/main or is the merge with it.

ID is what the server knows about who pushes; it is repeated for the groups that
a user is in. Before there is a platform, ID must be among the admins of the one
that is pushed, or --bootstrap be given: then it counts as an administrator as
long as the platform names none.

Nothing that is pushed is trusted: kinds, names and sizes of files are looked at
before they are read, and CUE is evaluated in child processes with limits on
time and memory, unless --untrusted=false is given. Exit code 1 means refused.`,
		Example: `  meridian guard --identity "$GL_USERNAME"
  meridian guard --identity li.wei --identity team-web < updates
  meridian guard --identity "$AUTHOR" --edge-later origin/main..HEAD`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return c.guard(cmd, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repository, "repository", "", "`DIR` of the repository (default: $GIT_DIR, or the working folder)")
	flags.StringVar(&f.branch, "branch", "main", "the guarded `BRANCH`")
	flags.StringArrayVar(&f.identities, "identity", nil, "`ID` of who pushes: the user's name, or a group's (repeat)")
	flags.BoolVar(&f.bootstrap, "bootstrap", false, "count ID as an administrator while no platform names one")
	flags.StringArrayVar(&f.allowPaths, "allow-path", nil, "`PATTERN` of files outside Meridian's folders that anybody may change; ** stands for any folders (repeat)")
	flags.BoolVar(&f.edgeLater, "edge-later", false, "let aggregates stay as they were: for pull requests")
	f.untrusted.register(cmd, true)
	return cmd
}

// refUpdate is one line of what a pre-receive hook is told.
type refUpdate struct{ old, new, ref string }

func (c *cli) guard(cmd *cobra.Command, f admissionFlags, args []string) error {
	ctx := cmd.Context()
	if !cmd.Flags().Changed("max-errors") {
		c.output.maxErrors = guardedErrors
	}
	a := publish.Admission{Identities: f.identities, Bootstrap: f.bootstrap, AllowPaths: f.allowPaths, EdgeLater: f.edgeLater, MeridianVersion: version()}
	if err := a.Check(); err != nil {
		return usageError{fmt.Errorf("guard: %w", err)}
	}
	a.Platform = func(ctx context.Context, inputs manifest.Tree) (*publish.RecordedPlatform, []diag.Diagnostic, error) {
		return c.guardedPlatform(ctx, inputs, f.untrusted)
	}
	dir := f.repository
	if dir == "" {
		dir = c.getenv("GIT_DIR", ".")
	}
	sources, err := publish.OpenGuarded(dir, c.pushedObjects())
	if err != nil {
		return usageError{err}
	}
	defer sources.Close()
	updates, err := c.updates(ctx, sources, f, args)
	if err != nil {
		return err
	}
	return c.admit(ctx, sources, f, a, updates)
}

// pushedObjects are the folders where git keeps what is being pushed.
func (c *cli) pushedObjects() []string {
	var list []string
	for _, folder := range append([]string{c.Getenv("GIT_OBJECT_DIRECTORY")}, filepath.SplitList(c.Getenv("GIT_ALTERNATE_OBJECT_DIRECTORIES"))...) {
		if folder != "" {
			list = append(list, folder)
		}
	}
	return list
}

// updates are what is to be judged: the range that is given, or the lines of standard input.
func (c *cli) updates(ctx context.Context, sources *publish.Sources, f admissionFlags, args []string) ([]refUpdate, error) {
	if len(args) == 1 {
		one, err := resolveUpdate(ctx, sources, args[0])
		one.ref = "refs/heads/" + f.branch
		return []refUpdate{one}, err
	}
	if c.Terminal(c.Stdin) > 0 {
		return nil, usageError{errors.New("guard wants OLD..NEW, or the lines of a pre-receive hook on standard input")}
	}
	var list []refUpdate
	lines := bufio.NewScanner(c.Stdin)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || !isObjectName(fields[0]) || !isObjectName(fields[1]) {
			return nil, usageError{fmt.Errorf("standard input: %q is not a line OLD NEW REF", lines.Text())}
		}
		list = append(list, refUpdate{none(fields[0]), none(fields[1]), fields[2]})
	}
	return list, lines.Err()
}

func resolveUpdate(ctx context.Context, sources *publish.Sources, text string) (refUpdate, error) {
	old, new, ok := strings.Cut(text, "..")
	if !ok || strings.HasPrefix(new, ".") || old == "" {
		return refUpdate{}, usageError{fmt.Errorf("%q is not a range OLD..NEW", text)}
	}
	if new == "" {
		new = "HEAD"
	}
	var u refUpdate
	var err error
	if !isObjectName(old) || none(old) != "" {
		if u.old, err = sources.Resolve(ctx, old); err != nil {
			return u, revisionUsage(err)
		}
	}
	u.new, err = sources.Resolve(ctx, new)
	return u, revisionUsage(err)
}

// revisionUsage makes a revision that does not exist a mistake of the command line.
func revisionUsage(err error) error {
	var unknown *publish.RevisionError
	if errors.As(err, &unknown) {
		return usageError{err}
	}
	return err
}

func isObjectName(text string) bool {
	return len(text) == 40 && strings.Trim(text, "0123456789abcdef") == ""
}

// none makes git's name for no commit an empty one.
func none(hash string) string {
	if strings.Trim(hash, "0") == "" {
		return ""
	}
	return hash
}

// admit judges the updates one by one, and refuses all when it refuses one, as git does.
func (c *cli) admit(ctx context.Context, sources *publish.Sources, f admissionFlags, a publish.Admission, updates []refUpdate) error {
	guarded, commits := "refs/heads/"+f.branch, 0
	for _, u := range updates {
		if strings.HasPrefix(u.ref, "refs/replace/") {
			return c.rewritten("references below refs/replace show one object in place of another")
		}
		if sources.SymbolicTarget(u.ref) != guarded {
			continue
		}
		if u.new == "" {
			return c.rewritten("the branch " + f.branch + " may not be deleted")
		}
		done, list, err := sources.Admit(ctx, u.old, u.new, a)
		if err != nil {
			return err
		}
		if err := c.report(list, done.Texts); err != nil {
			return err
		}
		commits += done.Commits
	}
	if commits > 0 {
		fmt.Fprintf(c.Stdout, "meridian guard: %s admitted\n", count(commits, "commit"))
	}
	return nil
}

func (c *cli) rewritten(message string) error {
	return c.report([]diag.Diagnostic{diag.New(diag.BranchRewritten, diag.Pos{}, "", "%s", message)}, nil)
}

// guardedPlatform compiles a platform that a commit has recorded.
func (c *cli) guardedPlatform(ctx context.Context, inputs manifest.Tree, untrusted untrustedFlags) (*publish.RecordedPlatform, []diag.Diagnostic, error) {
	before := len(c.found.list)
	s, err := c.sessionOf(ctx, inputs, untrusted)
	if errors.Is(err, errReported) { // the guard tells it with the commit that it is in
		list := c.found.list[before:]
		c.found.list = c.found.list[:before:before]
		return nil, list, nil
	}
	if err != nil {
		return nil, nil, err
	}
	published, err := s.publishedPlatform()
	if err != nil {
		return nil, nil, err
	}
	published.Recompile = func(namespace, app string, inputs manifest.Tree, source publish.Source, regions []string) (publish.App, []diag.Diagnostic, error) {
		done, err := s.recompileAs(publish.RecordFolder(namespace, app)+"/inputs", inputs, regions)
		if err != nil || !done.ok() {
			return publish.App{}, done.diagnostics(), err
		}
		a, err := s.publishable(done, source)
		return a, done.list, err
	}
	p := s.compiler.Platform()
	r := &publish.RecordedPlatform{Platform: published, Edge: edgeOf(s.compiler), Admins: p.Admins, Publishers: map[string][]string{}}
	if s.outside != nil {
		r.Close = s.outside.pool.Close
	}
	for name, space := range p.Spaces {
		r.Publishers[p.Namespace(name)] = space.Publishers
	}
	return r, nil, nil
}
