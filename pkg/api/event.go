package api

import (
	"time"

	"tocsin/pkg/record"
)

// EventType is what an event is about. Others may follow: pass over what you do not know.
type EventType string

// The events.
const (
	EventRecord    EventType = "record"    // a record was kept; Entry has it
	EventDelivered EventType = "delivered" // a private record reached its recipient's disk
	EventPeer      EventType = "peer"      // a peer came or went; Online says which
	EventMember    EventType = "member"    // the statements about a community changed
	EventLost      EventType = "lost"      // events before this one are gone: list again
)

// Event is one event of the live feed. On the wire it is a server-sent event: the event field is
// Type, the id field is ID, the data is this object.
type Event struct {
	// ID goes into Last-Event-ID to carry on after it. It is opaque; the feed of a restarted daemon
	// begins with EventLost for whoever asks to carry on from before.
	ID     string    `json:"id"`
	Type   EventType `json:"type"`
	At     time.Time `json:"at"`
	Entry  *Entry    `json:"entry,omitempty"`
	Record record.ID `json:"record,omitzero"`
	Team   *Team     `json:"team,omitempty"`
	Online bool      `json:"online,omitzero"`
}
