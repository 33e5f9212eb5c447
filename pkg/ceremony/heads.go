package ceremony

import (
	"bytes"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Heads is where the lanes of a team's node keys end, and what was stated, as one of its nodes has them: what
// a revocation or a rotation of the root is to name. What the keys stated counts up to there and no further,
// as their records do. The root's operator decides whether to believe that node; if it is
// the stolen one, the thief wrote this too.
type Heads struct {
	By      *identity.Delegation // the node that says so
	Created time.Time            // by its clock
	Nodes   []notice.NodeCuts    // ascending by node
	// Statements are the statement heads that the node sees; ascending, at most record.MaxHeads.
	Statements []record.StatementID
}

type headsWire struct {
	By      delegationWire    `json:"by"`
	Created time.Time         `json:"created"`
	Nodes   []notice.NodeCuts `json:"nodes"`
	Past    []dsse.Hash       `json:"statements,omitempty"`
	Version int               `json:"v"`
}

// Seal signs the heads with the key that By names and returns the file.
func (h *Heads) Seal(key *identity.NodeKey) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	w := headsWire{
		By: delegationWire{h.By.Payload(), h.By.Signature()}, Created: h.Created, Nodes: h.Nodes, Version: version,
	}
	for _, id := range h.Statements {
		w.Past = append(w.Past, dsse.Hash(id))
	}
	payload, err := dsse.Encode(w)
	if err != nil {
		return nil, err
	}
	return seal(&dsse.Envelope{PayloadType: HeadsType, Payload: payload, Signatures: []dsse.KeyedSignature{
		{KeyID: key.Node().String(), Sig: key.Sign(HeadsType, payload)},
	}})
}

// OpenHeads reads such a file and checks that the node it names has signed it.
func OpenHeads(file []byte) (*Heads, error) {
	var w headsWire
	e, err := open(file, HeadsType, 1, &w)
	if err != nil {
		return nil, err
	}
	if w.Version != version {
		return nil, malformed("version %d, this release reads %d", w.Version, version)
	}
	by, err := w.By.open(w.Created)
	if err != nil {
		return nil, err
	}
	if !dsse.Verify(by.Node, HeadsType, e.Payload, e.Signatures[0].Sig) {
		return nil, ErrSignature
	}
	h := &Heads{By: by, Created: w.Created, Nodes: w.Nodes}
	for _, id := range w.Past {
		h.Statements = append(h.Statements, record.StatementID(id))
	}
	return h, h.check()
}

// check lets statements judge the cuts: what they refuse to say is refused here.
func (h *Heads) check() error {
	if len(h.Nodes) == 0 {
		return malformed("it names no node")
	}
	if len(h.Statements) > record.MaxHeads {
		return malformed("it names %d statements, at most %d", len(h.Statements), record.MaxHeads)
	}
	for i := 1; i < len(h.Statements); i++ {
		if bytes.Compare(h.Statements[i-1][:], h.Statements[i][:]) >= 0 {
			return malformed("its statements are not ascending")
		}
	}
	if len(h.Nodes) == 1 {
		return wrong((&notice.Revoke{Node: h.Nodes[0].Node, Heads: h.Nodes[0].Heads}).Validate())
	}
	return wrong((&notice.Rotate{Old: h.By.Team, New: identity.TeamID(h.By.Node), Nodes: h.Nodes}).Validate())
}

func wrong(err error) error {
	if err != nil {
		return malformed("%w", err)
	}
	return nil
}

// Lanes counts the lanes that are named.
func (h *Heads) Lanes() (n int) {
	for _, node := range h.Nodes {
		n += len(node.Heads)
	}
	return n
}
