package invite

import (
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// Card says who a team's node is and where it can be reached. A founder needs it to invite the team,
// or to found a community with it.
type Card struct {
	Delegation *identity.Delegation
	Addresses  []string // multiaddrs with the peer's ID, at most MaxAddresses
	Created    time.Time
}

type cardWire struct {
	Addresses  []string       `json:"addresses,omitempty"`
	Created    time.Time      `json:"created"`
	Delegation delegationWire `json:"delegation"`
	Version    int            `json:"v"`
}

// Seal signs the card with the key that its delegation names and returns the file.
func (c *Card) Seal(key *identity.NodeKey) ([]byte, error) {
	if err := checkAddresses(c.Addresses); err != nil {
		return nil, err
	}
	return seal(key, CardType, cardWire{
		Addresses: c.Addresses, Created: c.Created, Delegation: wireOf(c.Delegation), Version: version,
	})
}

// OpenCard reads a card and checks its signatures. Whether its delegation is still in force is for the
// caller to ask of it.
func OpenCard(file []byte) (*Card, error) {
	var w cardWire
	e, err := unseal(file, CardType, &w)
	if err != nil {
		return nil, err
	}
	if w.Version != version {
		return nil, malformed("version %d, this release reads %d", w.Version, version)
	}
	d, err := w.Delegation.open(w.Created)
	if err != nil {
		return nil, err
	}
	if !dsse.Verify(d.Node, CardType, e.Payload, e.Signatures[0].Sig) {
		return nil, ErrSignature
	}
	if err := checkAddresses(w.Addresses); err != nil {
		return nil, err
	}
	return &Card{Delegation: d, Addresses: w.Addresses, Created: w.Created}, nil
}
