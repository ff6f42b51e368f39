package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/json"
	k8syaml "sigs.k8s.io/yaml"
)

// Decode reads the one YAML document in data into a pointer to a typed object, as a strict API server would: an
// unknown field, a field spelled in another case, a key given twice and a value of the wrong type are refused.
// Nothing is guessed: a number or a bare yes where a string belongs is an error, not a string.
// The error names the field, or the line where the YAML itself is wrong.
func Decode(data []byte, into any) error {
	if err := oneDocument(data); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	asJSON, err := k8syaml.YAMLToJSONStrict(data)
	if err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	strict, err := json.UnmarshalStrict(asJSON, into)
	if err := errors.Join(append(strict, err)...); err != nil {
		return fmt.Errorf("decode %T: %w", into, err)
	}
	return nil
}

// oneDocument refuses an empty stream and a second document, which the decoder below would pass over in silence.
func oneDocument(data []byte) error {
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var node yaml.Node
	switch err := documents.Decode(&node); {
	case errors.Is(err, io.EOF):
		return errors.New("no YAML document")
	case err != nil:
		return err
	}
	if err := documents.Decode(&node); !errors.Is(err, io.EOF) {
		return errors.New("more than one YAML document")
	}
	return nil
}
