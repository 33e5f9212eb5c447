// Package identity says who can speak: team and node identifiers, their keys, the delegation by
// which a team's offline root key lets a node key speak for the team, and the text forms that
// people compare. It is not a key store (see pkg/keyfile) and judges no trust (see pkg/roster).
// Invariant: a Delegation value that came from OpenDelegation was signed by its team's root key.
package identity

// TeamID names a team. It is the team's root Ed25519 public key.
type TeamID [32]byte

// NodeID names a node. It is the node's Ed25519 signing public key.
type NodeID [32]byte

// CommunityID names a community. It is the SHA-256 of the payload of the community's charter.
type CommunityID [32]byte

// String returns the checksummed text form.
func (id TeamID) String() string { return Format(KindTeam, id) }

// MarshalText returns the checksummed text form.
func (id TeamID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the checksummed text form.
func (id *TeamID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseTeam(string(b))
	return err
}

// ParseTeam reads the text form of a team ID.
func ParseTeam(s string) (TeamID, error) {
	id, err := Parse(KindTeam, s)
	return TeamID(id), err
}

// String returns the checksummed text form.
func (id NodeID) String() string { return Format(KindNode, id) }

// MarshalText returns the checksummed text form.
func (id NodeID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the checksummed text form.
func (id *NodeID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseNode(string(b))
	return err
}

// String returns the checksummed text form.
func (id CommunityID) String() string { return Format(KindCommunity, id) }

// MarshalText returns the checksummed text form.
func (id CommunityID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the checksummed text form.
func (id *CommunityID) UnmarshalText(b []byte) (err error) {
	*id, err = ParseCommunity(string(b))
	return err
}

// ParseCommunity reads the text form of a community ID.
func ParseCommunity(s string) (CommunityID, error) {
	id, err := Parse(KindCommunity, s)
	return CommunityID(id), err
}

// ParseNode reads the text form of a node ID.
func ParseNode(s string) (NodeID, error) {
	id, err := Parse(KindNode, s)
	return NodeID(id), err
}
