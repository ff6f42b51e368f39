package publish

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

// Promotion says which application is to be brought to a wave of regions: in the version that the wave before carries.
type Promotion struct {
	Platform Platform // the one in force, with Recompile and Waves
	App      AppID
	Wave     int // from 2; 0: the first one that does not carry what the wave before does

	// Check, if there is one, says what is wrong with a version's inputs in the regions that they are promoted to.
	Check func(inputs manifest.Tree, regions []string) ([]diag.Diagnostic, error)
}

// Promoted says what a promotion did.
type Promoted struct {
	Result
	Wave    int
	Regions []string // that carry the version by now and did not before, sorted
	Source  Source   // of the version
}

// Promote brings an application to a wave of regions. Nothing else changes: neither other regions nor other
// applications, and hosts and ports of regions that still wait stay what they are there.
func Promote(ctx context.Context, o Options, m Promotion) (Promoted, []diag.Diagnostic, error) {
	if err := checkNames("application", m.App.Namespace, m.App.Name); err != nil {
		return Promoted{}, nil, err
	}
	work := &promotion{Promotion: m, compiled: recompiler{platform: m.Platform, done: map[string]recompiled{}}}
	j := job{message: message(o, "promote "+m.App.String(), nil, nil, nil), guarded: true}
	j.plan = func(ctx context.Context, p *plan) error {
		work.plan = p
		return work.run(ctx)
	}
	result, diags, err := run(ctx, o, j)
	if work.step == nil {
		return Promoted{Result: result}, diags, err
	}
	return Promoted{result, work.step.wave, work.step.entered, work.step.version.Source}, diags, err
}

// promotion is one promotion on one head.
type promotion struct {
	*plan
	Promotion
	compiled recompiler
	recorded recorded
	step     *step // as it was when it was first chosen: a lost race must not make it another
}

// step is a version on its way to a wave.
type step struct {
	wave    int // from 1
	version version
	app     App      // compiled for the regions that carry it and for those of the wave
	entered []string // regions that did not carry it
}

func (m *promotion) run(ctx context.Context) error {
	ready, err := m.read(ctx)
	if err != nil || !ready {
		return err
	}
	s, err := m.choose(ctx)
	switch {
	case err != nil || diag.HasErrors(m.diags):
		return err
	case s == nil && m.step != nil:
		return nil // what was chosen has arrived
	case s == nil:
		m.report(diag.New(diag.NothingToPromote, diag.Pos{}, "", "application %s: %s carry what the wave before does", m.App, m.wavesNamed()))
		return nil
	case m.step != nil && (s.wave != m.step.wave || s.version.Inputs != m.step.version.Inputs):
		m.report(diag.New(diag.WaveBehind, diag.Pos{}, "", "somebody has published %s since: wave %d carries another version by now", m.App, s.wave-1))
		return nil
	}
	m.step = s
	if err := m.asRecorded(ctx, s); err != nil || diag.HasErrors(m.diags) {
		return err
	}
	if m.Check != nil {
		diags, err := m.Check(s.version.tree, slices.Sorted(maps.Keys(m.target(s).Regions)))
		m.report(diags...)
		if err != nil || diag.HasErrors(diags) {
			return err
		}
	}
	inForce, err := m.platform(ctx)
	if err != nil {
		return err
	}
	m.message = m.subject(s)
	if err := m.apps(ctx, []App{m.target(s)}, inForce); err != nil {
		return err
	}
	return m.finish(ctx)
}

