package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/compiler"
	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
	"github.com/meridian-gitops/meridian/publish"
	"github.com/meridian-gitops/meridian/regions"
	"github.com/meridian-gitops/meridian/schema"
)

// appNames is how usage lines call applications of the repository.
const appNames = "SPACE/NAME | NAMESPACE/NAME"

const recordedHelp = `

An application is SPACE/NAME, or NAMESPACE/NAME as it lies in the repository.
The platform is the one that is recorded there, unless --platform says another.
A token for https is read from --token-file or from the variable MERIDIAN_TOKEN,
never from the address; the keys for ssh are those of publish.`

const recordedUntrustedHelp = `

What is recorded comes from others, so that its CUE is evaluated in child
processes with limits on time and memory, unless --untrusted=false is given.`

// repository is the GitOps repository as a command over what is published sees it.
type repository struct {
	options  publish.Options
	snapshot *publish.Snapshot
	session  *session // with the recorded platform, or the one that was given
	record   *publish.PlatformRecord
}

func (r *repository) close() error { return r.snapshot.Close() }

// openRepository reads the branch's head and compiles its platform.
func (c *cli) openRepository(ctx context.Context, cmd *cobra.Command, target targetFlags, untrusted untrustedFlags) (*repository, error) {
	if target.url == "" {
		return nil, usageError{fmt.Errorf("%s wants --to REPOSITORY", cmd.Name())}
	}
	if _, err := os.Stat(target.url); err != nil && !strings.Contains(target.url, "://") && !publish.IsRemote(target.url) {
		return nil, usageError{fmt.Errorf("open the repository: %w", err)} // publishing would create it
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
	r := &repository{options: options, snapshot: snapshot}
	if err := c.recordedSession(ctx, r, untrusted); err != nil {
		return nil, closing(r.close, err)
	}
	return r, nil
}

// openApp opens the repository for a command about one application, which an argument names.
func (c *cli) openApp(ctx context.Context, cmd *cobra.Command, target targetFlags, untrusted untrustedFlags, arg string) (*repository, publish.AppID, error) {
	r, err := c.openRepository(ctx, cmd, target, untrusted)
	if err != nil {
		return nil, publish.AppID{}, err
	}
	id, err := r.appID(arg)
	if err != nil {
		return nil, id, closing(r.close, err)
	}
	return r, id, nil
}

// closing closes what a failed step leaves open and returns why it failed.
func closing(done func() error, err error) error {
	_ = done() // the first error is what matters
	return err
}

// recordedSession makes the compiler for the platform that is recorded, or given.
func (c *cli) recordedSession(ctx context.Context, r *repository, untrusted untrustedFlags) error {
	record, inputs, err := r.snapshot.Platform(ctx)
	if err != nil {
		return c.recordProblem(err)
	}
	if record == nil {
		return c.report([]diag.Diagnostic{diag.New(diag.NothingPublished, diag.Pos{}, "", "no platform was published to %s", r.options.URL)}, nil)
	}
	r.record = record
	if c.platform != "" {
		if r.session, err = c.newSession(); err != nil {
			return err
		}
		return c.confine(ctx, r.session, untrusted)
	}
	r.session, err = c.sessionOf(ctx, inputs, untrusted)
	return err
}

// sessionOf makes the compiler for a platform that a repository has recorded. It is tried in a child before this process
// evaluates it.
func (c *cli) sessionOf(ctx context.Context, inputs manifest.Tree, untrusted untrustedFlags) (*session, error) {
	var sources []schema.Source
	texts := map[string][]byte{}
	for file, data := range inputs.Files() {
		src := schema.Source{Name: recordedPlatform + "/" + file, Data: data}
		sources = append(sources, src)
		texts[src.Name] = data
	}
	var o *outside
	var list []diag.Diagnostic
	var err error
	if untrusted.on {
		if o, err = c.newOutside(ctx, untrusted, workerPlatform{Sources: writtenSources(sources)}); err == nil {
			list, err = o.tryPlatform(diag.Pos{File: recordedPlatform})
		}
		if err == nil {
			err = c.report(slices.DeleteFunc(list, isWarning), texts)
		}
		if err != nil {
			return nil, err
		}
	}
	s, err := schema.New()
	if err != nil {
		return nil, err
	}
	p, list, err := regions.Load(s, sources)
	if err != nil {
		return nil, err
	}
	if err := c.report(slices.DeleteFunc(list, isWarning), texts); err != nil {
		return nil, err
	}
	return &session{schema: s, compiler: compiler.New(s, p), outside: o}, nil
}

// recordedPlatform is the folder of the platform's files in the repository.
const recordedPlatform = ".meridian/platform"

// recordProblem reports a record that cannot be read as a finding; any other error it returns.
func (c *cli) recordProblem(err error) error {
	if d, ok := publish.Problem(err); ok {
		return c.report([]diag.Diagnostic{d}, nil)
	}
	return err
}

func isWarning(d diag.Diagnostic) bool { return d.Severity == diag.Warning }

// appID understands an argument that names an application of the repository.
func (r *repository) appID(arg string) (publish.AppID, error) { return parseAppID(arg, r.namespace) }

// parseAppID understands SPACE/NAME; namespace turns a space, or a namespace, into one.
func parseAppID(arg string, namespace func(string) string) (publish.AppID, error) {
	space, name, ok := strings.Cut(arg, "/")
	if !ok || space == "" || name == "" || strings.Contains(name, "/") || path.Clean(arg) != arg || strings.HasPrefix(arg, ".") {
		return publish.AppID{}, usageError{fmt.Errorf("%q is not an application of the repository: want SPACE/NAME or NAMESPACE/NAME", arg)}
	}
	return publish.AppID{Namespace: namespace(space), Name: name}, nil
}

// namespace returns the namespace of a space; what is a namespace already stays one.
func (r *repository) namespace(space string) string {
	is := func(s publish.SpaceRecord) bool { return s.Namespace == space }
	if slices.ContainsFunc(r.record.Spaces, is) {
		return space
	}
	return namespaceOf(r.session.compiler.Platform(), space)
}

// namespaceOf returns the namespace of a space of a platform, or of one that it had; what looks like a namespace of the
// organisation stays one.
func namespaceOf(p *regions.Platform, space string) string {
	if _, declared := p.Spaces[space]; !declared && strings.HasPrefix(space, p.Org+"-") {
		return space
	}
	return p.Namespace(space)
}

// unknown is the diagnostic for an application that is not in the repository, with the one that was meant.
func (r *repository) unknown(ctx context.Context, id publish.AppID) diag.Diagnostic {
	d := diag.New(diag.AppUnknown, diag.Pos{}, "", "there is no application %s", id)
	var names []string
	ids, _ := r.snapshot.Apps(ctx) // without them there is no better hint
	for _, known := range ids {
		names = append(names, known.String())
	}
	if near := diag.Nearest(id.String(), names); near != "" {
		return d.WithHint("did you mean %s?", near)
	}
	return d
}
