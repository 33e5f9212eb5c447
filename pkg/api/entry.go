package api

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Team is a team as an answer names it.
type Team struct {
	ID   identity.TeamID `json:"id"`
	Name string          `json:"name,omitzero"` // what it calls itself; a claim, not unique
	// Alike says that the name looks like that of another team known to this node: show the ID beside it.
	Alike bool `json:"alike,omitzero"`
}

// CommunityRef is a community as an answer names it.
type CommunityRef struct {
	ID   identity.CommunityID `json:"id"`
	Name string               `json:"name,omitzero"`
	// Alike says that the name looks like that of another community known to this node: show the ID beside it.
	Alike bool `json:"alike,omitzero"`
}

// Entry is a kept record. Its ID, header and signatures were checked when it came in, whatever
// became of the notice.
type Entry struct {
	ID     record.ID `json:"id"`
	Kind   string    `json:"kind"` // alert, request, reply, ...; others may follow
	Author Team      `json:"author"`
	// Community is where the record belongs; absent for a private one, which has With.
	Community *CommunityRef `json:"community,omitempty"`
	With      *Team         `json:"with,omitempty"` // the other team of a private channel
	Class     record.Class  `json:"class"`
	Created   time.Time     `json:"created"`          // the author's claim
	Expires   time.Time     `json:"expires,omitzero"` // absent for never
	Own       bool          `json:"own"`              // written by this node's team
	Via       string        `json:"via"`              // local, gossip, sync, direct, import
	Sighting  Sighting      `json:"sighting"`

	// Red is there where the record is TLP:RED. Lists, feeds and GET then have none of the content below.
	Red *Red `json:"red,omitempty"`

	// One of these holds the content; none if Unread says why, or if it is TLP:RED and was not opened. They are without
	// their attachments, which Attachments describes; the bytes of one are at PathAttachment.
	Alert    *notice.Alert    `json:"alert,omitempty"`
	Request  *notice.Request  `json:"request,omitempty"`
	Receipt  *notice.Receipt  `json:"receipt,omitempty"`
	Reply    *notice.Reply    `json:"reply,omitempty"`
	Close    *notice.Close    `json:"close,omitempty"`
	Withdraw *notice.Withdraw `json:"withdraw,omitempty"`
	Erase    *notice.Erase    `json:"erase,omitempty"`
	Unread   string           `json:"unread,omitzero"` // may quote a peer
	// Attachments are what the notice has attached, in its order.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Sealed: the body travelled readable to those only whom it is for.
	Sealed bool `json:"sealed,omitzero"`
	// Marks are what a reader must know beside what the record says.
	Marks []Mark `json:"marks,omitempty"`

	// SupersededBy are the updates and cancels of an alert by its own team, oldest first, the newest 64 of them.
	SupersededBy []record.ID `json:"superseded_by,omitempty"`
	// CancelledBy are those of SupersededBy that are cancels.
	CancelledBy []record.ID `json:"cancelled_by,omitempty"`
	// Progress is of a request.
	Progress *Progress `json:"progress,omitempty"`
}

// Attachment says what is attached to a notice.
type Attachment struct {
	Name      string `json:"name"` // a claim of the author's, as is the media type
	MediaType string `json:"media_type"`
	Length    int64  `json:"length"` // in bytes
	Digest    string `json:"digest"` // SHA-256, base64url
}

// Mark is one thing that a reader of a record must know: its author said something else at the same place
// ("equivocation"), another team said the same under a stricter marking ("stripped-marking"), it came in
// clear and must not ("unsealed"), its key was taken back ("frozen-key"), its author had its body removed
// ("erased"), a team handed out a wrong key for it ("bad-wrap"), or it is evidence only ("outside"). Other
// words may follow.
type Mark struct {
	Word   string    `json:"word"`
	Detail string    `json:"detail"` // for people
	Record record.ID `json:"record,omitzero"`
	Team   Team      `json:"team,omitzero"` // that Detail speaks of, if it does
}

// Sighting is what this node itself knows of a record's way.
type Sighting struct {
	Seen   time.Time `json:"seen"`             // first here
	InStep time.Time `json:"in_step,omitzero"` // the last moment before, when all that its author's team had said was here
	Left   time.Time `json:"left,omitzero"`    // an own record first left this node
}

// Entries is the answer of GET of PathAlerts, newest first: as many as were asked for, or as MaxPage has room for.
type Entries struct {
	Entries []Entry `json:"entries"`
	// Next is there where older ones follow, and goes into List.After.
	Next string `json:"next,omitzero"`
}

// RecordView is the answer of GET of PathRecord: an entry and what proves it.
type RecordView struct {
	Entry
	Header Header `json:"header"`
	Proof  Proof  `json:"proof"`
	// Readings are who opened it here, where it is TLP:RED; oldest first.
	Readings []Reading `json:"readings,omitempty"`
	// Grants are what its author allows this team beyond the marking, oldest first.
	Grants []Grant `json:"grants,omitempty"`
}

// Header is the part of the signed header that an Entry does not show.
type Header struct {
	Run       string    `json:"run"` // base64url; with node and channel it names the lane
	Seq       uint64    `json:"seq"`
	Prev      record.ID `json:"prev,omitzero"`
	Crit      []string  `json:"crit,omitempty"`
	MediaType string    `json:"media_type"`
	Length    int64     `json:"length"`
	Digest    string    `json:"digest"` // base64url
	BodyHere  bool      `json:"body_here"`
}

// Proof is what was checked before the record was kept, and can be checked again from the export.
type Proof struct {
	Suite      string             `json:"suite"` // of the signature over the header
	Node       identity.NodeID    `json:"node"`  // whose signature it is
	Team       identity.TeamID    `json:"team"`  // whose root key delegates to the node
	Delegation record.StatementID `json:"delegation"`
	From       time.Time          `json:"from"` // the delegation covers created
	Until      time.Time          `json:"until"`
	BodyMatch  bool               `json:"body_match"` // the body is here and is the one that was signed
}
