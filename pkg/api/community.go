package api

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// File is a DSSE JSON file (a card, a charter in the making, an invite, an export) as it lies in a
// file: pass it on unread.
type File = jsontext.Value

// Communities is the answer of GET of PathCommunities.
type Communities struct {
	Communities []Community `json:"communities"`
}

// Community is a community as this node's statements show it.
type Community struct {
	ID     identity.CommunityID `json:"id"`
	Name   string               `json:"name"` // of the charter; not unique
	Region string               `json:"region,omitzero"`
	Sector string               `json:"sector,omitzero"`
	// Role is this team's: founder, member, observer (applied, sponsored, not admitted yet), applicant, removed,
	// left or none.
	Role    string   `json:"role"`
	Members []Member `json:"members"`
	// Admission is the charter's rule, every number of it written out.
	Admission notice.Admission `json:"admission"`
	History   notice.History   `json:"history"` // what a new member may read of what was sealed before
	Parking   notice.Parking   `json:"parking"` // where bodies may wait for members that are away
	// Domain is whose community the charter says it is; Proof is what this node's operator found there.
	Domain string       `json:"domain,omitzero"`
	Proof  *DomainProof `json:"proof,omitempty"`
	// Applications are those that are open; Proposals the removals that are. Gone are the teams that were
	// removed or left.
	Applications []Application `json:"applications,omitempty"`
	Proposals    []Proposal    `json:"proposals,omitempty"`
	Gone         []Gone        `json:"gone,omitempty"`
	// RetentionDays and the rest are the charter's.
	RetentionDays int       `json:"retention_days"`
	ReplyByFloor  int       `json:"reply_by_floor_seconds"`
	LastResort    string    `json:"last_resort,omitzero"`
	Ends          time.Time `json:"ends,omitzero"`
	InStep        time.Time `json:"in_step,omitzero"` // when this node last had all that a member had
}

// Member is a team in a community.
type Member struct {
	Team    Team `json:"team"`
	Founder bool `json:"founder"`
	Self    bool `json:"self"`
	Online  bool `json:"online"` // connected to this node now
	// Parent is its parent organisation, as the charter or its own application names it.
	Parent string `json:"parent,omitzero"`
	// SponsoredBy are those that brought it in, and answer for it. A member that is no founder may have Budget
	// teams below it, and has Brought; a founder has no budget.
	SponsoredBy []Team `json:"sponsored_by,omitempty"`
	Brought     int    `json:"brought,omitzero"`
	Budget      int    `json:"budget,omitzero"`
}

// Gone is a team that was a member.
type Gone struct {
	Team      Team               `json:"team"`
	Left      bool               `json:"left,omitzero"` // by its own word
	Statement record.StatementID `json:"statement"`
	At        time.Time          `json:"at"` // when the statement says it was made
	By        []Team             `json:"by"` // who signed, or voted
	Reason    string             `json:"reason,omitzero"`
	// ReadableUntil is the latest that this node knows of which the team could still read: what was sealed
	// here up to then may be readable to it, whatever its removal says.
	ReadableUntil time.Time `json:"readable_until,omitzero"`
}

// Found is the body of POST of PathCommunities.
type Found struct {
	Name          string    `json:"name"`
	Region        string    `json:"region,omitzero"`
	Sector        string    `json:"sector,omitzero"`
	RetentionDays int       `json:"retention_days,omitzero"`         // 0: 400
	ReplyByFloor  int       `json:"reply_by_floor_seconds,omitzero"` // 0: 3600
	LastResort    string    `json:"last_resort,omitzero"`
	Ends          time.Time `json:"ends,omitzero"`
	// Founders are the cards of the other founders. Without any, this team founds alone.
	Founders []File `json:"founders,omitempty"`
	// Template is the name of one of Templates; what is said beside it goes before it.
	Template string `json:"template,omitzero"`
	// Admission is the rule. Without one, and without a template, it is a founder's word as long as the founders are
	// fewer than the default sponsors and witnesses together, else two sponsors and three weeks.
	Admission notice.Admission `json:"admission,omitzero"`
	History   notice.History   `json:"history,omitzero"`
	Parking   notice.Parking   `json:"parking,omitzero"`
	Domain    string           `json:"domain,omitzero"`
	// Parents are parent organisations of founders. A founder that is not named here has the one in its card;
	// this team the one in its profile.
	Parents []FounderParent `json:"parents,omitempty"`
}

