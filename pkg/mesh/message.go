package mesh

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// messageVersion begins every message. A message that begins with 0 refuses the one before it, in words.
const (
	messageVersion = 2
	refusalVersion = 0
)

// sealingSize is the length of a node's sealing public key.
const sealingSize = seal.SealingKeySize

// greeting begins a hello, from both ends: who I am, where I am, and a digest of the statements I
// have. The answerer adds the window if the digests differ; then the one who dialled sends its own.
type greeting struct {
	delegation []byte // frame
	sealing    []byte // the public key that the delegation names: sealingSize bytes
	address    []byte // signed peer record; may be empty
	digest     [32]byte
	process    process
	company    Company // of the receiver, as the sender sees it
	ahead      uint32  // seconds that records of the receiver are ahead of the sender's clock, which keeps them outside; 0: none
	peers      bool    // asks for the addresses of fellow members
	same       bool    // answer: the digests are equal
	salt       salt    // the one who dialled
	sums       sums    // of it
	have       window
}

func (w window) append(b []byte) []byte {
	b = appendFlag(append(b, w.shelves[:]...), w.partial)
	return appendHashes(b, w.ids)
}

func (s *scanner) window() window {
	w := window{shelves: shelves(s.fixed(len(shelves{}))), partial: s.flag()}
	w.ids = cast[record.StatementID](s.ascending(maxHave))
	return w
}

// fixed is take, but of n zeros after a fault.
func (s *scanner) fixed(n int) []byte {
	if b := s.take(n); b != nil {
		return b
	}
	return make([]byte, n)
}

func (g greeting) encode() []byte {
	b := appendBytes([]byte{messageVersion}, g.delegation)
	b = append(b, g.sealing...)
	b = appendBytes(b, g.address)
	b = append(b, g.digest[:]...)
	b = append(b, g.process[:]...)
	b = append(b, byte(g.company))
	b = binary.BigEndian.AppendUint32(b, g.ahead)
	b = appendFlag(b, g.peers)
	b = appendFlag(b, g.same)
	asks := g.sums != (sums{})
	if b = appendFlag(b, asks); asks {
		b = append(b, g.salt[:]...)
		for _, sum := range g.sums {
			b = binary.BigEndian.AppendUint32(b, sum)
		}
	}
	return g.have.append(b)
}

func decodeGreeting(msg []byte) (greeting, error) {
	s := scanner{rest: msg}
	s.version()
	g := greeting{
		delegation: s.bytes(2 * identity.MaxDelegation), sealing: s.take(sealingSize), address: s.bytes(maxAddress),
		digest: s.hash(), process: process(s.fixed(len(process{}))), company: Company(s.byte()),
		ahead: binary.BigEndian.Uint32(s.fixed(4)), peers: s.flag(), same: s.flag(),
	}
	if g.company > Twin && s.err == nil {
		s.err = errSpelling
	}
	if s.flag() {
		g.salt = salt(s.fixed(len(salt{})))
		for i := range g.sums {
			g.sums[i] = binary.BigEndian.Uint32(s.fixed(4))
		}
		if g.sums == (sums{}) && s.err == nil {
			s.err = errSpelling
		}
	}
	g.have = s.window()
	return g, s.end()
}

// errVersion says that a message is of a release whose messages this one does not read.
var errVersion = errors.New("message of another version")

func (s *scanner) version() {
	switch v := s.byte(); {
	case s.err != nil, v == messageVersion:
	case v == refusalVersion:
		if why := s.bytes(maxReason); s.end() == nil {
			s.err = fmt.Errorf("%w: it says %q", errRefused, why)
		}
	default:
		s.err = fmt.Errorf("%w: %d, this release reads %d", errVersion, v, messageVersion)
	}
}

// refusal answers a message that is not read, for the operator at the other end.
func refusal(why string) []byte {
	return appendBytes([]byte{refusalVersion}, []byte(why[:min(len(why), maxReason)]))
}

// gift carries statements, addresses of fellow members, and, from the one who dialled, its window.
type gift struct {
	have      window
	more      bool // frames did not fit
	frames    [][]byte
	addresses [][]byte
}

func (g gift) encode() []byte {
	b := appendFlag(g.have.append([]byte{messageVersion}), g.more)
	b = appendList(b, g.frames)
	return appendList(b, g.addresses)
}

func decodeGift(msg []byte) (gift, error) {
	s := scanner{rest: msg}
	s.version()
	g := gift{have: s.window(), more: s.flag(), frames: s.list(maxHelloFrames, maxHello), addresses: s.list(maxAddressSent, maxAddress)}
	return g, s.end()
}

// appendChannel writes a channel: 0 and a community, or 1 and a pair.
func appendChannel(b []byte, ch record.Channel) []byte {
	if !ch.Private() {
		return append(append(b, 0), ch.Community[:]...)
	}
	b = append(append(b, 1), ch.Pair[0][:]...)
	return append(b, ch.Pair[1][:]...)
}

func (s *scanner) channel() record.Channel {
	if !s.flag() {
		return record.InCommunity(s.hash())
	}
	a, b := identity.TeamID(s.hash()), identity.TeamID(s.hash())
	ch, err := record.Between(a, b)
	if s.err == nil && (err != nil || ch.Pair[0] != a) {
		s.err = errSpelling
	}
	return ch
}