// read reads the application's record, and reports what does not let it be promoted at all.
func (m *promotion) read(ctx context.Context) (bool, error) {
	waves := m.Promotion.Platform.Waves
	switch {
	case len(waves) == 0:
		m.report(diag.New(diag.WaveUnknown, diag.Pos{}, "", "the platform declares no waves"))
		return false, nil
	case m.Wave != 0 && (m.Wave < 2 || m.Wave > len(waves)):
		m.report(diag.New(diag.WaveUnknown, diag.Pos{}, "", "there is no wave %d to promote to; there are waves 2 to %d", m.Wave, len(waves)).
			WithHint("publish brings a version to wave 1, promote to the others"))
		return false, nil
	}
	owner, err := m.owner(ctx, m.App.Namespace, m.App.Name)
	if err != nil {
		return false, err
	}
	if owner == nil {
		m.report(diag.New(diag.AppUnknown, diag.Pos{}, "", "there is no application %s", m.App))
		return false, nil
	}
	if m.recorded, err = readRecorded(ctx, m.draft, owner); err != nil {
		return false, err
	}
	for _, v := range m.recorded.versions {
		if v.tree.Len() == 0 {
			m.report(diag.New(diag.InputsNotRecorded, diag.Pos{}, "", "application %s has no recorded inputs to compile again", m.App))
		} else if got := digest(v.tree); got != v.Inputs {
			m.report(diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s were changed: the record says %s, they have %s", m.App, short(v.Inputs), short(got)))
		}
	}
	return !diag.HasErrors(m.diags), nil
}

// wavesNamed is the wave that was asked for, or all.
func (m *promotion) wavesNamed() string {
	if m.Wave != 0 {
		return fmt.Sprintf("all regions of wave %d", m.Wave)
	}
	return "all waves"
}

// choose finds the step: of the wave that was asked for, or the first that there is one of.
func (m *promotion) choose(ctx context.Context) (*step, error) {
	first, last := 2, len(m.Promotion.Platform.Waves)
	switch {
	case m.step != nil:
		first, last = m.step.wave, m.step.wave
	case m.Wave != 0:
		first, last = m.Wave, m.Wave
	}
	for wave := first; wave <= last; wave++ {
		s, err := m.stepTo(ctx, wave)
		if s != nil || err != nil || diag.HasErrors(m.diags) {
			return s, err
		}
	}
	return nil, nil
}

// stepTo is the step to a wave; nil when there is none, or when what is in its way has been reported.
func (m *promotion) stepTo(ctx context.Context, wave int) (*step, error) {
	waves := m.Promotion.Platform.Waves
	var skipped []string // regions of waves that the application is not in
	for before := wave - 1; before >= 1; before-- {
		carried := m.carried(waves[before-1])
		if len(carried) > 1 {
			m.behind(wave, fmt.Sprintf("wave %d does not carry one version: %s", before, m.differ(waves[before-1])))
			return nil, nil
		}
		if len(carried) == 0 {
			skipped = append(skipped, waves[before-1]...)
			continue
		}
		s := &step{wave: wave, version: m.recorded.versions[carried[0]]}
		if err := m.compileStep(ctx, s); err != nil || diag.HasErrors(m.diags) {
			return nil, err
		}
		if lacks := m.lacking(s, append(skipped, waves[before-1]...)); len(lacks) > 0 {
			m.behind(wave, fmt.Sprintf("%s, which wave %d carries, is not in %s", s.version.name(), before, strings.Join(lacks, ", ")))
			return nil, nil
		}
		return m.unlessThere(s), nil
	}
	m.behind(wave, "it is in no region of an earlier wave")
	return nil, nil
}

func (m *promotion) behind(wave int, why string) {
	m.report(diag.New(diag.WaveBehind, diag.Pos{}, "", "%s cannot come to wave %d: %s", m.App, wave, why))
}

// carried are the numbers of the versions that regions carry, each once.
func (m *promotion) carried(regions []string) []int {
	var list []int
	for i, v := range m.recorded.versions {
		if slices.ContainsFunc(v.Regions, func(region string) bool { return slices.Contains(regions, region) }) {
			list = append(list, i)
		}
	}
	return list
}

// differ says which region of a wave carries what.
func (m *promotion) differ(regions []string) string {
	var words []string
	for _, v := range m.recorded.versions {
		for _, region := range v.Regions {
			if slices.Contains(regions, region) {
				words = append(words, region+" carries "+v.name())
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// name is how messages call a version: by its source's commit, or by the digest of its inputs.
func (v version) name() string {
	if v.Source.Commit != "" {
		return "the version of " + short(v.Source.Commit)
	}
	return "the version " + short(v.Inputs)
}

// compileStep compiles the version for the regions that carry it and for those of the wave.
func (m *promotion) compileStep(ctx context.Context, s *step) error {
	v := s.version
	v.Regions = slices.Sorted(slices.Values(append(slices.Clone(v.Regions), m.Promotion.Platform.Waves[s.wave-1]...)))
	v.Regions = slices.Compact(v.Regions)
	r := recorded{m.App.Namespace, m.App.Name, m.recorded.owner, v.tree, []version{v}}
	if err := m.compiled.compile(ctx, []recorded{r}); err != nil {
		return err
	}
	result := m.compiled.done[r.key()]
	if result.err != nil {
		return fmt.Errorf("compile %s: %w", m.App, result.err)
	}
	m.report(slices.DeleteFunc(slices.Clone(result.diags), func(d diag.Diagnostic) bool { return d.Severity != diag.Error })...)
	if s.app = result.app; !diag.HasErrors(result.diags) && (s.app.Namespace != m.App.Namespace || s.app.Name != m.App.Name) {
		m.report(diag.New(diag.InputsEdited, diag.Pos{}, "", "the inputs of %s are those of %s/%s", m.App, s.app.Namespace, s.app.Name))
	}
	return nil
}

// lacking are the regions of earlier waves that the version selects and that do not carry it.
func (m *promotion) lacking(s *step, regions []string) []string {
	var lacks []string
	for _, region := range append(s.app.regionNames(), s.app.Elsewhere...) {
		if slices.Contains(regions, region) && !slices.Contains(s.version.Regions, region) {
			lacks = append(lacks, region)
		}
	}
	slices.Sort(lacks)
	return lacks
}

// unlessThere returns the step, or nil when the wave is as it would be after it.
func (m *promotion) unlessThere(s *step) *step {
	regions := m.Promotion.Platform.Waves[s.wave-1]
	leaves := false
	for _, region := range regions {
		_, selected := s.app.Regions[region]
		switch {
		case selected && !slices.Contains(s.version.Regions, region):
			s.entered = append(s.entered, region)
		case !selected && slices.Contains(m.recorded.owner.Regions, region):
			leaves = true
		}
	}
	slices.Sort(s.entered)
	if len(s.entered) == 0 && !leaves {
		return nil
	}
	return s
}

// asRecorded refuses to promote what would not be what the wave before carries: something has changed it since, or
// another Meridian made it.
func (m *promotion) asRecorded(ctx context.Context, s *step) error {
	for _, region := range s.version.Regions {
		there, err := m.draft.tree(ctx, AppFolder(region, m.App.Namespace, m.App.Name))
		if err != nil {
			return err
		}
		if n := countDiffering(there, s.app.Regions[region]); n > 0 {
			m.report(diag.New(diag.PromotionDiffers, diag.Pos{}, "", "what %s carries of %s is not what would be promoted: %d of its files differ", region, m.App, n))
		}
	}
	return nil
}

// target is the application as it is to be in the wave.
func (m *promotion) target(s *step) App {
	wave := m.Promotion.Platform.Waves[s.wave-1]
	a := s.app.only(wave)
	a.Within, a.promoted = wave, true
	a.Owner, a.Source = m.recorded.owner.Owner, m.recorded.owner.Source
	return a
}

// only is an application in some of its regions.
func (a App) only(regions []string) App {
	a.Regions = maps.Clone(a.Regions)
	maps.DeleteFunc(a.Regions, func(region string, _ manifest.Tree) bool { return !slices.Contains(regions, region) })
	a.Claims = slices.DeleteFunc(slices.Clone(a.Claims), func(c manifest.Claim) bool { return !slices.Contains(regions, c.Region) })
	return a
}

// InWave is a compiled application as it is published to the first wave that it selects a region of; the others keep
// what they carry until it is promoted to them. Without waves it is the application.
func (a App) InWave(waves [][]string) (App, int) {
	var within []string
	for i, wave := range waves {
		within = append(within, wave...)
		first := a.only(within)
		if len(first.Regions) == 0 {
			continue
		}
		first.Within = within
		for _, region := range a.regionNames() {
			if !slices.Contains(within, region) {
				first.Elsewhere = append(slices.Clip(first.Elsewhere), region)
			}
		}
		return first, i + 1
	}
	return a, 0
}

// subject is the commit's message.
func (m *promotion) subject(s *step) string {
	text := fmt.Sprintf("promote %s to wave %d: %s", m.App, s.wave, strings.Join(s.entered, ", "))
	if len(s.entered) == 0 {
		text = fmt.Sprintf("promote %s to wave %d", m.App, s.wave)
	}
	trailers := []string{"Meridian-App: " + m.App.String()}
	return message(m.options, text, trailers, map[Source]bool{s.version.Source: true}, map[string]bool{m.Promotion.Platform.Digest: true})
}
