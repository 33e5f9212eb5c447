package node

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/mesh"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// PublishRequest implements httpapi.Service.
func (n *Node) PublishRequest(ctx context.Context, d api.RequestDraft) (*api.RequestsPublished, error) {
	if len(d.Request.To) > 0 {
		return nil, api.Invalid("request.to", "is filled in by the node", "name the teams in to")
	}
	if d.Class == "" {
		d.Class = record.Routine
		if d.Request.Priority == notice.PriorityUrgent {
			d.Class = record.Urgent
		}
	}
	if err := checkClass(d.Class); err != nil {
		return nil, err
	}
	to, err := n.recipients(d.To)
	if err != nil {
		return nil, err
	}
	if d.Request.Case == "" {
		if d.Request.Case, err = n.newCase(); err != nil {
			return nil, err
		}
	}
	out, err := n.addressed(&d, to)
	if err != nil {
		return nil, err
	}
	for _, o := range out {
		if err := n.mayLeave(o.Notice.MarkingOf(), o.Channel); err != nil {
			return nil, err
		}
		if err := n.dutyOf(o.Channel, o.Notice.MarkingOf(), d.DespiteDuty); err != nil {
			return nil, err
		}
	}
	warnings, err := n.keepsLabels(&leaving{Outgoing: out[0], relabel: d.Relabel}) // all say the same
	if err != nil {
		return nil, err
	}
	published, err := n.publish(ctx, out)
	if err != nil {
		return nil, err
	}
	answer := &api.RequestsPublished{Case: d.Request.Case, Published: []api.Published{}, Warnings: warnings}
	for i, p := range published {
		if p.Err == nil {
			done := n.published(p.Record)
			if what, ok := out[i].Notice.(*notice.Request); ok {
				done.Due = n.due(p.Record, what.ReplyBy, nil)
			}
			for _, w := range done.Warnings { // of several one word is enough
				if !slices.Contains(answer.Warnings, w) {
					answer.Warnings = append(answer.Warnings, w)
				}
			}
			done.Warnings = nil
			answer.Published = append(answer.Published, *done)
			continue
		}
		problem := httpapi.Problem(p.Err)
		if problem == nil {
			problem = api.NewProblem(api.Internal, p.Err.Error(), "the daemon's log says more")
		}
		if out[i].Channel.Private() {
			answer.Failed = append(answer.Failed, api.Failed{To: n.team(n.replica.Other(out[i].Channel)), Problem: problem})
		}
	}
	if len(answer.Published) == 0 {
		return nil, published[0].Err
	}
	if d.Request.Marking.TLP == notice.TLPRed && n.desk(n.replica.Self()) == nil {
		answer.Warnings = append(answer.Warnings, noDeskHere)
	}
	return answer, nil
}

// recipients resolves the teams asked: each once, and not ourselves.
func (n *Node) recipients(names []string) ([]identity.TeamID, error) {
	var to []identity.TeamID
	for _, name := range names {
		t, err := n.findTeam(name)
		if err != nil {
			return nil, err
		}
		if n.isOwn(t) {
			return nil, api.Invalid("to", "names this team itself", "")
		}
		if !slices.Contains(to, t) {
			to = append(to, t)
		}
	}
	return to, nil
}

// newCase names a case so that it can be said on the phone and will not meet another.
func (n *Node) newCase() (string, error) {
	var b [4]byte
	if _, err := io.ReadFull(n.opt.Rand, b[:]); err != nil {
		return "", fmt.Errorf("name case: %w", err)
	}
	return n.now().UTC().Format("20060102-") + hex.EncodeToString(b[:]), nil
}

