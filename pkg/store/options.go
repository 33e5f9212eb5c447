package store

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Room kept on the file system, in bytes.
const (
	// reserve is what Badger may still write when nothing more is let in: a compaction of its first
	// level at its fullest (48 MiB) with the level below (32), and two memtables flushed (16). Below
	// it Open, Close, Drop and deletions give up the ballast, and without one they refuse.
	reserve = 96 << 20
	// DefaultFloor is twice the reserve.
	DefaultFloor = 2 * reserve
	// leastFloor is the least that Options.Floor may be: the reserve, and room for two logs.
	leastFloor = reserve + 32<<20
	// DefaultBallast is the reserve and room to be in doubt.
	DefaultBallast = reserve + 32<<20
)

// memTableSize is what Badger keeps in memory, and in one log, before it makes a table of it: the smallest that
// takes a write of replica.MaxApplyBytes. A log has room for twice as much.
const (
	memTableSize = 8 << 20
	logSize      = 2 * memTableSize
	logSuffix    = ".mem"
)

// keySize is that of AES-256.
const keySize = 32

// Options says where and how to open a Store.
type Options struct {
	// Dir is the directory, made with mode 0700 if missing. Required.
	Dir string

	// Key encrypts all of it at rest. 32 bytes, required. Who has it and the directory has
	// everything; who can write the directory without it can destroy but not forge (records are
	// signed). It is not changed and not kept after Open except inside Badger.
	Key []byte

	// Quota is the most bytes the files may occupy, the ballast and the room of logs not counted. 0 means no quota.
	// A write beyond it is refused with replica.ErrFull. Compactions may exceed it for a moment.
	Quota int64

	// Floor is the free space on the file system below which writes are refused with
	// replica.ErrFull. 0 means DefaultFloor (192 MiB); less than 128 MiB is refused, because Badger
	// dies on a disk that fills up under it.
	Floor int64

	// Ballast is the size of the file that is given up when the disk is full. 0 means
	// DefaultBallast (128 MiB), negative means none: then a disk filled by others below 96 MiB has to
	// be cleared by hand before the store opens.
	Ballast int64

	// SkipVerify lets Open trust the data blocks and check only what Badger itself would die of. Zero
	// means that every block is read and checked: a fifth of a second for 100,000 records of 2 kB in
	// the page cache, else what the disk takes. Who skips it should call Store.Verify soon: Badger
	// answers what lies in a damaged block as absent, and its compactions forget it.
	SkipVerify bool

	// Logger gets what Badger has to say and what Open had to put right. nil means nothing is logged.
	Logger *slog.Logger

	// statfs answers how many bytes are free; nil asks the system. Tests fill disks with it.
	statfs func(dir string) (int64, error)
	// commit performs a transaction; nil lets Badger do it. Tests make it fail.
	commit func(txn *badger.Txn, done func(error))
	// retry is how long the first attempt to mend a broken store waits; 0 means mendFirst.
	retry time.Duration
}

func (o Options) validate() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("open store: no directory given")
	}
	if len(o.Key) != keySize {
		return o, fmt.Errorf("open store %s: key has %d bytes, want %d", o.Dir, len(o.Key), keySize)
	}
	if o.Quota < 0 {
		return o, fmt.Errorf("open store %s: quota %d is negative", o.Dir, o.Quota)
	}
	if o.Floor == 0 {
		o.Floor = DefaultFloor
	}
	if o.Floor < leastFloor {
		return o, fmt.Errorf("open store %s: floor of %d bytes is below the least of %d", o.Dir, o.Floor, int64(leastFloor))
	}
	if o.Ballast == 0 {
		o.Ballast = DefaultBallast
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.statfs == nil {
		o.statfs = freeBytes
	}
	if o.commit == nil {
		o.commit = (*badger.Txn).CommitWith
	}
	if o.retry == 0 {
		o.retry = mendFirst
	}
	return o, nil
}

// badgerOptions are fixed: the file formats and the memory a daemon takes depend on them.
func badgerOptions(dir string, key []byte, log logAdapter) badger.Options {
	const mib = 1 << 20
	o := badger.DefaultOptions(dir)
	o.Logger = log
	o.EncryptionKey = key
	o.SyncWrites = true       // an ID printed is a record kept
	o.DetectConflicts = false // transactions here only write; order is all they need
	o.MetricsEnabled = false

	o.MemTableSize = memTableSize // one Apply must fit 15 % of it
	o.NumMemtables = 2
	o.BaseTableSize = 8 * mib
	o.BaseLevelSize = 32 * mib // with the next two: what a compaction may need, see reserve
	o.NumLevelZeroTables = 3
	o.NumLevelZeroTablesStall = 6
	o.NumCompactors = 2
	o.NumGoroutines = 2

	o.ValueThreshold = mib // above replica.MaxApplyBytes: nothing goes to the value log
	o.ValueLogFileSize = mib
	// Most of what is kept is sealed and does not compress; trying costs a third of the throughput
	// and twice the memory of a compaction.
	o.Compression = options.None
	o.BlockCacheSize = 4 * mib
	o.IndexCacheSize = 4 * mib
	o.ChecksumVerificationMode = options.OnBlockRead
	o.VerifyValueChecksum = true
	return o
}
