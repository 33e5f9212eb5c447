package invite

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Invite is what a team needs to join a community: the statements that make it a member, or an observer
// until it is admitted, and where to find somebody who is one. Membership is the statements'; the file
// only carries them, so an invite that expired or got lost takes nobody's membership away.
type Invite struct {
	Sponsor   *identity.Delegation // who wrote the file: a member of the community
	Team      identity.TeamID      // who is invited
	Community identity.CommunityID
	Created   time.Time
	Expires   time.Time
	// Statements are the charter first, then the admission, or the application and the sponsor's word for
	// it, then any others that help.
	Statements []*record.Statement
	Addresses  []string // multiaddrs with the peer's ID, at most MaxAddresses
}

type inviteWire struct {
	Addresses  []string       `json:"addresses,omitempty"`
	Community  dsse.Hash      `json:"community"`
	Created    time.Time      `json:"created"`
	Expires    time.Time      `json:"expires"`
	Sponsor    delegationWire `json:"sponsor"`
	Statements [][]byte       `json:"statements"` // frames
	Team       dsse.Hash      `json:"team"`
	Version    int            `json:"v"`
}

// Seal signs the invite with the key that the sponsor's delegation names and returns the file.
func (i *Invite) Seal(key *identity.NodeKey) ([]byte, error) {
	if err := i.check(); err != nil {
		return nil, err
	}
	w := inviteWire{
		Addresses: i.Addresses, Community: dsse.Hash(i.Community), Created: i.Created, Expires: i.Expires,
		Sponsor: wireOf(i.Sponsor), Team: dsse.Hash(i.Team), Version: version,
	}
	for _, s := range i.Statements {
		w.Statements = append(w.Statements, s.Frame())
	}
	return seal(key, InviteType, w)
}

// Open reads an invite and checks every signature in it. Whether it is for us and in time is
// Invite.For.
func Open(file []byte) (*Invite, error) {
	var w inviteWire
	e, err := unseal(file, InviteType, &w)
	if err != nil {
		return nil, err
	}
	switch {
	case w.Version != version:
		return nil, malformed("version %d, this release reads %d", w.Version, version)
	case len(w.Statements) > MaxStatements:
		return nil, malformed("%d statements, at most %d", len(w.Statements), MaxStatements)
	}
	sponsor, err := w.Sponsor.open(w.Created)
	if err != nil {
		return nil, err
	}
	if !dsse.Verify(sponsor.Node, InviteType, e.Payload, e.Signatures[0].Sig) {
		return nil, ErrSignature
	}
	i := &Invite{
		Sponsor: sponsor, Team: identity.TeamID(w.Team), Community: identity.CommunityID(w.Community),
		Created: w.Created, Expires: w.Expires, Addresses: w.Addresses,
	}
	var v record.Verifier
	for n, frame := range w.Statements {
		s, err := v.OpenStatement(frame)
		if err != nil {
			return nil, statementFault(n, err)
		}
		i.Statements = append(i.Statements, s)
	}
	return i, i.check()
}

func statementFault(n int, err error) error {
	if record.FaultOf(err) == record.FaultSignature {
		return fmt.Errorf("%w: statement %d: %w", ErrSignature, n+1, err)
	}
	return malformed("statement %d: %w", n+1, err)
}

// check holds the parts against each other.
func (i *Invite) check() error {
	if err := checkAddresses(i.Addresses); err != nil {
		return err
	}
	if !i.Expires.After(i.Created) {
		return malformed("it expires before it was made")
	}
	charter, err := i.Charter()
	if err != nil {
		return err
	}
	if len(i.Statements) > MaxStatements {
		return malformed("%d statements, at most %d", len(i.Statements), MaxStatements)
	}
	if slices.Contains(charter.Founders, i.Team) || i.Sponsor.Team == i.Team {
		return nil // a founder needs no more, nor does another node of a team from one that is in
	}
	for _, s := range i.Statements[1:] {
		if s.Kind != kindMember {
			continue
		}
		m, err := notice.DecodeMember(s.Says)
		if err == nil && m.Community == i.Community && m.Team == i.Team && signedByOne(s, charter.Founders) {
			return nil
		}
	}
	if charter.Admission.Rule == notice.RuleSponsors && sponsored(i.Statements[1:], i.Sponsor.Team, i.Team) {
		return nil
	}
	return malformed("no founder's statement in it makes team %s a member, nor does it carry the team's application with its sponsor's word", i.Team)
}

// Charter returns what the charter in the invite says.
func (i *Invite) Charter() (*notice.Charter, error) {
	if len(i.Statements) == 0 {
		return nil, malformed("it carries no charter")
	}
	s := i.Statements[0]
	if s.Kind != kindCharter || identity.CommunityID(s.ID()) != i.Community {
		return nil, malformed("its first statement is not the charter of community %s", i.Community)
	}
	c, err := notice.DecodeCharter(s.Says)
	if err != nil {
		return nil, malformed("the charter: %w", err)
	}
	return c, foundersSigned(s, c)
}

// For returns nil if the invite is for the team and not expired at now; else ErrForeign or ErrExpired.
func (i *Invite) For(team identity.TeamID, now time.Time) error {
	switch {
	case i.Team != team:
		return fmt.Errorf("%w: it invites %s", ErrForeign, i.Team)
	case !now.Before(i.Expires):
		return fmt.Errorf("%w: at %s", ErrExpired, dsse.FormatTime(i.Expires))
	}
	return nil
}

func signedByOne(s *record.Statement, teams []identity.TeamID) bool {
	return slices.ContainsFunc(teams, s.SignedBy)
}

func foundersSigned(s *record.Statement, c *notice.Charter) error {
	if len(s.Signers) != len(c.Founders) {
		return malformed("the charter names %d founders and %d signers", len(c.Founders), len(s.Signers))
	}
	for _, t := range c.Founders {
		if !s.SignedBy(t) {
			return malformed("the charter is not for founder %s to sign", t)
		}
	}
	return nil
}
