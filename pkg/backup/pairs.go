package backup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// AppendPair appends a pair in the form that it has in an archive and on its way out of a daemon.
func AppendPair(b, key, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

// ReadPairs calls fn for each pair until r ends between two of them. The slices are valid during the call.
func ReadPairs(r io.Reader, fn func(key, value []byte) error) error {
	in := bufio.NewReader(r)
	var room []byte
	for {
		if _, err := in.Peek(1); errors.Is(err, io.EOF) {
			return nil
		}
		key, err := readPart(in, nil, MaxPair)
		if err != nil {
			return fmt.Errorf("read key: %w", err)
		}
		if room, err = readPart(in, room[:0], MaxPair-len(key)); err != nil {
			return fmt.Errorf("read value: %w", err)
		}
		if err := fn(key, room); err != nil {
			return err
		}
	}
}

var errTooLong = errors.New("it is longer than a store can hold")

// readPart reads a length and as many bytes, into room if that is large enough.
func readPart(in *bufio.Reader, room []byte, limit int) ([]byte, error) {
	n, err := binary.ReadUvarint(in)
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err //nolint:wrapcheck // the caller says which part it is
	case n > uint64(limit): //nolint:gosec // limit is not negative: a key was read within it
		return nil, errTooLong
	}
	if uint64(cap(room)) < n {
		room = make([]byte, n)
	}
	room = room[:n]
	if _, err := io.ReadFull(in, room); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return room, nil
}
