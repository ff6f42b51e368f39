package signature

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

const (
	pgpArmor   = "PGP SIGNATURE"
	pgpPublic  = "PGP PUBLIC KEY BLOCK"
	pgpPrivate = "PGP PRIVATE KEY BLOCK"
)

// at is how the library behaves at a time. Signatures are not salted: gpg's are not either, and salt would make every
// commit another one.
func at(when time.Time) *packet.Config {
	salted := false
	return &packet.Config{
		Time:                                  func() time.Time { return when },
		DefaultHash:                           crypto.SHA512,
		NonDeterministicSignaturesViaNotation: &salted,
	}
}

func signPGP(entity *openpgp.Entity, data []byte, when time.Time) ([]byte, error) {
	if _, err := signingPGP(entity, when); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, err := armor.Encode(&b, pgpArmor, nil)
	if err != nil {
		return nil, err
	}
	if err := openpgp.DetachSign(w, []*openpgp.Entity{entity}, bytes.NewReader(data), at(when)); err != nil {
		return nil, fmt.Errorf("sign with %s: %w", fingerprintPGP(entity), err)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n'), nil
}

// signingPGP is the key, primary or below it, that signs at a time.
func signingPGP(entity *openpgp.Entity, when time.Time) (openpgp.Key, error) {
	key, ok := entity.SigningKey(when, at(when))
	switch {
	case !ok:
		return key, fmt.Errorf("the key %s cannot sign at %s: it is for another use, had expired, or was not made yet", fingerprintPGP(entity), when.UTC().Format(time.RFC3339))
	case key.PrivateKey == nil || key.PrivateKey.Dummy():
		return key, fmt.Errorf("the private part of the key %s is elsewhere, on a card say", fingerprintPGP(entity))
	}
	return key, nil
}

func fingerprintPGP(entity *openpgp.Entity) string {
	return strings.ToUpper(fmt.Sprintf("%x", entity.PrimaryKey.Fingerprint))
}

// privatePGP reads an armored private key and takes its passphrase off.
func privatePGP(text, passphrase []byte) (*openpgp.Entity, error) {
	entity, err := onePGP(text, pgpPrivate)
	if err != nil {
		return nil, err
	}
	encrypted := entity.PrivateKey != nil && entity.PrivateKey.Encrypted
	for _, sub := range entity.Subkeys {
		encrypted = encrypted || sub.PrivateKey != nil && sub.PrivateKey.Encrypted
	}
	if !encrypted {
		return entity, nil
	}
	if len(passphrase) == 0 {
		return nil, &EncryptedError{}
	}
	if entity.DecryptPrivateKeys(passphrase) != nil {
		return nil, errPassphrase
	}
	return entity, nil
}

// onePGP reads an armored block that holds one key.
func onePGP(text []byte, kind string) (*openpgp.Entity, error) {
	block, err := armor.Decode(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("it is not an armored OpenPGP key (%s)", kind)
	}
	if block.Type != kind {
		return nil, fmt.Errorf("it is a %s; want a %s", block.Type, kind)
	}
	entities, err := openpgp.ReadKeyRing(block.Body)
	switch {
	case err != nil || len(entities) == 0:
		return nil, errors.New("the OpenPGP key cannot be read")
	case len(entities) > 1:
		return nil, fmt.Errorf("it holds %d OpenPGP keys; want one", len(entities))
	}
	return entities[0], nil
}

// publicPGP reads an armored public key. What only a use shows, as that it has expired, is not looked at.
func publicPGP(text string) (*openpgp.Entity, error) { return onePGP([]byte(text), pgpPublic) }

// verifyPGP finds the key of the ring that made a signature, which must have been valid at the time that the signature
// says. So a commit stays good when its key expires; one that must not count any more is taken out of the ring.
func verifyPGP(ring openpgp.EntityList, data, armored []byte) (*openpgp.Entity, error) {
	_, signer, err := openpgp.VerifyArmoredDetachedSignature(ring, bytes.NewReader(data), bytes.NewReader(armored), at(time.Time{}))
	switch {
	case errors.Is(err, pgperrors.ErrUnknownIssuer):
		return nil, ErrUnknownSigner
	case err != nil:
		return nil, fmt.Errorf("the signature is wrong: %w", err)
	}
	return signer, nil
}
