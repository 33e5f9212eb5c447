package node

import (
	"context"
	"slices"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Erase implements httpapi.Service.
func (n *Node) Erase(ctx context.Context, id string, d api.EraseDraft) (*api.Erasure, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	if !n.isOwn(e.Record.Team()) {
		return nil, api.NewProblem(api.NotAllowed, "the record is another team's, and only its author can have it erased",
			"ask that team: tocsin request send --private --to "+e.Record.Team().String()+" --action other ...")
	}
	if e.Record.Header().Kind == notice.KindErase {
		return nil, api.NewProblem(api.NotAllowed, "it is what has another record erased, and stays", "")
	}
	if by, ok := erasedBy(&e); ok {
		return nil, api.NewProblem(api.Conflict, "that was asked already, by "+by.String(), "tocsin record erase --status "+e.Record.ID().String())
	}
	if _, err := n.publishOne(ctx, leaving{Outgoing: replica.Outgoing{
		Channel: e.Record.Header().Channel, Class: record.Control, Notice: &notice.Erase{Record: e.Record.ID(), Reason: d.Reason},
	}}); err != nil {
		return nil, err
	}
	return n.Erasure(ctx, e.Record.ID().String())
}

// erasedBy returns the record by which the author of an entry had its body removed.
func erasedBy(e *replica.Entry) (record.ID, bool) {
	for _, m := range e.Marks {
		if m.Word == replica.MarkErased {
			return m.Record, true
		}
	}
	return record.ID{}, false
}

// Erasure implements httpapi.Service.
func (n *Node) Erasure(_ context.Context, id string) (*api.Erasure, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	by, ok := erasedBy(&e)
	if !ok {
		return nil, api.NewProblem(api.NotFound, "nobody asked to erase "+e.Record.ID().String(), "tocsin record erase asks, for a record of this team")
	}
	asked, err := n.replica.Brief(by)
	if err != nil {
		return nil, err
	}
	out := &api.Erasure{
		Record: e.Record.ID(), Author: n.team(e.Record.Team()), Asked: by, At: asked.Record.Header().Created, BodyHere: e.Record.HasBody(),
	}
	if what, ok := asked.Notice.(*notice.Erase); ok {
		out.Reason = what.Reason
	}
	if !n.isOwn(e.Record.Team()) {
		return out, nil
	}
	said, err := n.replica.Confirmations(e.Record.ID())
	if err != nil {
		return nil, err
	}
	for _, t := range n.readersOf(e.Record) {
		if c, ok := n.confirmation(said, t); ok {
			out.Confirmed = append(out.Confirmed, c)
		} else {
			out.Waiting = append(out.Waiting, n.team(t))
		}
	}
	return out, nil
}

// readersOf returns the other teams that have a part in a record's channel now.
func (n *Node) readersOf(rec *record.Record) []identity.TeamID {
	ch := rec.Header().Channel
	if ch.Private() {
		return []identity.TeamID{n.replica.Other(ch)}
	}
	r := n.replica.Roster()
	return slices.DeleteFunc(slices.Clone(r.Members(ch.Community)), n.isOwn)
}

// confirmation is the first word of a team among those that came.
func (n *Node) confirmation(said []replica.Confirmation, t identity.TeamID) (api.Confirmed, bool) {
	r := n.replica.Roster()
	var first api.Confirmed
	for _, c := range said {
		if r.Canonical(c.Team) != r.Canonical(t) {
			continue
		}
		e, err := n.replica.Brief(c.Receipt)
		if err == nil && (first.At.IsZero() || e.Sighting.Seen.Before(first.At)) {
			first = api.Confirmed{Team: n.team(t), At: e.Sighting.Seen.UTC(), Receipt: c.Receipt}
		}
	}
	return first, !first.At.IsZero()
}

// cameErased has the author of a record told that this node keeps no body of it, where the word that it is
// erased came before the record did.
func (n *Node) cameErased(r *record.Record) {
	if e, err := n.replica.Brief(r.ID()); err == nil {
		if by, ok := erasedBy(&e); ok {
			n.receipts.look(by)
		}
	}
}
