package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/dgraph-io/ristretto/v2"
	"github.com/dgraph-io/ristretto/v2/z"
)

// checkTables opens each table that the manifest lists as Badger will, where a panic is caught, and
// reads every block. With o.SkipVerify it reads only the index and the last block, which are what
// Badger reads when it opens. Reading is mostly decrypting, so all processors take part.
func checkTables(o Options, db string, m badger.Manifest, keys *badger.KeyRegistry) error {
	ids := slices.Sorted(maps.Keys(m.Tables))
	errs := make([]error, len(ids))
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(len(ids), runtime.GOMAXPROCS(0)) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(ids); i = int(next.Add(1)) - 1 {
				path, tm := table.NewFilename(ids[i], db), m.Tables[ids[i]]
				key, err := keys.DataKey(tm.KeyID)
				if err != nil {
					errs[i] = corrupt(path, "its data key is not in the registry")
					continue
				}
				errs[i] = checkTable(path, table.Options{
					ReadOnly: true, BlockSize: 4 << 10, ChkMode: options.OnBlockRead, Compression: tm.Compression, DataKey: key,
				}, !o.SkipVerify)
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err // the first by number: the same every time
		}
	}
	return nil
}

// indexCache makes the cache without which no table of an encrypted store opens. Each table has its
// own: in one that is shared the indexes of tables read before keep the next one's out, and every block
// decrypts it anew.
func indexCache() (*ristretto.Cache[uint64, *fb.TableIndex], error) {
	c, err := ristretto.NewCache(&ristretto.Config[uint64, *fb.TableIndex]{NumCounters: 1 << 7, MaxCost: 16 << 20, BufferItems: 64})
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return c, nil
}

func checkTable(path string, topt table.Options, all bool) (err error) {
	if err := checkFooter(path); err != nil {
		return err
	}
	mf, err := z.OpenMmapFile(path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	topt.IndexCache, err = indexCache()
	if err != nil {
		return errors.Join(err, mf.Close(-1))
	}
	defer topt.IndexCache.Close()
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
		topt.IndexCache.Wait() // the index is in it now
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
