package publish

import (
	"bytes"
	"context"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/manifest"
)

func (a App) regionNames() iter.Seq[string] { return maps.Keys(a.Regions) }

// app puts an application's manifests and record as they should be into the draft.
func (v *verifier) app(ctx context.Context, e *entry) error {
	id := AppID{e.Namespace, e.Name}
	if err := v.spaceThere(ctx, e); err != nil {
		return err
	}
	if e.old.Meridian != v.version {
		n, err := v.differing(ctx, e)
		if err != nil {
			return err
		}
		if n > 0 {
			v.tell(diag.OtherVersion, ownerFile(e.Namespace, e.Name), "application %s was written by version %s, this is %s: %d of its files differ",
				id, orUnknown(e.old.Meridian), orUnknown(v.version), n)
			v.uncertain[id] = true
			return nil
		}
	}
	for _, region := range v.regions {
		if err := v.draft.replace(ctx, AppFolder(region, e.Namespace, e.Name), e.Regions[region]); err != nil {
			return err
		}
	}
	record := e.record(e.old.Meridian)
	record.Source, record.Platform = e.old.Source, e.old.Platform
	data, err := encodeRecord(record)
	if err != nil {
		return err
	}
	return v.draft.put(ctx, ownerFile(e.Namespace, e.Name), data)
}

func orUnknown(version string) string {
	if version == "" {
		return "(unknown)"
	}
	return version
}

// spaceThere tells of the regions where an application is and its space is not.
func (v *verifier) spaceThere(ctx context.Context, e *entry) error {
	for _, region := range slices.Sorted(e.regionNames()) {
		folder := SpaceFolder(region, e.Namespace)
		n, err := v.head.folder(ctx, folder)
		if err != nil {
			return err
		}
		if n != nil && !n.empty() {
			continue
		}
		d := diag.New(diag.SpaceMissing, diag.Pos{File: folder}, "", "application %s/%s is here, its space %s is not", e.Namespace, e.Name, e.Namespace).WithRegion(region)
		if v.wasSpace(e.Namespace, region) && len(v.Apps) == 0 {
			v.mended = append(v.mended, d)
		} else {
			v.left = append(v.left, d)
		}
	}
	return nil
}

// wasSpace reports whether the platform has a space in a region, so that a repair writes it.
func (v *verifier) wasSpace(namespace, region string) bool {
	return slices.ContainsFunc(v.Platform.Spaces, func(s Space) bool {
		_, there := s.Regions[region]
		return there && s.Namespace == namespace
	})
}

// differing counts the files of an application's folders that are not as compiled.
func (v *verifier) differing(ctx context.Context, e *entry) (int, error) {
	n := 0
	for _, region := range v.regions {
		now, err := v.draft.tree(ctx, AppFolder(region, e.Namespace, e.Name))
		if err != nil {
			return 0, err
		}
		n += countDiffering(now, e.Regions[region])
	}
	return n, nil
}

func countDiffering(a, b manifest.Tree) int {
	n := 0
	for file, data := range a.Files() {
		if other, ok := b.Get(file); !ok || !bytes.Equal(data, other) {
			n++
		}
	}
	for file := range b.Files() {
		if _, ok := a.Get(file); !ok {
			n++
		}
	}
	return n
}

// spaces puts the platform's spaces and record as they should be into the draft.
func (v *verifier) spaces(ctx context.Context, record *PlatformRecord) error {
	inputs, err := v.draft.tree(ctx, platformDir)
	if err != nil {
		return err
	}
	if got := digest(inputs); got != record.Inputs {
		v.tell(diag.InputsEdited, platformDir, "the platform's files were changed: the record says %s, they have %s", short(record.Inputs), short(got))
		return nil
	}
	other := record.Meridian != v.version
	n := 0
	for _, s := range v.Platform.Spaces {
		for region, tree := range s.Regions {
			now, err := v.draft.tree(ctx, SpaceFolder(region, s.Namespace))
			if err != nil {
				return err
			}
			n += countDiffering(now, tree)
			if now, err = v.draft.tree(ctx, TenantFolder(region, s.Namespace)); err != nil {
				return err
			}
			n += countDiffering(now, s.Tenant[region])
		}
	}
	if record.Digest != v.Platform.Digest && !other {
		v.tell(diag.PlatformMismatch, platformFile, "platform %s is in force, compared with %s: %d files of its spaces differ", short(record.Digest), short(v.Platform.Digest), n)
		return nil
	}
	if other && (n > 0 || record.Digest != v.Platform.Digest) {
		v.tell(diag.OtherVersion, platformFile, "platform %s was written by version %s; by version %s it is %s: %d files of its spaces differ",
			short(record.Digest), orUnknown(record.Meridian), orUnknown(v.version), short(v.Platform.Digest), n)
		return nil
	}
	for _, s := range v.Platform.Spaces {
		if err := v.writeSpace(ctx, s); err != nil {
			return err
		}
	}
	computed := v.Platform.record(record.Meridian)
	computed.Source = record.Source
	data, err := encodeRecord(computed)
	if err != nil {
		return err
	}
	return v.draft.put(ctx, platformFile, data)
}

