package api

import (
	"time"

	"tocsin/pkg/record"
)

// PathErase is where the body of an own record is taken back.
const PathErase = "/v1/records/{id}/erase"

// EraseDraft is the body of POST of PathErase.
type EraseDraft struct {
	Reason string `json:"reason,omitzero"` // one line, readable by every relay
}

// Erasure is how far the erasing of a record has come: the answer of GET and POST of PathErase.
type Erasure struct {
	Record   record.ID `json:"record"`
	Author   Team      `json:"author"`
	Asked    record.ID `json:"asked"` // the record that asks to erase it
	At       time.Time `json:"at"`    // the author's claim
	Reason   string    `json:"reason,omitzero"`
	BodyHere bool      `json:"body_here"`
	// Confirmed are the teams whose nodes say that the body is gone there; Waiting those that had a part in
	// the channel and have not said so. Another team's erasing has neither: confirmations go to the author alone.
	Confirmed []Confirmed `json:"confirmed,omitempty"`
	Waiting   []Team      `json:"waiting,omitempty"`
}

// Confirmed is a team's word that it removed a body.
type Confirmed struct {
	Team    Team      `json:"team"`
	At      time.Time `json:"at"` // when the word came here
	Receipt record.ID `json:"receipt"`
}

// EraseCaveats says what erasing does not promise, one sentence each.
func EraseCaveats() []string {
	return []string{
		"A confirmation is a node's word: nobody can check from outside that the body is gone.",
		"Members that are away are asked when they are back; one that was removed, or runs something else, may not do as asked.",
		"Copies outside the mesh (exports, screens, mail, backups, what was retyped or forwarded as another team's alert) are not reached.",
		"The header stays everywhere: who wrote it, when, of which kind and how long.",
	}
}
