package record

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// headerWire is the header as JSON. Members it lacks are passed over and stay in the payload.
type headerWire struct {
	Body       bodyWire       `json:"body"`
	Channel    channelWire    `json:"channel"`
	Class      Class          `json:"class"`
	Created    time.Time      `json:"created"`
	Crit       []string       `json:"crit,omitempty"`
	Delegation delegationWire `json:"delegation"`
	Expires    *time.Time     `json:"expires,omitempty"`
	Kind       string         `json:"kind"`
	Lane       laneWire       `json:"lane"`
	Suite      dsse.Suite     `json:"suite"`
	Version    int            `json:"v"`
}

type bodyWire struct {
	Digest    dsse.Hash `json:"digest"`
	KeyID     []byte    `json:"key_id,omitempty"`
	Length    *int64    `json:"length"`
	MediaType string    `json:"type"`
}

type channelWire struct {
	Community *dsse.Hash  `json:"community,omitempty"`
	Pair      []dsse.Hash `json:"pair,omitempty"`
}

type laneWire struct {
	Prev *dsse.Hash `json:"prev,omitempty"`
	Run  dsse.Nonce `json:"run"`
	Seq  uint64     `json:"seq"`
}

// delegationWire carries a delegation as it was signed: canonical JSON inside canonical JSON is
// byte for byte itself.
type delegationWire struct {
	Payload   jsontext.Value `json:"payload"`
	Signature dsse.Signature `json:"signature"`
}

func wireOfDelegation(d *identity.Delegation) delegationWire {
	return delegationWire{Payload: d.Payload(), Signature: d.Signature()}
}

func wireOf(h *Header) headerWire {
	w := headerWire{
		Body: bodyWire{
			Digest: h.Body.Digest, KeyID: h.Body.KeyID, Length: &h.Body.Length, MediaType: h.Body.MediaType,
		},
		Class: h.Class, Created: h.Created, Crit: h.Crit,
		Delegation: wireOfDelegation(h.Delegation),
		Kind:       h.Kind,
		Lane:       laneWire{Run: dsse.Nonce(h.Run), Seq: h.Seq},
		Suite:      dsse.Ed25519, Version: Version,
	}
	if h.Channel.Private() {
		w.Channel.Pair = []dsse.Hash{dsse.Hash(h.Channel.Pair[0]), dsse.Hash(h.Channel.Pair[1])}
	} else {
		c := dsse.Hash(h.Channel.Community)
		w.Channel.Community = &c
	}
	if h.Seq > 1 {
		p := dsse.Hash(h.Prev)
		w.Lane.Prev = &p
	}
	if !h.Expires.IsZero() {
		w.Expires = &h.Expires
	}
	return w
}

// header reads the wire form. Delegations are opened through v, which remembers them.
func (w *headerWire) header(v *Verifier) (Header, error) {
	switch {
	case w.Body.Length == nil:
		return Header{}, fault(FaultMember, "body.length", "it is missing")
	case w.Crit != nil && len(w.Crit) == 0, w.Body.KeyID != nil && len(w.Body.KeyID) == 0:
		return Header{}, fault(FaultMember, "header", "an empty crit or key_id is left out")
	}
	h := Header{
		Kind: w.Kind, Class: w.Class, Run: Run(w.Lane.Run), Seq: w.Lane.Seq,
		Created: w.Created, Crit: w.Crit,
		Body: Body{Digest: w.Body.Digest, Length: *w.Body.Length, MediaType: w.Body.MediaType, KeyID: w.Body.KeyID},
	}
	switch {
	case w.Channel.Community != nil && w.Channel.Pair == nil:
		h.Channel = InCommunity(identity.CommunityID(*w.Channel.Community))
	case w.Channel.Community == nil && len(w.Channel.Pair) == 2:
		h.Channel = Channel{Pair: [2]identity.TeamID{
			identity.TeamID(w.Channel.Pair[0]), identity.TeamID(w.Channel.Pair[1]),
		}}
	default:
		return h, fault(FaultMember, "channel", "want either a community or a pair of teams")
	}
	if w.Lane.Prev != nil {
		if h.Prev = ID(*w.Lane.Prev); h.Prev == (ID{}) {
			return h, fault(FaultMember, "lane.prev", "it names nothing")
		}
	}
	if w.Expires != nil {
		h.Expires = *w.Expires
	}
	var err error
	if h.Delegation, err = v.delegation(w.Delegation.Payload, w.Delegation.Signature); err != nil {
		return h, formFault("delegation", err)
	}
	return h, h.check()
}

