// Package store keeps a replica's keys and values on disk: it is replica.Store on Badger, and the
// only importer of Badger.
//
// It is not a cache, not a query language and not the place where the key layout is decided (that
// is pkg/replica). It has no value log to collect: every value fits the LSM tree (ValueThreshold
// above replica.MaxApplyBytes), so Badger's value log stays empty, its discard statistics stay
// empty, and there is no garbage collection to run. Space comes back by Drop alone.
//
// Invariant: an Apply that returned nil is on stable storage, with everything that was acknowledged before. A store
// that cannot be trusted is refused by Open with a reason, before Badger touches a file; one that cannot be written is
// opened for reading, until it can.
//
// # Layout
//
//	DIR/          0700, locked (flock) while a Store is open
//	DIR/db/       Badger's files, encrypted with Options.Key
//	DIR/ballast   room set aside; given up so that a full disk can still be opened and pruned
//	DIR/trial/    for a moment: the reserve, taken to see whether the system gives it
//	DIR/probe     for a moment: what is written to see whether the disk can be written
//	DIR/clean     digest of Badger's MANIFEST, written by Close and removed by Open
//	DIR/orphans/  tables found after a crash that the MANIFEST does not list, kept until the next
//	              orderly stop
//
// # What Badger does that this package guards against
//
// Read in Badger 4.9.6 and met in the tests:
//
//   - On a full disk it dies of SIGBUS (its log is a sparse mapping) and dies again on restart.
//     Hence the floor, checked before Open and before each write, and the ballast; each log, and the
//     MANIFEST, has its room before it is written (on Linux); the reserve is taken for a moment before a
//     log is begun, since quotas show nowhere else. Tables cannot have their room before: a disk that others
//     fill from the floor to nothing within one flush still kills it.
//   - After a failed sync it goes on behind the hole that the kernel leaves. Any write, sync, flush or
//     compaction that fails breaks the Store: it takes no writes, answers reads, and opens itself again
//     (mend.go, decisions/0011). Badger tells of what fails in its goroutines only in its log, so the log is
//     listened to.
//   - It flushes what it replayed from a log in its own time. Open waits for that: what a log holds may
//     be in the page cache alone.
//   - It retries a flush for ever, and whoever writes or closes waits for it. No caller here does.
//   - It opens tables in goroutines of its own, where a damaged table panics or ends the process by
//     log.Fatal; neither can be recovered by a caller. Open therefore reads the footer, the index
//     and the last block of every table first, in a place where a panic is caught.
//   - It deletes tables that a truncated MANIFEST does not name. Open sets them aside instead, and
//     after an orderly stop it insists on the very MANIFEST that was left.
//   - A damaged entry in the middle of a write-ahead log ends the replay without a word, losing
//     what follows. Open tells a torn end (nothing acknowledged follows) from damage.
//   - An empty log file, left by a crash between creating and sizing it, makes its Open fail.
//   - A new log file's directory entry is not synced. Apply does so.
//   - DropPrefix reports success when its first compaction failed; it may overlook "k1" if there is
//     a key "k", and DropPrefix("k\xff") takes the key "k" with it. Drop deletes one by one then.
//   - A damaged data block reads as absent, in Get, in Scan and in compactions. Open therefore reads
//     every block unless Options.SkipVerify is set. What is damaged while the store is open only
//     Verify sees; a compaction that meets it, in a goroutine of Badger, can forget it or end the
//     process.
//   - Damage to the length fields of a log entry hides the rest of that log file (at most one
//     memtable, and only after a crash: an orderly stop leaves no log behind).
package store