// addressed makes one record for a community, or one for each team asked privately.
func (n *Node) addressed(d *api.RequestDraft, to []identity.TeamID) ([]replica.Outgoing, error) {
	if d.Community != "" {
		community, err := n.findCommunity(d.Community)
		if err != nil {
			return nil, err
		}
		for _, t := range to {
			if !n.replica.Roster().Member(community, t) {
				return nil, api.NewProblem(api.NotMember, "team "+t.String()+" is not a member of the community, and would not see it",
					"ask it privately: leave the community out")
			}
		}
		r := d.Request
		r.To = to
		return []replica.Outgoing{{Channel: record.InCommunity(community), Class: d.Class, Notice: &r, Expires: d.Expires}}, nil
	}
	if len(to) == 0 {
		return nil, api.Invalid("to", "names nobody", "name a community, or the teams to ask privately")
	}
	var out []replica.Outgoing
	for _, t := range to {
		ch, err := record.Between(n.replica.Self(), t)
		if err != nil {
			return nil, err
		}
		r := d.Request
		r.To = []identity.TeamID{t}
		out = append(out, replica.Outgoing{Channel: ch, Class: d.Class, Notice: &r, Expires: d.Expires})
	}
	return out, nil
}

// Request implements httpapi.Service.
func (n *Node) Request(_ context.Context, id string) (*api.RequestView, error) {
	e, what, err := n.findRequest(id)
	if err != nil {
		return nil, err
	}
	answers, err := n.replica.Answers(e.Record.ID())
	if err != nil {
		return nil, err
	}
	return n.requestView(&e, what, &api.RequestView{Entry: n.entry(&e), Answers: n.entries(answers), MoreAnswers: n.moreAnswers(&e, answers)})
}

// moreAnswers is how many answers to a request are not among those that are shown.
func (n *Node) moreAnswers(e *replica.Entry, shown []replica.Entry) int {
	return max(0, n.replica.CountAnswers(e.Record.ID())-len(shown))
}

// requestView adds to a request and its answers, as they are shown, where it stands.
func (n *Node) requestView(e *replica.Entry, what *notice.Request, view *api.RequestView) (*api.RequestView, error) {
	view.Standing = []api.Standing{}
	var rows []ledger.Row
	n.replica.Ledger(func(l *ledger.Ledger) { rows = l.Request(n.now(), e.Record.ID()) })
	for i := range rows {
		view.Standing = append(view.Standing, n.standing(&rows[i]))
	}
	for _, d := range n.replica.Outbox() {
		if d.ID == e.Record.ID() {
			view.Deliveries = append(view.Deliveries, api.Delivery{
				To: n.team(d.To), Attempts: d.Attempts, Next: utc(d.Next), Last: lastOf(d.Last), Delivered: utc(d.Delivered),
			})
		}
	}
	if view.Request != nil {
		view.Names = n.audienceNames(view.Request.Permission)
	}
	var err error
	if e.Record.Header().Channel.Private() && view.Request != nil {
		view.CaseOthers, err = n.sameCase(e, what.Case)
	}
	return view, err
}

// lastOf is why an attempt failed, without the addresses that were tried: the recipient is known.
func lastOf(why string) string {
	if strings.Contains(why, mesh.ErrUnreachable.Error()) {
		return api.NotReached
	}
	return why
}

// sameCase returns the other private requests of one case by the same team: those that came from a while
// before this one was written until now.
func (n *Node) sameCase(e *replica.Entry, name string) ([]record.ID, error) {
	since := e.Record.Header().Created.Add(-lookBack)
	var out []record.ID
	err := n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindRequest}, Since: since}, func(o *replica.Entry) (bool, error) {
		r, ok := o.Notice.(*notice.Request)
		if ok && r.Case == name && o.Record.ID() != e.Record.ID() && o.Record.Team() == e.Record.Team() {
			out = append(out, o.Record.ID())
		}
		return len(out) < api.MaxLimit, nil
	})
	return out, err
}