// FounderParent names a founder's parent organisation. Sponsors of one team must come from different ones.
type FounderParent struct {
	Team string `json:"team,omitzero"` // a founder: the name in its card, its ID or the beginning of it; absent: this team
	Name string `json:"name"`
}

// Founding is the answer of POST of PathCommunities and of PathSign. With founders still to sign, the
// charter goes to them as a file (status 202), each signs it with PathSign, and whoever has it complete
// gives it to the others, who sign it too: that takes it in.
type Founding struct {
	ID        identity.CommunityID `json:"id"`
	Charter   File                 `json:"charter"`
	Admission notice.Admission     `json:"admission"`           // the rule in it, which cannot be changed
	Unsigned  []Team               `json:"unsigned"`            // empty: the charter is complete
	Community *Community           `json:"community,omitempty"` // there if it is complete, and durable
}

// SignCharter is the body of POST of PathSign: the charter as it came from another founder.
type SignCharter struct {
	Charter File `json:"charter"`
}

// InviteDraft is the body of POST of PathInvites. It makes the team a member by this founder's word,
// and returns the file by which the team joins.
type InviteDraft struct {
	Card    File      `json:"card,omitempty"`   // the team's card; or:
	Team    string    `json:"team,omitzero"`    // its ID; beside the card it must be the whole ID, and the card's
	Name    string    `json:"name,omitzero"`    // what this founder calls the team; needed without a card
	Expires time.Time `json:"expires,omitzero"` // of the file, not of the membership; default: in 7 days
}

// Invited is the answer of POST of PathInvites.
type Invited struct {
	Team      Team               `json:"team"`
	Already   bool               `json:"already,omitzero"` // the team was a member before; the file is good all the same
	Statement record.StatementID `json:"statement"`        // the member statement, durable here
	Invite    File               `json:"invite"`
	Expires   time.Time          `json:"expires"`
	Addresses []string           `json:"addresses"` // where the invite tells the team to call
}

// RemoveDraft is the body of POST of PathRemove. What the team wrote before the removal stays. Where members
// vote, it votes for the open proposal to remove the team, or makes one.
type RemoveDraft struct {
	Team   string `json:"team"` // a name, an ID or a prefix
	Reason string `json:"reason,omitzero"`
}

// RemovedTeam is the answer of POST of PathRemove.
type RemovedTeam struct {
	Team      Team               `json:"team"`
	Statement record.StatementID `json:"statement"`
	Lanes     int                `json:"lanes"` // of the team, cut at what is here of them
	// Proposed says that this is the first vote; Votes of Needed are here. Removed says that they are enough.
	Proposed bool `json:"proposed,omitzero"`
	// By made the proposal that was voted for; Beside it are so many others that are open.
	By      Team `json:"by,omitzero"`
	Beside  int  `json:"beside,omitzero"`
	Votes   int  `json:"votes"`
	Needed  int  `json:"needed"`
	Removed bool `json:"removed"`
	// Rule is the charter's: under founders one word is enough, and for good.
	Rule notice.Rule `json:"rule"`
}

// Join is the body of POST of PathJoin.
type Join struct {
	Invite File `json:"invite"`
}

// Joined is the answer of POST of PathJoin.
type Joined struct {
	Community Community `json:"community"`
	Sponsor   Team      `json:"sponsor"`
	Addresses []string  `json:"addresses"` // where this node now calls
}
