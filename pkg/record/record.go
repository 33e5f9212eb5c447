// Package record is the signed envelope: a header in canonical JSON, the signatures over it, and a
// detached body that the header commits to. It signs records, opens frames from strangers and gives
// every record its ID. It does not judge: whether an author may speak in a channel, whether a time
// is believable and what a kind means is for pkg/policy and pkg/notice.
// Invariant: a *Record that exists was checked; its header is canonical, its delegation is signed
// by its team's root key and in force at the record's own time, its signature is its node's, and
// its body, if it is here, is the one the header names. The form is docs/spec/record.md.
package record

import (
	"crypto/sha256"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// PayloadType is the DSSE payload type of every record.
const PayloadType = "application/vnd.tocsin.record+json"

// Version is the value of the header member "v".
const Version = 1

// Class orders records where something is scarce: bandwidth first of all. It counts against the
// author's quota of that class.
type Class string

// The classes, most urgent last but for control, which carries the mesh's own business.
const (
	Routine   Class = "routine"
	Urgent    Class = "urgent"
	Emergency Class = "emergency"
	Control   Class = "control"
)

// Valid reports whether c is one of the classes.
func (c Class) Valid() bool {
	switch c {
	case Routine, Urgent, Emergency, Control:
		return true
	}
	return false
}

// Run tells apart the lives of a node: 16 random bytes, new at init, at restore and whenever the
// node cannot know what it has already signed.
type Run [16]byte

// Lane is one author's hash chain in one channel. It is comparable.
type Lane struct {
	Node    identity.NodeID
	Run     Run
	Channel Channel
}

// Body is what a header says of the bytes it commits to.
type Body struct {
	Digest    [32]byte // root of the tree, see Digest
	Length    int64
	MediaType string
	KeyID     []byte // names the key the body is sealed with; empty for a body in clear
}

// Header is what the signature covers and what every relay can read.
type Header struct {
	Kind       string
	Channel    Channel
	Class      Class
	Delegation *identity.Delegation // names the team and the node that speak
	Run        Run
	Seq        uint64    // 1 for the first record of a lane
	Prev       ID        // the record before in the lane; zero where Seq is 1
	Created    time.Time // the author's claim, in milliseconds
	Expires    time.Time // zero for never
	Body       Body
	// Crit names members, none of them known to this release, that must be understood before the
	// record is acted on. A record with any is kept and passed on and nothing more.
	Crit []string
}

// Record is a checked record. It is immutable and safe for concurrent use.
type Record struct {
	header    Header
	id        ID
	payload   []byte
	signature dsse.Signature
	body      []byte // nil if it is not here
}

// Header returns the signed header. The caller must not change what it points to.
func (r *Record) Header() *Header { return &r.header }

// ID returns the record's identifier.
func (r *Record) ID() ID { return r.id }

// Team returns the team that speaks.
func (r *Record) Team() identity.TeamID { return r.header.Delegation.Team }

// Node returns the node that speaks for the team.
func (r *Record) Node() identity.NodeID { return r.header.Delegation.Node }

// Lane returns the lane the record belongs to.
func (r *Record) Lane() Lane {
	return Lane{Node: r.Node(), Run: r.header.Run, Channel: r.header.Channel}
}

// Payload returns the signed bytes, verbatim. The caller must not change them.
func (r *Record) Payload() []byte { return r.payload }

// Signature returns the node's signature over Payload.
func (r *Record) Signature() dsse.Signature { return r.signature }

// Body returns the body, or nil if it is not here; an empty body is never nil. The caller must not
// change it.
func (r *Record) Body() []byte { return r.body }

// HasBody reports whether the body is here. An empty body is always here.
func (r *Record) HasBody() bool { return r.body != nil }

// Inline reports whether the body rides in the record's frame; a longer one is fetched by chunks.
func (r *Record) Inline() bool { return r.header.Body.Length <= MaxInlineBody }

// WithBody returns the record with the given body, or an error if it is not the one that the header
// commits to. It keeps body, which the caller must not change.
func (r *Record) WithBody(body []byte) (*Record, error) {
	if err := r.header.Body.check(body); err != nil {
		return nil, err
	}
	full := *r
	full.body = body
	return &full, nil
}

// WithoutBody returns the record without its body, unless that is empty.
func (r *Record) WithoutBody() *Record {
	if len(r.body) == 0 {
		return r
	}
	bare := *r
	bare.body = nil
	return &bare
}

// Sign makes a record: it fills in the body's digest and length and signs the header with the node's
// key. The key must be the one that h.Delegation names. Times are cut to the millisecond. It keeps
// body, which the caller must not change.
func Sign(key *identity.NodeKey, h Header, body []byte) (*Record, error) {
	if body == nil {
		body = []byte{}
	}
	h.Body.Length = int64(len(body))
	h.cutTimes()
	return sign(key, h, body)
}

func (h *Header) cutTimes() {
	h.Created = h.Created.UTC().Truncate(time.Millisecond)
	h.Expires = h.Expires.UTC().Truncate(time.Millisecond)
}

// sign fills in the digest and signs.
func sign(key *identity.NodeKey, h Header, body []byte) (*Record, error) {
	h.Body.Digest = Digest(body)
	if err := h.check(); err != nil {
		return nil, err
	}
	if key.Node() != h.Delegation.Node {
		return nil, fault(FaultDelegation, "delegation", "it names another node than the key's")
	}
	payload, err := dsse.Encode(wireOf(&h))
	if err != nil {
		return nil, fault(FaultMember, "header", "%w", err)
	}
	if len(payload) > MaxHeader {
		return nil, fault(FaultOversized, "header", "%d bytes, at most %d", len(payload), MaxHeader)
	}
	return &Record{
		header: h, id: sha256.Sum256(payload), payload: payload,
		signature: key.Sign(PayloadType, payload), body: body,
	}, nil
}
