package dsse

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep objects and arrays may nest in any payload. The deepest of ours nests six
// levels; the rest is room for later releases.
const MaxDepth = 16

// Reasons why bytes are not a canonical payload. Test with errors.Is.
var (
	// ErrNotJSON: not one JSON object in valid UTF-8 (truncated input is here too).
	ErrNotJSON = errors.New("not a JSON object")
	// ErrDuplicate: an object names a member twice.
	ErrDuplicate = errors.New("duplicate member")
	// ErrDepth: nested deeper than MaxDepth.
	ErrDepth = errors.New("nested too deep")
	// ErrNumber: a number that is not an integer of magnitude below 2^53 in plain decimal.
	ErrNumber = errors.New("number is not an integer below 2^53")
	// ErrNull: a null, which would be a second way to leave a member out.
	ErrNull = errors.New("null is not used: leave the member out")
	// ErrNotCanonical: JSON, but not spelt as RFC 8785 spells it.
	ErrNotCanonical = errors.New("not in canonical form (RFC 8785)")
)

// Canonical returns nil if b is one JSON object in the form of RFC 8785 with integers only and without
// null, else an error that wraps one of the reasons above. The check works on generic JSON: members that this
// release does not know are held to the same form.
func Canonical(b []byte) error {
	if len(b) == 0 || b[0] != '{' {
		return ErrNotJSON
	}
	if err := scan(b); err != nil {
		return err
	}
	v := jsontext.Value(bytes.Clone(b))
	if err := v.Canonicalize(); err != nil {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("%w: %w", ErrDuplicate, err)
		}
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	if !bytes.Equal(v, b) {
		return fmt.Errorf("%w: differs at byte %d", ErrNotCanonical, firstDifference(v, b))
	}
	return nil
}

// scan checks depth, numbers and nulls in one pass without recursion, before anything else looks at b, so
// that hostile nesting costs its own length and no more. It assumes no valid syntax.
func scan(b []byte) error {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			i = skipString(b, i)
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return fmt.Errorf("%w: more than %d levels at byte %d", ErrDepth, MaxDepth, i)
			}
		case c == '}' || c == ']':
			depth--
		case c == 'n':
			return fmt.Errorf("%w: at byte %d", ErrNull, i)
		case c == '-' || (c >= '0' && c <= '9'):
			end := i + 1
			for end < len(b) && numberByte(b[end]) {
				end++
			}
			if !plainInteger(b[i:end]) {
				return fmt.Errorf("%w: at byte %d", ErrNumber, i)
			}
			i = end - 1
		}
	}
	return nil
}

func skipString(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

func numberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// plainInteger accepts -?(0|[1-9][0-9]*) of magnitude below 2^53, but not -0.
func plainInteger(b []byte) bool {
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 16 || (b[0] == '0' && (len(b) > 1 || neg)) {
		return false
	}
	n := uint64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + uint64(c-'0')
	}
	return n < 1<<53
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}
