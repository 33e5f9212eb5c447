package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// registryHead is what precedes the data keys: an IV and a known text, encrypted.
const registryHead = 16 + 12

// checkKeys opens the registry of data keys with the store's key. The lengths in it are checked
// first: Badger allocates what they say.
func checkKeys(o Options, db string) (*badger.KeyRegistry, error) {
	path := filepath.Join(db, badger.KeyRegistryFileName)
	b, err := os.ReadFile(path) //nolint:gosec // below the operator's directory
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if len(b) < registryHead {
		return nil, corrupt(path, "the file is cut short")
	}
	for rest := b[registryHead:]; len(rest) > 0; {
		if len(rest) < 8 || int64(binary.BigEndian.Uint32(rest)) > int64(len(rest)-8) {
			return nil, corrupt(path, "the file is cut short")
		}
		n := int(binary.BigEndian.Uint32(rest))
		if crc32.Checksum(rest[8:8+n], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(rest[4:]) {
			return nil, corrupt(path, "checksum of a data key does not fit")
		}
		rest = rest[8+n:]
	}
	reg, err := badger.OpenKeyRegistry(badger.KeyRegistryOptions{Dir: db, ReadOnly: true, EncryptionKey: o.Key})
	if errors.Is(err, badger.ErrEncryptionKeyMismatch) {
		return nil, wrongKey(o.Dir)
	}
	if err != nil {
		return nil, corrupt(path, oneLine(err.Error()))
	}
	return reg, nil
}
