package signature_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/meridian-gitops/meridian/signature"
)

// tool returns a program that CI has and others may lack.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed", name)
	}
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

func run(t testing.TB, stdin string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tool(t, name), args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sshKey has ssh-keygen make a key and returns the private file's and the public line's text.
func sshKey(t testing.TB, args ...string) (file, private, public string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "key")
	run(t, "", "ssh-keygen", append([]string{"-q", "-C", "ci@mydomain.com", "-f", file}, args...)...)
	return file, read(t, file), read(t, file+".pub")
}

// kinds are the SSH keys that git signs with.
func kinds() map[string][]string {
	return map[string][]string{
		"ed25519":     {"-t", "ed25519"},
		"ecdsa256":    {"-t", "ecdsa", "-b", "256"},
		"ecdsa521":    {"-t", "ecdsa", "-b", "521"},
		"rsa":         {"-t", "rsa", "-b", "2048"},
		"rsa pem":     {"-t", "rsa", "-b", "2048", "-m", "PEM"},
		"ecdsa pkcs8": {"-t", "ecdsa", "-b", "384", "-m", "PKCS8"},
	}
}

var when = time.Unix(1790000000, 0)

const body = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor a <a@b> 1790000000 +0000\ncommitter a <a@b> 1790000000 +0000\n\nsubject\n\ngpgsig is a word of the message\n"

// signedCommit puts a signature where git has it.
func signedCommit(data, armored string) []byte {
	head, message, _ := strings.Cut(data, "\n\n")
	header := "\ngpgsig " + strings.ReplaceAll(strings.TrimSuffix(armored, "\n"), "\n", "\n ")
	return []byte(head + header + "\n\n" + message)
}

func parse(t testing.TB, private, passphrase string) *signature.Key {
	t.Helper()
	key, err := signature.ParseKey([]byte(private), []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, key *signature.Key, data string) string {
	t.Helper()
	armored, err := key.Sign([]byte(data), when)
	if err != nil {
		t.Fatal(err)
	}
	return string(armored)
}

func ring(t testing.TB, signers ...signature.Signer) *signature.Keyring {
	t.Helper()
	keys, err := signature.NewKeyring(signers)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestSSH has ssh-keygen verify what we sign, and us what ssh-keygen signs.
func TestSSH(t *testing.T) {
	for name, args := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, private, public := sshKey(t, append(args, "-N", "")...)
			key := parse(t, private, "")
			armored := sign(t, key, body)
			if again := sign(t, key, body); again != armored {
				t.Errorf("the same bytes and key make two signatures:\n%s%s", armored, again)
			}

			dir := filepath.Dir(file)
			allowed, sig := filepath.Join(dir, "allowed"), filepath.Join(dir, "commit.sig")
			write(t, allowed, "ci@mydomain.com "+public)
			write(t, sig, armored)
			run(t, body, "ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "ci@mydomain.com", "-n", "git", "-s", sig)

			theirs := run(t, body, "ssh-keygen", "-Y", "sign", "-f", file, "-n", "git")
			if !strings.Contains(name, "ecdsa") && theirs != armored {
				t.Errorf("ssh-keygen signs otherwise:\n%s%s", theirs, armored)
			}
			keys := ring(t, signature.Signer{Name: "others", SSH: []string{otherKey}}, signature.Signer{Name: "ci", SSH: []string{public}})
			for _, made := range []string{armored, theirs} {
				if got, err := keys.Verify(signedCommit(body, made)); got != "ci" || err != nil {
					t.Errorf("Verify = %q, %v", got, err)
				}
			}
			if got, ok := keys.Holder(key); got != "ci" || !ok {
				t.Errorf("Holder = %q, %v", got, ok)
			}
			if want := strings.Fields(run(t, "", "ssh-keygen", "-l", "-f", file))[1]; key.Fingerprint() != want {
				t.Errorf("Fingerprint = %s, ssh-keygen says %s", key.Fingerprint(), want)
			}
		})
	}
}

const otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAqOjIR1sSjwwWcVFW0F5vMT1iFX5Fc+dkVnLOEW1TVu other"

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestSSHRefused tries what must not count.
func TestSSHRefused(t *testing.T) {
	file, private, public := sshKey(t, "-t", "ed25519", "-N", "")
	keys := ring(t, signature.Signer{Name: "ci", SSH: []string{public}})
	good := sign(t, parse(t, private, ""), body)
	_, rsaPrivate, rsaPublic := sshKey(t, "-t", "rsa", "-b", "2048", "-N", "")
	signer, err := ssh.ParsePrivateKey([]byte(rsaPrivate))
	if err != nil {
		t.Fatal(err)
	}
	both := ring(t, signature.Signer{Name: "ci", SSH: []string{public}}, signature.Signer{Name: "rsa", SSH: []string{rsaPublic}})
	tests := []struct {
		name   string
		keys   *signature.Keyring
		commit []byte
		want   string
	}{
		{"unsigned", keys, []byte(body), "it is not signed"},
		{"changed message", keys, signedCommit(body+"x", good), "the signature does not fit what is signed"},
		{"changed author", keys, signedCommit(strings.Replace(body, "a <a@b>", "c <a@b>", 1), good), "the signature does not fit what is signed"},
		{"unknown key", ring(t, signature.Signer{Name: "other", SSH: []string{otherKey}}), signedCommit(body, good), "it is signed with an unknown key"},
		{"nobody", ring(t), signedCommit(body, good), "it is signed with an unknown key"},
		{"another namespace", keys, signedCommit(body, run(t, body, "ssh-keygen", "-Y", "sign", "-f", file, "-n", "file")), `the signature was made for "file", not for git`},
		{"SHA-1", both, signedCommit(body, sha1Signature(t, signer)), "the signature is made with SHA-1"},
		{"twice", keys, signedCommit(string(signedCommit(body, good)), good), "it has several signatures"},
		{"malformed", keys, signedCommit(body, "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"), "the signature is malformed"},
		{"more behind it", keys, signedCommit(body, good+"x\n"), "the signature is malformed"},
		{"X.509", keys, signedCommit(body, "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n"), "the signature is neither of SSH nor of OpenPGP"},
		{"OpenPGP nonsense", keys, signedCommit(body, "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"), "the signature is wrong: openpgp: invalid data: tag byte does not have MSB set"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			who, err := test.keys.Verify(test.commit)
			if who != "" || err == nil || err.Error() != test.want {
				t.Errorf("Verify = %q, %v; want %q", who, err, test.want)
			}
		})
	}
}

