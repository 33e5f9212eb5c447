package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

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
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.health.refuses(); err != nil {
		return err
	}
	if err := s.room.admit(size, deletes); err != nil {
		return err
	}
	return s.commit(func(txn *badger.Txn) error {
		for _, op := range ops {
			var err error
			if op.Delete {
				err = txn.Delete(bytes.Clone(op.Key))
			} else {
				err = txn.Set(bytes.Clone(op.Key), bytes.Clone(op.Value)) // a commit that is stuck has them longer than the caller
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// commit fills and performs one transaction. If it fails half way, or something else does meanwhile, the store is
// broken. It is called with write held, or with mu held for writing.
func (s *Store) commit(fill func(*badger.Txn) error) error {
	if err := s.prepareLog(); err != nil {
		s.health.refused(err)
		return err
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	if err := fill(txn); err != nil {
		return explain("write", err)
	}
	done := make(chan error, 1) // room for one: a commit that ends after we left must not wait for us
	s.opt.commit(txn, func(err error) { done <- err })
	var err error
	select {
	case err = <-done:
	case <-s.health.broke():
		// Badger tries to flush for as long as it takes, and lets writers wait. The caller is not to.
		select {
		case err = <-done:
		default:
			return s.health.refuses()
		}
	}
	switch {
	case errors.Is(err, badger.ErrTxnTooBig), errors.Is(err, badger.ErrDBClosed):
		return explain("write", err) // before anything was written
	case err != nil:
		return s.fail("write", err)
	}
	if err := s.syncDir(); err != nil {
		return s.fail("write", err)
	}
	s.health.wrote()
	return nil
}

// prepareLog has the room of the next log set aside before Badger can come to need it: it writes to mappings of its logs,
// and a mapping without room ends the process. Where that fails nothing was written. It is called as commit.
func (s *Store) prepareLog() error {
	if s.noticeLog(); s.next != "" {
		return nil
	}
	if err := s.hasReserve(); err != nil { // the log that was begun means that the one before is to be flushed
		return noRoom(s.dir, err)
	}
	next, err := nextLog(s.room.db)
	if err != nil {
		return err
	}
	if err := keepRoom(next, logSize, os.O_CREATE); err != nil {
		return noRoom(s.dir, err)
	}
	if err := keepRoom(filepath.Join(s.room.db, badger.ManifestFilename), manifestRoom, 0); err != nil {
		return noRoom(s.dir, err)
	}
	s.next = next
	return nil
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

// noticeLog forgets the next log when Badger has begun it. It is called as commit.
func (s *Store) noticeLog() {
	if s.next == "" {
		return
	}
	//nolint:gosec // below the operator's directory
	if fi, err := os.Stat(s.next); err != nil || fi.Size() > 0 {
		s.next = ""
		s.room.newLog()
	}
}

// dropNext gives the room of the next log back, which Badger will not begin any more.
func (s *Store) dropNext() error {
	if s.noticeLog(); s.next == "" {
		return nil
	}
	return os.Remove(s.next)
}

// syncDir makes the directory entry of a new log file durable before what it holds is acknowledged.
// Badger does not; most file systems do it with the file, none promises to. The change time is read
// before the sync, so an entry made meanwhile is seen next time. It is called as commit.
func (s *Store) syncDir() error {
	fi, err := os.Stat(s.room.db) //nolint:gosec // the operator's directory
	if err != nil {
		return err
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
