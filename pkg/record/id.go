package record

import (
	"bytes"
	"crypto/sha256"
	"errors"

	"tocsin/pkg/identity"
)

// ID names a record: the SHA-256 of its payload. It ignores signatures and the way the record came.
type ID [32]byte

// String returns the checksummed text form.
func (id ID) String() string { return identity.Format(identity.KindRecord, id) }

// MarshalText returns the checksummed text form.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the checksummed text form.
func (id *ID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseID(string(b))
	return err
}

// ParseID reads the text form of a record ID.
func ParseID(s string) (ID, error) {
	id, err := identity.Parse(identity.KindRecord, s)
	return ID(id), err
}

// StatementID names a statement: the SHA-256 of its payload.
type StatementID [32]byte

// String returns the checksummed text form.
func (id StatementID) String() string { return identity.Format(identity.KindStatement, id) }

// MarshalText returns the checksummed text form.
func (id StatementID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the checksummed text form.
func (id *StatementID) UnmarshalText(b []byte) error {
	raw, err := identity.Parse(identity.KindStatement, string(b))
	*id = StatementID(raw)
	return err
}

// Channel is where a record belongs: a community, or the pair of two teams. It is comparable and
// serves as a map key. The zero Channel is no channel.
type Channel struct {
	Community identity.CommunityID // zero for a pair
	Pair      [2]identity.TeamID   // ascending by bytes; zero for a community
}

// InCommunity returns the channel of a community.
func InCommunity(c identity.CommunityID) Channel { return Channel{Community: c} }

// Between returns the channel of two different teams, in whichever order they are given.
func Between(a, b identity.TeamID) (Channel, error) {
	switch bytes.Compare(a[:], b[:]) {
	case 0:
		return Channel{}, errors.New("a private channel needs two different teams")
	case 1:
		a, b = b, a
	}
	return Channel{Pair: [2]identity.TeamID{a, b}}, nil
}

// Private reports whether the channel is a pair of teams.
func (c Channel) Private() bool { return c.Pair != [2]identity.TeamID{} }

// IsZero reports whether the channel names nothing.
func (c Channel) IsZero() bool { return c == Channel{} }

// Has reports whether t is one of the pair. It is false for a community.
func (c Channel) Has(t identity.TeamID) bool {
	return c.Private() && (c.Pair[0] == t || c.Pair[1] == t)
}

// Other returns the team of the pair that is not t.
func (c Channel) Other(t identity.TeamID) identity.TeamID {
	if c.Pair[0] == t {
		return c.Pair[1]
	}
	return c.Pair[0]
}

// Tag is a 32-byte name of the channel: the community ID, or a hash of the pair.
func (c Channel) Tag() [32]byte {
	if !c.Private() {
		return c.Community
	}
	h := sha256.New()
	h.Write([]byte("tocsin pair v1\x00"))
	h.Write(c.Pair[0][:])
	h.Write(c.Pair[1][:])
	var tag [32]byte
	h.Sum(tag[:0])
	return tag
}

// String names the channel for people and logs.
func (c Channel) String() string {
	if c.Private() {
		return "private " + c.Pair[0].String() + " " + c.Pair[1].String()
	}
	return c.Community.String()
}
