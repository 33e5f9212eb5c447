package replica

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Grant is what the team that wrote a record allows this team to do with it beyond its marking.
type Grant struct {
	Permission notice.Permission
	By         identity.TeamID // who signed the reply, under its newest root
	Reply      record.ID
	Request    record.ID
	At         time.Time // when the reply was first seen here
}

// Grants returns the permissions for a record that this team asked for and its author gave, oldest first,
// by every word that is here. A later reply of the author that declines the request takes its grants back.
// Whether one still runs, and what it unlocks, pkg/policy decides.
func (r *Replica) Grants(of record.ID) ([]Grant, error) {
	target, err := r.Brief(of)
	if err != nil {
		return nil, err
	}
	now := r.Roster()
	author := now.Canonical(target.Record.Team())
	all := r.mentioned(func() []mention { return r.index.granted[of] }, func(t identity.TeamID) bool { return now.Canonical(t) == author })
	replies, err := r.glances(all, MaxAnswers, MaxAnswerBytes)
	if err != nil {
		return nil, fmt.Errorf("read grants: %w", err)
	}
	var out []Grant
	for i := range replies {
		g, ok := replies[i].Notice.(*notice.Reply)
		by := r.Roster().Canonical(replies[i].Record.Team())
		if !ok || g.Grant == nil || by != author || !r.askedFor(g.Request, of) || r.tookBack(&replies[i], g.Request) {
			continue
		}
		out = append(out, Grant{Permission: *g.Grant, By: by, Reply: replies[i].Record.ID(), Request: g.Request, At: replies[i].Sighting.Seen})
	}
	return out, nil
}

// askedFor reports whether a request is this team's own, for permission to pass on the record.
func (r *Replica) askedFor(request, of record.ID) bool {
	e, err := r.Brief(request)
	if err != nil || r.Roster().Canonical(e.Record.Team()) != r.Roster().Canonical(r.self) {
		return false
	}
	q, ok := e.Notice.(*notice.Request)
	return ok && q.Permission != nil && q.Permission.Record == of
}

// tookBack reports whether the team that granted has declined the same request since, by its own order:
// by lane where both are of one, else by its own times.
func (r *Replica) tookBack(grant *Entry, request record.ID) bool {
	now := r.Roster()
	by := now.Canonical(grant.Record.Team())
	answers, err := r.AnswersOf(request, func(t identity.TeamID) bool { return now.Canonical(t) == by })
	if err != nil {
		return true
	}
	return slices.ContainsFunc(answers, func(e Entry) bool {
		said, ok := e.Notice.(*notice.Reply)
		return ok && said.State == notice.Declined && after(e.Record, grant.Record)
	})
}

func after(a, b *record.Record) bool {
	if a.Lane() == b.Lane() {
		return a.Header().Seq > b.Header().Seq
	}
	if c := a.Header().Created.Compare(b.Header().Created); c != 0 {
		return c > 0
	}
	x, y := a.ID(), b.ID()
	return bytes.Compare(x[:], y[:]) > 0
}
