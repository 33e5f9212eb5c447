package replica

import (
	"errors"
	"time"
)

// Errors a Store answers with. Test with errors.Is.
var (
	// ErrNotFound: there is no such key.
	ErrNotFound = errors.New("not found")
	// ErrFull: the free-space watermark or the quota is reached; nothing of the call was written.
	ErrFull = errors.New("store is full")
	// ErrBroken: a write failed half way, or the store could be opened for reading only. It takes no write until it
	// has opened itself again; reads go on where they can.
	ErrBroken = errors.New("store takes no writes until it has opened itself again")
	// ErrClosed: the store was closed before or during the call.
	ErrClosed = errors.New("store is closed")
	// ErrTooBig: one Apply carries more than MaxApplyBytes or MaxApplyOps; nothing was written.
	ErrTooBig = errors.New("too much for one write")
)

// What one Apply may carry, summed over keys and values. Chosen so that the smallest memtable in
// use (8 MiB) takes it in one transaction.
const (
	MaxApplyBytes = 768 << 10
	MaxApplyOps   = 1024
)

// Op is one write. A nil Value with Delete false writes a key without a value (an index entry).
type Op struct {
	Key    []byte
	Value  []byte
	Delete bool
}

// Store is the ordered, durable key-value space that a Replica keeps its copy in. The key layout
// belongs to this package (keys.go); a Store knows only bytes. Implementations: pkg/store (Badger)
// and pkg/store/memstore; both pass pkg/store/storetest. A journal that makes small writes cheaper
// is another Store in front of one of these.
//
// All methods may be called from several goroutines. No method keeps or changes the slices it is
// given after it returns, and none hands out memory it will change later, except where said.
type Store interface {
	// Get returns a copy of the value of key, or ErrNotFound. A key without a value gives an empty,
	// non-nil slice.
	Get(key []byte) ([]byte, error)

	// Scan calls fn for each key with the given prefix, in ascending byte order, as of one moment
	// not earlier than the call. The slices are valid only during the call of fn. A value is nil if
	// keysOnly is set, which is much cheaper. An error of fn ends the scan and is returned as it is.
	// fn must not call the store.
	Scan(prefix []byte, keysOnly bool, fn func(key, value []byte) error) error

	// Apply performs the operations, all or none, in order. When it returns nil they are on stable
	// storage: they survive kill -9 and loss of power from then on. When it returns ErrFull or
	// ErrTooBig nothing was written. After any other error the caller must assume either outcome; and
	// nothing is acknowledged behind such a write before all that the store answers from is on stable
	// storage again, since a loss of power may end a log where a write failed.
	Apply(ops []Op) error

	// Drop removes every key with one of the prefixes and gives the space back. It may take long and
	// delay writers. It is not atomic: after an error or a crash, call it again.
	Drop(prefixes ...[]byte) error

	// Usage tells what the store occupies, what is left, and whether it can be written. It answers a broken store's
	// too.
	Usage() (Usage, error)

	// Close flushes and releases the store. Further calls return ErrClosed.
	Close() error
}

// Usage is the room a store takes, in bytes.
type Usage struct {
	Used  int64 // on disk
	Quota int64 // the limit set in the configuration; 0 means none
	Free  int64 // left on the file system
	Floor int64 // the watermark: below this many free bytes writes are refused

	Failure Failure
}

// Failure is the last write that the system refused, or did half.
type Failure struct {
	At     time.Time // zero: none since the store was opened
	Cause  string    // one line
	Lasts  bool      // nothing was written since
	Broken bool      // the store answers ErrBroken
}
