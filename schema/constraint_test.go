package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestViolations holds where a merged application breaks a rule of the platform.
func TestViolations(t *testing.T) {
	tests := []struct {
		name, rule string
		want       []string
	}{
		{"kept", `replicas: <=3`, nil},
		{"broken", `replicas: <=1`, []string{"replicas"}},
		{"broken twice", `{replicas: <=1, user: <10}`, []string{"replicas", "user"}},
		{"below an entry", `env: [string]: value: !~"secret"`, []string{"env.A.value"}},
		{"of what is not there", `health: liveness: successThreshold: 1`, nil},
		{"optional", `http?: [string]: tls!: _`, nil},
	}
	s := newSchema(t)
	app := partial(t, "app.cue", `replicas: 2, user: 20, env: A: value: "a secret"`)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			platform, list := s.Value(s.Ref("#Platform"), []Source{{Name: "p.cue", Data: []byte("org: \"o\", projects: [\"p\"]\nconstraints: r: app: " + test.rule + "\n")}})
			if len(list) > 0 {
				t.Fatal(list)
			}
			found, err := Violations(app, []*Node{platform.Get("constraints", "r", "app")})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range found[0] {
				got = append(got, joinPath(v.Path))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
