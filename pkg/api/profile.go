package api

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// ProfileView is a team's profile: the answer of GET of PathProfile for this node's own team.
type ProfileView struct {
	Team      Team               `json:"team"`
	Profile   *notice.Profile    `json:"profile,omitempty"` // absent: there is none here, or Unread says why
	Statement record.StatementID `json:"statement,omitzero"`
	Created   time.Time          `json:"created,omitzero"` // signed, as the team says
	ByRoot    bool               `json:"by_root,omitzero"` // signed by the root key itself, not by a node
	Unread    string             `json:"unread,omitzero"`  // may quote a peer
	// Odd is what is wrong with a profile that can be read all the same.
	Odd []Field `json:"odd,omitempty"`
}

// ProfileDraft is the body of POST of PathProfile. The time of document.updated is set by the node where
// it is absent.
type ProfileDraft struct {
	Profile notice.Profile `json:"profile"`
}

// ProfilePublished is the answer of POST of PathProfile.
type ProfilePublished struct {
	Statement record.StatementID `json:"statement"` // durable here
	Bytes     int                `json:"bytes"`     // of what it says, of at most notice.MaxProfile
	Reaches   int                `json:"reaches"`   // teams that share a community with this one, and will have it
}
