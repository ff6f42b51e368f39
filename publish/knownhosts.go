package publish

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/meridian-gitops/meridian/diag"
)

// knownHosts are the host keys that are believed. There is no way around them: what is not known is refused.
type knownHosts struct {
	files       []string // as given
	check       ssh.HostKeyCallback
	authorities map[position]bool // lines that hold an authority's key
}

// position is a line of a file.
type position struct {
	file string
	line int
}

func readKnownHosts(files []string) (*knownHosts, error) {
	k := &knownHosts{files: files, authorities: map[position]bool{}}
	var there []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the known hosts: %w", err)
		}
		there = append(there, file)
		n := 0
		for line := range strings.Lines(string(data)) {
			n++
			if strings.HasPrefix(strings.TrimLeft(line, " \t"), "@cert-authority") {
				k.authorities[position{file, n}] = true
			}
		}
	}
	var err error
	if k.check, err = knownhosts.New(there...); err != nil {
		return nil, fmt.Errorf("read the known hosts: %s", strings.ReplaceAll(err.Error(), "knownhosts: ", ""))
	}
	return k, nil
}

// nobody is a key that no host has. Asked for it, the files tell which they know.
type nobody struct{}

func (nobody) Type() string                        { return "" }
func (nobody) Marshal() []byte                     { return nil }
func (nobody) Verify([]byte, *ssh.Signature) error { return errors.New("nobody signs") }

// of returns the keys that are known of a host, and whether there is an authority for it.
func (k *knownHosts) of(a *sshAddress) (keys []knownhosts.KnownKey, vouched bool) {
	var unknown *knownhosts.KeyError
	if !errors.As(k.check(a.dialled(), &net.TCPAddr{}, nobody{}), &unknown) {
		return nil, false
	}
	keys = k.plain(unknown.Want)
	return keys, len(keys) < len(unknown.Want)
}

// plain leaves the authorities out: they sign hosts' keys and are none.
func (k *knownHosts) plain(keys []knownhosts.KnownKey) []knownhosts.KnownKey {
	return slices.DeleteFunc(slices.Clone(keys), func(key knownhosts.KnownKey) bool {
		return k.authorities[position{key.Filename, key.Line}]
	})
}

// hostKeyAlgorithms is what a host is asked for: certificates where an authority is known, then keys of the types that
// are known of it, then others, in a fixed order. A host has keys of several types and shows one; asked for any, it may
// show one that is not known although it has another that is. The others are there for the message's sake.
func hostKeyAlgorithms(known []knownhosts.KnownKey, vouched bool) []string {
	var certificates, wanted, others []string
	for _, a := range []struct{ key, algorithm, certificate string }{
		{ssh.KeyAlgoED25519, ssh.KeyAlgoED25519, ssh.CertAlgoED25519v01},
		{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA256, ssh.CertAlgoECDSA256v01},
		{ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA384, ssh.CertAlgoECDSA384v01},
		{ssh.KeyAlgoECDSA521, ssh.KeyAlgoECDSA521, ssh.CertAlgoECDSA521v01},
		{ssh.KeyAlgoRSA, ssh.KeyAlgoRSASHA512, ssh.CertAlgoRSASHA512v01},
		{ssh.KeyAlgoRSA, ssh.KeyAlgoRSASHA256, ssh.CertAlgoRSASHA256v01},
	} {
		if vouched {
			certificates = append(certificates, a.certificate)
		}
		if slices.ContainsFunc(known, func(k knownhosts.KnownKey) bool { return k.Key.Type() == a.key }) {
			wanted = append(wanted, a.algorithm)
		} else {
			others = append(others, a.algorithm)
		}
	}
	return slices.Concat(certificates, wanted, others)
}

// judge tells whether a host that shows a key is believed: nil if it is.
func (k *knownHosts) judge(a *sshAddress, key ssh.PublicKey) *refusal {
	err := k.check(a.dialled(), &net.TCPAddr{}, key)
	var revoked *knownhosts.RevokedError
	var other *knownhosts.KeyError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &revoked):
		return refuse(diag.HostKeyChanged, "the key that %s shows is revoked in %s:%d: %s", a.host, revoked.Revoked.Filename, revoked.Revoked.Line, fingerprint(key)).
			hint("whoever has that key may pretend to be the host: do not publish there until its administrators have given it a new one")
	case !errors.As(err, &other):
		return refuse(diag.HostKeyChanged, "the certificate that %s shows is not accepted: %s", a.host, harmless(strings.TrimPrefix(err.Error(), "ssh: "))).
			hint("ask the host's administrators for a certificate that is valid for this name, or for their authority's new key")
	}
	if keys := k.plain(other.Want); len(keys) > 0 {
		return k.changed(a, key, keys)
	}
	return refuse(diag.HostUnknown, "%s is not among the known hosts; it shows the key %s", a.host, fingerprint(key)).
		hint("if its administrators give the same fingerprint, add the key: %s", k.scan(a, key))
}

// changed tells of a host that is known by other keys.
func (k *knownHosts) changed(a *sshAddress, key ssh.PublicKey, known []knownhosts.KnownKey) *refusal {
	var lines, keys []string
	for _, other := range known {
		lines = append(lines, fmt.Sprintf("%s:%d has %s", other.Filename, other.Line, fingerprint(other.Key)))
		if remove := "ssh-keygen -R " + shellWord(knownhosts.Normalize(a.dialled())) + " -f " + shellWord(other.Filename); !slices.Contains(keys, remove) {
			keys = append(keys, remove)
		}
	}
	return refuse(diag.HostKeyChanged, "%s is not the host that is known: it shows the key %s, but %s", a.host, fingerprint(key), strings.Join(lines, ", ")).
		hint("another machine may be in its place. If its administrators say that the key has changed and give the same fingerprint, replace it: %s", strings.Join(append(keys, k.scan(a, key)), " && "))
}

// fingerprint is a key as ssh shows it to users.
func fingerprint(key ssh.PublicKey) string { return keyName(key) + " " + ssh.FingerprintSHA256(key) }

// keyName is what ssh's own tools call a type of keys.
func keyName(key ssh.PublicKey) string {
	switch kind := key.Type(); {
	case kind == ssh.KeyAlgoED25519:
		return "ed25519"
	case kind == ssh.KeyAlgoRSA:
		return "rsa"
	case strings.HasPrefix(kind, "ecdsa-"):
		return "ecdsa"
	default:
		return kind
	}
}

// scan is the command that adds a host's key to the first of the files.
func (k *knownHosts) scan(a *sshAddress, key ssh.PublicKey) string {
	file := "FILE, to be given with --known-hosts"
	if len(k.files) > 0 {
		file = shellWord(k.files[0])
	}
	port := ""
	if a.port != "22" {
		port = " -p " + a.port
	}
	return fmt.Sprintf("ssh-keyscan%s -t %s %s >> %s", port, keyName(key), a.host, file)
}

// shellWord quotes a word for a shell, if it has to be.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,=", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
