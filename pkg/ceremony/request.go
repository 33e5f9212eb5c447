package ceremony

import (
	"crypto/ed25519"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// MaxValid is the longest validity that a request wishes for.
const MaxValid = 10 * 365 * 24 * time.Hour

// Request asks a team's root key to delegate to the keys of a node. It holds no secret. It is signed by
// the node's signing and by its transport key, so nobody can have a key of somebody else's delegated; the
// sealing key cannot sign, but who names another's loses what is sealed to the node and gains nothing.
type Request struct {
	Keys     identity.NodePublic
	Team     identity.TeamID // whose root is asked
	Name     string          // what the team calls itself; empty: the root's operator says it
	Valid    time.Duration   // wished, in whole days; zero: the root's operator says it
	Created  time.Time       // by the node's clock
	Replaces identity.NodeID // a node key of the team that is to be revoked afterwards; zero for none
}

type requestWire struct {
	Created   time.Time  `json:"created"`
	Name      string     `json:"name,omitzero"`
	Node      dsse.Hash  `json:"node"`
	Replaces  *dsse.Hash `json:"replaces,omitempty"`
	Sealing   dsse.Hash  `json:"sealing"`
	Team      dsse.Hash  `json:"team"`
	Transport dsse.Hash  `json:"transport"` // the key itself: it has signed
	ValidDays int        `json:"valid_days,omitzero"`
	Version   int        `json:"v"`
}

const day = 24 * time.Hour

// Seal signs the request with the node's keys and returns the file. Keys is filled in.
func (r *Request) Seal(key *identity.NodeKey) ([]byte, error) {
	r.Keys = key.Public()
	transport, _ := key.Transport().Public().(ed25519.PublicKey)
	w := requestWire{
		Created: r.Created, Name: r.Name, Node: dsse.Hash(r.Keys.Node), Sealing: r.Keys.Sealing, Team: dsse.Hash(r.Team),
		Transport: dsse.Hash(transport), ValidDays: int(r.Valid / day), Version: version,
	}
	if r.Replaces != (identity.NodeID{}) {
		old := dsse.Hash(r.Replaces)
		w.Replaces = &old
	}
	if _, err := w.read(); err != nil {
		return nil, err
	}
	payload, err := dsse.Encode(w)
	if err != nil {
		return nil, err
	}
	return seal(&dsse.Envelope{PayloadType: RequestType, Payload: payload, Signatures: []dsse.KeyedSignature{
		{KeyID: r.Keys.Node.String(), Sig: key.Sign(RequestType, payload)},
		{KeyID: "transport", Sig: dsse.Sign(key.Transport(), RequestType, payload)},
	}})
}

// OpenRequest reads a request and checks that the holder of its keys made it.
func OpenRequest(file []byte) (*Request, error) {
	var w requestWire
	e, err := open(file, RequestType, 2, &w)
	if err != nil {
		return nil, err
	}
	r, err := w.read()
	if err != nil {
		return nil, err
	}
	if !dsse.Verify(w.Node, RequestType, e.Payload, e.Signatures[0].Sig) ||
		!dsse.Verify(w.Transport, RequestType, e.Payload, e.Signatures[1].Sig) {
		return nil, ErrSignature
	}
	return r, nil
}

func (w *requestWire) read() (*Request, error) {
	r := &Request{
		Keys: identity.NodePublic{
			Node: identity.NodeID(w.Node), Sealing: w.Sealing, Transport: identity.TransportDigest(w.Transport[:]),
		},
		Team: identity.TeamID(w.Team), Name: w.Name, Valid: time.Duration(w.ValidDays) * day, Created: w.Created,
	}
	if w.Replaces != nil {
		r.Replaces = identity.NodeID(*w.Replaces)
	}
	switch {
	case w.Version != version:
		return nil, malformed("version %d, this release reads %d", w.Version, version)
	case dsse.CheckKey(w.Node) != nil || dsse.CheckKey(w.Transport) != nil || dsse.CheckKey(w.Team) != nil:
		return nil, malformed("a key in it is not sound")
	case w.Node == w.Transport || w.Node == w.Team || w.Transport == w.Team:
		return nil, malformed("it names one key for two purposes")
	case w.Sealing == (dsse.Hash{}):
		return nil, malformed("it names no sealing key")
	case w.ValidDays < 0 || w.ValidDays > int(MaxValid/day):
		return nil, malformed("it wishes for %d days, at most %d", w.ValidDays, int(MaxValid/day))
	case r.Replaces == r.Keys.Node:
		return nil, malformed("it replaces its own key")
	case w.Created.IsZero():
		return nil, malformed("it does not say when it was made")
	}
	if w.Name != "" {
		if err := identity.CheckName(w.Name); err != nil {
			return nil, malformed("%w", err)
		}
	}
	return r, nil
}
