// Package reconcile finds what two copies of one record set lack of each other, as a session of
// messages in and messages out. It knows record IDs and calendar days; it opens no connection,
// fetches no record and judges none. The innards (digests over whole days, then the IDs of the days
// that differ) are the first form, and can give way to another behind the same Session.
// Invariant: when both ends are honest and Complete is true, Need and Have are exactly the two
// differences, whatever the two sets are. The form is docs/spec/reconcile.md.
package reconcile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"tocsin/pkg/record"
)

// Day is the bucket of a record: the whole days from 1970-01-01 UTC to its claimed creation.
type Day = uint32

// DayDigest sums up the records of one day.
type DayDigest struct {
	Day    Day
	Count  uint32
	Digest [sha256.Size]byte // DigestOf the day's IDs
}

// Set is one side's records in the channel and window that a session covers. Both methods must
// answer as of one moment for as long as the session runs; if they do not, the differences found are
// wrong but nothing else is. The session does not change what they return.
type Set interface {
	// Days returns the days that have records, ascending, each once.
	Days() []DayDigest
	// IDs returns the records of one day, ascending, each once; none for a day without records.
	IDs(day Day) []record.ID
}

const digestDomain = "tocsin day digest v1\x00"

// DigestOf returns the digest of a day: SHA-256 over a domain, the count and the IDs, which must be
// ascending.
func DigestOf(ids []record.ID) [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte(digestDomain))
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(ids)))) //nolint:gosec // a day holds far fewer than 2^32 records
	for i := range ids {
		h.Write(ids[i][:])
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// Memory is a Set in memory, as a set of IDs by day. The zero value is empty and must be made with
// make before it is written to.
type Memory map[Day][]record.ID

// Add puts an ID into a day, unless it is there.
func (m Memory) Add(day Day, id record.ID) {
	if at, there := slices.BinarySearchFunc(m[day], id, compareIDs); !there {
		m[day] = slices.Insert(m[day], at, id)
	}
}

// Days implements Set.
func (m Memory) Days() []DayDigest {
	days := make([]DayDigest, 0, len(m))
	for day, ids := range m {
		if len(ids) > 0 {
			days = append(days, DayDigest{Day: day, Count: uint32(len(ids)), Digest: DigestOf(ids)}) //nolint:gosec // see DigestOf
		}
	}
	slices.SortFunc(days, func(a, b DayDigest) int { return int(int64(a.Day) - int64(b.Day)) })
	return days
}

// IDs implements Set.
func (m Memory) IDs(day Day) []record.ID { return m[day] }

func compareIDs(a, b record.ID) int { return bytes.Compare(a[:], b[:]) }
