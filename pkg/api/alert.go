package api

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// AlertDraft is the body of POST of PathAlerts. An update or a cancel is an alert of that type which
// names in replaces what it refers to.
type AlertDraft struct {
	Community string       `json:"community"`        // a name, an ID or a prefix of one
	Class     record.Class `json:"class,omitzero"`   // default: emergency for severity extreme with urgency immediate, else routine
	Expires   time.Time    `json:"expires,omitzero"` // default: never; the charter's retention holds anyway
	Alert     notice.Alert `json:"alert"`
	// Relabel says that the source allows the marking of the alert, although something is known to be under a stricter one: what an update or
	// cancel replaces, an attachment with a label of its own, a text that this node has. Without it that is refused.
	Relabel bool `json:"relabel,omitzero"`
}

// Published is a record that is on stable storage here.
type Published struct {
	ID   record.ID `json:"id"`
	Kind string    `json:"kind"`
	To   *Team     `json:"to,omitempty"` // of a private record
	// Apart says that the team of To shares no community with this one: the record waits until it does.
	Apart bool `json:"apart,omitzero"`
	Due   *Due `json:"due,omitempty"` // of a request
	// Warnings are for the sender, one sentence each: attachments that were not looked into, clocks by which it
	// is from the future, and until when it waits.
	Warnings []string `json:"warnings,omitempty"`
}
