package api

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Paths of documents that were brought in from outside.
const (
	PathHeld     = "/v1/held"
	PathHeldMark = "/v1/held/{id}/mark"
	PathHeldDrop = "/v1/held/{id}/drop"
)

// ImportDraft is the body of POST of PathHeld: a CSAF advisory, a MISP event, or a record in a DSSE JSON
// file. It is held, not shared.
type ImportDraft struct {
	Name string `json:"name,omitzero"` // of the file
	Data []byte `json:"data"`
}

// Imported is the answer of POST of PathHeld: what is held now, or the record that is kept because this node
// has a part in its channel.
type Imported struct {
	Held *Held     `json:"held,omitempty"`
	Kept record.ID `json:"kept,omitzero"`
}

// HeldList is the answer of GET of PathHeld, oldest first.
type HeldList struct {
	Held []Held `json:"held"`
}

// Held is a document that is shared with nobody until an operator marks it.
type Held struct {
	ID     string     `json:"id"` // the SHA-256 of the file, in hexadecimal digits
	Name   string     `json:"name,omitzero"`
	Source string     `json:"source"` // csaf, misp, record
	Title  string     `json:"title,omitzero"`
	Labels []string   `json:"labels,omitempty"` // the document's own words on who may see it; may hold any text
	TLP    notice.TLP `json:"tlp,omitzero"`     // what they come to; absent where they are missing or not known
	Author *Team      `json:"author,omitempty"` // of a record
	Record record.ID  `json:"record,omitzero"`  // of a record
	Size   int        `json:"size"`
	At     time.Time  `json:"at"`
	By     string     `json:"by"` // the local user who brought it in
	// Released says who let it out; it is then a note only.
	Released *Release `json:"released,omitempty"`
}

// Release is who marked a held document, when, and what it became.
type Release struct {
	By        string        `json:"by"`
	At        time.Time     `json:"at"`
	TLP       notice.TLP    `json:"tlp"`
	Community *CommunityRef `json:"community,omitempty"`
	To        *Team         `json:"to,omitempty"`
	Record    record.ID     `json:"record"`
}

// MarkDraft is the body of POST of PathHeldMark. The document becomes an alert of this team, in a community or,
// privately, to a team.
type MarkDraft struct {
	TLP       notice.TLP       `json:"tlp,omitzero"` // default: the document's own
	PAP       notice.PAP       `json:"pap,omitzero"`
	Purpose   []notice.Purpose `json:"purpose,omitempty"`
	Persons   []string         `json:"persons,omitempty"` // for whom it is, with TLP:RED
	Community string           `json:"community,omitzero"`
	To        string           `json:"to,omitzero"`
	Class     record.Class     `json:"class,omitzero"`
	// Relabel says that the source allows a wider marking than its own, or one where its own is not known.
	Relabel     bool `json:"relabel,omitzero"`
	DespiteDuty bool `json:"despite_duty,omitzero"`
}

// DropDraft is the body of POST of PathHeldDrop.
type DropDraft struct{}

// MarkedHeld is the answer of POST of PathHeldMark.
type MarkedHeld struct {
	Published Published `json:"published"`
	Held      Held      `json:"held"`
}
