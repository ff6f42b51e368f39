package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/publish"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	target targetFlags
	repair bool
	allow  []string
	since  string
	format string
	authorshipFlags

	untrusted untrustedFlags
}

func (c *cli) verifyCommand() *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use:   "verify --to REPOSITORY [" + appNames + "]...",
		Short: "Say whether the GitOps repository holds what was published",
		Long: `Compile every application's recorded inputs again, compute spaces, claims and
aggregates again, and compare all of it with what lies in the repository, byte
by byte. Told are files that were edited, are missing or were put into
Meridian's folders; claims without an application and applications without their
claims; applications whose space is not there; records and inputs that were
changed. Files that Meridian does not own are not looked at. With applications
named, only what they own is.

Where the platform names signers, every commit must be signed by one of them;
those that are not are told. With --signed-since only later commits are looked
at, so that what was found once is not told for ever.

Nothing is written unless --repair is given: then one commit puts back what the
recorded inputs say. What cannot be told from them is left and told: changed
inputs, applications without a record, sync objects and spaces that the platform
does not know, what another version of Meridian wrote. A repair that would
remove a large part of a region is refused without --allow mass-removal.

Exit code 0 means that all is as published, or was repaired to be; 1 that
something is not.` + authorshipHelp + recordedHelp + recordedUntrustedHelp,
		Example: `  meridian verify --to ./gitops.git
  meridian verify --to https://git.mydomain.com/gitops.git --format json
  meridian verify --to ./gitops.git web/app1
  meridian verify --to ./gitops.git --repair`,
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{formatsAnnotation: "text json"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.format != "text" && f.format != "json" {
				return usageError{fmt.Errorf("unknown format %q; want text or json", f.format)}
			}
			for _, name := range []string{"author", "committer", "sign", "sign-key"} {
				if cmd.Flags().Changed(name) && !f.repair {
					return usageError{fmt.Errorf("--%s is for the commit that --repair makes", name)}
				}
			}
			if f.since != "" && !isHashPrefix(f.since) {
				return usageError{fmt.Errorf("--signed-since wants a commit's hash, or 7 digits or more of its beginning; not %q", f.since)}
			}
			return c.verify(cmd, f, args)
		},
	}
	f.target.register(cmd, "to")
	f.untrusted.register(cmd, true)
	flags := cmd.Flags()
	flags.BoolVar(&f.repair, "repair", false, "commit what the recorded inputs say")
	allowFlag(flags, &f.allow, []publish.Guard{publish.MassRemoval})
	f.register(cmd, c)
	flags.StringVar(&f.since, "signed-since", "", "look only at signatures of commits after this `COMMIT`, a hash or 7 digits or more of its beginning (default: since the platform has named signers, at most 1000)")
	flags.StringVar(&f.format, "format", "text", "text: findings on standard error, a summary on standard output; json: both on standard output")
	return cmd
}

func (c *cli) verify(cmd *cobra.Command, f verifyFlags, args []string) error {
	ctx := cmd.Context()
	r, err := c.openRepository(ctx, cmd, f.target, f.untrusted)
	if err != nil {
		return err
	}
	defer r.close()
	if !f.repair {
		f.authorshipFlags = authorshipFlags{} // nothing is committed
	}
	if err := c.complete(&r.options, publishFlags{authorshipFlags: f.authorshipFlags}, r.session.compiler); err != nil {
		return err
	}
	if r.options.Allow, err = guardNames(f.allow, []publish.Guard{publish.MassRemoval}); err != nil {
		return err
	}
	found, err := c.verifyWith(ctx, r, f, args)
	if err != nil {
		return err
	}
	v := newVerifyReport(found, f.repair)
	if f.format == "json" {
		if err := printJSON(c, v); err != nil {
			return err
		}
	} else {
		_ = c.report(found.Findings, found.Texts) // whether it fails is decided below: what is repaired does not
		c.printVerified(v)
	}
	if f.repair && len(found.Left) == 0 || len(found.Findings) == 0 {
		return nil
	}
	return errReported
}

