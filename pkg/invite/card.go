package invite

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// Card says who a team's node is and where it can be reached. A founder needs it to invite the team,
// or to found a community with it.
type Card struct {
	Delegation *identity.Delegation
	Addresses  []string // multiaddrs with the peer's ID, at most MaxAddresses
	Created    time.Time
	// Parent is the team's parent organisation by its own word, at most notice.MaxName bytes; empty if it
	// names none. A founder puts it into the charter.
	Parent string
}

type cardWire struct {
	Addresses  []string       `json:"addresses,omitempty"`
	Created    time.Time      `json:"created"`
	Delegation delegationWire `json:"delegation"`
	Parent     string         `json:"parent,omitzero"`
	Version    int            `json:"v"`
}

// Seal signs the card with the key that its delegation names and returns the file.
func (c *Card) Seal(key *identity.NodeKey) ([]byte, error) {
	if err := checkAddresses(c.Addresses); err != nil {
		return nil, err
	}
	if err := checkParent(c.Parent); err != nil {
		return nil, err
	}
	return seal(key, CardType, cardWire{
		Addresses: c.Addresses, Created: c.Created, Delegation: wireOf(c.Delegation), Parent: c.Parent, Version: version,
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
	if err := checkParent(w.Parent); err != nil {
		return nil, err
	}
	return &Card{Delegation: d, Addresses: w.Addresses, Created: w.Created, Parent: w.Parent}, nil
}

func checkParent(name string) error {
	if len(name) > notice.MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return malformed("its parent organisation is not a line of at most %d bytes", notice.MaxName)
	}
	return nil
}
