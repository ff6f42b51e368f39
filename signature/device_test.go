package signature_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"math/big"
	"testing"

	"golang.org/x/crypto/ssh"
)

// device signs as a FIDO device does (OpenSSH's PROTOCOL.u2f).
type device struct {
	key     *ecdsa.PrivateKey
	public  ssh.PublicKey
	touched bool
}

func newDevice(t testing.TB, key *ecdsa.PrivateKey, touched bool) device {
	t.Helper()
	point, err := key.PublicKey.ECDH()
	if err != nil {
		t.Fatal(err)
	}
	wire := ssh.Marshal(struct {
		Type, Curve string
		Point       []byte
		Application string
	}{ssh.KeyAlgoSKECDSA256, "nistp256", point.Bytes(), "ssh:"})
	public, err := ssh.ParsePublicKey(wire)
	if err != nil {
		t.Fatal(err)
	}
	if key.Curve != elliptic.P256() {
		t.Fatal("devices have P-256")
	}
	return device{key, public, touched}
}

func (d device) PublicKey() ssh.PublicKey { return d.public }

func (d device) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	application, message := sha256.Sum256([]byte("ssh:")), sha256.Sum256(data)
	extra := struct {
		Flags   byte
		Counter uint32
	}{0, 7}
	if d.touched {
		extra.Flags = 1
	}
	digest := sha256.Sum256(append(append(application[:], ssh.Marshal(extra)...), message[:]...))
	r, s, err := ecdsa.Sign(rand.Reader, d.key, digest[:])
	if err != nil {
		return nil, err
	}
	return &ssh.Signature{Format: d.public.Type(), Blob: ssh.Marshal(struct{ R, S *big.Int }{r, s}), Rest: ssh.Marshal(extra)}, nil
}
