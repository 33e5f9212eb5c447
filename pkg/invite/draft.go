package invite

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// The statement kinds that these files carry, as pkg/roster folds them.
const (
	kindCharter = "charter"
	kindMember  = "member"
	kindApply   = "apply"
	kindSponsor = "sponsor"
)

// Draft is a charter on its way round the founders: its bytes are final, and so is the community's
// ID; signatures come one by one. Its file is that of a statement, with fewer signatures.
type Draft struct {
	Charter *notice.Charter

	statement *record.Statement // signatures unproven
	payload   []byte
	sigs      []*dsse.Signature // by place of the signer; nil: not signed yet
}

// NewDraft drafts a charter for the nodes of the given delegations, one for each founder. It fills in
// the charter's founders.
func NewDraft(c *notice.Charter, created time.Time, founders []*identity.Delegation) (*Draft, error) {
	founders = slices.Clone(founders)
	slices.SortFunc(founders, func(a, b *identity.Delegation) int { return bytes.Compare(a.Team[:], b.Team[:]) })
	c.Founders = nil
	var signers []record.Signer
	for _, d := range founders {
		c.Founders = append(c.Founders, d.Team)
		signers = append(signers, record.Signer{Team: d.Team, Delegation: d})
	}
	says, err := notice.Encode(c)
	if err != nil {
		return nil, err
	}
	payload, err := record.DraftStatement(record.Draft{Kind: kindCharter, Created: created, Signers: signers, Says: says})
	if err != nil {
		return nil, malformed("%w", err)
	}
	return readDraft(payload)
}

// OpenDraft reads a charter that some or all founders have signed, and checks the signatures there.
func OpenDraft(file []byte) (*Draft, error) {
	e, err := parse(file, identity.StatementType)
	if err != nil {
		return nil, err
	}
	d, err := readDraft(e.Payload)
	if err != nil {
		return nil, err
	}
	for _, s := range e.Signatures {
		if !d.put(s.Sig) {
			return nil, ErrSignature
		}
	}
	return d, nil
}

func readDraft(payload []byte) (*Draft, error) {
	var v record.Verifier
	s, err := v.ReadStatement(payload)
	if err != nil {
		return nil, malformed("%w", err)
	}
	if s.Kind != kindCharter {
		return nil, malformed("it is a statement of kind %s, not a charter", s.Kind)
	}
	c, err := notice.DecodeCharter(s.Says)
	if err != nil {
		return nil, malformed("%w", err)
	}
	if err := foundersSigned(s, c); err != nil {
		return nil, err
	}
	for _, signer := range s.Signers {
		if signer.Delegation == nil {
			return nil, malformed("founder %s signs with its root key; a charter is signed by nodes", signer.Team)
		}
	}
	return &Draft{Charter: c, statement: s, payload: payload, sigs: make([]*dsse.Signature, len(s.Signers))}, nil
}

// put takes a signature of whichever founder made it. A key ID is only a hint, so each is tried.
func (d *Draft) put(sig dsse.Signature) bool {
	for i, signer := range d.statement.Signers {
		if dsse.Verify(signer.Delegation.Node, identity.StatementType, d.payload, sig) {
			d.sigs[i] = &sig
			return true
		}
	}
	return false
}

// Community returns the ID that the community will have.
func (d *Draft) Community() identity.CommunityID { return identity.CommunityID(d.statement.ID()) }

// Sign adds a founder's signature. It reports false if the node is not the one named for a founder.
func (d *Draft) Sign(key *identity.NodeKey) bool {
	return d.put(key.Sign(identity.StatementType, d.payload))
}

// Unsigned returns the founders who have not signed.
func (d *Draft) Unsigned() []identity.TeamID {
	var out []identity.TeamID
	for i, sig := range d.sigs {
		if sig == nil {
			out = append(out, d.statement.Signers[i].Team)
		}
	}
	return out
}

// Name returns what a founder calls itself in the delegation that the charter carries, or "".
func (d *Draft) Name(t identity.TeamID) string {
	for _, s := range d.statement.Signers {
		if s.Team == t {
			return s.Delegation.Name
		}
	}
	return ""
}

// Statement returns the charter as the statement it has become.
func (d *Draft) Statement() (*record.Statement, error) {
	var sigs []dsse.Signature
	for _, sig := range d.sigs {
		if sig == nil {
			return nil, errors.New("not every founder has signed")
		}
		sigs = append(sigs, *sig)
	}
	var v record.Verifier
	return v.AssembleStatement(d.payload, sigs)
}

// File returns the charter as a file, with the signatures it has.
func (d *Draft) File() ([]byte, error) {
	e := dsse.Envelope{PayloadType: identity.StatementType, Payload: d.payload}
	for i, sig := range d.sigs {
		if sig != nil {
			node := d.statement.Signers[i].Delegation.Node
			e.Signatures = append(e.Signatures, dsse.KeyedSignature{KeyID: node.String(), Sig: *sig})
		}
	}
	return e.Marshal()
}
