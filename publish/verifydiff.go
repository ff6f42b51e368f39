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
	line, want, more := firstDifference(had, wanted)
	switch {
	case line == 0:
		return diag.New(code, pos, "", "the file's mode is not that of a plain file"), nil
	case !more:
		v.texts[change.Path] = had
		pos.Line, pos.Col = line, 1
		return diag.New(code, pos, "", "not what was published, which has no such line"), nil
	}
	v.texts[change.Path] = had
	pos.Line, pos.Col = line, 1
	return diag.New(code, pos, "", "not what was published; here it says: %s", strings.TrimSpace(want)), nil
}

// firstDifference returns the number of the first line that differs and what is wanted there; more is false when
// nothing is. The number is 0 when the texts are equal.
func firstDifference(had, wanted []byte) (line int, want string, more bool) {
	if bytes.Equal(had, wanted) {
		return 0, "", false
	}
	a, b := strings.Split(string(had), "\n"), strings.Split(string(wanted), "\n")
	for i := range b {
		if i >= len(a) || a[i] != b[i] {
			return i + 1, b[i], i < len(b)-1 || b[i] != ""
		}
	}
	return len(b), "", false
}