// findRequest returns a request and what it asks.
func (n *Node) findRequest(id string) (replica.Entry, *notice.Request, error) {
	e, err := n.find(id, n.replica.Brief)
	if err != nil {
		return e, nil, err
	}
	what, ok := e.Notice.(*notice.Request)
	switch {
	case e.Record.Header().Kind != notice.KindRequest:
		return e, nil, api.NewProblem(api.NotFound, fmt.Sprintf("%s is of kind %s, not a request", e.Record.ID(), e.Record.Header().Kind),
			"tocsin request list shows requests")
	case !ok:
		return e, nil, api.NewProblem(api.UnknownForm, "the request cannot be read here: "+e.Unread, "")
	}
	return e, what, nil
}

// Reply implements httpapi.Service.
func (n *Node) Reply(ctx context.Context, id string, d api.ReplyDraft) (*api.Published, error) {
	e, asked, err := n.findRequest(id)
	if err != nil {
		return nil, err
	}
	if n.isOwn(e.Record.Team()) {
		return nil, api.NewProblem(api.NotAllowed, "the request is this team's own", "close or withdraw it instead")
	}
	if err := n.grant(asked, &d); err != nil {
		return nil, err
	}
	if err := saysUse(asked, &d.Reply); err != nil {
		return nil, err
	}
	if err := refersTo(&d.Reply.Request, e.Record.ID(), "reply.request"); err != nil {
		return nil, err
	}
	if err := n.mayReply(&e, &d.Reply); err != nil {
		return nil, err
	}
	return n.answer(ctx, &e, &d.Reply, d.Relabel)
}

// CloseRequest implements httpapi.Service.
func (n *Node) CloseRequest(ctx context.Context, id string, d api.CloseDraft) (*api.Published, error) {
	e, err := n.ownRequest(id)
	if err != nil {
		return nil, err
	}
	if err := refersTo(&d.Close.Request, e.Record.ID(), "close.request"); err != nil {
		return nil, err
	}
	return n.answer(ctx, &e, &d.Close, d.Relabel)
}

// WithdrawRequest implements httpapi.Service.
func (n *Node) WithdrawRequest(ctx context.Context, id string, d api.WithdrawDraft) (*api.Published, error) {
	e, err := n.ownRequest(id)
	if err != nil {
		return nil, err
	}
	if err := refersTo(&d.Withdraw.Request, e.Record.ID(), "withdraw.request"); err != nil {
		return nil, err
	}
	return n.answer(ctx, &e, &d.Withdraw, d.Relabel)
}

// answer publishes what refers to a request, the way the request came.
func (n *Node) answer(ctx context.Context, e *replica.Entry, what notice.Notice, relabel bool) (*api.Published, error) {
	class := e.Record.Header().Class
	if class == record.Control {
		class = record.Routine
	}
	return n.publishOne(ctx, leaving{Outgoing: replica.Outgoing{Channel: e.Record.Header().Channel, Class: class, Notice: what}, relabel: relabel})
}

// ownRequest returns a request of this team's that is still open.
func (n *Node) ownRequest(id string) (replica.Entry, error) {
	e, _, err := n.findRequest(id)
	if err != nil {
		return e, err
	}
	if !n.isOwn(e.Record.Team()) {
		return e, api.NewProblem(api.NotAllowed, "the request is another team's, and only that team can end it", "reply to it instead")
	}
	answers, err := n.replica.AnswersOf(e.Record.ID(), n.isOwn)
	if err != nil {
		return e, err
	}
	for i := range answers {
		a := answers[i].Record
		switch a.Header().Kind {
		case notice.KindClose, notice.KindWithdraw:
			return e, api.NewProblem(api.Conflict, "the request was ended already, by "+a.ID().String(), "ask again with a new request if need be")
		}
	}
	return e, nil
}

// refersTo fills in the request that an answer refers to; another one than the path's is a mistake.
func refersTo(field *record.ID, id record.ID, name string) error {
	if *field != (record.ID{}) && *field != id {
		return api.Invalid(name, "is not the request of the path", "leave it out")
	}
	*field = id
	return nil
}
