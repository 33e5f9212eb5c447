package invite

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Application is a team's wish to be a member, as it lies in a file: an apply statement, complete.
type Application struct {
	*notice.Apply
	Statement *record.Statement
	Team      identity.TeamID // its only signer
}

// OpenApplication reads an application and checks its signature. Whether the community takes it is
// pkg/roster's to say.
func OpenApplication(file []byte) (*Application, error) {
	e, err := parse(file, identity.StatementType)
	if err != nil {
		return nil, err
	}
	var v record.Verifier
	s, err := v.StatementFromEnvelope(e)
	if err != nil {
		if record.FaultOf(err) == record.FaultSignature {
			return nil, ErrSignature
		}
		return nil, malformed("%w", err)
	}
	return readApplication(s)
}

func readApplication(s *record.Statement) (*Application, error) {
	if s.Kind != kindApply {
		return nil, malformed("it is a statement of kind %s, not an application", s.Kind)
	}
	a, err := notice.DecodeApply(s.Says)
	if err != nil {
		return nil, malformed("%w", err)
	}
	if len(s.Signers) != 1 {
		return nil, malformed("an application has one signer, the team that applies; this one has %d", len(s.Signers))
	}
	return &Application{Apply: a, Statement: s, Team: s.Signers[0].Team}, nil
}

// sponsored reports whether the statements hold an application of the team, and the sponsor's word for it.
func sponsored(statements []*record.Statement, sponsor identity.TeamID, guest identity.TeamID) bool {
	var application record.StatementID
	for _, s := range statements {
		if a, err := readApplication(s); err == nil && a.Team == guest {
			application = s.ID()
		}
	}
	for _, s := range statements {
		if s.Kind != kindSponsor || !s.SignedBy(sponsor) {
			continue
		}
		if w, err := notice.DecodeSponsor(s.Says); err == nil && w.Application == application {
			return true
		}
	}
	return false
}
