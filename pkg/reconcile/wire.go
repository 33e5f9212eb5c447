package reconcile

import (
	"encoding/binary"
	"errors"
	"fmt"

	"tocsin/pkg/record"
)

// ErrMessage is wrapped by every error about a message that an honest peer would not have sent.
// The session is over; its findings so far stand.
var ErrMessage = errors.New("malformed message")

// Message kinds. The first byte of a message is the version, the second its kind; numbers are
// big-endian.
const (
	version = 1

	kindDigests   = 1 // initiator: the digests of its days, newest first
	kindDiffering = 2 // responder: which of those days differ
	kindIDs       = 3 // initiator: its IDs of the days that differ
	kindLacking   = 4 // responder: which of those it lacks, and which the initiator lacks
	kindEnd       = 5 // initiator: the session is over
)

// digests is a page of days from the cursor back to and including down.
type digests struct {
	down Day
	days []DayDigest // descending
}

// differing answers digests for the days from the cursor back to and including down.
type differing struct {
	down Day
	days []Day // descending
}

// span is a run of IDs from where the cursor stands: to the end of the day if until is nil, else up to
// but not including until.
type span struct {
	until *record.ID
	ids   []record.ID // ascending
}

// answer answers a span, or the part of it below until.
type answer struct {
	until   *record.ID
	lacking []bool      // for each ID of the span: the responder lacks it
	extra   []record.ID // ascending; the initiator lacks them
}

func begin(kind byte) []byte { return []byte{version, kind} }

func (m digests) encode() []byte {
	b := binary.BigEndian.AppendUint32(begin(kindDigests), m.down)
	b = appendCount(b, len(m.days))
	for i := range m.days {
		b = binary.BigEndian.AppendUint32(b, m.days[i].Day)
		b = binary.BigEndian.AppendUint32(b, m.days[i].Count)
		b = append(b, m.days[i].Digest[:]...)
	}
	return b
}

func (m differing) encode() []byte {
	b := binary.BigEndian.AppendUint32(begin(kindDiffering), m.down)
	b = appendCount(b, len(m.days))
	for _, day := range m.days {
		b = binary.BigEndian.AppendUint32(b, day)
	}
	return b
}

func encodeSpans(spans []span) []byte {
	b := appendCount(begin(kindIDs), len(spans))
	for _, s := range spans {
		b = appendUntil(b, s.until)
		b = appendIDs(b, s.ids)
	}
	return b
}

func encodeAnswers(answers []answer) []byte {
	b := appendCount(begin(kindLacking), len(answers))
	for _, a := range answers {
		b = appendUntil(b, a.until)
		bits := make([]byte, (len(a.lacking)+7)/8)
		for i, lacks := range a.lacking {
			if lacks {
				bits[i/8] |= 1 << (i % 8)
			}
		}
		b = append(b, bits...)
		b = appendIDs(b, a.extra)
	}
	return b
}

func appendCount(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint16(b, uint16(n)) //nolint:gosec // every list is bounded by limits.go
}

func appendUntil(b []byte, until *record.ID) []byte {
	if until == nil {
		return append(b, 0)
	}
	return append(append(b, 1), until[:]...)
}

func appendIDs(b []byte, ids []record.ID) []byte {
	b = appendCount(b, len(ids))
	for i := range ids {
		b = append(b, ids[i][:]...)
	}
	return b
}

// reader takes a message apart. After the first fault every read gives zero and err stays.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrMessage}, args...)...)
		r.rest = nil
	}
}

