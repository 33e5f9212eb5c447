package api

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/identity"
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
	ID      identity.CommunityID `json:"id"`
	Name    string               `json:"name"` // of the charter; not unique
	Region  string               `json:"region,omitzero"`
	Sector  string               `json:"sector,omitzero"`
	Role    string               `json:"role"` // founder, member, removed, none
	Members []Member             `json:"members"`
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
}

// Founding is the answer of POST of PathCommunities and of PathSign. With founders still to sign, the
// charter goes to them as a file (status 202), each signs it with PathSign, and whoever has it complete
// gives it to the others, who sign it too: that takes it in.
type Founding struct {
	ID        identity.CommunityID `json:"id"`
	Charter   File                 `json:"charter"`
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
	Team    string    `json:"team,omitzero"`    // its ID
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

// RemoveDraft is the body of POST of PathRemove. What the team wrote before the removal stays.
type RemoveDraft struct {
	Team string `json:"team"` // a name, an ID or a prefix
}

// RemovedTeam is the answer of POST of PathRemove.
type RemovedTeam struct {
	Team      Team               `json:"team"`
	Statement record.StatementID `json:"statement"`
	Lanes     int                `json:"lanes"` // of the team, cut at what is here of them
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
