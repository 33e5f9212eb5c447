package api

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Paths of what is known of teams, and of this team's own profile; see PathStatus and the rest.
const (
	PathProfile = "/v1/profile"
	PathTeams   = "/v1/teams"
	PathTeam    = "/v1/teams/{id}"
	PathPin     = "/v1/teams/{id}/pin"
	PathUnpin   = "/v1/teams/{id}/unpin"
	PathVouch   = "/v1/teams/{id}/vouch"
	PathUnvouch = "/v1/teams/{id}/withdraw-vouch"
)

// Teams is the answer of GET of PathTeams, by name.
type Teams struct {
	Teams []TeamEntry `json:"teams"`
}

// TeamEntry is a team that this node knows, in a list.
type TeamEntry struct {
	Team        Team           `json:"team"`
	Trust       Trust          `json:"trust"`
	Communities []CommunityRef `json:"communities"` // in common with this team
	Profile     bool           `json:"profile"`     // one is here
	Online      bool           `json:"online"`      // connected to this node now
}

// The levels of Trust, the highest first. They are this node's own view; no other node sees them.
const (
	TrustSelf    = "self"    // this node's own team
	TrustPinned  = "pinned"  // its ID was compared here
	TrustVouched = "vouched" // by enough teams that are pinned here, of different parent organisations
	TrustKnown   = "known"   // something is here about it
	TrustUnknown = "unknown" // nothing is
)

// Trust is how far this node has reason to take a team for who it says it is.
type Trust struct {
	Level    string      `json:"level"`
	Vouchers []Team      `json:"vouchers,omitempty"` // teams pinned here that vouch for it
	Parents  int         `json:"parents,omitzero"`   // how many different parent organisations those have
	Why      []TrustStep `json:"why,omitempty"`      // the path that leads to the level
	Pin      *Pin        `json:"pin,omitempty"`
}

// TrustStep is one reason: From says Kind of To.
type TrustStep struct {
	Kind      string             `json:"kind"` // pin, vouch, rotate; others may follow
	From      Team               `json:"from"`
	To        Team               `json:"to"`
	Statement record.StatementID `json:"statement,omitzero"` // absent for a pin
}

// Pin is this node's own note that a team was compared.
type Pin struct {
	At   time.Time       `json:"at"`
	Team identity.TeamID `json:"team"` // the ID that was compared; another where the root was rotated since
	How  string          `json:"how,omitzero"`
	Note string          `json:"note,omitzero"`
}

// TeamView is the answer of GET of PathTeam.
type TeamView struct {
	TeamEntry
	Words      []string     `json:"words"`            // to compare the ID aloud; see docs/spec/record.md
	Asked      string       `json:"asked,omitzero"`   // the ID that was asked for, where the team has rotated its root since
	Nodes      []TeamNode   `json:"nodes"`            // newest first
	Vouches    []VouchView  `json:"vouches"`          // of others for this team
	Profile    *ProfileView `json:"about,omitempty"`  // absent: none is here
	Successors []Team       `json:"claims,omitempty"` // IDs that claim to go on for it, or for which it does; pinned anew or not at all
}

// TeamNode is a node that speaks for a team, by a delegation that is here.
type TeamNode struct {
	Node  identity.NodeID `json:"node"`
	From  time.Time       `json:"from"`
	Until time.Time       `json:"until"`
	State KeyState        `json:"state"`
}

// VouchView is one team's word for another.
type VouchView struct {
	By        Team               `json:"by"`
	Statement record.StatementID `json:"statement"`
	Name      string             `json:"name"`            // what the voucher calls the team
	Parent    string             `json:"parent,omitzero"` // as the voucher knows it
	Met       string             `json:"met,omitzero"`
	Withdrawn bool               `json:"withdrawn,omitzero"`
	Counts    bool               `json:"counts"` // the voucher is pinned here
	Own       bool               `json:"own"`    // this team's own
}

// PinDraft is the body of POST of PathPin. The fingerprint is what the operator compared: the team's ID,
// in its text form, or the words that stand for it. Where it is another team's nothing is pinned.
type PinDraft struct {
	Fingerprint string `json:"fingerprint"`
	How         string `json:"how,omitzero"`  // a word such as "fingerprint", "words", "qr", "openpgp"
	Note        string `json:"note,omitzero"` // the operator's own
}

// UnpinDraft is the body of POST of PathUnpin.
type UnpinDraft struct{}

// VouchDraft is the body of POST of PathVouch. All who share a community with either team see it.
type VouchDraft struct {
	Name     string `json:"name,omitzero"`     // what this team calls it; default: what it calls itself
	Parent   string `json:"parent,omitzero"`   // default: as its profile says
	Met      string `json:"met,omitzero"`      // how, one line
	Succeeds string `json:"succeeds,omitzero"` // the ID under which this team knew it before
	// Unpinned vouches for a team whose ID was not compared here.
	Unpinned bool `json:"unpinned,omitzero"`
}

// WithdrawVouchDraft is the body of POST of PathUnvouch.
type WithdrawVouchDraft struct{}

// Vouched is the answer of POST of PathVouch and PathUnvouch.
type Vouched struct {
	Team       Team                 `json:"team"`
	Statements []record.StatementID `json:"statements"` // durable here
}
