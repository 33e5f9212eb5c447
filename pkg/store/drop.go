package store

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// Drop implements replica.Store. All other calls wait. Keys that were deleted one by one before
// give nothing back here: drop what is to go, do not delete it first.
func (s *Store) Drop(prefixes ...[]byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if len(prefixes) == 0 {
		return nil
	}
	if err := s.makeReserve(); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = s.breakDown("drop", r)
		}
	}()
	var whole [][]byte
	for _, p := range prefixes {
		danger, err := s.overreaches(p)
		if err != nil {
			return err
		}
		if !danger {
			whole = append(whole, p)
		} else if err := s.deleteAll(p); err != nil {
			return err
		}
	}
	if err := s.db.DropPrefix(whole...); err != nil {
		// Badger may have flushed some memtables and kept them: using it on would flush them twice.
		return fmt.Errorf("open the store again: %w", s.breakDown("drop", err))
	}
	if err := s.dropped(whole); err != nil {
		return err
	}
	if err := s.fetchBallast(); err != nil {
		return err
	}
	_, err = s.room.usage() // the figures that writes are judged by are new
	return err
}

// overreaches tells whether Badger's DropPrefix(p) would take a key with it that p does not cover.
// It compares p with keys that end in 8 bytes of version, counted down from all ones, so p = key +
// 0xff... matches the shorter key too.
func (s *Store) overreaches(p []byte) (bool, error) {
	for i := max(1, len(p)-8); i < len(p); i++ {
		if p[i] != 0xff {
			continue
		}
		err := s.db.View(func(txn *badger.Txn) error {
			_, err := txn.Get(p[:i])
			return err
		})
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, badger.ErrKeyNotFound) {
			return false, explain("drop", err)
		}
	}
	return false, nil
}

// deleteAll deletes the keys with a prefix one by one: right where dropping would be wrong, but the
// space comes back only as compactions get to it.
func (s *Store) deleteAll(p []byte) error {
	for {
		var keys [][]byte
		err := s.db.View(func(txn *badger.Txn) error {
			it := txn.NewIterator(scanOptions(p))
			defer it.Close()
			for it.Seek(p); it.Valid() && len(keys) < replica.MaxApplyOps; it.Next() {
				keys = append(keys, bytes.Clone(it.Item().Key()))
			}
			return nil
		})
		if err != nil || len(keys) == 0 {
			return explain("drop", err)
		}
		err = s.db.Update(func(txn *badger.Txn) error {
			size := 0
			for _, k := range keys {
				if size += len(k); size > replica.MaxApplyBytes {
					return nil // the next round takes the rest
				}
				if err := txn.Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return explain("drop", err)
		}
	}
}

// dropped looks whether the prefixes are gone: Badger only logs it if the compaction of its first
// level fails.
func (s *Store) dropped(prefixes [][]byte) error {
	return s.db.View(func(txn *badger.Txn) error {
		for _, p := range prefixes {
			it := txn.NewIterator(scanOptions(p))
			it.Seek(p)
			left := it.Valid()
			it.Close()
			if left {
				return fmt.Errorf("drop store: keys under %x are left; call again", p)
			}
		}
		return nil
	})
}
