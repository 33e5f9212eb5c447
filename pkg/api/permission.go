package api

import (
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Paths of onward sharing; see PathStatus and the rest.
const (
	PathPermission = "/v1/records/{id}/permission"
	PathForward    = "/v1/records/{id}/forward"
	PathGrants     = "/v1/records/{id}/grants"
)

// PermissionDraft says what onward sharing is asked for, or granted, with teams and communities by name, ID or
// prefix. What it does not name it does not mean.
type PermissionDraft struct {
	TLP          notice.TLP       `json:"tlp,omitzero"` // default: the record's own, or what was asked for
	Communities  []string         `json:"communities,omitempty"`
	Teams        []string         `json:"teams,omitempty"`
	Constituents bool             `json:"constituents,omitzero"`
	Public       bool             `json:"public,omitzero"`
	Lifts        []notice.Purpose `json:"lifts,omitempty"`
	Until        time.Time        `json:"until,omitzero"` // default: for good, or what was asked for
}

// Empty reports whether the draft names no audience.
func (p *PermissionDraft) Empty() bool {
	return len(p.Communities)+len(p.Teams) == 0 && !p.Constituents && !p.Public
}

// PermissionRequest is the body of POST of PathPermission: a private request to the team that wrote the
// record. The answer is that of POST of PathRequests.
type PermissionRequest struct {
	Permission PermissionDraft `json:"permission"`
	// Request is the request around it: its to and permission are filled in; its case too, where it is empty. It
	// is marked as any other.
	Request notice.Request `json:"request"`
	// DespiteDuty sends it although the recipient has a duty to hand on what it is told; see DutyUnasked.
	DespiteDuty bool `json:"despite_duty,omitzero"`
	// Relabel says that the request may be marked less strictly than the record; without it that is refused.
	Relabel bool `json:"relabel,omitzero"`
}

// GrantDraft is what a reply to such a request allows. Where it names an audience only that is granted, else
// all that was asked for; never more than that.
type GrantDraft struct {
	PermissionDraft
	NoLifts bool `json:"no_lifts,omitzero"` // no limit of purpose is lifted, although that was asked
}

// Grants is the answer of GET of PathGrants: what the author of a record allows this team, oldest first.
type Grants struct {
	Grants []Grant `json:"grants"`
}

// Grant is one word of the author.
type Grant struct {
	By         Team              `json:"by"`
	Reply      record.ID         `json:"reply"`
	Request    record.ID         `json:"request"`
	At         time.Time         `json:"at"` // first seen here
	Over       bool              `json:"over,omitzero"`
	Permission notice.Permission `json:"permission"`
	// Names are what is known of the communities and teams that it names, by ID.
	Names map[string]string `json:"names,omitempty"`
}
