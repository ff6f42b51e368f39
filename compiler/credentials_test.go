package compiler

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/meridian-gitops/meridian/diag"
)

// TestCredentials holds what looks like a credential, in every place where text may stand, and that no word of the
// diagnostic repeats the value. The values are put together here, so that no scanner takes them for real ones.
func TestCredentials(t *testing.T) {
	join := func(parts ...string) string { return strings.Join(parts, "") }
	random := join("q7Xz", "9vLk", "2mPw", "8rTb")
	values := []struct {
		name, field, value string
		suspicious         bool
	}{
		{"private key", `env: X: V`, join("-----BEGIN RSA ", "PRIVATE KEY-----"), true},
		{"AWS key", `env: X: V`, join("AKIA", "IOSFODNN7EXAMPLE"), true},
		{"GitHub token", `env: X: V`, join("ghp_", strings.Repeat("aB3x", 9)), true},
		{"GitLab token", `annotations: x: V`, join("glpat-", strings.Repeat("aB3x", 5)), true},
		{"JWT", `files: "/etc/x": V`, join("eyJ", "hbGciOiJIUzI1", ".eyJ", "zdWIiOiIxMjM0", ".sig"), true},
		{"password in an address", `env: URL: V`, join("postgres://app:", random, "@db:5432/x"), true},
		{"telling name", `env: DB_PASSWORD: V`, random, true},
		{"telling name of an argument", `args: ["--api-key=" + V]`, random, true},
		{"telling name in the command", `command: ["/app", "--token=" + V]`, random, true},
		{"telling name of an annotation", `annotations: "x-token": V`, random, true},
		{"full form of a variable", `env: DB_PASSWORD: value: V`, random, true},
		{"telling name, a word", `env: DB_PASSWORD: V`, "changeme", false},
		{"telling name, short", `env: TOKEN: V`, "a1b2", false},
		{"telling name, a path", `env: TOKEN: V`, "/var/run/secrets/token-9x", false},
		{"telling name, an expansion", `env: DB_PASSWORD: V`, "$(OTHER_VAR_Q7)", false},
		{"random value of another name", `env: BUILD: V`, random, false},
		{"address without a password", `env: URL: V`, "postgres://db:5432/x", false},
		{"address with an expansion", `env: URL: V`, "postgres://app:$(DB_PASSWORD)@db/x", false},
		{"secret by reference", `env: DB_PASSWORD: secret: {name: "app1-db", key: V}`, "password", false},
	}
	c := newCompiler(t)
	for _, test := range values {
		t.Run(test.name, func(t *testing.T) {
			_, list := c.compile(t, header+"_v: "+`"`+test.value+`"`+"\n"+strings.ReplaceAll(test.field, "V", "_v")+"\n")
			want := []string(nil)
			if test.suspicious {
				want = []string{string(diag.LooksLikeCredential)}
			}
			var got []string
			for _, d := range list {
				got = append(got, string(d.Code))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(messages(list), test.value) {
				t.Error("the value is repeated")
			}
			if diag.HasErrors(list) {
				t.Error("a guess is an error")
			}
		})
	}
}
