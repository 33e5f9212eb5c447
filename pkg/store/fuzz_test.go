package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
)

// logOf writes a log of transactions of one entry each.
func logOf(values ...string) []byte {
	b := make([]byte, logHead)
	entry := func(meta byte, value string) {
		start := len(b)
		b = append(b, meta, 0)
		b = binary.AppendUvarint(b, 9)
		b = binary.AppendUvarint(b, uint64(len(value)))
		b = binary.AppendUvarint(b, 0)
		b = append(append(b, "k12345678"...), value...)
		sum := crc32.Checksum(b[start:], crc32.MakeTable(crc32.Castagnoli))
		b = binary.BigEndian.AppendUint32(b, sum)
	}
	for _, v := range values {
		entry(1<<6, v)
		entry(logFin, "1")
	}
	return b
}

func TestCheckLog(t *testing.T) {
	whole := logOf("one", "two", "three")
	at := func(i int) []byte { // breaks a byte of the i-th transaction's value
		b := append([]byte{}, whole...)
		b[len(logOf([]string{"one", "two", "three"}[:i]...))+14] ^= 1
		return b
	}
	for _, tt := range []struct {
		name string
		log  []byte
		want error
	}{
		{"nothing", nil, nil},
		{"head only", whole[:logHead], nil},
		{"whole", whole, nil},
		{"whole and room behind", append(append([]byte{}, whole...), make([]byte, 100)...), nil},
		{"torn", whole[:len(whole)-3], nil},
		{"last transaction broken", at(2), nil},
		{"second of three broken", at(1), ErrCorrupt},
		{"first of three broken", at(0), ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "00001.mem")
			if err := os.WriteFile(path, tt.log, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := checkLog(path); !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzCheckLog(f *testing.F) {
	f.Add(logOf("one", "two"))
	f.Add([]byte{})
	path := filepath.Join(f.TempDir(), "00001.mem")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkLog(path); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}

func FuzzCheckFooter(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x01i\x00\x00\x00\x01c"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	path := filepath.Join(f.TempDir(), "000001.sst")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkFooter(path); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
