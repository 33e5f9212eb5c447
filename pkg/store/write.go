package store

import (
	"fmt"
	"os"

	"tocsin/pkg/replica"
)

// Apply implements replica.Store. Concurrent calls are each one transaction with one sync; callers
// that want throughput put more into one call.
func (s *Store) Apply(ops []replica.Op) (err error) {
	size, deletes, err := weigh(ops)
	if err != nil {
		return err
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave("write", &err)
	if len(ops) == 0 {
		return nil
	}
	if err := s.room.admit(size, deletes); err != nil {
		return err
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	for _, op := range ops {
		if op.Delete {
			err = txn.Delete(op.Key)
		} else {
			err = txn.Set(op.Key, op.Value)
		}
		if err != nil {
			return explain("write", err)
		}
	}
	// Badger copies keys and values into its memtable before Commit returns.
	if err := txn.Commit(); err != nil {
		return explain("write", err)
	}
	return s.syncDir()
}

// weigh sums a write up and refuses what does not fit one transaction.
func weigh(ops []replica.Op) (size int64, deletes bool, err error) {
	if len(ops) > replica.MaxApplyOps {
		return 0, false, fmt.Errorf("%w: %d operations, at most %d", replica.ErrTooBig, len(ops), replica.MaxApplyOps)
	}
	deletes = true
	for _, op := range ops {
		if len(op.Key) == 0 || len(op.Key) > maxKey {
			return 0, false, fmt.Errorf("write store: key of %d bytes, want 1 to %d", len(op.Key), maxKey)
		}
		size += int64(len(op.Key))
		if !op.Delete {
			size += int64(len(op.Value))
			deletes = false
		}
	}
	if size > replica.MaxApplyBytes {
		return 0, false, fmt.Errorf("%w: %d bytes, at most %d", replica.ErrTooBig, size, replica.MaxApplyBytes)
	}
	return size, deletes, nil
}

// syncDir makes the directory entry of a new log file durable before what it holds is acknowledged.
// Badger does not; most file systems do it with the file, none promises to. The change time is read
// before the sync, so an entry made meanwhile is seen next time.
func (s *Store) syncDir() error {
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	fi, err := os.Stat(s.room.db) //nolint:gosec // the operator's directory
	if err != nil {
		return fmt.Errorf("write store: %w", err)
	}
	if fi.ModTime().Equal(s.synced) {
		return nil
	}
	if err := syncDir(s.room.db); err != nil {
		return err
	}
	s.synced = fi.ModTime()
	return nil
}
