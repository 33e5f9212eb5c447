package api

import (
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Keys is the answer of GET of PathKeys: the node keys that speak, or have spoken, for this team, as far as
// the node knows them.
type Keys struct {
	Team Team  `json:"team"`
	Keys []Key `json:"keys"` // this node's first, then by the end of their delegations, the latest first
}

// Key is one node key of this team, with the newest delegation for it.
type Key struct {
	Node    identity.NodeID `json:"node"`
	Name    string          `json:"name"`
	From    time.Time       `json:"from"`
	Until   time.Time       `json:"until"`
	State   KeyState        `json:"state"`
	Here    bool            `json:"here,omitzero"`    // the node that answers
	Warning string          `json:"warning,omitzero"` // a sentence, where its delegation ends soon or has ended
	Since   time.Time       `json:"since"`            // its first delegation began, as far as the node knows
	Aged    string          `json:"aged,omitzero"`    // a sentence, where the node that answers has used it for SealingAge
}

// KeyState says what a node key may do. The list is closed and append-only.
type KeyState string

// The states of a node key.
const (
	KeyInForce KeyState = "in-force" // it speaks for the team
	KeyNotYet  KeyState = "not-yet"  // its delegation begins later
	KeyEnded   KeyState = "ended"    // its delegation has ended
	KeyFrozen  KeyState = "frozen"   // revoked in advance: nothing new of it is shown as valid
	KeyRevoked KeyState = "revoked"  // what it signed beyond the heads of its revocation is outside
)

// KeyStateOf returns what a delegation alone makes of a key: whether it was taken back is not known to it.
func KeyStateOf(d *identity.Delegation, now time.Time) KeyState {
	switch {
	case d.Covers(now):
		return KeyInForce
	case now.Before(d.From):
		return KeyNotYet
	}
	return KeyEnded
}

// KeyHeads is the answer of GET of PathKeyHeads: the file from which the root makes a revocation, with the
// heads of all lanes of a node key of this team as the node has them. {id} is a node, or "all".
type KeyHeads struct {
	Nodes   []identity.NodeID `json:"nodes"`
	Lanes   int               `json:"lanes"`
	Left    int               `json:"left,omitzero"` // lanes that do not fit in: what is in them will not count
	Request File              `json:"request"`
}

// AllKeys in the place of a node asks PathKeyHeads for every node key of the team.
const AllKeys = "all"

// KeyFile is the body of POST of PathKeys: what a root key signed, to be kept and spread.
type KeyFile struct {
	Statement File `json:"statement"`
}

// KeyPublished is the answer of POST of PathKeys. The statement is on stable storage.
type KeyPublished struct {
	ID      record.StatementID `json:"id"`
	Kind    string             `json:"kind"`
	Already bool               `json:"already,omitzero"` // it was here before
	Team    Team               `json:"team"`             // whose key it is about
	Node    identity.NodeID    `json:"node,omitzero"`    // of a delegation or a revocation
}

// HeaderUntil is the header of every answer that says when the delegation of the node ends, in RFC 3339, so
// that each command can warn.
const HeaderUntil = "Tocsin-Delegation-Until"

// When an operator is told that a delegation ends: in lists and the log, and with every command.
const (
	ExpirySoon = 30 * 24 * time.Hour
	ExpiryNear = 7 * 24 * time.Hour
)

// ExpiryWarning says, in a sentence, that the delegation of what (such as "this node") ends soon or has
// ended; it is empty while that is far away.
func ExpiryWarning(what string, until, now time.Time) string {
	switch left := until.Sub(now); {
	case left <= 0:
		return fmt.Sprintf("the delegation of %s has ended: nothing can be signed; renew it: tocsin key request --renew", what)
	case left < 24*time.Hour:
		return fmt.Sprintf("the delegation of %s ends within a day, and then nothing can be signed; renew it now: tocsin key request --renew", what)
	case left < ExpiryNear:
		return fmt.Sprintf("the delegation of %s ends in %s, and then nothing can be signed; renew it now: tocsin key request --renew", what, days(left))
	case left < ExpirySoon:
		return fmt.Sprintf("the delegation of %s ends in %s; after that nothing can be signed; renew it: tocsin key request --renew", what, days(left))
	}
	return ""
}

// days says whole days, rounded as ledger.Words rounds, which says the same time beside it.
func days(d time.Duration) string {
	d = d.Round(time.Hour)
	if d >= 10*24*time.Hour {
		d = d.Round(24 * time.Hour)
	}
	if n := int(d / (24 * time.Hour)); n > 1 {
		return fmt.Sprintf("%d days", n)
	}
	return "1 day"
}

// SealingAge is how old the keys of a node get before it says so: whoever steals its sealing key reads what
// was sealed to it since the beginning.
const SealingAge = 90 * 24 * time.Hour

// AgeWarning says, in a sentence, that the keys of what are older than SealingAge; it is empty before.
func AgeWarning(what string, since, now time.Time) string {
	age := now.Sub(since)
	if since.IsZero() || age < SealingAge {
		return ""
	}
	return fmt.Sprintf("the keys of %s are %d days old, and who steals its sealing key reads all that was sealed to it since; new ones: tocsin key rotate",
		what, int(age/(24*time.Hour)))
}