func (c *cli) verifyWith(ctx context.Context, r *repository, f verifyFlags, args []string) (publish.Verified, error) {
	v := publish.Verification{Repair: f.repair, SignedSince: f.since}
	for _, arg := range args {
		id, err := r.appID(arg)
		if err != nil {
			return publish.Verified{}, err
		}
		v.Apps = append(v.Apps, id)
	}
	var err error
	if v.Platform, err = r.session.publishedPlatform(); err != nil {
		return publish.Verified{}, err
	}
	m := c.newMeter("verifying")
	defer m.stop()
	found, list, err := publish.Verify(ctx, r.options, v)
	if err != nil {
		return found, err
	}
	return found, c.report(list, nil)
}

// isHashPrefix reports whether a text begins a commit's hash, and nearly always one only.
func isHashPrefix(text string) bool {
	return len(text) >= 7 && len(text) <= 40 && strings.Trim(strings.ToLower(text), "0123456789abcdef") == ""
}

// verifyReport is what `verify --format json` prints. Fields are added, never renamed or removed.
type verifyReport struct {
	Commit   string    `json:"commit"`               // the head that was looked at
	Version  string    `json:"version"`              // of this Meridian
	Apps     int       `json:"apps"`                 // how many applications were compared
	Signed   int       `json:"signatures,omitempty"` // how many commits were looked at that must be signed
	Findings []finding `json:"findings"`             // empty: all is as published
	Repair   *repaired `json:"repair,omitempty"`
	older    bool      // older commits had to be signed, too
}

type finding struct {
	Code     diag.Code `json:"code"`
	File     string    `json:"file"`           // or folder, in the repository
	Line     int       `json:"line,omitempty"` // from 1
	Region   string    `json:"region,omitempty"`
	Message  string    `json:"message"`
	Fix      string    `json:"fix,omitempty"`
	Repaired bool      `json:"repaired"`
}

// repaired is what --repair did.
type repaired struct {
	Commit string   `json:"commit,omitempty"` // empty: there was nothing to repair
	Files  []string `json:"files"`            // that it changed
}

func newVerifyReport(found publish.Verified, repair bool) verifyReport {
	v := verifyReport{Commit: found.Commit, Version: version(), Apps: found.Apps, Signed: found.Signatures, older: found.SignaturesOlder, Findings: []finding{}}
	for _, d := range found.Findings {
		left := slices.ContainsFunc(found.Left, func(l diag.Diagnostic) bool { return sameMistake(l, d) })
		v.Findings = append(v.Findings, finding{d.Code, d.Pos.File, d.Pos.Line, d.Region, d.Message, d.Hint, repair && !left})
	}
	if !repair {
		return v
	}
	v.Repair = &repaired{Commit: found.Repair.Commit, Files: []string{}}
	for _, change := range found.Repair.Changed {
		v.Repair.Files = append(v.Repair.Files, change.Path)
	}
	return v
}

// signatures says which were looked at; nothing where none are wanted.
func (v verifyReport) signatures() string {
	switch {
	case v.Signed == 0:
		return ""
	case v.older:
		return ", " + count(v.Signed, "signature") + " checked and older ones not"
	}
	return ", " + count(v.Signed, "signature") + " checked"
}

// printVerified sums up on standard output.
func (c *cli) printVerified(v verifyReport) {
	head := v.Commit[:min(12, len(v.Commit))]
	byCode := map[diag.Code]int{}
	for _, f := range v.Findings {
		byCode[f.Code]++
	}
	fmt.Fprintf(c.Stdout, "%s: %s compared%s, %s\n", head, count(v.Apps, "application"), v.signatures(), count(len(v.Findings), "finding"))
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		fmt.Fprintf(c.Stdout, "  %s %d: %s\n", code, byCode[code], diag.Lookup(code).Title)
	}
	if v.Repair == nil {
		return
	}
	if v.Repair.Commit == "" {
		fmt.Fprintln(c.Stdout, "nothing to repair, nothing committed")
		return
	}
	fmt.Fprintf(c.Stdout, "repaired in %s; %s:\n", v.Repair.Commit, count(len(v.Repair.Files), "file"))
	for _, file := range v.Repair.Files {
		fmt.Fprintf(c.Stdout, "  %s\n", file)
	}
}
