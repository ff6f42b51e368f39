package publish

import (
	"errors"

	"github.com/meridian-gitops/meridian/diag"
)

// refusal is a failure that only the user can mend: trying again is of no use.
type refusal struct{ diagnostic diag.Diagnostic }

func (r *refusal) Error() string { return r.diagnostic.Message }

func refuse(code diag.Code, format string, args ...any) *refusal {
	return &refusal{diag.New(code, diag.Pos{}, "", format, args...)}
}

func (r *refusal) hint(format string, args ...any) *refusal {
	return &refusal{r.diagnostic.WithHint(format, args...)}
}

// told turns a refusal into its diagnostic, and leaves any other error.
func told(err error) ([]diag.Diagnostic, error) {
	var r *refusal
	if errors.As(err, &r) {
		return []diag.Diagnostic{r.diagnostic}, nil
	}
	return nil, err
}
