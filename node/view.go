package node

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// entry shows a kept record to anybody of this team: of what is TLP:RED, that it is here.
func (n *Node) entry(e *replica.Entry) api.Entry { return n.shown(e, "") }

// shown shows a kept record to a person, or to anybody where as is empty. It is where the policy is asked
// what a screen may show.
func (n *Node) shown(e *replica.Entry, as string) api.Entry {
	h := e.Record.Header()
	out := api.Entry{
		ID: e.Record.ID(), Kind: h.Kind, Author: n.team(e.Record.Team()), Class: h.Class,
		Created: h.Created, Expires: h.Expires, Own: n.isOwn(e.Record.Team()), Via: string(e.Via),
		Sighting: api.Sighting{Seen: e.Sighting.Seen.UTC(), InStep: utc(e.Sighting.InStep), Left: utc(e.Sighting.Left)},
		Unread:   e.Unread, Sealed: len(h.Body.KeyID) > 0,
	}
	for _, m := range e.Marks {
		out.Marks = append(out.Marks, n.mark(&m))
	}
	if h.Channel.Private() {
		with := n.team(n.replica.Other(h.Channel))
		out.With = &with
	} else {
		c := n.community(h.Channel.Community)
		out.Community = &c
	}
	switch what := e.Notice.(type) {
	case *notice.Alert:
		out.SupersededBy, out.CancelledBy = n.revisions(e.Record.ID())
	case *notice.Request:
		out.Progress = n.progress(e, what)
	}
	if e.Notice == nil {
		return out
	}
	exit := policy.Exit{Action: policy.Show, Audience: policy.Operator, Marking: e.Notice.MarkingOf()}
	if m := exit.Marking; m != nil && m.TLP == notice.TLPRed {
		out.Red = n.red(e, m)
		if warning, ok := n.mayOpen(e, m, as); ok {
			exit.Audience, out.Red.OpenedAs, out.Red.Warning = policy.Desk, as, warning
		}
	}
	if policy.MayLeave(exit).Form < policy.Whole {
		return out
	}
	out.Attachments = attachments(e)
	switch what := e.Notice.(type) {
	case *notice.Alert:
		alert := *what
		alert.Attachments = nil
		out.Alert = &alert
	case *notice.Request:
		request := *what
		request.Attachments = nil
		out.Request = &request
	case *notice.Receipt:
		out.Receipt = what
	case *notice.Reply:
		out.Reply = what
	case *notice.Close:
		out.Close = what
	case *notice.Withdraw:
		out.Withdraw = what
	case *notice.Erase:
		out.Erase = what
	}
	return out
}

// mark shows a mark, with the team that it speaks of by its name: the replica knows no names.
func (n *Node) mark(m *replica.Mark) api.Mark {
	out := api.Mark{Word: string(m.Word), Detail: m.Detail, Record: m.Record}
	if m.Team == (identity.TeamID{}) {
		return out
	}
	out.Team = n.team(m.Team)
	name := nameOf(out.Team)
	if n.isOwn(m.Team) {
		name = "this team"
	}
	out.Detail = strings.Replace(out.Detail, "team "+m.Team.String(), name, 1)
	return out
}

// utc leaves the zero time what it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// revisions are the updates and cancels of an alert, oldest first, and which of them are cancels.
func (n *Node) revisions(alert record.ID) (all, cancels []record.ID) {
	entries, err := n.replica.Revisions(alert)
	if err != nil {
		return nil, nil // dropped in between: nothing to show
	}
	for i := range entries {
		all = append(all, entries[i].Record.ID())
		if what, ok := entries[i].Notice.(*notice.Alert); ok && what.Type == notice.AlertCancel {
			cancels = append(cancels, entries[i].Record.ID())
		}
	}
	return all, cancels
}

func (n *Node) entries(list []replica.Entry) []api.Entry {
	out := make([]api.Entry, 0, len(list))
	for i := range list {
		out = append(out, n.entry(&list[i]))
	}
	return out
}

// Record implements httpapi.Service.
func (n *Node) Record(_ context.Context, id string) (*api.RecordView, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	return n.recordView(&e, n.entry(&e))
}

