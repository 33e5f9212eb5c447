package mesh

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Messages on our streams: 4 bytes of big-endian length, then the message. Inside, numbers are
// big-endian and byte strings carry a 4-byte length; there are no options, so a message has one
// spelling. message.go gives each.

var (
	errShort    = errors.New("message ends early")
	errTrailing = errors.New("message has bytes after its end")
	errTooMany  = errors.New("message holds more than allowed")
	errSpelling = errors.New("message is not in its one spelling")
)

// writeMessage sends one message.
func writeMessage(w io.Writer, msg []byte) error {
	b := make([]byte, 0, 4+len(msg))
	b = binary.BigEndian.AppendUint32(b, uint32(len(msg))) //nolint:gosec // far below 2^32, see limits.go
	_, err := w.Write(append(b, msg...))
	return err
}

// readMessage receives one message of at most limit bytes.
func readMessage(r io.Reader, limit int) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if uint64(n) > uint64(limit) { //nolint:gosec // limits are positive
		return nil, fmt.Errorf("%w: %d bytes, at most %d", errTooMany, n, limit)
	}
	msg := make([]byte, n)
	if _, err := io.ReadFull(r, msg); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return msg, nil
}

// scanner takes a message apart. After the first fault everything it returns is zero.
type scanner struct {
	rest []byte
	err  error
}

func (s *scanner) take(n int) []byte {
	if s.err == nil && len(s.rest) < n {
		s.err = errShort
	}
	if s.err != nil {
		return nil
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n:]
	return b
}

func (s *scanner) byte() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scanner) flag() bool {
	b := s.byte()
	if b > 1 && s.err == nil {
		s.err = errSpelling
	}
	return b == 1
}

// ascending reads hashes in ascending order, none twice.
func (s *scanner) ascending(limit int) [][32]byte {
	list := s.hashes(limit)
	for i := 1; i < len(list); i++ {
		if bytes.Compare(list[i-1][:], list[i][:]) >= 0 && s.err == nil {
			s.err = errSpelling
		}
	}
	return list
}

func (s *scanner) hash() (h [32]byte) {
	copy(h[:], s.take(len(h)))
	return h
}

// count reads a number of things of which each takes at least size bytes.
func (s *scanner) count(limit, size int) int {
	b := s.take(4)
	if b == nil {
		return 0
	}
	n := binary.BigEndian.Uint32(b)
	switch {
	case uint64(n) > uint64(limit): //nolint:gosec // limits are positive
		s.err = errTooMany
	case uint64(len(s.rest)) < uint64(n)*uint64(size): //nolint:gosec // sizes are positive
		s.err = errShort
	default:
		return int(n)
	}
	return 0
}

// bytes reads a byte string. It aliases the message.
func (s *scanner) bytes(limit int) []byte { return s.take(s.count(limit, 1)) }

// list reads byte strings of at most each bytes. They alias the message.
func (s *scanner) list(limit, each int) [][]byte {
	n := s.count(limit, 4)
	if n == 0 {
		return nil
	}
	out := make([][]byte, 0, n)
	for range n {
		out = append(out, s.bytes(each))
	}
	return out
}

func (s *scanner) hashes(limit int) [][32]byte {
	n := s.count(limit, 32)
	if n == 0 {
		return nil
	}
	out := make([][32]byte, 0, n)
	for range n {
		out = append(out, s.hash())
	}
	return out
}

// end returns the first fault, one of them being that bytes are left.
func (s *scanner) end() error {
	if s.err == nil && len(s.rest) > 0 {
		s.err = errTrailing
	}
	return s.err
}

func appendCount(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(n)) //nolint:gosec // far below 2^32, see limits.go
}

func appendBytes(b, s []byte) []byte { return append(appendCount(b, len(s)), s...) }

func appendList(b []byte, list [][]byte) []byte {
	b = appendCount(b, len(list))
	for _, s := range list {
		b = appendBytes(b, s)
	}
	return b
}

func appendFlag(b []byte, set bool) []byte {
	if set {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendHashes[H ~[32]byte](b []byte, list []H) []byte {
	b = appendCount(b, len(list))
	for i := range list {
		b = append(b, list[i][:]...)
	}
	return b
}

// cast turns hashes into identifiers of one kind.
func cast[H ~[32]byte](list [][32]byte) []H {
	if len(list) == 0 {
		return nil
	}
	out := make([]H, len(list))
	for i := range list {
		out[i] = H(list[i])
	}
	return out
}
