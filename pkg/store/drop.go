package store

import (
	"bytes"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// Drop implements replica.Store. All other calls wait. Keys that were deleted one by one before
// give nothing back here: drop what is to go, do not delete it first. Nor does a prefix that some
// key of the store is a shorter beginning of: lay keys out so that none is.
func (s *Store) Drop(prefixes ...[]byte) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if len(prefixes) == 0 {
		return nil
	}
	if err := s.health.refuses(); err != nil {
		return err
	}
	if err := s.makeReserve(); err != nil {
		s.health.refused(err)
		return noRoom(s.dir, err)
	}
	if err := s.prepareLog(); err != nil { // Badger begins a new one
		s.health.refused(err)
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = s.panicked("drop", r)
		}
	}()
	var whole [][]byte
	for _, p := range prefixes {
		slow, err := s.shadowed(p)
		if err != nil {
			return err
		}
		if !slow {
			whole = append(whole, p)
		}
	}
	if err := s.dropWhole(whole); err != nil {
		return err
	}
	s.noticeLog()
	for _, p := range prefixes {
		// What is left: all of a shadowed prefix, and what was in a compaction that failed, which
		// Badger only logs.
		if err := s.deleteAll(p); err != nil {
			return err
		}
	}
	if err := s.fetchBallast(); err != nil {
		return err
	}
	_, err = s.room.usage() // the figures that writes are judged by are new
	return err
}

// dropWhole has Badger drop prefixes, and does not wait for it when the store breaks: Badger waits for its flushes first,
// and they are tried for as long as the disk refuses.
func (s *Store) dropWhole(prefixes [][]byte) error {
	done, db := make(chan error, 1), s.db
	s.dropping.Go(func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("drop: %s", oneLine(fmt.Sprint(r)))
			}
		}()
		done <- db.DropPrefix(prefixes...)
	})
	select {
	case err := <-done:
		if err != nil {
			// Badger may have flushed some memtables and kept them: using it on would flush them twice.
			return s.fail("drop", err)
		}
		return nil
	case <-s.health.broke():
		return s.health.refuses()
	}
}

// shadowed tells whether a key shorter than p that p begins with is or was in the store. Badger's
// DropPrefix compares p with keys that end in 8 bytes of version, counted down from all ones: with
// such a key it may overlook tables that hold what is to go, and if p goes on with 0xff it takes the
// shorter key too. Deleted versions count, for they lie in the tables as well.
func (s *Store) shadowed(p []byte) (bool, error) {
	found := false
	err := s.db.View(func(txn *badger.Txn) error {
		for i := 1; i < len(p) && !found; i++ {
			o := scanOptions(p[:i])
			o.AllVersions = true
			it := txn.NewIterator(o)
			it.Seek(p[:i])
			found = it.Valid() && len(it.Item().Key()) == i
			it.Close()
		}
		return nil
	})
	return found, explain("drop", err)
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
		err = s.commit(func(txn *badger.Txn) error {
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
			return err
		}
	}
}