func (r *reader) take(n int) []byte {
	if r.err != nil || len(r.rest) < n {
		r.fail("it ends early")
		return make([]byte, n) // n is below MaxMessage: a bounded count times a fixed size
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte  { return r.take(1)[0] }
func (r *reader) uint32() Day { return binary.BigEndian.Uint32(r.take(4)) }

func (r *reader) count(most int) int {
	n := int(binary.BigEndian.Uint16(r.take(2)))
	if n > most {
		r.fail("%d entries, at most %d", n, most)
		return 0
	}
	return n
}

func (r *reader) until() *record.ID {
	switch r.byte() {
	case 0:
		return nil
	case 1:
		id := record.ID(r.take(len(record.ID{})))
		return &id
	}
	r.fail("unknown flag")
	return nil
}

func (r *reader) ids(most int) []record.ID {
	n := r.count(most)
	raw := r.take(n * len(record.ID{}))
	ids := make([]record.ID, n)
	for i := range ids {
		copy(ids[i][:], raw[i*len(ids[i]):])
		if i > 0 && compareIDs(ids[i-1], ids[i]) >= 0 {
			r.fail("IDs are not ascending")
		}
	}
	return ids
}

func (r *reader) end() error {
	if len(r.rest) > 0 {
		r.fail("%d bytes after the end", len(r.rest))
	}
	return r.err
}

// open checks what all messages share and returns the kind and the rest.
func open(message []byte) (byte, *reader) {
	r := &reader{rest: message}
	if len(message) > MaxMessage {
		r.fail("%d bytes, at most %d", len(message), MaxMessage)
		return 0, r
	}
	if v := r.byte(); r.err == nil && v != version {
		r.fail("version %d, want %d", v, version)
	}
	return r.byte(), r
}

func (r *reader) digests() (digests, error) {
	m := digests{down: r.uint32()}
	n := r.count(maxDigests)
	for i := range n {
		d := DayDigest{Day: r.uint32(), Count: r.uint32()}
		copy(d.Digest[:], r.take(len(d.Digest)))
		switch {
		case r.err != nil:
			return m, r.err
		case d.Count == 0:
			r.fail("an empty day")
		case d.Day < m.down || i > 0 && d.Day >= m.days[i-1].Day:
			r.fail("days are not descending")
		}
		m.days = append(m.days, d)
	}
	return m, r.end()
}

func (r *reader) differing() (differing, error) {
	m := differing{down: r.uint32()}
	n := r.count(maxDiffering)
	for i := range n {
		day := r.uint32()
		if r.err == nil && (day < m.down || i > 0 && day >= m.days[i-1]) {
			r.fail("days are not descending")
		}
		m.days = append(m.days, day)
	}
	return m, r.end()
}

func (r *reader) spans(most int) ([]span, error) {
	n := r.count(most)
	if n == 0 {
		r.fail("no days")
	}
	var spans []span
	total := 0
	for i := 0; i < n && r.err == nil; i++ {
		s := span{until: r.until(), ids: r.ids(maxIDs)}
		if total += len(s.ids); total > maxIDs {
			r.fail("more than %d IDs", maxIDs)
		}
		if s.until != nil && i < n-1 {
			r.fail("a day is cut short, but not the last")
		}
		spans = append(spans, s)
	}
	return spans, r.end()
}

func (r *reader) answers(asked []span) ([]answer, error) {
	n := r.count(len(asked))
	if n == 0 {
		r.fail("no days")
	}
	var answers []answer
	total := 0
	for i := 0; i < n && r.err == nil; i++ {
		a := answer{until: r.until(), lacking: r.bits(len(asked[i].ids)), extra: r.ids(maxIDs)}
		if total += len(a.extra); total > maxIDs {
			r.fail("more than %d IDs", maxIDs)
		}
		if a.until != nil && i < n-1 {
			r.fail("a day is cut short, but not the last")
		}
		answers = append(answers, a)
	}
	return answers, r.end()
}

func (r *reader) bits(n int) []bool {
	raw := r.take((n + 7) / 8)
	bits := make([]bool, n)
	for i := range bits {
		bits[i] = raw[i/8]&(1<<(i%8)) != 0
	}
	if n%8 != 0 && raw[n/8]>>(n%8) != 0 {
		r.fail("bits beyond the last ID")
	}
	return bits
}
