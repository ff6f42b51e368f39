package main

import (
	"context"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
)

// publishFlags are the flags of publish.
type publishFlags struct {
	target     targetFlags
	spaces     bool
	partial    bool
	dryRun     bool
	adopt      bool
	removeFrom []string
	message    string
	author     string
	repository string
	commit     string
	untrusted  untrustedFlags
}

func (c *cli) publishCommand() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish --to REPOSITORY " + appsUsage,
		Short: "Commit manifests to the GitOps repository",
		Long: `Compile applications and commit their manifests, all in one commit, to the git
repository that the clusters sync from. Only what the applications own is
touched; when nothing changed, nothing is committed; a lost race is tried again
on the new head. With --spaces the platform is published instead: its spaces in
all regions, and every application that is there, compiled again from its
recorded inputs; so it is with --platform where no application is named and the
working folder holds none.

A token for https is read from --token-file or from the variable MERIDIAN_TOKEN,
never from the address. Authorities in --ca-file are trusted beside the
system's. The proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. A
redirect to another host is not followed, and plain http to another machine
wants --allow-http. A push that a rule of the server declines is not tried
again; what the server says is shown. Author and date are those of --author, or
of GIT_AUTHOR_NAME and GIT_AUTHOR_EMAIL, and of SOURCE_DATE_EPOCH. The source is
that of --source-repository and --source-commit, or what GitHub Actions and
GitLab CI say.` + appsHelp + untrustedHelp,
		Example: `  meridian publish --to ./gitops.git --spaces
  meridian publish --to ./gitops.git ./...
  meridian publish --to https://git.mydomain.com/gitops.git app.cue`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.target.url == "" {
				return usageError{fmt.Errorf("publish wants --to REPOSITORY")}
			}
			if f.spaces && len(args) > 0 {
				return usageError{fmt.Errorf("publish --spaces takes no applications: it compiles those that are in the repository")}
			}
			f.spaces = f.spaces || len(args) == 0 && c.platform != "" && !exists(appFile)
			return c.publish(cmd.Context(), f, args)
		},
	}
	f.target.register(cmd, "to")
	flags := cmd.Flags()
	flags.BoolVar(&f.spaces, "spaces", false, "publish the platform's spaces, and compile the repository's applications again")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would change, write nothing")
	flags.StringSliceVar(&f.removeFrom, "remove-from", nil, "`REGION` that applications may leave, or give up hosts and ports in (repeat, or separate with commas)")
	flags.BoolVar(&f.adopt, "adopt", false, "take over applications that were published from another source")
	flags.StringVar(&f.message, "message", "", "the commit's `MESSAGE` (default: derived)")
	flags.StringVar(&f.author, "author", "", "the commit's `AUTHOR`: \"Name <address>\"")
	flags.StringVar(&f.repository, "source-repository", "", "`URL` where the sources come from")
	flags.StringVar(&f.commit, "source-commit", "", "the sources' `COMMIT`")
	partialFlag(cmd, &f.partial)
	f.untrusted.register(cmd, true)
	return cmd
}

