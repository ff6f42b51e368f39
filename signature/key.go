package signature

import (
	"bytes"
	"encoding/pem"
	"errors"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"golang.org/x/crypto/ssh"
)

// EncryptedError is a private key that needs a passphrase, and none is given.
type EncryptedError struct {
	Public ssh.PublicKey // where the file says it in the clear: an agent may have the key
}

func (*EncryptedError) Error() string { return "it is encrypted, and no passphrase is given" }

var errPassphrase = errors.New("the passphrase does not fit it")

// Key signs commits. It is either an SSH key, here or in an agent, or an OpenPGP key.
type Key struct {
	ssh ssh.Signer
	pgp *openpgp.Entity
}

// ParseKey reads a private key: of SSH in OpenSSH's or a PEM form, or of OpenPGP, armored; which one is told by its
// first line. One that needs a passphrase and gets none is an [*EncryptedError].
func ParseKey(text, passphrase []byte) (*Key, error) {
	if bytes.Contains(text, []byte("-----BEGIN PGP ")) {
		entity, err := privatePGP(text, passphrase)
		if err != nil {
			return nil, err
		}
		return &Key{pgp: entity}, nil
	}
	signer, err := privateSSH(text, passphrase)
	if err != nil {
		return nil, err
	}
	return SSHKey(signer)
}

// SSHKey is a key that something else holds, an agent say.
func SSHKey(signer ssh.Signer) (*Key, error) {
	if err := usableSSH(signer.PublicKey()); err != nil {
		return nil, err
	}
	return &Key{ssh: signer}, nil
}

// ParsePublic reads an SSH public key, a line of a .pub file.
func ParsePublic(text []byte) (ssh.PublicKey, error) { return publicSSH(string(text)) }

func privateSSH(text, passphrase []byte) (ssh.Signer, error) {
	if block, _ := pem.Decode(text); block == nil {
		return nil, errors.New("it is no private key of SSH or OpenPGP")
	}
	signer, err := ssh.ParsePrivateKey(text)
	var encrypted *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case !errors.As(err, &encrypted):
		return nil, errors.New("it is no private key that can be read; SSH keys are ed25519, ECDSA or RSA")
	case len(passphrase) == 0:
		return nil, &EncryptedError{encrypted.PublicKey}
	}
	if signer, err = ssh.ParsePrivateKeyWithPassphrase(text, passphrase); err != nil {
		return nil, errPassphrase
	}
	return signer, nil
}

// Sign returns the signature of a commit's bytes as its gpgsig header holds it. An OpenPGP signature says when it was
// made; so that the same commit has the same signature, that is the commit's own time.
func (k *Key) Sign(data []byte, when time.Time) ([]byte, error) {
	if k.ssh != nil {
		return signSSH(k.ssh, data)
	}
	return signPGP(k.pgp, data, when)
}

// Usable says what keeps the key from signing at a time.
func (k *Key) Usable(when time.Time) error {
	if k.ssh != nil {
		return nil
	}
	_, err := signingPGP(k.pgp, when)
	return err
}

// Fingerprint names the key as ssh-keygen or gpg do.
func (k *Key) Fingerprint() string {
	if k.ssh != nil {
		return ssh.FingerprintSHA256(k.ssh.PublicKey())
	}
	return fingerprintPGP(k.pgp)
}
