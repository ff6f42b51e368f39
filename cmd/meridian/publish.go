package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
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
	pull       pullFlags
	spaces     bool
	edge       bool
	allWaves   bool
	partial    bool
	dryRun     bool
	guards     guardFlags
	removeFrom []string
	extend     []string // with everyRegion for all
	message    string
	repository string
	commit     string
	authorshipFlags
	untrusted untrustedFlags
}

func (c *cli) publishCommand() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish --to REPOSITORY " + appsUsage,
		Short: "Commit manifests to the GitOps repository",
		Long: `Compile applications and commit their manifests, all in one commit, to the git
repository that the clusters sync from. Only what the applications own is
touched; when nothing changed, nothing is committed; a lost race is tried again
on the new head. Where the platform declares waves of regions, a version comes
to the first of them, and meridian promote brings it to the others.

THE PLATFORM is published instead with --spaces: its spaces in all regions, and
every application that is there, compiled again from its recorded inputs. So it
is with --platform where no application is named and the working folder holds
none. What that changes, and means, is said first. Applications stay in the
regions that they were published to: into one that was opened since they go with
their own next publication, or with --extend.

A PULL REQUEST is the result with --base: --branch, a branch of its own, is made
anew from the base's head and pushed, by force if it was there; when nothing
differs from the base, nothing is. What regions' proxies read is left alone, so
that two pull requests do not conflict, and --edge computes it on the base when
they are merged.

WHAT IS RARELY MEANT is refused without a flag that names it: leaving a region
or giving up a host or a port (--remove-from), a space that the platform no
longer has (--remove-space), and what --allow names:
  older-source   a commit of the source that is older than the published one
  mass-removal   more than 50 objects of a region, and more than a tenth of it
  empty          no application in FOLDER/..., or a platform without spaces
  autoscale-gap  replicas that fall to one before the autoscaler acts
  renamed-entry  an http entry that keeps its host under another name
  same-source    a new application from where another one was published from
With --rename-from an application is published under its new name or in its new
space, and the old one goes in the same commit. With --take-over an application
of the repository may be published from another source; and one that holds what
an application of this call claims is removed as a whole, its hosts, paths and
ports pass. What calls the one that goes is looked for first (--break-callers).

OVER HTTPS a token is read from --token-file or from the variable
MERIDIAN_TOKEN, never from the address. Authorities in --ca-file are trusted
beside the system's, proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
A redirect to another host is not followed, and plain http to another machine
wants --allow-http. OVER SSH the key is that of --ssh-key, its passphrase that
of the variable MERIDIAN_SSH_PASSPHRASE, or one of the agent and of the usual
files. A host whose key is not among the known ones is refused, and
~/.ssh/config is not read. A push that a rule of the server declines is not
tried again; what the server says is shown. What is fetched is kept in --cache,
and publishers that share it push together.

THE SOURCE that is recorded is that of --source-repository and --source-commit,
or what the CI system says (GitHub Actions, GitLab CI, Jenkins, Azure Pipelines,
Bitbucket, CircleCI, Buildkite), or the git repository of the working folder:
its remote origin, and its commit, if that holds the inputs as they are.` + authorshipHelp + appsHelp + untrustedHelp,
		Example: `  meridian publish --to ./gitops.git --spaces
  meridian publish --to ./gitops.git ./...
  meridian publish --to ./gitops.git --rename-from web/old new
  meridian publish --to https://git.mydomain.com/gitops.git app.cue
  meridian publish --to git@git.mydomain.com:org/gitops.git app.cue
  meridian publish --to https://git.mydomain.com/gitops.git \
    --branch publish/app1 --base main --title-file title --body-file body app1
  gh pr create --head publish/app1 --title "$(cat title)" --body-file body
  meridian publish --to https://git.mydomain.com/gitops.git --edge`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.target.url == "" {
				return usageError{fmt.Errorf("publish wants --to REPOSITORY")}
			}
			if f.spaces && len(args) > 0 {
				return usageError{fmt.Errorf("publish --spaces takes no applications: it compiles those that are in the repository%s", extendHint(f.extend, args))}
			}
			if err := f.pull.check(cmd); err != nil {
				return err
			}
			f.target.base = f.pull.base
			if f.edge {
				return c.publishEdge(cmd, f, args)
			}
			if len(f.extend) > 0 && !f.spaces {
				return usageError{fmt.Errorf("--extend belongs to publish --spaces")}
			}
			f.spaces = f.spaces || len(args) == 0 && c.platform != "" && !exists(appFile)
			if err := f.guards.check(f.spaces); err != nil {
				return err
			}
			return c.publish(cmd.Context(), f, args)
		},
	}
	f.target.register(cmd, "to")
	f.pull.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.spaces, "spaces", false, "publish the platform's spaces, and compile the repository's applications again")
	flags.BoolVar(&f.edge, "edge", false, "compute what regions' proxies read again, after pull requests were merged")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would change, write nothing")
	flags.StringSliceVar(&f.removeFrom, "remove-from", nil, "`REGION` that applications and spaces may leave, or give up hosts and ports in (repeat, or separate with commas)")
	f.guards.register(flags)
	flags.StringSliceVar(&f.extend, "extend", nil, "with --spaces: let published applications enter `REGION` (--extend=REGION; repeat, or separate with commas), or with --extend alone all that they select")
	flags.Lookup("extend").NoOptDefVal = everyRegion
	flags.BoolVar(&f.allWaves, "all-waves", false, "publish to all regions at once, although the platform declares waves")
	flags.StringVar(&f.message, "message", "", "the commit's `MESSAGE` (default: derived)")
	f.register(cmd, c)
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
	if err := f.guards.complete(&options, s.compiler.Platform()); err != nil {
		return err
	}
	if s.compiler.Platform().Embedded && publish.IsRemote(f.target.url) {
		return c.report([]diag.Diagnostic{diag.New(diag.EmbeddedPlatform, diag.Pos{}, "", "the demo organisation cannot publish to a remote repository")}, nil)
	}
	if err := c.confine(ctx, s, f.untrusted); err != nil {
		return err
	}
	var result publish.Result
	var list []diag.Diagnostic
	sources := map[string][]byte{}
	seen := &review{platform: s.compiler.Platform()}
	var request *pull
	if f.pull.base != "" {
		request = newPull(f.pull, f.target.branch, s, seen)
	}
	if f.spaces || request != nil {
		options.Review = seen.look
	}
	if f.spaces {
		result, list, err = c.publishPlatform(ctx, s, f, options)
	} else {
		result, list, err = c.publishApps(ctx, s, f, options, args, sources)
	}
	if err != nil {
		return err
	}
	if err := c.report(list, sources); err != nil {
		return err
	}
	if request != nil {
		return request.finish(c, result, f.dryRun)
	}
	if err := seen.print(c); err != nil {
		return err
	}
	if err := c.printResult(result, f.dryRun, f.dryRun && !f.spaces); err != nil {
		return err
	}
	if waves := s.compiler.Platform().Waves(); waves != nil && !f.spaces && !f.allWaves && !result.Unchanged() {
		_, err = fmt.Fprintf(c.Stdout, "wave 1 of %d; the regions of the others keep what they carry until meridian promote\n", len(waves))
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// complete fills in what publishing needs beside where to.
func (c *cli) complete(o *publish.Options, f publishFlags, compile *compiler.Compiler) error {
	if err := c.authorship(o, f.authorshipFlags); err != nil {
		return err
	}
	o.Message, o.RemoveFrom, o.DryRun = f.message, f.removeFrom, f.dryRun
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

func (c *cli) publishApps(ctx context.Context, s *session, f publishFlags, options publish.Options, args []string, sources map[string][]byte) (publish.Result, []diag.Diagnostic, error) {
	var apps []publish.App
	var interfaces []*compiler.Interface
	args, none := f.guards.withoutEmpty(args)
	if none {
		return publish.Result{}, nil, nil
	}
	from, err := c.newProvenance(ctx, f)
	if err != nil {
		return publish.Result{}, nil, err
	}
	defer from.close()
	history := c.sourceHistory(args)
	defer history.close()
	waves := s.compiler.Platform().Waves()
	err = c.compileAll(ctx, s, args, f.partial, func(app *compiled) error {
		source := from.of(ctx, app.input.path, app.input.disk())
		published, err := s.publishable(app, source)
		if err != nil {
			return err
		}
		options.SourceCommit = from.sourceCommit(source)
		own := app.result.Interface()
		if !f.allWaves {
			if published, _ = published.InWave(waves); published.Within != nil {
				own = own.Within(published.Within)
			}
		}
		apps = append(apps, published)
		sources[app.input.source.Name] = app.input.source.Data
		interfaces = append(interfaces, own)
		return nil
	})
	if err != nil {
		return publish.Result{}, nil, err
	}
	if err := history.complete(ctx, &options, apps); err != nil {
		return publish.Result{}, nil, err
	}
	m := c.publishing(&options)
	defer m.stop()
	around := &neighbours{session: s, options: options, apps: interfaces}
	if !f.guards.breakCallers {
		around.leaving(apps)
	}
	list, err := around.check(ctx)
	if err != nil || diag.HasErrors(list) {
		return publish.Result{}, list, err
	}
	options.Check = around.checkAgain
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
		Regions: map[string]manifest.Tree{}, Claims: r.Claims(), Inputs: inputs, Elsewhere: r.Elsewhere,
		Pos: r.Pos, Where: r.Where, Source: source, PlatformDigest: s.compiler.Platform().Digest,
	}
	for _, output := range r.Outputs {
		published.Regions[output.Region] = output.Files
	}
	return published, nil
}

// recompile compiles what the repository recorded of an application, for the regions that it was published to.
func (s *session) recompile(namespace, name string, inputs manifest.Tree, regions []string) (*compiled, error) {
	return s.recompileAs(namespace+"/"+name, inputs, regions)
}

// recompileAs compiles recorded inputs for some regions; diagnostics name the files below a name.
func (s *session) recompileAs(name string, inputs manifest.Tree, regions []string) (*compiled, error) {
	return s.within(regions).compile(fromRecord(name, inputs))
}

// within is the session for some of the regions.
func (s *session) within(regions []string) *session {
	part := *s
	part.compiler, part.regions = s.compiler.Within(regions), regions
	return &part
}

// publishing starts the meter of the part that talks to the repository.
func (c *cli) publishing(o *publish.Options) *meter {
	m := c.newMeter("publishing")
	o.Progress = func(text string) { m.say("%s", text) }
	return m
}

func (c *cli) publishPlatform(ctx context.Context, s *session, f publishFlags, options publish.Options) (publish.Result, []diag.Diagnostic, error) {
	platform, err := s.publishedPlatform()
	if err != nil {
		return publish.Result{}, nil, err
	}
	if !s.compiler.Platform().Embedded {
		from, err := c.newProvenance(ctx, f)
		if err != nil {
			return publish.Result{}, nil, err
		}
		defer from.close()
		files := map[string][]byte{}
		for _, src := range s.compiler.Platform().Sources {
			files[src.Name] = src.Data
		}
		platform.Source = from.of(ctx, c.platform, files)
		options.SourceCommit = from.sourceCommit(platform.Source)
	}
	if platform.Extend, err = extended(s, f.extend); err != nil {
		return publish.Result{}, nil, err
	}
	m := c.publishing(&options)
	defer m.stop()
	return publish.PublishPlatform(ctx, options, platform)
}

// publishedPlatform is the session's platform as it is published.
func (s *session) publishedPlatform() (publish.Platform, error) {
	p := s.compiler.Platform()
	platform := publish.Platform{Digest: p.Digest, Signers: p.Signers, Pos: diag.Pos{File: p.Sources[0].Name}, Workers: runtime.GOMAXPROCS(0), Waves: p.Waves()}
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
	platform.Recompile = func(namespace, app string, inputs manifest.Tree, source publish.Source, regions []string) (publish.App, []diag.Diagnostic, error) {
		done, err := s.recompile(namespace, app, inputs, regions)
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
			list = append(list, publish.Space{Namespace: space.Namespace, Regions: map[string]manifest.Tree{}, Tenant: map[string]manifest.Tree{}, Sync: map[string][]byte{}})
		}
		last := &list[len(list)-1]
		last.Regions[space.Region], last.Tenant[space.Region], last.Sync[space.Region] = space.Files, space.Tenant, space.Sync
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
	paint := map[publish.Op]func(string) string{publish.Added: style.Good, publish.Removed: style.Gone, publish.Changed: func(s string) string { return s }}
	for _, change := range r.Changed {
		if each {
			fmt.Fprintf(c.Stdout, "%s %s\n", paint[change.Op](string(change.Op)), change.Path)
		}
	}
	if dryRun {
		_, err := fmt.Fprintf(c.Stdout, "%s; %s\n", style.Strong("dry run, nothing committed"), changedFiles(r))
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "%s %s; %s\n", style.Good("committed"), r.Commit, changedFiles(r))
	return err
}

// changedFiles counts them.
func changedFiles(r publish.Result) string {
	n := map[publish.Op]int{}
	for _, change := range r.Changed {
		n[change.Op]++
	}
	return fmt.Sprintf("%s: %d added, %d changed, %d removed", count(len(r.Changed), "file"), n[publish.Added], n[publish.Changed], n[publish.Removed])
}