// Sync message kinds, the byte after the version.
const (
	syncOpen   = 1 // initiator: the channel
	syncAnswer = 2 // responder: 0 refused, 1 agreed, 2 agreed, but not now
	syncRound  = 3 // both: a message of reconcile
	syncWant   = 4 // the one whose turn it is: IDs it wants, of those that the rounds found, each once
	syncBatch  = 5 // answers want and urgent: frames, and whether these are the last
	syncTaken  = 6 // the batch is durable (or was refused), and how long that took; send on
	syncDone   = 7 // responder: that is all I want; initiator: the session is over
	syncUrgent = 8 // as want, for all emergency and control records that the rounds found
	syncYours  = 9 // initiator: now the responder may want
)

// What the responder answers.
const (
	answerRefused = 0
	answerAgreed  = 1
	answerLater   = 2
)

var errNothing = errors.New("message of nothing: a batch that is not the last, or a want")

var errKind = errors.New("message of another kind than the protocol asks for here")

func begin(kind byte) []byte { return []byte{messageVersion, kind} }

// open checks version and kind and returns a scanner of the rest.
func open(msg []byte, kind byte) *scanner {
	s := &scanner{rest: msg}
	s.version()
	if k := s.byte(); s.err == nil && k != kind {
		s.err = errKind
	}
	return s
}

// batch is frames on their way. last: nothing follows for what was asked.
type batch struct {
	frames [][]byte
	last   bool
}

func (m batch) encode() []byte {
	return appendList(appendFlag(begin(syncBatch), m.last), m.frames)
}

func decodeBatch(msg []byte) (batch, error) {
	s := open(msg, syncBatch)
	m := batch{last: s.flag(), frames: s.list(batchFrames, record.MaxFrame)}
	if s.err == nil && !m.last && len(m.frames) == 0 {
		s.err = errNothing // else a peer could keep a session open for as long as one may take
	}
	return m, s.end()
}

// want names records that a session found: those to be given, and those that came from elsewhere since.
type want struct{ ids, here []record.ID }

func (m want) encode() []byte { return appendHashes(appendHashes(begin(syncWant), m.ids), m.here) }

func decodeWant(msg []byte) (want, error) {
	s := open(msg, syncWant)
	m := want{ids: cast[record.ID](s.hashes(syncWindow)), here: cast[record.ID](s.hashes(syncWindow))}
	if s.err == nil && len(m.ids)+len(m.here) == 0 {
		s.err = errNothing
	}
	return m, s.end()
}

// encodeTaken says how long the door took, which tells nothing of the line.
func encodeTaken(door time.Duration) []byte {
	return appendCount(begin(syncTaken), int(min(door.Milliseconds(), math.MaxInt32)))
}

func decodeTaken(msg []byte) (door time.Duration, err error) {
	s := open(msg, syncTaken)
	door = time.Duration(s.count(math.MaxInt32, 0)) * time.Millisecond
	return door, s.end()
}

func encodeAnswer(answer byte) []byte { return append(begin(syncAnswer), answer) }

func decodeAnswer(msg []byte) (byte, error) {
	s := open(msg, syncAnswer)
	answer := s.byte()
	if answer > answerLater && s.err == nil {
		s.err = errSpelling
	}
	return answer, s.end()
}

func decodeOpen(msg []byte) (record.Channel, error) {
	s := open(msg, syncOpen)
	ch := s.channel()
	return ch, s.end()
}

// encodeJudgements writes what became of each frame of a direct stream.
func encodeJudgements(list []policy.Judgement) []byte {
	b := appendCount([]byte{messageVersion}, len(list))
	for _, j := range list {
		b = append(b, byte(j.Verdict))
		b = appendBytes(b, []byte(j.Reason[:min(len(j.Reason), maxReason)]))
	}
	return b
}

func decodeJudgements(msg []byte) ([]policy.Judgement, error) {
	s := scanner{rest: msg}
	s.version()
	n := s.count(batchFrames, 5)
	out := make([]policy.Judgement, 0, n)
	for range n {
		v := policy.Verdict(s.byte())
		if s.err == nil && v > policy.Reject {
			s.err = errSpelling
		}
		out = append(out, policy.Judgement{Verdict: v, Reason: policy.Reason(s.bytes(maxReason))})
	}
	return out, s.end()
}

// ask asks for a piece of one chunk of a body: up to most bytes of chunk n, from from on. A stream may
// carry several, one after the other.
type ask struct {
	id         record.ID
	n          int
	from, most int
	leaves     bool // and the leaves of the body
}

func (a ask) encode() []byte {
	b := append([]byte{messageVersion}, a.id[:]...)
	b = appendCount(appendCount(appendCount(b, a.n), a.from), a.most)
	return appendFlag(b, a.leaves)
}

func decodeAsk(msg []byte) (ask, error) {
	s := scanner{rest: msg}
	s.version()
	a := ask{
		id: s.hash(), n: s.count(record.MaxBody/record.ChunkSize, 0), from: s.count(record.ChunkSize, 0),
		most: s.count(record.ChunkSize, 0), leaves: s.flag(),
	}
	return a, s.end()
}

// chunk answers ask. found is false if the body is not here or not for the one who asks.
type chunk struct {
	found  bool
	leaves [][32]byte
	bytes  []byte
}

func (c chunk) encode() []byte {
	b := appendFlag([]byte{messageVersion}, c.found)
	b = appendHashes(b, c.leaves)
	return appendBytes(b, c.bytes)
}

func decodeChunk(msg []byte) (chunk, error) {
	s := scanner{rest: msg}
	s.version()
	c := chunk{found: s.flag(), leaves: s.hashes(record.MaxBody / record.ChunkSize), bytes: s.bytes(record.ChunkSize)}
	return c, s.end()
}
