package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/dgraph-io/ristretto/v2/z"
)

// checkTables opens each table that the manifest lists as Badger will, one after the other and in
// this goroutine, where a panic is caught, and reads every block. With o.SkipVerify it reads only the
// index and the last block, which are what Badger reads when it opens.
func checkTables(o Options, db string, m badger.Manifest, keys *badger.KeyRegistry) error {
	if len(m.Tables) == 0 {
		return nil
	}
	// Tables of an encrypted store insist on a cache for their index.
	cache, err := ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{
		NumCounters: 1 << 7, MaxCost: 1 << 20, BufferItems: 64,
	})
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer cache.Close()
	topt := table.Options{ReadOnly: true, BlockSize: 4 << 10, IndexCache: cache, ChkMode: options.OnBlockRead}
	for id, tm := range m.Tables {
		path := table.NewFilename(id, db)
		topt.Compression = tm.Compression
		if topt.DataKey, err = keys.DataKey(tm.KeyID); err != nil {
			return corrupt(path, "its data key is not in the registry")
		}
		if err := checkTable(path, topt, !o.SkipVerify); err != nil {
			return err
		}
	}
	return nil
}

func checkTable(path string, topt table.Options, all bool) (err error) {
	if err := checkFooter(path); err != nil {
		return err
	}
	mf, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = corrupt(path, "a block is not readable")
		}
		err = errors.Join(err, mf.Close(-1))
	}()
	// OpenTable closes the file on some errors, none of which can come here (a wrong name, no block
	// size, checks by ChkMode): closing twice would unmap what is no longer ours.
	t, err := table.OpenTable(mf, topt)
	if err == nil && all {
		err = t.VerifyChecksum()
	}
	if err != nil {
		return corrupt(path, oneLine(err.Error()))
	}
	return nil
}

// checkFooter looks at the four fields at a table's end: index, its length, checksum, its length.
// Badger ends the process on lengths that do not fit.
func checkFooter(path string) (err error) {
	f, err := os.Open(path) //nolint:gosec // below the operator's directory
	if errors.Is(err, fs.ErrNotExist) {
		return corrupt(path, "the file is missing")
	}
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fi, err := f.Stat()
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	end := fi.Size()
	for range 2 { // checksum, then index
		var n [4]byte
		if end -= 4; end < 0 {
			return corrupt(path, "the file is cut short")
		}
		if _, err := f.ReadAt(n[:], end); err != nil {
			return fmt.Errorf("open store: %w", err)
		}
		if end -= int64(binary.BigEndian.Uint32(n[:])); end < 0 {
			return corrupt(path, "its index is not readable")
		}
	}
	return nil
}
