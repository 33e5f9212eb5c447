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
	opt     Options
	dir     string   // owner: none, constant
	lock    *os.File // owner: Open and Close
	room    *room
	ballast ballast
	log     *slog.Logger
	health  health

	// mu is held for reading by every call, for writing by Drop, Close and mending: Badger refuses writes
	// while it drops, and crashes on calls after its Close.
	mu     sync.RWMutex
	closed bool
	db     *badger.DB // nil while the store is opened again
	reader bool       // db is open for reading only

	// write is held for one write at a time, from looking whether the store is broken until it is known that it is not:
	// no write is acknowledged behind one that failed.
	write sync.Mutex
	next  string // the log that Badger will take next. Guarded by write, or by mu held for writing
	// synced is the directory's change time when it was last synced. Guarded as next.
	synced time.Time

	stop     chan struct{} // closed by Close: mending ends
	mending  sync.WaitGroup
	dropping sync.WaitGroup // a Drop of Badger's that its caller no longer waits for
}

var _ replica.Store = (*Store)(nil)

// Open opens the store in o.Dir, making it if there is none. Besides the errors of the system it
// answers ErrLocked, ErrCorrupt, ErrWrongKey, and replica.ErrFull if there is no room to make it. A store that is
// there and cannot be written, for whatever the system says, is opened for reading: it is broken until it can.
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
		opt: o, dir: o.Dir, lock: lock, log: o.Logger, stop: make(chan struct{}),
		room:    &room{dir: o.Dir, db: db, quota: o.Quota, floor: o.Floor, statfs: o.statfs},
		ballast: ballast{path: filepath.Join(o.Dir, "ballast"), size: o.Ballast},
	}
	if err := s.clearTrials(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	opened, err := s.open(o, s.closeUnlessBroken)
	switch {
	case err == nil:
		s.take(opened, false)
		if err := s.fetchBallast(); err != nil {
			s.log.Warn("no ballast for the store", slog.Any("err", err))
		}
	case s.openToRead(err):
		s.health.breaks(err) // it serves reads; whoever writes is told
		s.log.Error("the store is open for reading only", slog.Any("err", err))
	default:
		return nil, errors.Join(err, lock.Close())
	}
	if s.health.setMends(true) {
		s.startMending()
	}
	return s, nil
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
	err := s.hasReserve()
	if err == nil {
		return nil
	}
	dropped, derr := s.ballast.drop()
	if derr != nil {
		return derr
	}
	if dropped {
		s.log.Warn("disk is full: gave up the ballast of the store", slog.String("dir", s.dir), slog.Any("err", err))
		err = s.hasReserve()
	}
	return err
}

// hasReserve asks for free space, and then takes and gives back as much: a quota of the system's shows nowhere else.
func (s *Store) hasReserve() error {
	free, err := s.room.statfs(s.dir)
	if err != nil {
		return err
	}
	if free < reserve {
		return noReserve(s.dir, free)
	}
	return tryRoom(s.dir)
}

// clearTrials removes what a crash in the middle of a trial left, which takes the very room that is looked for.
func (s *Store) clearTrials() error {
	for _, name := range []string{trialDir, probeFile} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			return fmt.Errorf("open store: %w", err)
		}
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
	u, err := s.room.usage()
	if err != nil {
		s.health.refused(err)
	}
	u.Failure = s.health.failure()
	return u, nil
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
	if s.closed {
		s.mu.Unlock()
		return replica.ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	s.health.setMends(false)
	close(s.stop)
	s.mending.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { err = errors.Join(err, s.lock.Close()) }()
	broken := s.health.refuses()
	switch {
	case s.db == nil:
		return broken
	case s.reader:
		return explain("close", closeEngine(s.db))
	}
	err = s.makeReserve()
	if err == nil && broken != nil {
		err = tryWriting(s.dir)
	}
	if err != nil {
		// The memtable has to be flushed into room that is not there. The log holds all that was acknowledged,
		// so leaving Badger as it is loses nothing: the next Open replays. Only the process's own
		// mappings stay, and it is about to end.
		return fmt.Errorf("close store without flushing: %w", err)
	}
	s.dropping.Wait()
	if err := closeEngine(s.db); err != nil {
		return explain("close", err)
	}
	if err := s.dropNext(); err != nil || broken != nil {
		return err // what Badger left may not be final; Open must look as after a crash
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
	switch {
	case s.closed:
		return replica.ErrClosed
	case s.db == nil:
		return s.health.refuses()
	}
	return s.health.isDamaged()
}

// leave ends a call. A panic of Badger in the caller's goroutine ends the use of the store; a panic of the caller's
// own functions is not caught here (see Scan).
func (s *Store) leave(verb string, err *error) {
	defer s.mu.RUnlock()
	if r := recover(); r != nil {
		*err = s.panicked(verb, r)
	}
}

// panicked returns what a panic of Badger's means. In a store that is broken anyway, and where the system did not give a
// page of a file that is there, nothing is damaged.
func (s *Store) panicked(verb string, r any) error {
	if err := s.health.refuses(); err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	if err := unreadable(r); err != nil {
		return fmt.Errorf("%s %s: %w", verb, s.dir, err)
	}
	return s.breakDown(verb, r)
}

func (s *Store) breakDown(verb string, r any) error {
	err := fmt.Errorf("%s: %w", verb, corrupt(s.dir, oneLine(fmt.Sprint(r))))
	s.health.mu.Lock()
	defer s.health.mu.Unlock()
	if s.health.damaged == nil {
		s.health.damaged = err
	}
	return err
}
