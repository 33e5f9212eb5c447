package api

import (
	"time"

	"tocsin/pkg/identity"
)

// Status is the answer of GET of PathStatus.
type Status struct {
	Version     string          `json:"version"` // of the program
	Team        Team            `json:"team"`
	Node        identity.NodeID `json:"node"`
	Until       time.Time       `json:"until"` // the node's delegation ends
	Started     time.Time       `json:"started"`
	ReadyMillis int64           `json:"ready_ms"` // from start to serving
	Addresses   []string        `json:"addresses"`
	Peers       []Peer          `json:"peers"`  // connected now
	Trying      []Try           `json:"trying"` // not connected, and to be; the next one first, at most 32
	Communities []Community     `json:"communities"`
	Records     map[string]int  `json:"records"` // kept, by kind
	Statements  int             `json:"statements"`
	Outbox      int             `json:"outbox"` // private records that wait for a recipient
	Store       Store           `json:"store"`
	RootKeyHere bool            `json:"root_key_here,omitzero"` // in the home directory, where it should not stay
	Warnings    []string        `json:"warnings"`               // what an operator should look at, in sentences
}

// Peer is another node connected to this one.
type Peer struct {
	Team    Team      `json:"team,omitzero"` // absent until the peer has said who it is
	Address string    `json:"address"`
	Since   time.Time `json:"since,omitzero"`
}

// Try is a node that this one wants to be connected to and is not.
type Try struct {
	Team    Team      `json:"team,omitzero"` // absent where it is not known whose node it is
	Address string    `json:"address"`       // of several the one that failed last; empty: none is known
	Next    time.Time `json:"next,omitzero"` // when it is dialled; absent: at this moment
	Failed  int       `json:"failed"`        // tries in a row
	Why     string    `json:"why,omitzero"`  // there is no connection; absent: it was not tried yet, or was well until it ended
}

// Store is the room that the store takes, in bytes.
type Store struct {
	Used  int64 `json:"used"`
	Quota int64 `json:"quota"` // 0: none
	Free  int64 `json:"free"`
	Floor int64 `json:"floor"` // below this many free bytes nothing is written

	Failure *StoreFailure `json:"failure,omitzero"` // absent: no write failed since the start
}

// StoreFailure is the last write of the store that failed.
type StoreFailure struct {
	At     time.Time `json:"at"`
	Cause  string    `json:"cause"`
	Lasts  bool      `json:"lasts,omitzero"`  // nothing was written since
	Broken bool      `json:"broken,omitzero"` // nothing is kept until the store has opened itself again
}

// Identity is the answer of GET of PathIdentity.
type Identity struct {
	Team      Team            `json:"team"`
	Words     string          `json:"words"` // the team's ID in groups, to be read aloud
	Node      identity.NodeID `json:"node"`
	Addresses []string        `json:"addresses"`
	Card      File            `json:"card"` // give it to a founder who is to invite this team
}
