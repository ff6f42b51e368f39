package publish

import (
	"encoding/json"
	"net/mail"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// interpret has git read the trailers of a message.
func interpret(t *testing.T, message string) []string {
	t.Helper()
	cmd := exec.Command("git", "interpret-trailers", "--parse", "--no-divider")
	cmd.Stdin = strings.NewReader(message)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

var testSource = &SourceCommit{
	Commit:  "0123456789abcdef0123456789abcdef01234567",
	Author:  Signature{"Zoë, Ltd.", "zoe@mydomain.com", time.Date(2026, 11, 20, 12, 30, 15, 0, time.FixedZone("", 8*3600))},
	Message: "web: bump  app1\nto 1.1\n\nWhy:\t<it> \"crashed\" & 日本\n\n  - twice\n\nSigned-off-by: Zoë <zoe@mydomain.com>\n",
}

// TestTrailers holds that git reads back exactly the trailers that we wrote, and those of the user's own message.
func TestTrailers(t *testing.T) {
	tests := []struct {
		name, message string
		theirs        []string // of the user, as git reads them
		subject       string
	}{
		{"derived", "", nil, "publish myorg-web/app1"},
		{"subject", "a change", nil, "a change"},
		{"subject like a trailer", "web: a change", nil, "web: a change"},
		{"body", "a change\n\nbecause of that", nil, "a change"},
		{"trailers", "a change\n\nbecause of that\n\nReviewed-by: Ada <ada@mydomain.com>\nTicket: 7\n", []string{"Reviewed-by: Ada <ada@mydomain.com>", "Ticket: 7"}, "a change"},
		{"trailers only", "a change\n\nTicket: 7", []string{"Ticket: 7"}, "a change"},
		{"folded trailer", "a change\n\nTicket: 7\n  and 8", []string{"Ticket: 7 and 8"}, "a change"},
		{"signed off below text", "a change\n\nas agreed\nSigned-off-by: Ada <ada@mydomain.com>\nTicket : 7", []string{"Signed-off-by: Ada <ada@mydomain.com>", "Ticket: 7"}, "a change"},
		{"signed off below much text", "a change\n\na\nb\nc\nd\nSigned-off-by: Ada <ada@mydomain.com>", nil, "a change"},
		{"text with a colon", "a change\n\nand this: it is long\nand: no", nil, "a change"},
		{"indented first", "a change\n\n  Ticket: 7", nil, "a change"},
		{"comment at the end", "a change\n\nTicket: 7\n# not that", []string{"Ticket: 7"}, "a change"},
		{"windows", "a change\r\n\r\nTicket: 7\r\n", []string{"Ticket: 7"}, "a change"},
		{"blank with spaces", "a change\n  \nTicket: 7", []string{"Ticket: 7"}, "a change"},
	}
	app := testApp(t, "myorg-web", "app1", "r1")
	app.Source.Commit = testSource.Commit
	ours := interpret(t, appsMessage(Options{MeridianVersion: "v1", SourceCommit: testSource}, []App{app}))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			message := appsMessage(Options{MeridianVersion: "v1", SourceCommit: testSource, Message: test.message}, []App{app})
			if d := cmp.Diff(append(test.theirs[:len(test.theirs):len(test.theirs)], ours...), interpret(t, message)); d != "" {
				t.Errorf("-want +got:\n%s\nmessage:\n%s", d, message)
			}
			if first, _, _ := strings.Cut(message, "\n"); first != test.subject {
				t.Errorf("the subject is %q", first)
			}
			if strings.Contains(message, "\n\n\n") || !strings.HasSuffix(message, "\n") || strings.HasSuffix(message, "\n\n") {
				t.Errorf("blank lines: %q", message)
			}
		})
	}
}

// TestArgoTrailers reads the trailers as Argo CD does: an address of RFC 5322, a date of RFC 3339, a body in JSON.
func TestArgoTrailers(t *testing.T) {
	app := testApp(t, "myorg-web", "app1", "r1")
	app.Source.Commit = testSource.Commit
	got := map[string]string{}
	for _, line := range interpret(t, appsMessage(Options{SourceCommit: testSource}, []App{app})) {
		name, value, _ := strings.Cut(line, ": ")
		if rest, ok := strings.CutPrefix(name, "Argocd-reference-commit-"); ok {
			got[rest] = value
		}
	}
	author, err := mail.ParseAddress(got["author"])
	if err != nil || author.Name != "Zoë, Ltd." || author.Address != "zoe@mydomain.com" {
		t.Errorf("author %q: %v %v", got["author"], author, err)
	}
	delete(got, "author")
	var body string
	if err := json.Unmarshal([]byte(got["body"]), &body); err != nil || body != "Why:\t<it> \"crashed\" & 日本\n\n  - twice\n\nSigned-off-by: Zoë <zoe@mydomain.com>" {
		t.Errorf("body %q: %v", body, err)
	}
	delete(got, "body")
	want := map[string]string{"sha": testSource.Commit, "repourl": "https://git.mydomain.com/app1.git", "date": "2026-11-20T12:30:15+08:00", "subject": "web: bump app1 to 1.1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}

	// Applications of several commits have none of them, those of one commit have.
	other := testApp(t, "myorg-web", "app2", "r1")
	other.Source = app.Source
	other.Source.Path = "app2/app.cue"
	if text := appsMessage(Options{SourceCommit: testSource}, []App{app, other}); !strings.Contains(text, "\nArgocd-reference-commit-subject: ") {
		t.Errorf("two applications of one commit:\n%s", text)
	}
	other.Source.Commit = "1123456789abcdef0123456789abcdef01234567"
	if text := appsMessage(Options{SourceCommit: testSource}, []App{app, other}); strings.Contains(text, "Argocd") {
		t.Errorf("two commits:\n%s", text)
	}
	long := *testSource
	long.Message = "subject\n\n" + strings.Repeat("x", mostBody+1)
	if text := appsMessage(Options{SourceCommit: &long}, []App{app}); strings.Contains(text, "commit-body") || !strings.Contains(text, "commit-subject: subject") {
		t.Errorf("a long body:\n%.1000s", text)
	}
}
