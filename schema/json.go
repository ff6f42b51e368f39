package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// MarshalJSON writes the value without positions. An Any node cannot be written.
func (n *Node) MarshalJSON() ([]byte, error) {
	if n.Kind == Any {
		return nil, fmt.Errorf("encode node: CUE that is not data")
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(plain(n))
	return out.Bytes(), err
}

// ParseJSON reads JSON as a Node without positions; numbers keep their form, fields their order.
func ParseJSON(data []byte) (*Node, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	n, err := parseJSON(dec)
	if err != nil {
		return nil, fmt.Errorf("parse node: %w", err)
	}
	return n, nil
}

func parseJSON(dec *json.Decoder) (*Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return parseCompound(dec, t)
	case string:
		return &Node{Kind: String, Text: t}, nil
	case json.Number:
		kind := Int
		if strings.ContainsAny(t.String(), ".eE") {
			kind = Float
		}
		return &Node{Kind: kind, Text: t.String()}, nil
	case bool:
		return &Node{Kind: Bool, Text: fmt.Sprint(t)}, nil
	default:
		return &Node{Kind: Null}, nil
	}
}

func parseCompound(dec *json.Decoder, open json.Delim) (*Node, error) {
	n := &Node{Kind: Struct}
	if open == '[' {
		n.Kind = List
	}
	for dec.More() {
		field := NodeField{}
		if n.Kind == Struct {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			field.Name, _ = name.(string)
		}
		value, err := parseJSON(dec)
		if err != nil {
			return nil, err
		}
		if field.Node = value; n.Kind == Struct {
			n.Fields = append(n.Fields, field)
		} else {
			n.Items = append(n.Items, value)
		}
	}
	_, err := dec.Token()
	return n, err
}
