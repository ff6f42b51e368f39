package publish

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

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

// signerRecords are signers as they are recorded, sorted.
func signerRecords(signers []signature.Signer) []SignerRecord {
	var list []SignerRecord
	for _, s := range signers {
		list = append(list, SignerRecord(s))
	}
	slices.SortFunc(list, func(a, b SignerRecord) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func sameSigners(a, b []SignerRecord) bool {
	return slices.EqualFunc(a, b, func(a, b SignerRecord) bool {
		return a.Name == b.Name && slices.Equal(a.SSH, b.SSH) && slices.Equal(a.OpenPGP, b.OpenPGP)
	})
}

// checkKey refuses a commit that the signers in force would not accept, before it is made; where it changes them, the
// new ones must, too, so that nobody locks the repository without having a key to it.
func (p *plan) checkKey(ctx context.Context) ([]diag.Diagnostic, error) {
	for _, side := range []struct {
		draft *draft
		name  string
	}{{p.head, "in force"}, {p.draft, "to be published"}} {
		record, err := readPlatform(ctx, side.draft)
		if err != nil {
			return nil, err
		}
		keys, err := record.Keyring()
		if d, ok := Problem(err); ok {
			return []diag.Diagnostic{d}, nil
		}
		if keys == nil {
			continue
		}
		if diags := checkHolder(p.options.SignKey, keys, record.Signers, side.name); len(diags) > 0 {
			return diags, nil
		}
	}
	return nil, nil
}

func checkHolder(key *signature.Key, keys *signature.Keyring, signers []SignerRecord, which string) []diag.Diagnostic {
	var names []string
	for _, s := range signers {
		names = append(names, s.Name)
	}
	if key == nil {
		return []diag.Diagnostic{diag.New(diag.CommitUnsigned, diag.Pos{}, "", "commits must be signed by one of the signers of the platform %s (%s), and no key is given", which, strings.Join(names, ", "))}
	}
	if _, ok := keys.Holder(key); ok {
		return nil
	}
	return []diag.Diagnostic{diag.New(diag.SignerUnknown, diag.Pos{}, "", "the key %s belongs to none of the signers of the platform %s: %s", key.Fingerprint(), which, strings.Join(names, ", "))}
}

// mostSignatures is how many commits a verification goes back.
const mostSignatures = 1000

// signatures checks the commits that had to be signed, from the head back along first parents: those after SignedSince,
// or else since the platform came to name signers.
func (v *verifier) signatures(ctx context.Context) error {
	w := &walk{engine: v.draft.engine, depth: 1}
	rings := newKeyrings(v.draft.engine)
	for hash := v.commit; v.signed < mostSignatures; {
		if least := 7; len(v.SignedSince) >= least && strings.HasPrefix(hash.String(), strings.ToLower(v.SignedSince)) {
			return nil
		}
		commit, err := w.read(ctx, hash)
		if err != nil {
			return fmt.Errorf("read commit %s: %w", hash, err)
		}
		more, err := v.signature(ctx, w, hash, commit, rings)
		var broken *recordError
		switch {
		case errors.As(err, &broken): // whoever had to sign the commits before is not known
			v.left = append(v.left, diag.New(diag.RecordUnreadable, diag.Pos{}, "", "commit %s, or the one before it: %v", hash, err))
			v.signedOlder = true
			return nil
		case err != nil || !more:
			return err
		}
		hash = commit.ParentHashes[0]
	}
	v.signedOlder = true
	return nil
}

// signature checks one commit against the signers in force before it, and those that it brings. It reports whether its
// first parent had to be signed, too.
func (v *verifier) signature(ctx context.Context, w *walk, hash plumbing.Hash, commit object.Commit, rings keyrings) (bool, error) {
	after, afterBlob, err := rings.of(ctx, commit.TreeHash)
	if err != nil {
		return false, err
	}
	before, beforeBlob := (*signature.Keyring)(nil), plumbing.ZeroHash
	if len(commit.ParentHashes) > 0 {
		parent, err := w.read(ctx, commit.ParentHashes[0])
		switch {
		case isMissing(err): // the repository itself is shallow
			before, beforeBlob = after, afterBlob
			v.signedOlder = true
		case err != nil:
			return false, err
		default:
			if before, beforeBlob, err = rings.of(ctx, parent.TreeHash); err != nil {
				return false, err
			}
		}
	}
	if before == nil && after == nil {
		return false, nil
	}
	data, err := w.engine.read(ctx, plumbing.CommitObject, hash)
	if err != nil {
		return false, err
	}
	var found []diag.Diagnostic
	if before != nil {
		found = CheckSignature(hash.String(), data, before)
	}
	if len(found) == 0 && after != nil && beforeBlob != afterBlob {
		found = CheckSignature(hash.String(), data, after)
	}
	v.signed++
	v.left = append(v.left, found...)
	return before != nil && !v.signedOlder, nil
}

// keyrings are the keys of the signers that trees' platforms name. Each record is read once.
type keyrings struct {
	engine engine
	known  map[plumbing.Hash]*signature.Keyring // by the record's file
}

func newKeyrings(e engine) keyrings {
	return keyrings{e, map[plumbing.Hash]*signature.Keyring{}}
}

// of returns the keys of the signers that a tree's platform names, nil when it names none, and the file's hash that says
// so.
func (k keyrings) of(ctx context.Context, root plumbing.Hash) (*signature.Keyring, plumbing.Hash, error) {
	if root.IsZero() {
		return nil, plumbing.ZeroHash, nil
	}
	d := newDraft(k.engine, root)
	n, err := d.lookup(ctx, platformFile)
	if n == nil || err != nil {
		return nil, plumbing.ZeroHash, err
	}
	if ring, known := k.known[n.base]; known {
		return ring, n.base, nil
	}
	record, err := readPlatform(ctx, d)
	if err != nil {
		return nil, n.base, err
	}
	ring, err := record.Keyring()
	k.known[n.base] = ring
	return ring, n.base, err
}

// checkSigners looks at who must sign, and whether they did.
func (v *verifier) checkSigners(ctx context.Context, record *PlatformRecord) error {
	if record.Digest == v.Platform.Digest && !sameSigners(record.Signers, signerRecords(v.Platform.Signers)) {
		v.tell(diag.FileEdited, platformFile, "the signers are not those of the recorded platform")
	}
	return v.signatures(ctx)
}
