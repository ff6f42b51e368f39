package signature

import (
	"bytes"
	"errors"
	"fmt"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"golang.org/x/crypto/ssh"
)

// ErrUnknownSigner says that a signature is of a key that is not in the keyring.
var ErrUnknownSigner = errors.New("it is signed with an unknown key")

// Signer is whoever may sign commits: a person, a team, a machine.
type Signer struct {
	Name    string
	SSH     []string // public keys, each a line of a .pub file
	OpenPGP []string // public keys, armored
}

// Keyring holds the public keys of signers. It may be used by many goroutines at once.
type Keyring struct {
	ssh []held[ssh.PublicKey]
	pgp []held[*openpgp.Entity]
}

type held[T any] struct {
	name string
	key  T
}

// NewKeyring reads the keys of signers.
func NewKeyring(signers []Signer) (*Keyring, error) {
	ring := &Keyring{}
	for _, s := range signers {
		for _, line := range s.SSH {
			key, err := publicSSH(line)
			if err != nil {
				return nil, fmt.Errorf("an SSH key of %s: %w", s.Name, err)
			}
			ring.ssh = append(ring.ssh, held[ssh.PublicKey]{s.Name, key})
		}
		for _, text := range s.OpenPGP {
			key, err := publicPGP(text)
			if err != nil {
				return nil, fmt.Errorf("an OpenPGP key of %s: %w", s.Name, err)
			}
			ring.pgp = append(ring.pgp, held[*openpgp.Entity]{s.Name, key})
		}
	}
	return ring, nil
}

// CheckSSH says what is wrong with a line of a .pub file.
func CheckSSH(line string) error { _, err := publicSSH(line); return err }

// CheckOpenPGP says what is wrong with an armored public key.
func CheckOpenPGP(text string) error { _, err := publicPGP(text); return err }

// Holder returns whose key it is, and whether it is anybody's.
func (r *Keyring) Holder(k *Key) (string, bool) {
	if k.ssh != nil {
		return r.holderSSH(k.ssh.PublicKey().Marshal())
	}
	for _, h := range r.pgp {
		if bytes.Equal(h.key.PrimaryKey.Fingerprint, k.pgp.PrimaryKey.Fingerprint) {
			return h.name, true
		}
	}
	return "", false
}

func (r *Keyring) holderSSH(key []byte) (string, bool) {
	for _, h := range r.ssh {
		if bytes.Equal(h.key.Marshal(), key) {
			return h.name, true
		}
	}
	return "", false
}

// Verify returns who signed a commit object. The error is [ErrUnsigned], [ErrUnknownSigner], or says what is wrong with
// the signature.
func (r *Keyring) Verify(commit []byte) (string, error) {
	signed, armored, err := Split(commit)
	switch {
	case err != nil:
		return "", err
	case bytes.HasPrefix(armored, []byte("-----BEGIN "+sshArmor)):
		return r.verifySSH(signed, armored)
	case bytes.HasPrefix(armored, []byte("-----BEGIN "+pgpArmor)):
		return r.verifyPGP(signed, armored)
	}
	return "", errors.New("the signature is neither of SSH nor of OpenPGP")
}

func (r *Keyring) verifySSH(signed, armored []byte) (string, error) {
	s, inner, err := readSSH(armored)
	if err != nil {
		return "", err
	}
	for _, h := range r.ssh {
		if !bytes.Equal(h.key.Marshal(), s.PublicKey) {
			continue
		}
		if err := verifySSH(h.key, signed, s, inner); err != nil {
			return "", err
		}
		return h.name, nil
	}
	return "", ErrUnknownSigner
}

func (r *Keyring) verifyPGP(signed, armored []byte) (string, error) {
	var ring openpgp.EntityList
	for _, h := range r.pgp {
		ring = append(ring, h.key)
	}
	key, err := verifyPGP(ring, signed, armored)
	if err != nil {
		return "", err
	}
	for _, h := range r.pgp {
		if h.key == key {
			return h.name, nil
		}
	}
	return "", ErrUnknownSigner
}
