package signature_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gitops/meridian/signature"
)

// gnupg is a GNUPGHOME of its own, and a key in it that was made at a time.
type gnupg struct {
	t    *testing.T
	home string
	at   string // what gpg takes for now, in seconds
}

const pgpUser = "ci <ci@mydomain.com>"

func newGnupg(t *testing.T, algorithm, passphrase string) gnupg {
	t.Helper()
	tool(t, "gpg")
	// A socket's path must be short.
	home, err := os.MkdirTemp("", "g")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(home, "gpg-agent.conf"), "s2k-count 65536\n") // slow passphrases are not what is tested
	g := gnupg{t, home, "1780000000"}
	t.Cleanup(func() {
		run(t, "", "gpgconf", "--homedir", home, "--kill", "gpg-agent")
		os.RemoveAll(home)
	})
	g.run("", "--passphrase", passphrase, "--quick-generate-key", pgpUser, algorithm, "sign", "2y")
	return g
}

func (g gnupg) run(stdin string, args ...string) string {
	g.t.Helper()
	common := []string{"--homedir", g.home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--faked-system-time", g.at}
	return run(g.t, stdin, "gpg", append(common, args...)...)
}

func (g gnupg) private(passphrase string) string {
	return g.run("", "--passphrase", passphrase, "--armor", "--export-secret-keys", pgpUser)
}

func (g gnupg) public() string { return g.run("", "--armor", "--export", pgpUser) }

// TestOpenPGP has gpg verify what we sign, and us what gpg signs.
func TestOpenPGP(t *testing.T) {
	for _, algorithm := range []string{"ed25519", "rsa2048", "nistp256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			g := newGnupg(t, algorithm, "correct horse")
			g.at = "1790000100"
			key := parse(t, g.private("correct horse"), "correct horse")
			armored := sign(t, key, body)
			if again := sign(t, key, body); again != armored && algorithm != "nistp256" {
				t.Errorf("the same bytes, key and time make two signatures:\n%s%s", armored, again)
			}
			sig := filepath.Join(t.TempDir(), "commit.asc")
			write(t, sig, armored)
			g.run(body, "--verify", sig, "-")

			g.at = "1790000000"
			theirs := g.run(body, "--passphrase", "correct horse", "-bsa", "-u", pgpUser)
			keys := ring(t, signature.Signer{Name: "ci", OpenPGP: []string{g.public()}})
			for _, made := range []string{armored, theirs} {
				if got, err := keys.Verify(signedCommit(body, made)); got != "ci" || err != nil {
					t.Errorf("Verify = %q, %v", got, err)
				}
				if who, err := keys.Verify(signedCommit(body+"x", made)); who != "" || err == nil || !strings.HasPrefix(err.Error(), "the signature is wrong: openpgp: ") {
					t.Errorf("a changed commit: Verify = %q, %v", who, err)
				}
			}
			if got, ok := keys.Holder(key); got != "ci" || !ok {
				t.Errorf("Holder = %q, %v", got, ok)
			}
			if !strings.Contains(g.run("", "--with-colons", "--fingerprint", pgpUser), ":"+key.Fingerprint()+":") {
				t.Errorf("gpg knows no fingerprint %s", key.Fingerprint())
			}
		})
	}
}

// TestOpenPGPSubkey signs with a key below the primary one, whose private part stayed at home.
func TestOpenPGPSubkey(t *testing.T) {
	g := newGnupg(t, "ed25519", "")
	colons := g.run("", "--with-colons", "--fingerprint", pgpUser)
	_, rest, _ := strings.Cut(colons, "\nfpr:::::::::")
	fingerprint, _, _ := strings.Cut(rest, ":")
	g.run("", "--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "sign", "1y")
	key := parse(t, g.run("", "--armor", "--export-secret-subkeys", pgpUser), "")
	armored := sign(t, key, body)
	g.at = "1790000100"
	sig := filepath.Join(t.TempDir(), "commit.asc")
	write(t, sig, armored)
	g.run(body, "--verify", sig, "-")
	keys := ring(t, signature.Signer{Name: "ci", OpenPGP: []string{g.public()}})
	if got, err := keys.Verify(signedCommit(body, armored)); got != "ci" || err != nil {
		t.Errorf("Verify = %q, %v", got, err)
	}
}

// TestOpenPGPTime holds that a key signs while it is valid only.
func TestOpenPGPTime(t *testing.T) {
	g := newGnupg(t, "ed25519", "")
	key := parse(t, g.private(""), "")
	for _, test := range []struct {
		when time.Time
		ok   bool
	}{
		{time.Unix(1770000000, 0), false}, // not made yet
		{time.Unix(1790000000, 0), true},
		{time.Unix(1900000000, 0), false}, // expired
	} {
		err := key.Usable(test.when)
		_, signed := key.Sign([]byte(body), test.when)
		if (err == nil) != test.ok || (signed == nil) != test.ok {
			t.Errorf("at %s: Usable says %v, Sign %v", test.when, err, signed)
		}
	}
	// What counts is the signature's own time: a commit stays good, whenever it is looked at.
	keys := ring(t, signature.Signer{Name: "ci", OpenPGP: []string{g.public()}})
	if got, err := keys.Verify(signedCommit(body, sign(t, key, body))); got != "ci" || err != nil {
		t.Errorf("Verify = %q, %v", got, err)
	}
}

// TestOpenPGPRefused holds what is said of keys that cannot be used.
func TestOpenPGPRefused(t *testing.T) {
	g := newGnupg(t, "ed25519", "correct horse")
	private, public := g.private("correct horse"), g.public()
	_, err := signature.ParseKey([]byte(private), nil)
	var encrypted *signature.EncryptedError
	if !errors.As(err, &encrypted) {
		t.Errorf("without a passphrase: %v", err)
	}
	for _, test := range []struct{ text, passphrase, want string }{
		{private, "wrong horse", "the passphrase does not fit it"},
		{public, "", "it is a PGP PUBLIC KEY BLOCK; want a PGP PRIVATE KEY BLOCK"},
		{private[:len(private)/2], "", "the OpenPGP key cannot be read"},
	} {
		if _, err := signature.ParseKey([]byte(test.text), []byte(test.passphrase)); err == nil || err.Error() != test.want {
			t.Errorf("ParseKey says %v, want %q", err, test.want)
		}
	}
	for _, test := range []struct{ text, want string }{
		{private, "it is a PGP PRIVATE KEY BLOCK; want a PGP PUBLIC KEY BLOCK"},
		{"", "it is not an armored OpenPGP key (PGP PUBLIC KEY BLOCK)"},
		{public[:len(public)/2], "the OpenPGP key cannot be read"},
	} {
		if err := signature.CheckOpenPGP(test.text); err == nil || err.Error() != test.want {
			t.Errorf("CheckOpenPGP says %v, want %q", err, test.want)
		}
	}
	if err := signature.CheckOpenPGP(public); err != nil {
		t.Error(err)
	}
}
