package replica

import (
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// The key layout. Everything that leaves with a record lies under the day on which it is dropped, so
// that one Drop of two prefixes gives the space back. Numbers are big-endian. D is the drop day.
//
//	b D r ID        frame of a record, with its body if that is inline
//	b D s ID        its sighting
//	b D h ID        leaf hashes of a detached body; present once the whole body is here
//	b D c ID N      chunk N of a detached body
//	b D f ID        fingerprints of the texts of a notice that is stricter than TLP:CLEAR
//	b D o ID        who opened a record that is TLP:RED here
//	b D n ID N      part N of what lists show of a notice with attachments in a detached body
//	i D C K A T ID P  index, no value: created (ms since 1970), kind code, class and flags, author, channel
//	                tag, hash of the place in its lane (absent in what an earlier release wrote)
//	s ID            frame of a statement
//	u ID            when this node first held the statement
//	l T             head of this node's lane in channel T: run, seq, ID
//	n T RUN         a run of this node in channel T: the last day on which a record of it is kept
//	o TEAM ID       delivery of a private record: its state
//	t T TEAM        when this node was last in step with what TEAM says in channel T
//	a PEER          signed address record of a peer
//	k T KEY         a key that seals bodies in channel T, with what is known of it
//	v VIEW          the members of a view of a community for which a key was made
//	q DIGEST        public sealing key of a node
//	w ID            frame of a statement that handed over another key than it says
//	p TEAM          that the operator compared a team's ID with the team
//	m owner         the format's version and the node that writes here
//	m drawn TEAM    what a team used of the last room of the store
const (
	spaceBucket   = 'b'
	spaceIndex    = 'i'
	spaceState    = 's'
	spaceHeard    = 'u'
	spaceLane     = 'l'
	spaceRun      = 'n'
	spaceOutbox   = 'o'
	spaceStep     = 't'
	spaceAddress  = 'a'
	spaceKey      = 'k'
	spaceView     = 'v'
	spaceSealing  = 'q'
	spaceBadWrap  = 'w'
	spaceMeta     = 'm'
	partRecord    = 'r'
	partSighting  = 's'
	partLeaves    = 'h'
	partChunk     = 'c'
	partTexts     = 'f'
	partOpenings  = 'o'
	partBrief     = 'n'
	indexKeyOld   = 1 + 4 + 8 + 1 + 1 + 32 + 32 + 32
	indexKeyLen   = indexKeyOld + 8
	laneValueLen  = 16 + 8 + 32
	runKeyLen     = 1 + 32 + 16
	formatVersion = 1
)

func dayPrefix(space byte, d Day) []byte {
	return binary.BigEndian.AppendUint32([]byte{space}, uint32(d))
}

func partKey(d Day, part byte, id record.ID) []byte {
	return append(append(dayPrefix(spaceBucket, d), part), id[:]...)
}

func chunkKey(d Day, id record.ID, n int) []byte {
	return binary.BigEndian.AppendUint16(partKey(d, partChunk, id), uint16(n)) //nolint:gosec // at most record.MaxBody/ChunkSize = 64
}

func briefKey(d Day, id record.ID, n int) []byte {
	return binary.BigEndian.AppendUint16(partKey(d, partBrief, id), uint16(n)) //nolint:gosec // a brief is shorter than its body
}

func idKey(space byte, id [32]byte) []byte { return append([]byte{space}, id[:]...) }

func outboxKey(to identity.TeamID, id record.ID) []byte {
	return append(idKey(spaceOutbox, to), id[:]...)
}

func metaKey(name string) []byte { return append([]byte{spaceMeta}, name...) }

// code is the kind of a record as the index holds it, so that a start reads only what the views need.
type code byte

const (
	codeOther   code = iota // unknown here, or with an unmet crit
	codeAlert               // an alert that refers to no other
	codeRequest             // this and the next four go into the ledger
	codeReceipt
	codeReply
	codeClose
	codeWithdraw
	codeRevision // an alert that replaces others
	codeErase

	codeClosed   code = 0x40 // flag: the body is sealed with a key that is not here
	codeDetached code = 0x80 // flag: the body does not ride in the frame
)

func (c code) plain() code    { return c &^ (codeDetached | codeClosed) }
func (c code) detached() bool { return c&codeDetached != 0 }
func (c code) closed() bool   { return c&codeClosed != 0 }
func (c code) ledger() bool   { return c.plain() >= codeRequest && c.plain() <= codeWithdraw }

// viewed reports whether a start must read the record's notice.
func (c code) viewed() bool {
	return c.ledger() || c.plain() == codeRevision || c.plain() == codeErase
}

// codeOf goes by the kind that the header names, so that a body that is still to be fetched does not
// matter; only that an alert is a revision stands in its body.
func codeOf(r *record.Record, n notice.Notice) code {
	c := codeOther
	if len(r.Header().Crit) == 0 {
		c = codeNamed(r.Header().Kind)
	}
	if a, ok := n.(*notice.Alert); ok && len(a.Replaces) > 0 {
		c = codeRevision
	}
	if !r.Inline() {
		c |= codeDetached
	}
	return c
}

// codeNamed is the inverse of code.kind.
func codeNamed(k notice.Kind) code {
	for c := codeAlert; c <= codeErase; c++ {
		if c.kind() == k {
			return c
		}
	}
	return codeOther
}

func (c code) kind() notice.Kind {
	switch c.plain() {
	case codeAlert, codeRevision:
		return notice.KindAlert
	case codeRequest:
		return notice.KindRequest
	case codeReceipt:
		return notice.KindReceipt
	case codeReply:
		return notice.KindReply
	case codeClose:
		return notice.KindClose
	case codeWithdraw:
		return notice.KindWithdraw
	case codeErase:
		return notice.KindErase
	case codeOther, codeClosed, codeDetached:
	}
	return ""
}

// The second byte of an index key holds the class and these flags.
const (
	classMask   byte = 0x03
	classSealed byte = 0x10 // the body is sealed
	classDrill  byte = 0x20 // an exercise or a test
	classBare   byte = 0x40 // its body came in clear, and its marking forbids that
)

// classOf is the byte of a record that says n, or nothing that can be read yet.
func classOf(rec *record.Record, n notice.Notice) byte {
	b := classCode(rec.Header().Class)
	if len(rec.Header().Body.KeyID) > 0 {
		b |= classSealed
	}
	if n != nil && mustSeal(n) && b&classSealed == 0 {
		b |= classBare
	}
	switch n := n.(type) {
	case *notice.Alert:
		if n.Status.Drill() {
			b |= classDrill
		}
	case *notice.Request:
		if n.Status.Drill() {
			b |= classDrill
		}
	}
	return b
}

func classCode(c record.Class) byte {
	switch c {
	case record.Routine:
		return 0
	case record.Urgent:
		return 1
	case record.Emergency:
		return 2
	case record.Control:
		return 3
	}
	return 0
}

// millis is a record's claimed creation in milliseconds since 1970.
type millis uint64

func millisOf(t time.Time) millis { return millis(max(0, t.UnixMilli())) }

func (m millis) day() Day { return Day(m / 86_400_000) } //nolint:gosec // far below 2^32 for every time a header can carry

// indexRow is one index key.
type indexRow struct {
	drop    Day
	created millis
	code    code
	class   byte
	author  identity.TeamID
	tag     [32]byte
	id      record.ID
	place   placeHash // zero in a row that an earlier release wrote
}

func (x *indexRow) key() []byte {
	k := dayPrefix(spaceIndex, x.drop)
	k = binary.BigEndian.AppendUint64(k, uint64(x.created))
	k = append(k, byte(x.code), x.class)
	k = append(k, x.author[:]...)
	k = append(k, x.tag[:]...)
	k = append(k, x.id[:]...)
	if x.place != 0 {
		k = binary.BigEndian.AppendUint64(k, uint64(x.place))
	}
	return k
}

func parseIndex(k []byte) (indexRow, error) {
	if len(k) != indexKeyLen && len(k) != indexKeyOld {
		return indexRow{}, fmt.Errorf("index key has %d bytes, want %d", len(k), indexKeyLen)
	}
	var place placeHash
	if len(k) == indexKeyLen {
		place = placeHash(binary.BigEndian.Uint64(k[indexKeyOld:]))
	}
	return indexRow{
		place: place,
		drop:  Day(binary.BigEndian.Uint32(k[1:])), created: millis(binary.BigEndian.Uint64(k[5:])),
		code: code(k[13]), class: k[14],
		author: identity.TeamID(k[15:47]), tag: [32]byte(k[47:79]), id: record.ID(k[79:111]),
	}, nil
}

const sightingLen = 3*8 + 1

// encodeSighting: seen, in step, left as nanoseconds since 1970 with 0 for never; then the way in.
func encodeSighting(s ledger.Sighting, via Via) []byte {
	b := make([]byte, 0, sightingLen)
	for _, t := range []time.Time{s.Seen, s.InStep, s.Left} {
		b = binary.BigEndian.AppendUint64(b, uint64(nanos(t))) //nolint:gosec // the sign bit survives the round trip
	}
	return append(b, viaCode(via))
}

func decodeSighting(b []byte) (ledger.Sighting, Via, error) {
	if len(b) != sightingLen {
		return ledger.Sighting{}, "", fmt.Errorf("sighting has %d bytes, want %d", len(b), sightingLen)
	}
	at := func(i int) time.Time { return fromNanos(int64(binary.BigEndian.Uint64(b[i:]))) } //nolint:gosec // see encodeSighting
	via := Local
	for _, v := range vias() {
		if viaCode(v) == b[24] {
			via = v
		}
	}
	return ledger.Sighting{Seen: at(0), InStep: at(8), Left: at(16)}, via, nil
}

func vias() []Via { return []Via{Local, Gossip, Sync, Direct, Import} }

func viaCode(v Via) byte {
	for i, w := range vias() {
		if v == w {
			return byte(i)
		}
	}
	return 0
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
