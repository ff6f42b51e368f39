package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/meridian-gitops/meridian/diag"
)

// Verification says what a repository is to be compared with.
type Verification struct {
	Platform Platform // the recorded one, or another; with Recompile
	Apps     []AppID  // nothing else is looked at; empty: everything that Meridian owns
	Repair   bool     // commit what the records say

	// SignedSince is a commit, or at least 7 digits of its beginning, whose signature and older ones are not looked at.
	SignedSince string
}

// Verified is what a verification found.
type Verified struct {
	Commit   string            // the head that was looked at
	Apps     int               // how many applications were compared
	Findings []diag.Diagnostic // sorted; their positions are paths in the repository
	Left     []diag.Diagnostic // those of them that a repair does not mend
	Texts    map[string][]byte // what the files that findings have a line of hold
	Repair   Result            // what the repair changed, or would change

	Signatures      int  // how many commits that had to be signed were looked at
	SignaturesOlder bool // older commits had to be signed, too, and were not looked at
}

// Verify compares what a branch holds with what its records say: every application's recorded inputs are compiled
// again, spaces, claims and aggregates are computed again. It does as publishing does, and what would change is what
// is wrong; with Repair that is committed. What only somebody's source can mend is left alone.
func Verify(ctx context.Context, o Options, v Verification) (Verified, []diag.Diagnostic, error) {
	if err := v.Platform.check(); err != nil {
		return Verified{}, nil, err
	}
	o.DryRun = o.DryRun || !v.Repair
	compiled := recompiler{platform: v.Platform, done: map[string]recompiled{}}
	var last *verifier
	j := job{message: message(o, "repair what the records say", nil, nil, map[string]bool{v.Platform.Digest: true}), guarded: v.Repair}
	j.plan = func(ctx context.Context, p *plan) error {
		last = &verifier{plan: p, Verification: v, compiled: &compiled, version: o.MeridianVersion,
			uncertain: map[AppID]bool{}, told: map[string]bool{}, texts: map[string][]byte{}}
		return last.run(ctx)
	}
	result, diags, err := run(ctx, o, j)
	if err != nil || last == nil || diag.HasErrors(diags) {
		return Verified{}, diags, err
	}
	return Verified{
		Commit: result.Parent, Apps: last.compared, Texts: last.texts, Repair: result,
		Signatures: last.signed, SignaturesOlder: last.signedOlder,
		Findings: diag.Sort(slices.Concat(last.mended, last.left)), Left: diag.Sort(slices.Clone(last.left)),
	}, diags, nil
}

// verifier is one verification on one head.
type verifier struct {
	*plan
	Verification
	compiled *recompiler
	version  string

	mended, left []diag.Diagnostic
	uncertain    map[AppID]bool // applications whose record, inputs or version do not let them be judged
	known        []AppID        // that have a record folder
	told         map[string]bool
	texts        map[string][]byte
	compared     int
	signed       int
	signedOlder  bool
}

// tell notes a finding that a repair does not mend.
func (v *verifier) tell(code diag.Code, path, format string, args ...any) {
	d := diag.New(code, diag.Pos{File: path}, "", format, args...)
	if code == diag.FileStray {
		d = d.WithHint("move it out of Meridian's folders, or delete it by hand: a repair leaves it")
	}
	v.left = append(v.left, d)
	v.told[path] = true
}

func (v *verifier) run(ctx context.Context) error {
	record, err := v.platform(ctx)
	if err != nil {
		return err
	}
	if record == nil {
		v.report(diag.New(diag.NothingPublished, diag.Pos{}, "", "no platform was published here"))
		return nil
	}
	if v.Repair && record.Digest != v.Platform.Digest {
		v.report(diag.New(diag.PlatformMismatch, v.Platform.Pos, "", "a repair by platform %s, but %s is in force", short(v.Platform.Digest), short(record.Digest)))
		return nil
	}
	v.addRegions(record.regions()...)
	entries, err := v.entries(ctx)
	if err != nil {
		return err
	}
	if len(v.Apps) == 0 {
		if err := v.checkSigners(ctx, record); err != nil {
			return err
		}
		if err := v.spaces(ctx, record); err != nil {
			return err
		}
	}
	for i := range entries {
		if err := v.app(ctx, &entries[i]); err != nil {
			return err
		}
	}
	if len(v.Apps) == 0 { // before the claims: those of an application without a record stay
		if err := v.strays(ctx, record); err != nil {
			return err
		}
	}
	certain, err := v.claims(ctx, entries)
	if err != nil {
		return err
	}
	if certain && len(v.Apps) == 0 {
		for _, region := range record.regions() {
			if err := v.writeEdge(ctx, region); err != nil {
				return err
			}
		}
	}
	return v.differences(ctx)
}

