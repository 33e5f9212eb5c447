package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// What a write-ahead log of Badger looks like: a head, then entries of
//
//	meta, user meta, varint key length, varint value length, varint expiry, key, value, CRC-32C
//
// where all but the lengths may be encrypted and the checksum covers what is written. Each
// transaction ends with an entry marked logFin and is synced before the next begins.
const (
	logHead      = 20
	logEntryHead = 22
	logFin       = 1 << 7
	logMaxKey    = 1 << 16
	logMaxValue  = 2 << 20
)

// checkLog tells damage from a torn end. A torn end is one transaction that nobody was told of, so
// no whole transaction begins after it; if one does, what is broken had been acknowledged.
func checkLog(path string) (err error) {
	f, err := os.Open(path) //nolint:gosec // below the operator's directory
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := bufio.NewReaderSize(f, 64<<10)
	if _, err := r.Discard(logHead); err != nil {
		return nil // shorter than its head: nothing was written to it
	}
	bad, sealed := false, false // an entry was broken; its transaction's end was seen
	for {
		e, ok := nextEntry(r)
		switch {
		case !ok:
			return nil
		case e.intact && sealed:
			return corrupt(path, "damaged in the middle, before writes that were acknowledged")
		case !e.intact:
			bad = true
		}
		sealed = sealed || bad && e.fin
	}
}

// trimLog cuts a log behind its last whole transaction, as Badger does when it opens a log for writing.
func trimLog(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // below the operator's directory
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := bufio.NewReaderSize(f, 64<<10)
	if _, err := r.Discard(logHead); err != nil {
		return nil // as in checkLog
	}
	at, end := int64(logHead), int64(logHead)
	for {
		e, ok := nextEntry(r)
		if !ok || !e.intact {
			break
		}
		if at += e.size; e.fin {
			end = at
		}
	}
	if err := f.Truncate(end); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	return nil
}

type logEntry struct {
	intact, fin bool
	size        int64
}

// nextEntry answers ok false at the end and where the lengths make no sense. It never holds more
// than the reader's buffer.
func nextEntry(r *bufio.Reader) (e logEntry, ok bool) {
	head, err := r.Peek(logEntryHead)
	if err != nil && !errors.Is(err, io.EOF) || len(head) < 2 {
		return e, false
	}
	n := 2
	var lens [3]uint64
	for i := range lens {
		v, w := binary.Uvarint(head[n:])
		if w <= 0 {
			return e, false
		}
		lens[i], n = v, n+w
	}
	if lens[0] == 0 || lens[0] > logMaxKey || lens[1] > logMaxValue {
		return e, false
	}
	e.fin = head[0]&logFin != 0
	e.size = int64(n) + int64(lens[0]) + int64(lens[1]) //nolint:gosec // both bounded above
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if _, err := io.CopyN(sum, r, e.size); err != nil {
		return e, false
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(r, want[:]); err != nil {
		return e, false
	}
	e.size += crc32.Size
	e.intact = sum.Sum32() == binary.BigEndian.Uint32(want[:])
	return e, true
}
