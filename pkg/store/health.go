package store

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"tocsin/pkg/replica"
)

// health is what a store knows of its own troubles. Safe for concurrent use; it never calls out with its
// lock held, since Badger's goroutines report to it while they hold their own.
type health struct {
	mu sync.Mutex
	// damaged is why no call but Close may go on: what is on disk, or in Badger's memory, is not to be trusted.
	damaged error
	// broken is why nothing is written until the store has opened itself again. After one failed sync the
	// kernel has marked the pages clean: the log has a hole, and replaying it ends there, so nothing may be
	// acknowledged behind it.
	broken error
	failed chan struct{} // closed with broken set
	last   replica.Failure
	lasts  bool // nothing was written since last
	mends  bool // mending may begin
}

// refuses returns why writes are refused, or nil.
func (h *health) refuses() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.damaged != nil {
		return h.damaged
	}
	if h.broken != nil {
		return fmt.Errorf("%w: %w", replica.ErrBroken, h.broken)
	}
	return nil
}

// isDamaged returns why reads are refused, or nil.
func (h *health) isDamaged() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.damaged
}

// broke tells when the store broke. The channel is closed then.
func (h *health) broke() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed == nil {
		h.failed = make(chan struct{})
	}
	return h.failed
}

// refused notes a write that the system refused before anything was written.
func (h *health) refused(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(err)
}

// wrote notes a write that is on the disk.
func (h *health) wrote() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lasts = h.broken != nil
}

// breaks notes that a write or a sync failed half way, and tells whether the store was whole before.
func (h *health) breaks(err error) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.note(err)
	if h.broken != nil {
		return false
	}
	h.broken = err
	if h.failed == nil {
		h.failed = make(chan struct{})
	}
	close(h.failed)
	return true
}

// mended notes that the store has opened itself again.
func (h *health) mended() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken, h.failed, h.lasts, h.mends = nil, nil, false, true
}

// note is called with mu held.
func (h *health) note(err error) {
	h.last, h.lasts = replica.Failure{At: time.Now(), Cause: oneLine(err.Error())}, true
}

// setMends lets mending begin, or not any more. It reports whether the store is broken.
func (h *health) setMends(may bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mends = may
	return h.broken != nil
}

// failure returns the last write that failed.
func (h *health) failure() replica.Failure {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.last
	f.Lasts = h.lasts
	f.Broken = h.broken != nil
	return f
}

// fail breaks the store for writing, has it mended, and returns what the caller is told.
func (s *Store) fail(verb string, err error) error {
	whole := err
	if e, system := fromSystem(err); system {
		err = e
	}
	err = fmt.Errorf("%s %s: %w", verb, s.dir, err)
	if s.health.breaks(err) {
		s.log.Error("a write to the store failed; it takes no more until it has opened itself again", slog.Any("err", whole))
		s.startMending()
	}
	return s.health.refuses()
}

// engineFailed hears from Badger's own goroutines, which try again by themselves and tell nobody else.
func (s *Store) engineFailed(text string) {
	_, system := fromSystem(errors.New(text))
	switch {
	case !system, // a block is damaged
		strings.HasPrefix(text, "while deleting file"),                                // a log that is not needed any more: the next Open removes it
		strings.HasPrefix(text, "Received err"), strings.HasPrefix(text, "Got error"): // the caller is told as well
		return
	}
	_ = s.fail("write", errors.New(oneLine(text))) // whoever writes next is told
	if !strings.HasPrefix(text, "error flushing memtable") {
		return
	}
	// Badger is about to flush again, to append to the MANIFEST behind what may be a hole, and to remove the log.
	// It waits here, in its own goroutine, until the MANIFEST is whole.
	for rewriteInPlace(filepath.Join(s.room.db, badger.ManifestFilename)) != nil {
		select {
		case <-s.stop:
			return
		case <-time.After(s.opt.retry):
		}
	}
}
