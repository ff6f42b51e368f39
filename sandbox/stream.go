package sandbox

import (
	"bufio"
	"encoding/gob"
	"io"
)

// What a message is; it goes before the message.
const (
	request int = iota
	question
	reply
	answer
	lastAnswer // the child will end now
)

// stream is one end of the exchange between parent and child.
type stream struct {
	buffer  *bufio.Writer
	encoder *gob.Encoder
	decoder *gob.Decoder
}

func newStream(in io.Reader, out io.Writer) stream {
	buffer := bufio.NewWriterSize(out, 1<<16)
	return stream{buffer, gob.NewEncoder(buffer), gob.NewDecoder(bufio.NewReaderSize(in, 1<<16))}
}

func (s stream) send(kind int, message any) error {
	if err := s.encoder.Encode(kind); err != nil {
		return err
	}
	if err := s.encoder.Encode(message); err != nil {
		return err
	}
	return s.buffer.Flush()
}
