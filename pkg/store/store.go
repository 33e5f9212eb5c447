package store

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// Store is a replica.Store on disk. Make one with Open.
type Store struct {
	dir     string   // owner: none, constant
	lock    *os.File // owner: Open and Close
	db      *badger.DB
	room    *room
	ballast ballast
	log     *slog.Logger

	// mu is held for reading by every call, for writing by Drop and Close: Badger refuses writes
	// while it drops, and crashes on calls after its Close.
	mu     sync.RWMutex
	closed bool
	// broken is why no call but Close may go on: Badger gave up half way and its state in memory is
	// not known. What is on disk is as after a crash. Guarded by brokenMu, since readers set it.
	brokenMu sync.Mutex
	broken   error

	// synced is the directory's change time when it was last synced. Owner: syncDir.
	syncMu sync.Mutex
	synced time.Time
}

var _ replica.Store = (*Store)(nil)

// Open opens the store in o.Dir, making it if there is none. Besides the errors of the system it
// answers ErrLocked, ErrCorrupt, ErrWrongKey, and replica.ErrFull if there is no room to open it.
// Badger's goroutines run until Close.
func Open(o Options) (*Store, error) {
	o, err := o.validate()
	if err != nil {
		return nil, err
	}
	db := filepath.Join(o.Dir, "db")
	if err := os.MkdirAll(db, 0o700); err != nil {
		return nil, fmt.Errorf("make store: %w", err)
	}
	lock, err := lockDir(o.Dir)
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("%w: %s is open in another process%s; stop it, or give this one a directory of its own",
			ErrLocked, o.Dir, holder(db))
	}
	if err != nil {
		return nil, err
	}
	s := &Store{
		dir:     o.Dir,
		lock:    lock,
		room:    &room{dir: o.Dir, db: db, quota: o.Quota, floor: o.Floor, statfs: o.statfs, calls: -1},
		ballast: ballast{path: filepath.Join(o.Dir, "ballast"), size: o.Ballast},
		log:     o.Logger,
	}
	if err := s.open(o, db); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return s, nil
}

func (s *Store) open(o Options, db string) (err error) {
	if err := s.makeReserve(); err != nil {
		return err
	}
	if err := preflight(o, db); err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = corrupt(db, oneLine(fmt.Sprint(r)))
		}
	}()
	if s.db, err = badger.Open(badgerOptions(db, o.Key, o.Logger)); err != nil {
		return explainOpen(db, err)
	}
	if err := s.fetchBallast(); err != nil {
		s.log.Warn("no ballast for the store", slog.Any("err", err))
	}
	return nil
}

// holder names the process that has the store open, as far as Badger's note tells.
func holder(db string) string {
	pid, err := os.ReadFile(filepath.Join(db, "LOCK")) //nolint:gosec // below the operator's directory
	if err != nil || len(pid) == 0 {
		return ""
	}
	return " (pid " + strings.TrimSpace(string(pid)) + ")"
}

// makeReserve answers nil if Badger may flush and compact, giving up the ballast if it must.
func (s *Store) makeReserve() error {
	free, err := s.room.statfs(s.dir)
	if err != nil || free >= reserve {
		return err
	}
	dropped, err := s.ballast.drop()
	if err != nil {
		return err
	}
	if dropped {
		s.log.Warn("disk is full: gave up the ballast of the store", slog.String("dir", s.dir), slog.Int64("free", free))
		if free, err = s.room.statfs(s.dir); err != nil {
			return err
		}
	}
	if free < reserve {
		return full(s.dir, free, reserve)
	}
	return nil
}

func (s *Store) fetchBallast() error {
	free, err := s.room.statfs(s.dir)
	if err != nil {
		return err
	}
	return s.ballast.fetch(free, s.room.floor)
}

// Usage implements replica.Store.
func (s *Store) Usage() (replica.Usage, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return replica.Usage{}, replica.ErrClosed
	}
	return s.room.usage()
}

// Verify reads and checks every block on disk and answers ErrCorrupt if one is damaged; from then on
// every call but Close does, because what is damaged would be answered as absent. It takes as long
// as reading the store takes; other calls go on meanwhile, Drop and Close wait.
func (s *Store) Verify() (err error) {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave("verify", &err)
	if err := s.db.VerifyChecksum(); err != nil {
		return s.breakDown("verify", err)
	}
	return nil
}

// Close implements replica.Store. It waits for calls under way.
func (s *Store) Close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return replica.ErrClosed
	}
	s.closed = true
	defer func() {
		if r := recover(); r != nil {
			err = corrupt(s.dir, oneLine(fmt.Sprint(r)))
		}
		err = errors.Join(err, s.lock.Close())
	}()
	if err := s.makeReserve(); err != nil {
		// The memtable has to be flushed into room that is not there. The log holds it all, so
		// leaving Badger as it is loses nothing: the next Open replays. Only the process's own
		// mappings stay, and it is about to end.
		return fmt.Errorf("close store without flushing: %w", err)
	}
	if err := s.db.Close(); err != nil {
		return explain("close", err)
	}
	if s.fault() != nil {
		return nil // what Badger left may not be final; Open must look as after a crash
	}
	return markClean(s.dir)
}

// enter begins a call; every enter that returns nil needs a leave.
func (s *Store) enter() error {
	s.mu.RLock()
	err := s.usable()
	if err != nil {
		s.mu.RUnlock()
	}
	return err
}

// usable is called with mu held.
func (s *Store) usable() error {
	if s.closed {
		return replica.ErrClosed
	}
	return s.fault()
}

// leave ends a call. A panic of Badger in the caller's goroutine becomes ErrCorrupt and ends the
// use of the store; a panic of the caller's own functions is not caught here (see Scan).
func (s *Store) leave(verb string, err *error) {
	defer s.mu.RUnlock()
	if r := recover(); r != nil {
		*err = s.breakDown(verb, r)
	}
}

func (s *Store) breakDown(verb string, r any) error {
	err := fmt.Errorf("%s: %w", verb, corrupt(s.dir, oneLine(fmt.Sprint(r))))
	s.brokenMu.Lock()
	defer s.brokenMu.Unlock()
	if s.broken == nil {
		s.broken = err
	}
	return err
}

func (s *Store) fault() error {
	s.brokenMu.Lock()
	defer s.brokenMu.Unlock()
	return s.broken
}
