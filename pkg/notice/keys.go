package notice

import (
	"bytes"
	"cmp"
	"slices"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Revoke takes a node key back. The team's root key signs it. With heads it is sharp: what the key signed
// after them, or in a lane that is not named, is outside every record set. Frozen, made in advance and
// kept on paper, it names none: records of the key that were not here before are not shown as valid until a
// revocation with heads follows.
type Revoke struct {
	Node   identity.NodeID `json:"node"`
	Frozen bool            `json:"frozen,omitzero"`
	Heads  []Cut           `json:"heads,omitempty"` // ascending by channel and run, unique
	Reason string          `json:"reason,omitzero"` // for people, one line
}

// Cut is the last record that counts of one lane of a node key.
type Cut struct {
	Channel dsse.Hash  `json:"channel"` // record.Channel.Tag
	Run     dsse.Nonce `json:"run"`
	Seq     uint64     `json:"seq"`
	ID      record.ID  `json:"id"`
}

// Rotate replaces a team's root key by another, with continuity: both root keys sign it, the old one
// first. The new team ID stands wherever the old one stood. Node keys that the old root delegated speak
// for the team up to their heads and no further.
type Rotate struct {
	Old   identity.TeamID `json:"old"`
	New   identity.TeamID `json:"new"`
	Nodes []NodeCuts      `json:"nodes,omitempty"` // ascending by node, unique
}

// NodeCuts are the lanes of one node key.
type NodeCuts struct {
	Node  identity.NodeID `json:"node"`
	Heads []Cut           `json:"heads,omitempty"`
}

// Succeed claims that a team whose root key is lost goes on under a new ID. The new root key signs it. It
// moves nothing by itself: others attest it by a vouch, and each node pins the new ID for itself.
type Succeed struct {
	Old identity.TeamID `json:"old"`
	New identity.TeamID `json:"new"`
}

// Vouch says that the signer met a team and that this is its key.
type Vouch struct {
	Team     identity.TeamID `json:"team"`
	Name     string          `json:"name"`              // what the signer calls it
	Parent   string          `json:"parent,omitzero"`   // its parent organisation, as the signer knows it
	Met      string          `json:"met,omitzero"`      // how, one line: "in person, FIRST 2026"
	Succeeds identity.TeamID `json:"succeeds,omitzero"` // the ID under which the signer knew it before
}

// WithdrawVouch takes a vouch of the same signer back, for good; a new vouch is another statement.
type WithdrawVouch struct {
	Vouch record.StatementID `json:"vouch"`
	Team  identity.TeamID    `json:"team"`
}

// Wrap hands a key that seals bodies to one node of a team that may have it. The signer is whoever hands
// it on. It goes from node to node and is never spread. See docs/spec/seal.md.
type Wrap struct {
	Channel dsse.Hash       `json:"channel"` // record.Channel.Tag
	Key     dsse.Hash       `json:"key"`     // ID of the key: a hash of it
	To      identity.NodeID `json:"to"`
	Minter  identity.TeamID `json:"minter"` // who made the key
	View    dsse.Hash       `json:"view"`   // of the membership, for which it was made
	Encap   []byte          `json:"encap"`  // HPKE encapsulated key
	Sealed  []byte          `json:"sealed"` // HPKE ciphertext of the key
}

// Sizes of a wrap: HPKE with MLKEM768-X25519 and an AEAD with a tag of 16 bytes over a key of 32.
const (
	WrapEncapSize  = 1120
	WrapSealedSize = 48
)

// DecodeRevoke reads what a revocation says. Errors wrap ErrUnreadable.
func DecodeRevoke(b []byte) (*Revoke, error) { return said(b, &Revoke{}) }

// DecodeRotate reads what a rotation says. Errors wrap ErrUnreadable.
func DecodeRotate(b []byte) (*Rotate, error) { return said(b, &Rotate{}) }

// DecodeSucceed reads what a succession says. Errors wrap ErrUnreadable.
func DecodeSucceed(b []byte) (*Succeed, error) { return said(b, &Succeed{}) }

// DecodeVouch reads what a vouch says. Errors wrap ErrUnreadable.
func DecodeVouch(b []byte) (*Vouch, error) { return said(b, &Vouch{}) }

// DecodeWithdrawVouch reads what the withdrawal of a vouch says. Errors wrap ErrUnreadable.
func DecodeWithdrawVouch(b []byte) (*WithdrawVouch, error) { return said(b, &WithdrawVouch{}) }

// DecodeWrap reads what a wrap says. Errors wrap ErrUnreadable.
func DecodeWrap(b []byte) (*Wrap, error) { return said(b, &Wrap{}) }

func compareCuts(a, b Cut) int {
	return cmp.Or(bytes.Compare(a.Channel[:], b.Channel[:]), bytes.Compare(a.Run[:], b.Run[:]),
		cmp.Compare(a.Seq, b.Seq), bytes.Compare(a.ID[:], b.ID[:]))
}

// Normalise gives the statement its one form.
func (r *Revoke) Normalise() {
	sortSet(&r.Heads, compareCuts)
	cleanLine(&r.Reason)
}

// Normalise gives the statement its one form.
func (r *Rotate) Normalise() {
	for i := range r.Nodes {
		sortSet(&r.Nodes[i].Heads, compareCuts)
	}
	sortNodes(&r.Nodes)
}

// Normalise gives the statement its one form, which it has.
func (*Succeed) Normalise() {}

// Normalise gives the statement its one form.
func (v *Vouch) Normalise() {
	cleanLine(&v.Name)
	cleanLine(&v.Parent)
	cleanLine(&v.Met)
}

// Normalise gives the statement its one form, which it has.
func (*WithdrawVouch) Normalise() {}

// Normalise gives the statement its one form, which it has.
func (*Wrap) Normalise() {}

// Validate returns what must be put right before signing; see Content.
func (r *Revoke) Validate() error { return validate(r) }

// Validate returns what must be put right before signing; see Content.
func (r *Rotate) Validate() error { return validate(r) }

// Validate returns what must be put right before signing; see Content.
func (s *Succeed) Validate() error { return validate(s) }

// Validate returns what must be put right before signing; see Content.
func (v *Vouch) Validate() error { return validate(v) }

// Validate returns what must be put right before signing; see Content.
func (w *WithdrawVouch) Validate() error { return validate(w) }

// Validate returns what must be put right before signing; see Content.
func (w *Wrap) Validate() error { return validate(w) }

func (r *Revoke) check(f *findings) {
	if r.Node == (identity.NodeID{}) {
		f.add("node", "is missing", "")
	}
	checkCuts(f, "heads", r.Heads)
	if r.Frozen && len(r.Heads) > 0 {
		f.add("heads", "are named by a revocation that freezes", "a frozen one names none")
	}
	f.line("reason", r.Reason, MaxTitle)
}

func checkCuts(f *findings, field string, cuts []Cut) {
	f.count(field, len(cuts), MaxCuts)
	for i, c := range cuts {
		if c.ID == (record.ID{}) || c.Channel == (dsse.Hash{}) {
			f.add(at(field, i), "names no channel or no record", "")
		}
		if c.Seq < 1 || c.Seq > maxInteger {
			f.add(at(field, i)+".seq", "is not from 1 to 2^53-1", "")
		}
		if i > 0 && cuts[i-1].Channel == c.Channel && cuts[i-1].Run == c.Run {
			f.add(at(field, i), "names the same lane again", "")
		}
	}
}

func (r *Rotate) check(f *findings) {
	checkTeams(f, r.Old, r.New)
	entries := len(r.Nodes) // and their lanes: together they must fit one statement
	for i, n := range r.Nodes {
		entries += len(n.Heads)
		if n.Node == (identity.NodeID{}) {
			f.add(at("nodes", i), "names no node", "")
		}
		if i > 0 && r.Nodes[i-1].Node == n.Node {
			f.add(at("nodes", i), "names the same node again", "")
		}
		checkCuts(f, at("nodes", i)+".heads", n.Heads)
	}
	f.count("nodes", entries, MaxCuts)
}

func (s *Succeed) check(f *findings) { checkTeams(f, s.Old, s.New) }

func checkTeams(f *findings, before, after identity.TeamID) {
	switch {
	case before == (identity.TeamID{}):
		f.add("old", "is missing", "")
	case after == (identity.TeamID{}):
		f.add("new", "is missing", "")
	case before == after:
		f.add("new", "is the old one", "")
	}
}

func (v *Vouch) check(f *findings) {
	if v.Team == (identity.TeamID{}) {
		f.add("team", "is missing", "")
	}
	f.name("name", v.Name)
	f.line("parent", v.Parent, MaxName)
	f.line("met", v.Met, MaxTitle)
}

func (w *WithdrawVouch) check(f *findings) {
	if w.Vouch == (record.StatementID{}) {
		f.add("vouch", "is missing", "")
	}
	if w.Team == (identity.TeamID{}) {
		f.add("team", "is missing", "")
	}
}

func (w *Wrap) check(f *findings) {
	switch {
	case w.Channel == (dsse.Hash{}), w.Key == (dsse.Hash{}), w.To == (identity.NodeID{}), w.Minter == (identity.TeamID{}):
		f.add("wrap", "lacks a channel, a key, a recipient or a minter", "")
	case len(w.Encap) != WrapEncapSize:
		f.addf("encap", "has %d bytes, must be %d", len(w.Encap), WrapEncapSize)
	case len(w.Sealed) != WrapSealedSize:
		f.addf("sealed", "has %d bytes, must be %d", len(w.Sealed), WrapSealedSize)
	}
}

func sortNodes(nodes *[]NodeCuts) {
	slices.SortFunc(*nodes, func(a, b NodeCuts) int { return bytes.Compare(a.Node[:], b.Node[:]) })
	dropEmpty(nodes)
}