// strays tells of files in Meridian's folders that no record accounts for, and that a repair leaves: they may be an
// application that serves people, or the work of a newer version.
func (v *verifier) strays(ctx context.Context, record *PlatformRecord) error {
	if err := v.strayRecords(ctx); err != nil {
		return err
	}
	for _, region := range v.regions {
		if err := v.straySync(ctx, region); err != nil {
			return err
		}
		spaces := path.Join(regionsDir, region, "spaces")
		namespaces, err := v.draft.names(ctx, spaces, true)
		if err != nil {
			return err
		}
		for _, namespace := range namespaces {
			if err := v.strayApps(ctx, path.Join(spaces, namespace, "apps"), namespace); err != nil {
				return err
			}
			recorded := slices.ContainsFunc(record.Spaces, func(s SpaceRecord) bool {
				return s.Namespace == namespace && slices.Contains(s.Regions, region)
			})
			if !recorded && !v.wasSpace(namespace, region) {
				if err := v.stray(ctx, path.Join(spaces, namespace, "space")); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// strayRecords looks at .meridian beside what is known to be there.
func (v *verifier) strayRecords(ctx context.Context) error {
	return v.draft.walk(ctx, ".meridian", func(file string, _ *node) error {
		known := file == platformFile || strings.HasPrefix(file, platformDir+"/") || strings.HasPrefix(file, claimsDir+"/")
		if rest, ok := strings.CutPrefix(file, appsDir+"/"); ok {
			parts := strings.SplitN(rest, "/", 4)
			known = len(parts) == 3 && parts[2] == "owner.yaml" || len(parts) == 4 && parts[2] == inputsDir
		}
		if !known {
			v.tell(diag.FileStray, file, "nobody published this file")
		}
		return nil
	})
}

// straySync tells of what syncs and bounds spaces that the platform does not have.
func (v *verifier) straySync(ctx context.Context, region string) error {
	folder := path.Join(regionsDir, region, "sync")
	names, err := v.draft.names(ctx, folder, false)
	if err != nil {
		return err
	}
	for _, name := range names {
		namespace, isYAML := strings.CutSuffix(name, ".yaml")
		if isYAML && !v.wasSpace(namespace, region) {
			v.tell(diag.FileStray, path.Join(folder, name), "the platform has no space %s in %s to sync", namespace, region)
		}
	}
	tenants, err := v.draft.names(ctx, folder, true)
	if err != nil {
		return err
	}
	for _, namespace := range tenants {
		if !v.wasSpace(namespace, region) {
			if err := v.stray(ctx, path.Join(folder, namespace)); err != nil {
				return err
			}
		}
	}
	return nil
}

// strayApps tells of applications without a record.
func (v *verifier) strayApps(ctx context.Context, folder, namespace string) error {
	n, err := v.draft.folder(ctx, folder)
	if n == nil || err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(n.kids)) {
		switch {
		case isRegular(n.kids[name].mode):
			v.tell(diag.FileStray, path.Join(folder, name), "nobody published this file")
		case !slices.Contains(v.known, AppID{namespace, name}):
			v.uncertain[AppID{namespace, name}] = true
			v.tell(diag.RecordMissing, path.Join(folder, name), "application %s/%s has no record of who published it", namespace, name)
		}
	}
	return nil
}

// stray tells of every file below a folder.
func (v *verifier) stray(ctx context.Context, folder string) error {
	return v.draft.walk(ctx, folder, func(file string, _ *node) error {
		v.tell(diag.FileStray, file, "nobody published this file")
		return nil
	})
}