// sha1Signature is made as old clients would.
func sha1Signature(t *testing.T, signer ssh.Signer) string {
	t.Helper()
	old := oldSigner{signer}
	key, err := signature.SSHKey(old)
	if err != nil {
		t.Fatal(err)
	}
	return sign(t, key, body)
}

type oldSigner struct{ ssh.Signer }

func (o oldSigner) SignWithAlgorithm(_ io.Reader, data []byte, _ string) (*ssh.Signature, error) {
	return o.Signer.(ssh.AlgorithmSigner).SignWithAlgorithm(rand.Reader, data, ssh.KeyAlgoRSA)
}

// TestKeyRefused holds what is said of keys that cannot be used, and that nothing of them is repeated.
func TestKeyRefused(t *testing.T) {
	file, private, public := sshKey(t, "-t", "ed25519", "-N", "correct horse")
	_, oldPEM, _ := sshKey(t, "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "correct horse")
	_, small, smallPublic := sshKey(t, "-t", "rsa", "-b", "1024", "-N", "")
	ca, _, _ := sshKey(t, "-t", "ed25519", "-N", "")
	run(t, "", "ssh-keygen", "-q", "-s", ca, "-I", "ci", "-n", "ci", file+".pub")
	tests := []struct{ name, text, passphrase, want string }{
		{"no passphrase", private, "", "it is encrypted, and no passphrase is given"},
		{"no passphrase, PEM", oldPEM, "", "it is encrypted, and no passphrase is given"},
		{"wrong passphrase", private, "wrong horse", "the passphrase does not fit it"},
		{"wrong passphrase, PEM", oldPEM, "wrong horse", "the passphrase does not fit it"},
		{"empty", "", "", "it is no private key of SSH or OpenPGP"},
		{"public", public, "", "it is no private key of SSH or OpenPGP"},
		{"torn", private[:len(private)/2], "", "it is no private key of SSH or OpenPGP"},
		{"small RSA", small, "", "it is an RSA key of fewer than 2048 bits"},
		{"certificate", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})), "", "it is no private key that can be read; SSH keys are ed25519, ECDSA or RSA"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := signature.ParseKey([]byte(test.text), []byte(test.passphrase))
			if err == nil || err.Error() != test.want {
				t.Fatalf("ParseKey says %v, want %q", err, test.want)
			}
		})
	}
	var encrypted *signature.EncryptedError
	if _, err := signature.ParseKey([]byte(private), nil); !errors.As(err, &encrypted) || encrypted.Public == nil {
		t.Error("an encrypted key does not say its public part, which it has in the clear")
	}
	for name, line := range map[string]string{
		"it is a certificate, which is not supported: give the key itself": read(t, file+"-cert.pub"),
		"it is an RSA key of fewer than 2048 bits":                         smallPublic,
		"it is no SSH public key (one line of a .pub file)":                     public + public,
	} {
		if err := signature.CheckSSH(line); err == nil || err.Error() != name {
			t.Errorf("CheckSSH says %v, want %s", err, name)
		}
	}
	if err := signature.CheckSSH(`command="x" ` + public); err == nil {
		t.Error("a line with options is taken for a key")
	}
	if err := signature.CheckSSH(public); err != nil {
		t.Error(err)
	}
}

// TestSecurityKey verifies a signature as a FIDO device makes it: over hashes, flags and a counter.
func TestSecurityKey(t *testing.T) {
	device, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, touched := range []bool{true, false} {
		key, err := signature.SSHKey(newDevice(t, device, touched))
		if err != nil {
			t.Fatal(err)
		}
		keys := ring(t, signature.Signer{Name: "ada", SSH: []string{string(ssh.MarshalAuthorizedKey(newDevice(t, device, touched).PublicKey()))}})
		got, err := keys.Verify(signedCommit(body, sign(t, key, body)))
		if touched != (got == "ada" && err == nil) {
			t.Errorf("touched %v: Verify = %q, %v", touched, got, err)
		}
	}
}

// Example signs and verifies.
func Example() {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // yours is in a file: ParseKey
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := signature.SSHKey(signer)
	if err != nil {
		fmt.Println(err)
		return
	}
	commit := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nsubject\n"
	armored, err := key.Sign([]byte(commit), time.Unix(1790000000, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	public := string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
	keys, err := signature.NewKeyring([]signature.Signer{{Name: "ci", SSH: []string{public}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(keys.Verify(signedCommit(commit, string(armored))))
	fmt.Println(keys.Verify([]byte(commit)))
	// Output:
	// ci <nil>
	//  it is not signed
}
