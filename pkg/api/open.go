package api

import (
	"time"

	"tocsin/pkg/notice"
)

// Paths of opening what is TLP:RED; see PathStatus and the rest.
const (
	PathOpenRecord  = "/v1/records/{id}/open"
	PathOpenRequest = "/v1/requests/{id}/open"
)

// OpenDraft is the body of POST of PathOpenRecord and PathOpenRequest, which answer as GET of PathRecord and
// PathRequest do, with what is TLP:RED and for the person readable. Each opening is noted here before it is
// answered. The name is the caller's word: it guards against accidents, and against nobody who may call.
type OpenDraft struct {
	As string `json:"as"` // the person
}

// Red is what anybody is shown of a record that is TLP:RED; its content is there only where OpenedAs says so.
type Red struct {
	Marking notice.Marking `json:"marking"`
	For     string         `json:"for"` // whom it is for, in words
	// OpenedAs is the person that opened it in this very call.
	OpenedAs string `json:"opened_as,omitzero"`
	// Warning says what the operator should mend: this team has published no RED desk, so any name opened it.
	Warning string `json:"warning,omitzero"`
}

// Reading is one opening of a record that is TLP:RED, by this node's own note.
type Reading struct {
	At time.Time `json:"at"`
	As string    `json:"as"` // the name that was given
	By string    `json:"by"` // the local user
}
