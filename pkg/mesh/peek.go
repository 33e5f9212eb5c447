package mesh

import (
	"encoding/binary"
	"fmt"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// label is what sync needs to know of a frame of our own copy before it hands it out.
type label struct {
	channel record.Channel
	class   record.Class
}

// payloadOf returns the payload in a frame of a record or a statement.
func payloadOf(frame []byte) ([]byte, bool) {
	const head = 4 + 2
	if len(frame) < head {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(frame[4:]))
	if len(frame) < head+n {
		return nil, false
	}
	return frame[head : head+n], true
}

// peek reads the label of a frame. The frame is from our own copy: it was verified when it came in, and
// nothing is checked again.
func peek(frame []byte) (label, error) {
	payload, ok := payloadOf(frame)
	if !ok {
		return label{}, errShort
	}
	var w struct {
		Channel struct {
			Community *dsse.Hash  `json:"community"`
			Pair      []dsse.Hash `json:"pair"`
		} `json:"channel"`
		Class record.Class `json:"class"`
	}
	if err := dsse.Read(payload, &w); err != nil {
		return label{}, fmt.Errorf("peek into frame: %w", err)
	}
	l := label{class: w.Class}
	switch {
	case w.Channel.Community != nil:
		l.channel.Community = identity.CommunityID(*w.Channel.Community)
	case len(w.Channel.Pair) == 2:
		l.channel.Pair = [2]identity.TeamID{identity.TeamID(w.Channel.Pair[0]), identity.TeamID(w.Channel.Pair[1])}
	}
	return l, nil
}

// rank orders classes where something is scarce: the lower goes first.
func rank(c record.Class) int {
	switch c {
	case record.Emergency:
		return 0
	case record.Control:
		return 1
	case record.Urgent:
		return 2
	case record.Routine:
	}
	return 3
}
