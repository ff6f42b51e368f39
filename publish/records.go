package publish

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/meridian-gitops/meridian/manifest"
)

// recordVersion is the version of every file below .meridian.
const recordVersion = "meridian/v1"

// Header begins every record.
type Header struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
}

func (h Header) headed() Header { return h }

// OwnerRecord is .meridian/apps/<namespace>/<app>/owner.yaml: who put the application here, and from what.
type OwnerRecord struct {
	Header    `yaml:",inline"`
	Name      string   `yaml:"name"`
	Namespace string   `yaml:"namespace"`
	Owner     string   `yaml:"owner,omitempty"`
	Regions   []string `yaml:"regions"`          // sorted
	Claims    []string `yaml:"claims,omitempty"` // sorted; files below .meridian/claims with an entry of this application
	Inputs    string   `yaml:"inputs"`           // digest of the recorded inputs

	// What follows is the provenance of the last publication that changed anything else.
	Source   Source `yaml:"source,omitempty"`
	Platform string `yaml:"platform,omitempty"` // digest
	Meridian string `yaml:"meridian,omitempty"` // version
}

// PlatformRecord is .meridian/platform.yaml: the platform that is in force.
type PlatformRecord struct {
	Header `yaml:",inline"`
	Digest string        `yaml:"digest"`
	Spaces []SpaceRecord `yaml:"spaces,omitempty"` // sorted
	Inputs string        `yaml:"inputs"`           // digest of the recorded inputs

	// Signers must sign the commits after this one; a commit that changes them is signed by one of these, too. Sorted.
	Signers []SignerRecord `yaml:"signers,omitempty"`

	Source   Source `yaml:"source,omitempty"`
	Meridian string `yaml:"meridian,omitempty"` // version
}

// SpaceRecord names what a platform wrote, so that a later one may remove it and nothing else.
type SpaceRecord struct {
	Namespace string   `yaml:"namespace"`
	Regions   []string `yaml:"regions"` // sorted
}

// recordError is a record that cannot be understood.
type recordError struct {
	path string
	err  error
}

func (e *recordError) Error() string { return e.path + ": " + e.err.Error() }
func (e *recordError) Unwrap() error { return e.err }

// decodeRecord reads one of the records strictly: an unknown field means an unknown version.
func decodeRecord(path string, data []byte, kind string, into interface{ headed() Header }) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("empty")
		}
		return &recordError{path, err}
	}
	if got, want := into.headed(), (Header{recordVersion, kind}); got != want {
		return &recordError{path, fmt.Errorf("is %s %s, expected %s %s", got.APIVersion, got.Kind, want.APIVersion, want.Kind)}
	}
	return nil
}

func encodeRecord(record any) ([]byte, error) {
	var buf bytes.Buffer
	encoder := yaml.NewEncoder(&buf)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(record), encoder.Close()); err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return buf.Bytes(), nil
}

// digest identifies the content of a tree.
func digest(tree manifest.Tree) string {
	h := sha256.New()
	for path, data := range tree.Files() {
		fmt.Fprintf(h, "%s\x00%d\x00", path, len(data))
		h.Write(data)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// size is how many bytes the files of a tree have.
func size(tree manifest.Tree) int {
	n := 0
	for _, data := range tree.Files() {
		n += len(data)
	}
	return n
}

// public is the source without credentials, which some CI systems put into a checkout's address.
func (s Source) public() Source {
	if u, err := url.Parse(s.Repository); err == nil && u.User != nil {
		u.User = nil
		s.Repository = u.String()
	} else if err != nil && strings.Contains(s.Repository, "://") {
		if i := strings.LastIndexByte(s.Repository, '@'); i >= 0 {
			s.Repository = s.Repository[i+1:]
		}
	}
	return s
}

// place is repository and path in a form that does not depend on how the repository was reached: https and
// ssh addresses of one repository are the same place.
func (s Source) place() string {
	repo := s.public().Repository
	if _, rest, ok := strings.Cut(repo, "://"); ok {
		repo = rest
	} else if host, rest, ok := strings.Cut(repo, ":"); ok && !strings.Contains(host, "/") {
		repo = host + "/" + rest
	}
	if i := strings.IndexByte(repo, '@'); i >= 0 && i < strings.IndexByte(repo+"/", '/') {
		repo = repo[i+1:]
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(repo, "/"), ".git")) + ":" + strings.Trim(s.Path, "/")
}

// String is repository@commit:path with what is known of it.
func (s Source) String() string {
	s = s.public()
	text := s.Repository
	if s.Commit != "" {
		text += "@" + s.Commit
	}
	if s.Path != "" && text != "" {
		text += ":"
	}
	return text + s.Path
}

// InputsDigest is what a record says of inputs, so that a change of them by hand is seen.
func InputsDigest(inputs manifest.Tree) string { return digest(inputs) }