// recordView is a record with what proves it, and who opened it.
func (n *Node) recordView(e *replica.Entry, shown api.Entry) (*api.RecordView, error) {
	readings, err := n.readings(e.Record.ID())
	if err != nil {
		return nil, err
	}
	grants, err := n.shownGrants(e.Record.ID())
	if err != nil {
		return nil, err
	}
	h, d := e.Record.Header(), e.Record.Header().Delegation
	run := [16]byte(h.Run)
	return &api.RecordView{
		Entry: shown, Readings: readings, Grants: grants,
		Header: api.Header{
			Run: base64.RawURLEncoding.EncodeToString(run[:]), Seq: h.Seq, Prev: h.Prev, Crit: h.Crit,
			MediaType: h.Body.MediaType, Length: h.Body.Length,
			Digest: base64.RawURLEncoding.EncodeToString(h.Body.Digest[:]), BodyHere: e.Record.HasBody(),
		},
		Proof: api.Proof{
			Suite: string(dsse.Ed25519), Node: d.Node, Team: d.Team, Delegation: record.StatementID(d.ID()),
			From: d.From, Until: d.Until, BodyMatch: e.Record.HasBody(),
		},
	}, nil
}

// Alerts implements httpapi.Service.
func (n *Node) Alerts(_ context.Context, l api.List) (*api.Entries, error) {
	return n.list(l, notice.KindAlert)
}

// Requests implements httpapi.Service.
func (n *Node) Requests(_ context.Context, l api.List) (*api.Entries, error) {
	return n.list(l, notice.KindRequest)
}

func (n *Node) list(l api.List, kind notice.Kind) (*api.Entries, error) {
	ch, err := n.channelOf(l.Community)
	if err != nil {
		return nil, err
	}
	after, err := parseCursor(l.After)
	if err != nil {
		return nil, err
	}
	limit := cmp.Or(l.Limit, api.DefaultLimit)
	out, size, last := &api.Entries{Entries: []api.Entry{}}, 0, replica.Cursor{}
	err = n.replica.Each(replica.Query{Kinds: []notice.Kind{kind}, Channel: ch, Since: l.Since, After: after}, func(e *replica.Entry) (bool, error) {
		if len(out.Entries) == limit {
			out.Next = cursorText(last)
			return false, nil
		}
		shown := n.entry(e)
		b, err := api.Encode(shown)
		if err != nil {
			return false, err
		}
		if size += len(b); size > api.MaxPage && len(out.Entries) > 0 {
			out.Next = cursorText(last)
			return false, nil
		}
		out.Entries, last = append(out.Entries, shown), replica.CursorAt(e)
		return true, nil
	})
	return out, err
}

// cursorText writes a place in a list for the next call; it is nobody else's to read.
func cursorText(c replica.Cursor) string { return fmt.Sprintf("%d-%s", c.Created.UnixMilli(), c.ID) }

func parseCursor(text string) (replica.Cursor, error) {
	if text == "" {
		return replica.Cursor{}, nil
	}
	created, name, _ := strings.Cut(text, "-")
	at, err := strconv.ParseInt(created, 10, 64)
	id, idErr := record.ParseID(name)
	if err != nil || idErr != nil || at < 0 {
		return replica.Cursor{}, api.Invalid("after", strconv.QuoteToASCII(text)+" is no place in a list", "give what next of the answer before said")
	}
	return replica.Cursor{Created: time.UnixMilli(at), ID: id}, nil
}

// standing shows a row of the ledger.
func (n *Node) standing(r *ledger.Row) api.Standing {
	return api.Standing{
		Team: n.team(r.Team), Request: r.Request, Requester: n.team(r.Requester),
		Own: r.Own, Voluntary: r.Voluntary, Drill: r.Drill(), State: r.State.String(), Timing: r.Timing.String(),
		Waited: int64(r.Waited / time.Second), ReplyBy: utc(r.ReplyBy), Due: utc(r.Due), Created: utc(r.Created),
		Sent: utc(r.Sent), Receipt: utc(r.Receipt), Acknowledged: utc(r.Acknowledged), Decided: utc(r.Decided),
		Result: utc(r.Result), Closed: utc(r.Closed), Withdrawn: utc(r.Withdrawn), LastReply: r.LastReply, Reason: r.Reason,
	}
}
