package publish

import (
	"bytes"
	"context"
	"path"
	"strings"

	"github.com/meridian-gitops/meridian/diag"
)

// differences turns what a repair would change into findings.
func (v *verifier) differences(ctx context.Context) error {
	changes, err := v.draft.changes(ctx)
	if err != nil {
		return err
	}
	for _, change := range changes {
		if v.told[change.Path] {
			continue
		}
		d, err := v.difference(ctx, change)
		if err != nil {
			return err
		}
		v.mended = append(v.mended, d)
	}
	return nil
}

func (v *verifier) difference(ctx context.Context, change FileChange) (diag.Diagnostic, error) {
	pos := diag.Pos{File: change.Path}
	edge := path.Base(path.Dir(change.Path)) == "edge" && strings.HasPrefix(change.Path, regionsDir+"/")
	code := map[Op]diag.Code{Added: diag.FileMissing, Changed: diag.FileEdited, Removed: diag.FileStray}[change.Op]
	if edge {
		code = diag.EdgeWrong
	}
	switch change.Op {
	case Added:
		return diag.New(code, pos, "", "the file is missing"), nil
	case Removed:
		return diag.New(code, pos, "", "nobody published this file"), nil
	}
	had, _, err := v.head.file(ctx, change.Path)
	if err != nil {
		return diag.Diagnostic{}, err
	}
	wanted, _, err := v.draft.file(ctx, change.Path)
	if err != nil {
		return diag.Diagnostic{}, err
	}
	pos, want, more := firstDifference(change.Path, had, wanted)
	switch {
	case pos.Line == 0:
		return diag.New(code, pos, "", "the file's mode is not that of a plain file"), nil
	case !more:
		v.texts[change.Path] = had
		return diag.New(code, pos, "", "not what was published, which has no such line"), nil
	}
	v.texts[change.Path] = had
	return diag.New(code, pos, "", "not what was published; here it says: %s", strings.TrimSpace(want)), nil
}

// firstDifference returns where the first line that differs begins in what is there, after its blanks, and what is wanted
// there; more is false when nothing is. The position is zero when the texts are equal.
func firstDifference(file string, had, wanted []byte) (pos diag.Pos, want string, more bool) {
	pos.File = file
	if bytes.Equal(had, wanted) {
		return pos, "", false
	}
	a, b := strings.Split(string(had), "\n"), strings.Split(string(wanted), "\n")
	pos.Line, pos.Col = len(b), 1
	for i := range b {
		if i < len(a) && a[i] == b[i] {
			continue
		}
		pos.Line = i + 1
		if i < len(a) {
			pos.Col += len(a[i]) - len(strings.TrimLeft(a[i], " "))
		}
		return pos, b[i], i < len(b)-1 || b[i] != ""
	}
	return pos, "", false
}
