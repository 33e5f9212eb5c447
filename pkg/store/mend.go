package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// How long an attempt to mend waits: twice as long each time.
const (
	mendFirst = time.Second
	mendMost  = 8 * time.Second
)

// errLeftOpen: Badger could not be closed, and must not be opened beside itself.
var errLeftOpen = errors.New("start it again")

// open opens Badger for writing. Everything that it then answers from is on stable storage: what was only in logs is
// flushed into tables first. A log may hold in the page cache alone what nobody was told of, after a crash or a sync that
// failed; a record built on that must not outlive it. flush closes a Badger.
func (s *Store) open(o Options, flush func(*badger.DB) error) (*badger.DB, error) {
	if err := s.makeReserve(); err != nil {
		return nil, noRoom(s.dir, err)
	}
	found, err := preflight(o, s.room.db)
	if err != nil {
		return nil, err
	}
	if err := found.settle(o, s.room.db); err != nil {
		return nil, err
	}
	if len(found.logs) > 0 {
		db, err := s.openEngine(false)
		if err != nil {
			return nil, err
		}
		if err := flush(db); err != nil {
			return nil, err
		}
	}
	return s.openEngine(false)
}

// openToRead opens Badger for reading if err, with which it did not open for writing, is no reason against that.
func (s *Store) openToRead(err error) bool {
	_, system := fromSystem(err)
	if errors.Is(err, errLeftOpen) || errors.Is(err, ErrCorrupt) || errors.Is(err, ErrWrongKey) || errors.Is(err, ErrLocked) ||
		!errors.Is(err, replica.ErrFull) && !system {
		return false
	}
	found, err := preflight(s.opt, s.room.db)
	if err != nil || !found.manifest || !found.keys {
		return false
	}
	for _, name := range found.logs {
		if trimLog(filepath.Join(s.room.db, name)) != nil { // Badger reads no log with room at its end
			return false
		}
	}
	db, err := s.openEngine(true)
	if err != nil {
		return false
	}
	s.take(db, true)
	return true
}

// openEngine opens Badger. It makes and maps files in this goroutine, on a disk that may be full.
func (s *Store) openEngine(toRead bool) (db *badger.DB, err error) {
	defer faultsPanic()()
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if err = unreadable(r); err != nil {
			err = fmt.Errorf("open store %s: %w; free space on the disk and %w", s.room.db, err, errLeftOpen)
			return
		}
		err = corrupt(s.room.db, oneLine(fmt.Sprint(r)))
	}()
	o := badgerOptions(s.room.db, s.opt.Key, logAdapter{s.log, s.engineFailed})
	o.ReadOnly = toRead
	if db, err = badger.Open(o); err != nil {
		return nil, explainOpen(s.room.db, err)
	}
	if toRead {
		return db, nil
	}
	if err := s.keepLogs(); err != nil {
		return nil, errors.Join(noRoom(s.dir, err), closeEngine(db))
	}
	return db, nil
}

// keepLogs has real room for the log that Badger has just begun, before anything is written to it.
func (s *Store) keepLogs() error {
	logs, err := filepath.Glob(filepath.Join(s.room.db, "*"+logSuffix))
	if err != nil {
		return fmt.Errorf("look for logs: %w", err)
	}
	for _, path := range logs {
		err := keepRoom(path, logSize, 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // flushed and removed meanwhile
			return err
		}
	}
	return nil
}

// take makes db the one in use. It is called with mu held for writing, or before anybody else has the store.
func (s *Store) take(db *badger.DB, toRead bool) {
	s.db, s.reader, s.next, s.synced = db, toRead, "", time.Time{}
	s.room.newLog()
}

// closeEngine flushes and closes Badger, and returns when that is done, however long the disk refuses.
func closeEngine(db *badger.DB) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("close engine: %s", oneLine(fmt.Sprint(r)))
		}
	}()
	return db.Close()
}

// closeUnlessBroken is closeEngine for Open, which does not wait for a disk that refuses.
func (s *Store) closeUnlessBroken(db *badger.DB) error {
	done := make(chan error, 1) // room for one: we may have left
	go func() { done <- closeEngine(db) }()
	select {
	case err := <-done:
		return explain("open", err)
	case <-s.health.broke():
		return fmt.Errorf("%w; make the disk writable and %w", s.health.refuses(), errLeftOpen)
	}
}

// startMending has the store open itself again. Before the store is in use, and when it is closed, nobody does.
func (s *Store) startMending() {
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	if !s.health.mends {
		return
	}
	s.health.mends = false // one at a time
	s.mending.Go(s.mend)
}

// mend tries until the store is open for writing.
func (s *Store) mend() {
	wait := s.opt.retry
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(wait):
		}
		err := s.reopen()
		if err == nil {
			s.log.Info("the store can be written again")
			return
		}
		s.log.Warn("the store cannot be written yet", slog.Any("err", err))
		s.health.refused(err) // what it waits for now may be something else
		wait = min(2*wait, mendMost)
	}
}

// reopen closes Badger, which flushes into new tables what it has in memory, and opens it again, if the disk can be
// written: until then the old one goes on answering reads.
func (s *Store) reopen() error {
	s.mu.Lock()   // whoever wrote when the store broke has ended; who comes later is refused, and the ballast is ours
	s.mu.Unlock() //nolint:staticcheck // an empty section is the purpose
	if err := s.makeReserve(); err != nil {
		return noRoom(s.dir, err)
	}
	if err := tryWriting(s.dir); err != nil {
		return err
	}
	s.dropping.Wait()
	s.mu.Lock()
	old := s.db
	s.db = nil
	s.mu.Unlock()
	if old != nil {
		if err := closeEngine(old); err != nil {
			s.log.Warn("the store's engine did not close in order", slog.Any("err", err))
		}
	}
	o := s.opt
	o.SkipVerify = true // it was verified, and people wait
	db, err := s.open(o, closeEngine)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(db, false)
	if err := s.fetchBallast(); err != nil {
		s.log.Warn("no ballast for the store", slog.Any("err", err))
	}
	s.health.mended()
	return nil
}

// settle makes what was found durable and ready for Badger to write to.
func (f *files) settle(o Options, db string) error {
	for _, name := range []string{badger.ManifestFilename, badger.KeyRegistryFileName} {
		if err := rewriteInPlace(filepath.Join(db, name)); err != nil {
			return fmt.Errorf("open store: %w", err)
		}
	}
	if err := os.MkdirAll(orphanDir(o), 0o700); err != nil { // a full disk has no room for it
		return fmt.Errorf("open store: %w", err)
	}
	return unmarkClean(o.Dir)
}
