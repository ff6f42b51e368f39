package signature

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	sshArmor  = "SSH SIGNATURE"
	namespace = "git" // a signature that was made for anything else does not count
	leastRSA  = 2048
)

// sshPreamble begins both what is signed and a signature.
type sshPreamble [6]byte

func magic() sshPreamble { return sshPreamble{'S', 'S', 'H', 'S', 'I', 'G'} }

// sshSignature is a signature as PROTOCOL.sshsig lays it out.
type sshSignature struct {
	Magic     sshPreamble
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  []byte
	Hash      string
	Signature []byte
}

// sshSigned is what the key signs.
type sshSigned struct {
	Magic     sshPreamble
	Namespace string
	Reserved  []byte
	Hash      string
	Digest    []byte
}

func signSSH(signer ssh.Signer, data []byte) ([]byte, error) {
	digest := sha512.Sum512(data)
	blob := ssh.Marshal(sshSigned{magic(), namespace, nil, "sha512", digest[:]})
	made, err := signBlob(signer, blob)
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", ssh.FingerprintSHA256(signer.PublicKey()), err)
	}
	whole := ssh.Marshal(sshSignature{magic(), 1, signer.PublicKey().Marshal(), namespace, nil, "sha512", ssh.Marshal(made)})
	return armorSSH(whole), nil
}

// signBlob asks for SHA-512 where the key leaves a choice: RSA's default is SHA-1. Without a source of randomness, ECDSA
// is deterministic.
func signBlob(signer ssh.Signer, blob []byte) (*ssh.Signature, error) {
	if signer.PublicKey().Type() != ssh.KeyAlgoRSA {
		return signer.Sign(nil, blob)
	}
	chooser, ok := signer.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("the key cannot sign with SHA-512")
	}
	return chooser.SignWithAlgorithm(nil, blob, ssh.KeyAlgoRSASHA512)
}

// armorSSH wraps as ssh-keygen does, in lines of 70.
func armorSSH(data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("-----BEGIN " + sshArmor + "-----\n")
	for text := base64.StdEncoding.EncodeToString(data); text != ""; {
		n := min(70, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	b.WriteString("-----END " + sshArmor + "-----\n")
	return b.Bytes()
}

// readSSH understands an armored signature made for git.
func readSSH(armored []byte) (sshSignature, *ssh.Signature, error) {
	var s sshSignature
	block, rest := pem.Decode(armored)
	if block == nil || block.Type != sshArmor || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return s, nil, errors.New("the signature is malformed")
	}
	inner := new(ssh.Signature)
	if ssh.Unmarshal(block.Bytes, &s) != nil || ssh.Unmarshal(s.Signature, inner) != nil || s.Magic != magic() || s.Version != 1 {
		return s, nil, errors.New("the signature is malformed")
	}
	if s.Namespace != namespace {
		return s, nil, fmt.Errorf("the signature was made for %q, not for git", s.Namespace)
	}
	return s, inner, nil
}

// verifySSH checks a signature that claims to be of a key.
func verifySSH(key ssh.PublicKey, data []byte, s sshSignature, inner *ssh.Signature) error {
	var digest []byte
	switch s.Hash {
	case "sha512":
		sum := sha512.Sum512(data)
		digest = sum[:]
	case "sha256":
		sum := sha256.Sum256(data)
		digest = sum[:]
	default:
		return fmt.Errorf("the signature is over the hash %q; want sha512 or sha256", s.Hash)
	}
	if inner.Format == ssh.KeyAlgoRSA {
		return errors.New("the signature is made with SHA-1")
	}
	if key.Verify(ssh.Marshal(sshSigned{s.Magic, s.Namespace, s.Reserved, s.Hash, digest}), inner) != nil {
		return errors.New("the signature does not fit what is signed")
	}
	return nil
}

// publicSSH reads a line of a .pub file.
func publicSSH(line string) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it is no SSH public key (one line of a .pub file)")
	}
	return key, usableSSH(key)
}

// usableSSH says what is wrong with a kind of key.
func usableSSH(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		held, ok := key.(ssh.CryptoPublicKey)
		if !ok {
			return errors.New("it is an RSA key that cannot be read")
		}
		if public, ok := held.CryptoPublicKey().(*rsa.PublicKey); !ok || public.N.BitLen() < leastRSA {
			return fmt.Errorf("it is an RSA key of fewer than %d bits", leastRSA)
		}
		return nil
	}
	if _, ok := key.(*ssh.Certificate); ok {
		return errors.New("it is a certificate, which is not supported: give the key itself")
	}
	return fmt.Errorf("keys of type %s are not supported: use ed25519, ECDSA or RSA", key.Type())
}