// check holds a header, ours or a stranger's, to the rules that its members have by themselves.
func (h *Header) check() error {
	switch {
	case !kindName(h.Kind):
		return fault(FaultMember, "kind", "want 1 to %d characters of a-z, 0-9, dot and dash", MaxKind)
	case !h.Class.Valid():
		return fault(FaultMember, "class", "%.40q is not routine, urgent, emergency or control", h.Class)
	case h.Seq < 1 || h.Seq >= 1<<53:
		return fault(FaultMember, "lane.seq", "%d is not from 1 to 2^53-1", h.Seq)
	case (h.Prev != ID{}) != (h.Seq > 1):
		return fault(FaultMember, "lane.prev", "it must be there exactly where seq is above 1")
	case h.Run == Run{}:
		return fault(FaultMember, "lane.run", "it is missing or all zeros")
	case h.Channel.Private() && h.Channel.Community != identity.CommunityID{}:
		return fault(FaultMember, "channel", "want either a community or a pair of teams")
	case h.Channel.IsZero():
		return fault(FaultMember, "channel", "it names nothing")
	case h.Channel.Private() && bytes.Compare(h.Channel.Pair[0][:], h.Channel.Pair[1][:]) >= 0:
		return fault(FaultMember, "channel.pair", "want two different teams, ascending")
	case h.Delegation == nil:
		return fault(FaultDelegation, "delegation", "there is none")
	case h.Channel.Private() && !h.Channel.Has(h.Delegation.Team):
		return fault(FaultMember, "channel.pair", "the author is not one of the two teams")
	case !h.Delegation.Covers(h.Created):
		return fault(FaultDelegation, "delegation", "not in force at %s: it runs from %s until %s",
			dsse.FormatTime(h.Created), dsse.FormatTime(h.Delegation.From), dsse.FormatTime(h.Delegation.Until))
	case !h.Expires.IsZero() && !h.Expires.After(h.Created):
		return fault(FaultMember, "expires", "it is not after created")
	case h.Body.Length < 0 || h.Body.Length > MaxBody:
		return fault(FaultOversized, "body.length", "%d bytes, at most %d", h.Body.Length, MaxBody)
	case h.Body.Length == 0 && h.Body.Digest != Digest(nil), h.Body.Digest == [32]byte{}:
		return fault(FaultBodyDigest, "body.digest", "it is missing, or not that of the empty body")
	case !mediaType(h.Body.MediaType):
		return fault(FaultMember, "body.type", "%.40q is not a media type", h.Body.MediaType)
	case len(h.Body.KeyID) != 0 && len(h.Body.KeyID) != 32:
		return fault(FaultMember, "body.key_id", "%d bytes, want 32", len(h.Body.KeyID))
	}
	return h.checkCrit()
}

func (h *Header) checkCrit() error {
	if len(h.Crit) > MaxCrit {
		return fault(FaultMember, "crit", "%d names, at most %d", len(h.Crit), MaxCrit)
	}
	for i, name := range h.Crit {
		if !critName(name) || slices.Contains(knownMembers(), name) {
			return fault(FaultMember, "crit", "%.40q is not the name of an extension", name)
		}
		if i > 0 && h.Crit[i-1] >= name {
			return fault(FaultMember, "crit", "names are not ascending")
		}
	}
	return nil
}

// knownMembers are the members that version 1 defines; crit may not name them.
func knownMembers() []string {
	return []string{
		"body", "channel", "class", "created", "crit", "delegation", "expires", "kind", "lane", "suite", "v",
	}
}

// word reports whether s is 1 to limit characters of a-z, 0-9 and the marks.
func word(s, marks string, limit int) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(marks, c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= limit
}

func kindName(s string) bool { return word(s, "-.", MaxKind) }

func critName(s string) bool { return word(s, "_", MaxKind) }

// mediaType accepts type/subtype of RFC 6838 names, without parameters.
func mediaType(s string) bool {
	const marks = "!#$&-^_.+"
	typ, sub, _ := strings.Cut(s, "/")
	return len(s) <= MaxMediaType && word(typ, marks, MaxMediaType) && word(sub, marks, MaxMediaType)
}
