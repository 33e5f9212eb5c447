package api

import (
	"net/url"

	"tocsin/pkg/record"
)

// ForwardDraft is the body of POST of PathForward: an alert of another team is published anew by this one,
// with a reference to the original. It goes to a community or, privately, to a team.
type ForwardDraft struct {
	Community string       `json:"community,omitzero"`
	To        string       `json:"to,omitzero"` // a team by name, ID or prefix
	Class     record.Class `json:"class,omitzero"`
	// DespiteDuty sends it although the recipient has a duty to hand on what it is told; see DutyUnasked.
	DespiteDuty bool `json:"despite_duty,omitzero"`
	// Relabel is as in an AlertDraft. It widens nothing that the author of the alert did not allow.
	Relabel bool `json:"relabel,omitzero"`
}

// The audiences of an export.
const (
	ForOwn          = "own"          // the operator's own use, within the team
	ForConstituents = "constituents" // organisations that the team serves
	ForPublic       = "public"
)

// ExportAudiences returns the audiences of an export.
func ExportAudiences() []string { return []string{ForOwn, ForConstituents, ForPublic} }

// ExportQuery chooses for whom GET of PathExport writes the file.
type ExportQuery struct {
	For string // one of ExportAudiences; empty for ForOwn
	// Relabel says that the record's own marking holds, although this node knows what it says under a stricter one.
	Relabel bool
}

// Query returns the parameters.
func (x ExportQuery) Query() url.Values {
	q := url.Values{}
	setText(q, "for", x.For)
	setBool(q, "relabel", x.Relabel)
	return q
}

// ParseExportQuery is the inverse of Query.
func ParseExportQuery(q url.Values) (ExportQuery, error) {
	if err := only(q, "for", "relabel"); err != nil {
		return ExportQuery{}, err
	}
	x := ExportQuery{For: q.Get("for")}
	var err error
	if x.Relabel, err = getBool(q, "relabel"); err != nil {
		return x, err
	}
	switch x.For {
	case "":
		x.For = ForOwn
	case ForOwn, ForConstituents, ForPublic:
	default:
		return x, Invalid("for", "is no audience of an export", "one of own, constituents, public")
	}
	return x, nil
}

// Exported is the answer of GET of PathExport: the file, and what whoever passes it on must know.
type Exported struct {
	File      []byte   `json:"-"`
	Contracts []string `json:"-"` // what the marking and the limits of purpose ask, one sentence each; see HeaderTell
}

// HeaderTell carries one sentence of Exported.Contracts; it may stand several times.
const HeaderTell = "Tocsin-Tell"
