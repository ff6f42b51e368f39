package publish

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/signature"
)

// testKey is an SSH key made from a name, and the line of its .pub file.
func testKey(t testing.TB, name string) (*signature.Key, string) {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.SSHKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	return key, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

func signers(t testing.TB, names ...string) []signature.Signer {
	t.Helper()
	var list []signature.Signer
	for _, name := range names {
		_, line := testKey(t, name)
		list = append(list, signature.Signer{Name: name, SSH: []string{line}})
	}
	return list
}

// platformWith is the test platform with other signers.
func platformWith(t testing.TB, names ...string) Platform {
	t.Helper()
	p := verification(t).Platform
	p.Signers = signers(t, names...)
	if len(names) > 0 {
		p.Inputs = tree(t, map[string]string{"platform.cue": "org: \"myorg\" // signed by " + strings.Join(names, ", ") + "\n"})
	}
	return p
}

// spaces publishes a platform and returns what is told.
func (r *repo) spaces(o Options, p Platform) []string {
	r.t.Helper()
	_, diags, err := PublishPlatform(context.Background(), o, p)
	if err != nil {
		r.t.Fatal(err)
	}
	var text []string
	for _, d := range diags {
		text = append(text, d.String())
	}
	return text
}

func (r *repo) signed(t testing.TB, name string) Options {
	o := r.options()
	if name != "" {
		o.SignKey, _ = testKey(t, name)
	}
	return o
}

// TestSignedByGit has git verify a commit that is signed with an SSH key, and refuse it once it is tampered with.
func TestSignedByGit(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1")
		_, line := testKey(t, "ci")
		allowed := filepath.Join(t.TempDir(), "allowed")
		if err := os.WriteFile(allowed, []byte("ci@mydomain.com "+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r.git("config", "gpg.format", "ssh")
		r.git("config", "gpg.ssh.allowedSignersFile", allowed)
		r.publish(r.signed(t, "ci"), testApp(t, "myorg-web", "app1", "r1"))
		r.git("verify-commit", "main")
		r.fsck()

		text := r.git("cat-file", "commit", "main")
		forged := r.forge(strings.Replace(text, "author Meridian", "author Mallory", 1))
		if out, err := exec.Command("git", "--git-dir="+r.dir, "verify-commit", forged).CombinedOutput(); err == nil {
			t.Errorf("git accepts a commit that was tampered with: %s", out)
		}
		keys, err := signature.NewKeyring(signers(t, "ci"))
		if err != nil {
			t.Fatal(err)
		}
		if told := CheckSignature(r.head(), []byte(text), keys); told != nil {
			t.Errorf("told %v", told)
		}
		told := CheckSignature(forged, []byte(r.git("cat-file", "commit", forged)), keys)
		if len(told) != 1 || told[0].Code != diag.SignatureBad || !strings.Contains(told[0].Message, forged) {
			t.Errorf("told %v", told)
		}
	})
}

// forge stores a commit object as it is given.
func (r *repo) forge(text string) string {
	r.t.Helper()
	object := filepath.Join(r.t.TempDir(), "commit")
	if err := os.WriteFile(object, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(r.git("hash-object", "-t", "commit", "-w", object))
}

// TestSignedAgain holds that the same tree, parent, people, time and key make the same commit.
func TestSignedAgain(t *testing.T) {
	var hashes []string
	for range 2 {
		r := &repo{t: t, dir: filepath.Join(t.TempDir(), "fleet.git")}
		r.url = r.dir
		r.seed("r1")
		hashes = append(hashes, r.publish(r.signed(t, "ci"), testApp(t, "myorg-web", "app1", "r1")).Commit)
	}
	if hashes[0] != hashes[1] {
		t.Errorf("the commits are %s", hashes)
	}
}

// TestRequiredSignatures goes through the life of a repository that comes to want signatures.
func TestRequiredSignatures(t *testing.T) {
	eachRepo(t, func(t *testing.T, r *repo) {
		r.seed("r1", "r2") // unsigned: nobody asked for more
		app := testApp(t, "myorg-web", "app1", "r1")
		with := func(names ...string) Platform {
			p := platformWith(t, names...)
			p.Recompile = verification(t, app).Platform.Recompile
			return p
		}
		want := func(told []string, code diag.Code, words string) {
			t.Helper()
			if len(told) != 1 || !strings.Contains(told[0], string(code)) || !strings.Contains(told[0], words) {
				t.Errorf("told %q, want %s with %q", told, code, words)
			}
		}
		want(r.spaces(r.signed(t, ""), with("ada", "ci")), diag.CommitUnsigned, "commits must be signed by one of the signers of the platform to be published (ada, ci), and no key is given")
		want(r.spaces(r.signed(t, "eve"), with("ada", "ci")), diag.SignerUnknown, "ada, ci")
		if told := r.spaces(r.signed(t, "ada"), with("ada", "ci")); told != nil {
			t.Fatal(told)
		}
		brought := r.head()
		want(r.refused(r.signed(t, ""), app), diag.CommitUnsigned, "of the platform in force (ada, ci), and no key is given")
		want(r.refused(r.signed(t, "eve"), app), diag.SignerUnknown, "in force")
		dry := r.signed(t, "")
		dry.DryRun = true
		r.publish(dry, app)
		r.publish(r.signed(t, "ci"), app)
		r.publish(r.signed(t, ""), app) // nothing changes

		// A key is replaced while both are known.
		want(r.spaces(r.signed(t, "ci"), with("bob")), diag.SignerUnknown, "to be published: bob")
		want(r.spaces(r.signed(t, "bob"), with("bob")), diag.SignerUnknown, "in force: ada, ci")
		p := with("ada", "bob")
		if told := r.spaces(r.signed(t, "ada"), p); told != nil {
			t.Fatal(told)
		}
		v := verification(t, app)
		v.Platform = p
		found, told := r.verify(r.options(), v)
		if told != nil || found.Signatures != 3 || found.SignaturesOlder {
			t.Errorf("told %q; %d signatures", told, found.Signatures)
		}

		r.commit(map[string]string{"README": "by hand"})
		unsigned := r.head()
		other := testApp(t, "myorg-data", "app2", "r1")
		r.publish(r.signed(t, "bob"), other)
		v.Platform.Recompile = verification(t, app, other).Platform.Recompile
		found, told = r.verify(r.options(), v)
		want(told, diag.CommitUnsigned, "commit "+unsigned+": it is not signed")
		if found.Signatures != 5 {
			t.Errorf("%d signatures", found.Signatures)
		}
		v.SignedSince = unsigned[:8]
		if found, told := r.verify(r.options(), v); told != nil || found.Signatures != 1 {
			t.Errorf("since %s: told %q; %d signatures", unsigned, told, found.Signatures)
		}
		v.SignedSince = brought
		if found, _ := r.verify(r.options(), v); found.Signatures != 4 {
			t.Errorf("since %s: %d signatures", brought, found.Signatures)
		}
	})
}

// TestForgedSignatures finds what an attacker with the right to push does.
func TestForgedSignatures(t *testing.T) {
	r := &repo{t: t, dir: filepath.Join(t.TempDir(), "fleet.git")}
	r.url = r.dir
	p := platformWith(t, "ci")
	if told := r.spaces(r.signed(t, "ci"), p); told != nil {
		t.Fatal(told)
	}
	v := verification(t)
	v.Platform = p
	first := r.head()
	text := r.git("cat-file", "commit", "main")
	tests := []struct {
		name string
		make func() string
		code diag.Code
		more string
	}{
		{"a signature of another commit", func() string {
			hash := r.forge(strings.Replace(text, "\nauthor", "\nparent "+first+"\nauthor", 1))
			r.git("update-ref", "refs/heads/main", hash)
			return hash
		}, diag.SignatureBad, ""},
		{"an unknown key", func() string {
			r.publishUnchecked(t, "eve")
			return r.head()
		}, diag.SignerUnknown, ""},
		{"other signers", func() string { // who names himself in the record signs well from then on, but not that
			record := r.git("show", "main:.meridian/platform.yaml")
			_, mine := testKey(t, "ci")
			_, eve := testKey(t, "eve")
			r.commit(map[string]string{".meridian/platform.yaml": strings.Replace(record, mine, eve, 1)})
			return r.head()
		}, diag.CommitUnsigned, "the signers are not those of the recorded platform"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r.git("update-ref", "refs/heads/main", first)
			hash := test.make()
			_, told := r.verify(r.options(), v)
			all := strings.Join(told, "\n")
			if !strings.Contains(all, string(test.code)) || !strings.Contains(all, hash) || !strings.Contains(all, test.more) {
				t.Errorf("told %q, want %s about %s", told, test.code, hash)
			}
		})
	}
}

// publishUnchecked commits with a key that nobody knows, as a changed program could.
func (r *repo) publishUnchecked(t testing.TB, name string) {
	t.Helper()
	ctx := context.Background()
	o := r.signed(t, name)
	e, diags, err := connect(o)
	if err != nil || len(diags) > 0 {
		t.Fatal(diags, err)
	}
	defer e.close()
	head, err := e.head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	root, err := treeOf(ctx, e, head)
	if err != nil {
		t.Fatal(err)
	}
	d := newDraft(e, root)
	if err := d.put(ctx, "README", []byte("x\n")); err != nil {
		t.Fatal(err)
	}
	commit, objects, err := makeCommit(d, o, "x\n", head)
	if err == nil {
		err = e.advance(ctx, head, commit, objects)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSignersRecorded holds how signers lie in the record, and that what is no key there is told.
func TestSignersRecorded(t *testing.T) {
	p := platformWith(t, "ci", "ada")
	data, err := encodeRecord(p.record("v1"))
	if err != nil {
		t.Fatal(err)
	}
	record := new(PlatformRecord)
	if err := decodeRecord(platformFile, data, "Platform", record); err != nil {
		t.Fatal(err)
	}
	want := []SignerRecord{SignerRecord(p.Signers[1]), SignerRecord(p.Signers[0])}
	if d := cmp.Diff(want, record.Signers); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	record.Signers[0].SSH[0] = "ssh-ed25519 AAAA"
	if _, err := record.Keyring(); err == nil || !strings.Contains(err.Error(), "an SSH key of ada: it is no SSH public key") {
		t.Errorf("told %v", err)
	}
}
