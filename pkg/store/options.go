package store

import (
	"errors"
	"fmt"
	"log/slog"

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
	// leastFloor is the least that Options.Floor may be: the reserve and a measurement's age.
	leastFloor = reserve + 32<<20
	// DefaultBallast is the reserve and room to be in doubt.
	DefaultBallast = reserve + 32<<20
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

	// Quota is the most bytes the files may occupy, the ballast not counted. 0 means no quota.
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
	return o, nil
}

// badgerOptions are fixed: the file formats and the memory a daemon takes depend on them.
func badgerOptions(dir string, key []byte, log *slog.Logger) badger.Options {
	const mib = 1 << 20
	o := badger.DefaultOptions(dir)
	o.Logger = logAdapter{log}
	o.EncryptionKey = key
	o.SyncWrites = true       // an ID printed is a record kept
	o.DetectConflicts = false // transactions here only write; order is all they need
	o.MetricsEnabled = false

	// One Apply must fit 15 % of a memtable: 8 MiB is the smallest that holds MaxApplyBytes.
	o.MemTableSize = 8 * mib
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
