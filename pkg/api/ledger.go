package api

import "time"

// Ledger is the answer of GET of PathLedger: what this node saw of how requests were answered. It
// ranks nobody, and never leaves the node by itself.
type Ledger struct {
	AsOf  time.Time    `json:"as_of"`
	Teams []LedgerTeam `json:"teams"`          // by name
	Rows  []Standing   `json:"rows,omitempty"` // with detail, oldest request first, the newest MaxRows
	// OlderRows is how many rows before those are left out: ask for a team, or for less time.
	OlderRows int           `json:"older_rows,omitzero"`
	Curve     *LedgerCurves `json:"curve,omitempty"` // with detail, of a single team
	Note      string        `json:"note,omitzero"`   // what must be known to read the numbers
}

// MaxRows is how many rows of the ledger one answer has at most.
const MaxRows = 10_000

// LedgerTeam is the picture of one team. Own and others' requests are never mixed.
type LedgerTeam struct {
	Team      Team          `json:"team"`
	Sentence  string        `json:"sentence"` // the plain answer
	Own       LedgerSummary `json:"own"`
	Others    LedgerSummary `json:"others"` // only what passed this node's eyes
	Voluntary int           `json:"voluntary"`
}

// LedgerSummary counts the requests to one team. Asked is the sum of the six that follow it.
type LedgerSummary struct {
	Asked       int   `json:"asked"`
	InTime      int   `json:"in_time"`
	Late        int   `json:"late"`
	Open        int   `json:"open"`
	Overdue     int   `json:"overdue"`
	Missed      int   `json:"missed"`
	Released    int   `json:"released"`
	Declined    int   `json:"declined"` // among in_time and late
	Waiting     int   `json:"waiting"`
	Silent      int   `json:"silent"`
	Unreachable int   `json:"unreachable"`
	Unseen      int   `json:"unseen"`
	Unsent      int   `json:"unsent"`
	Withdrawn   int   `json:"withdrawn"`
	Requesters  int   `json:"requesters"`
	MostByOne   int   `json:"most_by_one"`
	Sample      int   `json:"sample"`
	Small       bool  `json:"small"`                   // too few to conclude from
	Median      int64 `json:"median_seconds,omitzero"` // absent while more than half are unanswered
	Reached     bool  `json:"median_reached"`
}

// LedgerCurves are the response curves of one team.
type LedgerCurves struct {
	Own    []LedgerStep `json:"own"`
	Others []LedgerStep `json:"others"`
}

// LedgerStep says which share was still unanswered after a time (Kaplan-Meier), with a 95 % band.
type LedgerStep struct {
	After  int64   `json:"after_seconds"`
	Open   float64 `json:"open"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	AtRisk int     `json:"at_risk"`
}
