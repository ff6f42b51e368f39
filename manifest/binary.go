package manifest

import (
	"encoding/binary"
	"errors"
)

// errCut is a tree's binary form that ends too early.
var errCut = errors.New("read tree: the data is cut off")

// MarshalBinary writes a tree for another process: each file's path and content behind their lengths.
func (t Tree) MarshalBinary() ([]byte, error) {
	n := 0
	for _, f := range t.files {
		n += len(f.Path) + len(f.Data) + 2*binary.MaxVarintLen64
	}
	data := make([]byte, 0, n)
	for _, f := range t.files {
		data = append(binary.AppendUvarint(data, uint64(len(f.Path))), f.Path...)
		data = append(binary.AppendUvarint(data, uint64(len(f.Data))), f.Data...)
	}
	return data, nil
}

// UnmarshalBinary reads what [Tree.MarshalBinary] wrote, by the rules of [NewTree].
func (t *Tree) UnmarshalBinary(data []byte) error {
	var files []File
	for len(data) > 0 {
		path, rest, err := cutField(data)
		if err != nil {
			return err
		}
		content, rest, err := cutField(rest)
		if err != nil {
			return err
		}
		files, data = append(files, File{string(path), content}), rest
	}
	tree, err := NewTree(files)
	*t = tree
	return err
}

// cutField takes one field off the front. Its content is a copy: what decodes uses its buffer again.
func cutField(data []byte) (field, rest []byte, err error) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, errCut
	}
	data = data[size:]
	return append([]byte{}, data[:n]...), data[n:], nil
}
