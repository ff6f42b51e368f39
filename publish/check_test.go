package publish

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// TestCheck asks Options.Check of every commit that is built on, and lets it refuse a later one.
func TestCheck(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		t.Run(fmt.Sprintf("refuse=%t", refuse), func(t *testing.T) {
			t.Parallel()
			r := newHTTPRepo(t, true)
			r.seed("r1")
			before := r.head()
			r.overtake(2)
			o := r.options()
			var heads []string
			others := -1
			o.Check = func(ctx context.Context, head *Snapshot) ([]diag.Diagnostic, error) {
				heads = append(heads, head.Commit())
				apps, err := head.Apps(ctx)
				if others = len(apps); refuse && others == 2 {
					return []diag.Diagnostic{diag.New(diag.ChangedMeanwhile, diag.Pos{}, "", "%d others", others)}, err
				}
				return nil, err
			}
			result, diags, err := Apps(t.Context(), o, []App{testApp(t, "myorg-web", "app1", "r1")})
			if err != nil {
				t.Fatal(err)
			}
			want := []string{before, r.rev("main~1"), r.rev("main")}
			landed := !refuse
			if landed {
				want = []string{before, r.rev("main~2"), r.rev("main~1")}
			}
			if d := cmp.Diff(want, heads); d != "" {
				t.Error(d)
			}
			if diag.HasErrors(diags) == landed || (result.Commit == r.head()) != landed || others != 2 {
				t.Errorf("%+v %v, %d others in the last", result, diags, others)
			}
			again := len(heads)
			if landed {
				if result, _, err = Apps(t.Context(), o, []App{testApp(t, "myorg-web", "app1", "r1")}); err != nil || !result.Unchanged() || len(heads) != again {
					t.Errorf("what changes nothing: %+v %v, asked %d times", result, err, len(heads)-again)
				}
			}
		})
	}
}