func (c *cli) publish(ctx context.Context, f publishFlags, args []string) error {
	s, err := c.newSession()
	if err != nil {
		return err
	}
	options, err := c.publishOptions(f.target)
	if err != nil {
		return err
	}
	if err := c.complete(&options, f, s.compiler); err != nil {
		return err
	}
	if s.compiler.Platform().Embedded && isRemote(f.target.url) {
		return c.report([]diag.Diagnostic{diag.New(diag.EmbeddedPlatform, diag.Pos{}, "", "the demo organisation cannot publish to a remote repository")}, nil)
	}
	if err := c.confine(ctx, s, f.untrusted); err != nil {
		return err
	}
	var result publish.Result
	var list []diag.Diagnostic
	sources := map[string][]byte{}
	if f.spaces {
		result, list, err = c.publishPlatform(ctx, s, options)
	} else {
		result, list, err = c.publishApps(ctx, s, f, options, args, sources)
	}
	if err != nil {
		return err
	}
	if err := c.report(list, sources); err != nil {
		return err
	}
	return c.printResult(result, f.dryRun, f.dryRun)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isRemote(url string) bool {
	return strings.Contains(url, "://") && !strings.HasPrefix(url, "file://")
}

// complete fills in what publishing needs beside where to.
func (c *cli) complete(o *publish.Options, f publishFlags, compile *compiler.Compiler) error {
	when, err := c.commitTime()
	if err != nil {
		return err
	}
	o.Author = publish.Signature{Name: c.getenv("GIT_AUTHOR_NAME", "Meridian"), Email: c.getenv("GIT_AUTHOR_EMAIL", "meridian@localhost"), When: when}
	if f.author != "" {
		address, err := mail.ParseAddress(f.author)
		if err != nil {
			return usageError{fmt.Errorf(`--author wants "Name <address>": %w`, err)}
		}
		o.Author.Name, o.Author.Email = address.Name, address.Address
	}
	o.Committer = o.Author
	o.Message, o.RemoveFrom, o.Adopt, o.DryRun = f.message, f.removeFrom, f.adopt, f.dryRun
	o.Edge = edgeOf(compile)
	return nil
}

// edgeOf computes a region's aggregates by a compiler's platform.
func edgeOf(compile *compiler.Compiler) publish.EdgeFunc {
	return func(region string, claims []manifest.Claim) ([]manifest.File, []diag.Diagnostic, error) {
		r := compile.Platform().Region(region)
		if r == nil {
			return nil, nil, nil
		}
		files, err := compiler.Edge(r, claims)
		return files, nil, err
	}
}

func (c *cli) getenv(name, otherwise string) string {
	if value := c.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// commitTime is SOURCE_DATE_EPOCH, so that a build can be repeated to the byte, or now.
func (c *cli) commitTime() (time.Time, error) {
	text := c.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return c.Now(), nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %q", text)}
	}
	return time.Unix(seconds, 0), nil
}

// source says where an application's file was taken from, as far as flags or CI tell.
func (c *cli) source(f publishFlags, file string) publish.Source {
	s := publish.Source{Repository: f.repository, Commit: f.commit}
	if s.Repository == "" && c.Getenv("GITHUB_REPOSITORY") != "" {
		s.Repository = c.getenv("GITHUB_SERVER_URL", "https://github.com") + "/" + c.Getenv("GITHUB_REPOSITORY")
	}
	if s.Repository == "" {
		s.Repository = c.Getenv("CI_PROJECT_URL")
	}
	if s.Commit == "" {
		s.Commit = c.getenv("GITHUB_SHA", c.Getenv("CI_COMMIT_SHA"))
	}
	if filepath.IsLocal(file) {
		s.Path = filepath.ToSlash(file)
	}
	return s
}

func (c *cli) publishApps(ctx context.Context, s *session, f publishFlags, options publish.Options, args []string, sources map[string][]byte) (publish.Result, []diag.Diagnostic, error) {
	var apps []publish.App
	var interfaces []*compiler.Interface
	err := c.compileAll(ctx, s, args, f.partial, func(app *compiled) error {
		published, err := s.publishable(app, c.source(f, app.input.path))
		if err != nil {
			return err
		}
		apps = append(apps, published)
		sources[app.input.source.Name] = app.input.source.Data
		interfaces = append(interfaces, app.result.Interface())
		return nil
	})
	if err != nil {
		return publish.Result{}, nil, err
	}
	m := c.publishing(&options)
	defer m.stop()
	list, err := s.checkCallees(ctx, options, interfaces)
	if err != nil || diag.HasErrors(list) {
		return publish.Result{}, list, err
	}
	result, found, err := publish.Apps(ctx, options, apps)
	return result, append(list, found...), err
}

// publishable is a compiled application as it is published.
func (s *session) publishable(app *compiled, source publish.Source) (publish.App, error) {
	inputs, err := app.input.recorded()
	if err != nil {
		return publish.App{}, err
	}
	r := app.result
	published := publish.App{
		Namespace: r.Namespace, Name: r.App.Name, Owner: r.App.Owner,
		Regions: map[string]manifest.Tree{}, Claims: r.Claims(), Inputs: inputs,
		Pos: r.Pos, Where: r.Where, Source: source, PlatformDigest: s.compiler.Platform().Digest,
	}
	for _, output := range r.Outputs {
		published.Regions[output.Region] = output.Files
	}
	return published, nil
}

// checkCallees compiles the applications of the repository that are called and are not published now, and checks
// both sides of every call (S19).
func (s *session) checkCallees(ctx context.Context, options publish.Options, apps []*compiler.Interface) ([]diag.Diagnostic, error) {
	platform := s.compiler.Platform()
	var wanted []compiler.Callee
	for _, app := range apps {
		wanted = append(wanted, app.Callees...)
	}
	wanted = slices.DeleteFunc(wanted, func(callee compiler.Callee) bool {
		return slices.ContainsFunc(apps, func(app *compiler.Interface) bool { return app.Space == callee.Space && app.Name == callee.App })
	})
	if len(wanted) == 0 {
		return nil, nil
	}
	snapshot, list, err := publish.Read(ctx, options)
	if err != nil || diag.HasErrors(list) {
		return list, err
	} // warnings will be told when publishing
	defer snapshot.Close()
	for _, callee := range wanted {
		if slices.ContainsFunc(apps, func(app *compiler.Interface) bool { return app.Space == callee.Space && app.Name == callee.App }) {
			continue
		}
		id := publish.AppID{Namespace: platform.Namespace(callee.Space), Name: callee.App}
		there, err := snapshot.App(ctx, id)
		if err != nil {
			return nil, err
		}
		if there == nil {
			continue
		}
		app, err := s.recompile(id.Namespace, id.Name, there.Inputs)
		if err != nil {
			return nil, err
		}
		if app.ok() {
			apps = append(apps, app.result.Interface())
		}
	}
	known := slices.Clone(apps)
	for _, callee := range wanted { // a callee that is nowhere: its space is given as a whole
		if !slices.ContainsFunc(known, func(app *compiler.Interface) bool { return app.Space == callee.Space }) {
			known = append(known, &compiler.Interface{Space: callee.Space})
		}
	}
	return slices.DeleteFunc(compiler.Together(known, true), func(d diag.Diagnostic) bool { return d.Code == diag.AcceptsNobody }), nil
}

// recompile compiles what the repository recorded of an application.
func (s *session) recompile(namespace, name string, inputs manifest.Tree) (*compiled, error) {
	return s.recompileAs(namespace+"/"+name, inputs)
}

// recompileAs compiles recorded inputs; diagnostics name the files below a name.
func (s *session) recompileAs(name string, inputs manifest.Tree) (*compiled, error) {
	return s.compile(fromRecord(name, inputs))
}

// publishing starts the meter of the part that talks to the repository.
func (c *cli) publishing(o *publish.Options) *meter {
	m := c.newMeter("publishing")
	o.Progress = func(text string) { m.say("%s", text) }
	return m
}

func (c *cli) publishPlatform(ctx context.Context, s *session, options publish.Options) (publish.Result, []diag.Diagnostic, error) {
	m := c.publishing(&options)
	defer m.stop()
	platform, err := s.publishedPlatform()
	if err != nil {
		return publish.Result{}, nil, err
	}
	return publish.PublishPlatform(ctx, options, platform)
}

// publishedPlatform is the session's platform as it is published.
func (s *session) publishedPlatform() (publish.Platform, error) {
	p := s.compiler.Platform()
	platform := publish.Platform{Digest: p.Digest, Pos: diag.Pos{File: p.Sources[0].Name}, Workers: runtime.GOMAXPROCS(0)}
	var files []manifest.File
	for _, src := range p.Sources {
		files = append(files, manifest.File{Path: filepath.Base(src.Name), Data: src.Data})
	}
	var err error
	if platform.Inputs, err = manifest.NewTree(files); err != nil {
		return publish.Platform{}, err
	}
	if platform.Spaces, err = s.spaces(); err != nil {
		return publish.Platform{}, err
	}
	platform.Recompile = func(namespace, app string, inputs manifest.Tree, source publish.Source) (publish.App, []diag.Diagnostic, error) {
		done, err := s.recompile(namespace, app, inputs)
		if err != nil || !done.ok() {
			return publish.App{}, done.diagnostics(), err
		}
		published, err := s.publishable(done, source)
		return published, done.list, err
	}
	return platform, nil
}

func (a *compiled) diagnostics() []diag.Diagnostic {
	if a == nil {
		return nil
	}
	return a.list
}

// spaces builds the platform's spaces for publishing.
func (s *session) spaces() ([]publish.Space, error) {
	built, err := s.compiler.Spaces()
	if err != nil {
		return nil, err
	}
	var list []publish.Space
	for _, space := range built {
		if len(list) == 0 || list[len(list)-1].Namespace != space.Namespace {
			list = append(list, publish.Space{Namespace: space.Namespace, Regions: map[string]manifest.Tree{}, Sync: map[string][]byte{}})
		}
		last := &list[len(list)-1]
		last.Regions[space.Region], last.Sync[space.Region] = space.Files, space.Sync
	}
	return list, nil
}

// printResult says what was committed; each lists every file.
func (c *cli) printResult(r publish.Result, dryRun, each bool) error {
	if r.Unchanged() {
		_, err := fmt.Fprintln(c.Stdout, "nothing changed, nothing committed")
		return err
	}
	style := c.style(c.Stdout)
	added, changed, removed := 0, 0, 0
	for _, change := range r.Changed {
		op := string(change.Op)
		switch change.Op {
		case publish.Added:
			added++
			op = style.Good(op)
		case publish.Removed:
			removed++
			op = style.Gone(op)
		default:
			changed++
		}
		if each {
			fmt.Fprintf(c.Stdout, "%s %s\n", op, change.Path)
		}
	}
	files := fmt.Sprintf("%s: %d added, %d changed, %d removed", count(len(r.Changed), "file"), added, changed, removed)
	if dryRun {
		_, err := fmt.Fprintf(c.Stdout, "%s; %s\n", style.Strong("dry run, nothing committed"), files)
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "%s %s; %s\n", style.Good("committed"), r.Commit, files)
	return err
}