// wanted reports whether an application is to be looked at.
func (v *verifier) wanted(id AppID) bool { return len(v.Apps) == 0 || slices.Contains(v.Apps, id) }

// entries compiles the applications again, as far as their records can be trusted.
func (v *verifier) entries(ctx context.Context) ([]entry, error) {
	if err := v.draft.prefetch(ctx, appsDir); err != nil {
		return nil, err
	}
	var err error
	if v.known, err = listApps(ctx, v.draft); err != nil {
		return nil, err
	}
	for _, id := range v.Apps {
		if !slices.Contains(v.known, id) {
			v.tell(diag.RecordMissing, RecordFolder(id.Namespace, id.Name), "application %s is not in the repository", id)
		}
	}
	var list []recorded
	for _, id := range v.known {
		if !v.wanted(id) {
			v.uncertain[id] = true
			continue
		}
		r, err := v.trusted(ctx, id)
		if err != nil {
			return nil, err
		}
		if r == nil {
			v.uncertain[id] = true
			continue
		}
		list = append(list, *r)
	}
	if err := v.compiled.compile(ctx, list); err != nil {
		return nil, err
	}
	var entries []entry
	for _, r := range list {
		e, err := v.entry(r)
		if err != nil {
			return nil, err
		}
		if e == nil {
			v.uncertain[AppID{r.namespace, r.name}] = true
			continue
		}
		entries = append(entries, *e)
	}
	v.compared = len(entries)
	return entries, nil
}

// trusted reads an application's record and inputs; nil when they cannot be compiled again as they were.
func (v *verifier) trusted(ctx context.Context, id AppID) (*recorded, error) {
	file := ownerFile(id.Namespace, id.Name)
	owner, err := v.owner(ctx, id.Namespace, id.Name)
	var broken *recordError
	switch {
	case errors.As(err, &broken):
		v.tell(diag.RecordUnreadable, file, "the record cannot be read: %v", broken.err)
		return nil, nil
	case err != nil:
		return nil, err
	case owner == nil:
		v.tell(diag.RecordMissing, file, "application %s has no record of who published it", id)
		return nil, nil
	}
	folder := RecordFolder(id.Namespace, id.Name) + "/" + inputsDir
	inputs, err := v.draft.tree(ctx, folder)
	if err != nil {
		return nil, err
	}
	if inputs.Len() == 0 {
		v.tell(diag.InputsNotRecorded, folder, "application %s has no recorded inputs to compile again", id)
		return nil, nil
	}
	if got := digest(inputs); got != owner.Inputs {
		v.tell(diag.InputsEdited, folder, "the inputs of %s were changed: the record says %s, they have %s", id, short(owner.Inputs), short(got))
		return nil, nil
	}
	return &recorded{id.Namespace, id.Name, owner, inputs}, nil
}

// entry is a compiled application; nil when its inputs do not compile, which is told.
func (v *verifier) entry(r recorded) (*entry, error) {
	result := v.compiled.done[r.key()]
	if result.err != nil {
		return nil, fmt.Errorf("compile %s/%s: %w", r.namespace, r.name, result.err)
	}
	if diag.HasErrors(result.diags) {
		for _, d := range result.diags {
			if d.Severity == diag.Error {
				v.left = append(v.left, d)
			}
		}
		return nil, nil
	}
	a := result.app
	if a.Namespace != r.namespace || a.Name != r.name {
		v.tell(diag.InputsEdited, RecordFolder(r.namespace, r.name)+"/"+inputsDir, "the inputs of %s/%s are those of %s/%s", r.namespace, r.name, a.Namespace, a.Name)
		return nil, nil
	}
	a.Inputs, a.Source, a.PlatformDigest = r.inputs, r.owner.Source, v.Platform.Digest
	if err := a.check(); err != nil {
		return nil, err
	}
	v.addRegions(slices.Collect(a.regionNames())...)
	return &entry{App: a, old: r.owner}, nil
}

// String is the namespace and the name with a slash between them.
func (id AppID) String() string { return id.Namespace + "/" + id.Name }
