package publish

import (
	"errors"
	"fmt"

	"github.com/meridian-gitops/meridian/diag"
	"github.com/meridian-gitops/meridian/signature"
)

// CheckSignature reports what is wrong with the signature of a commit that one of a keyring's signers must have made:
// one diagnostic, or none when it is as it should be. hash names the commit, data is the object as git stores it.
func CheckSignature(hash string, data []byte, keys *signature.Keyring) []diag.Diagnostic {
	_, err := keys.Verify(data)
	if err == nil {
		return nil
	}
	code := diag.SignatureBad
	switch {
	case errors.Is(err, signature.ErrUnsigned):
		code = diag.CommitUnsigned
	case errors.Is(err, signature.ErrUnknownSigner):
		code = diag.SignerUnknown
	}
	return []diag.Diagnostic{diag.New(code, diag.Pos{}, "", "commit %s: %v", hash, err)}
}

// SignerRecord is a signer as the platform's record has it: whoever verifies commits need not compile the platform.
type SignerRecord struct {
	Name    string   `yaml:"name"`
	SSH     []string `yaml:"ssh,omitempty"`     // lines of .pub files
	OpenPGP []string `yaml:"openpgp,omitempty"` // armored
}

// Keyring holds the keys of the signers that the platform names; nil when it names none, and no commit need be signed.
func (r *PlatformRecord) Keyring() (*signature.Keyring, error) {
	if r == nil || len(r.Signers) == 0 {
		return nil, nil
	}
	var signers []signature.Signer
	for _, s := range r.Signers {
		signers = append(signers, signature.Signer(s))
	}
	ring, err := signature.NewKeyring(signers)
	if err != nil {
		return nil, &recordError{platformFile, fmt.Errorf("signers: %w", err)}
	}
	return ring, nil
}
