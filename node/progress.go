package node

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// progress says how far a request is.
func (n *Node) progress(e *replica.Entry, what *notice.Request) *api.Progress {
	p := &api.Progress{}
	for _, t := range what.To {
		p.Asked = append(p.Asked, n.team(t))
	}
	var rows []ledger.Row
	n.replica.Ledger(func(l *ledger.Ledger) { rows = l.Request(n.now(), e.Record.ID()) })
	for i := range rows {
		if !rows[i].Acknowledged.IsZero() {
			p.Answered++
		}
	}
	p.Due = n.due(e.Record, what.ReplyBy, rows)
	end, err := n.ended(e)
	if err != nil || end == nil {
		return p // dropped in between: nothing to show
	}
	if end.Record.Header().Kind == notice.KindWithdraw {
		p.Withdrawn = end.Record.Header().Created
	} else {
		p.Closed = end.Record.Header().Created
	}
	return p
}

// due says when an answer counts as late, where that is not replyBy. The ledger's rows have the word, since theirs is what is
// counted; a request that has not left yet has none there.
func (n *Node) due(r *record.Record, replyBy time.Time, rows []ledger.Row) *api.Due {
	if replyBy.IsZero() {
		return nil
	}
	floor := n.floor(r.Header().Channel)
	least := r.Header().Created.Add(floor)
	at := replyBy
	if at.Before(least) {
		at = least
	}
	for i := range rows {
		if rows[i].Due.IsZero() {
			continue
		}
		at, least = rows[i].Due, rows[i].Sent.Add(floor)
		break
	}
	switch {
	case !at.After(replyBy):
		return nil
	case at.Equal(least):
		return &api.Due{At: utc(at), Floor: int64(floor / time.Second)}
	}
	return &api.Due{At: utc(at)}
}

// floor is the shortest time to answer in that is counted in a channel, as the ledger has it.
func (n *Node) floor(ch record.Channel) time.Duration {
	if c, ok := n.replica.Roster().Community(ch.Community); ok && !ch.Private() {
		return c.Charter.Floor()
	}
	return notice.DefaultReplyByFloor
}

// apart says that a team shares no community with this one.
func (n *Node) apart(t identity.TeamID) bool {
	r := n.replica.Roster()
	for _, c := range r.CommunitiesOf(t) {
		if r.Member(c, n.replica.Self()) {
			return false
		}
	}
	return true
}

// ended returns the first close or withdrawal of a request by the team that asked, where it asked; nil if there is none here.
func (n *Node) ended(e *replica.Entry) (*replica.Entry, error) {
	answers, err := n.replica.AnswersOf(e.Record.ID(), func(t identity.TeamID) bool { return t == e.Record.Team() })
	if err != nil {
		return nil, err
	}
	for i := range answers {
		h := answers[i].Record.Header()
		if h.Channel != e.Record.Header().Channel {
			continue
		}
		if h.Kind == notice.KindClose || h.Kind == notice.KindWithdraw {
			return &answers[i], nil
		}
	}
	return nil, nil //nolint:nilnil // an open request has no end
}

// mayReply refuses a reply that says nothing new: to a request that is over, or what this team said last. Only what is here
// counts; replies that cross an ending on their way are no mistake.
func (n *Node) mayReply(e *replica.Entry, reply *notice.Reply) error {
	end, err := n.ended(e)
	if err != nil {
		return err
	}
	if end != nil {
		verb := "closed"
		if end.Record.Header().Kind == notice.KindWithdraw {
			verb = "withdrawn"
		}
		by := n.team(end.Record.Team())
		return api.NewProblem(api.Conflict, fmt.Sprintf("the request was %s by %s at %s", verb, nameOf(by),
			utc(end.Record.Header().Created).Format("2006-01-02 15:04:05Z")), "no reply is waited for any more")
	}
	answers, err := n.replica.AnswersOf(e.Record.ID(), n.isOwn)
	if err != nil {
		return err
	}
	var own []*notice.Reply
	for i := range answers {
		if said, ok := answers[i].Notice.(*notice.Reply); ok {
			own = append(own, said)
		}
	}
	again := slices.ContainsFunc(own, func(said *notice.Reply) bool {
		return reply.State == notice.Acknowledged && sameReply(said, reply)
	})
	if again || len(own) > 0 && sameReply(own[len(own)-1], reply) {
		return api.NewProblem(api.Conflict, alreadySaid(reply.State), "a reply that says something else can follow; tocsin request show shows all")
	}
	return nil
}

func alreadySaid(s notice.ReplyState) string {
	if s == notice.NeedInfo || s == notice.Progress {
		return s.String() + " was said already, in the same words"
	}
	return s.String() + " already"
}

// sameReply compares what two replies say; both are normalised the same way first.
func sameReply(a, b *notice.Reply) bool {
	one, other := *a, *b
	one.Normalise()
	other.Normalise()
	return reflect.DeepEqual(one, other)
}

// shownID is how much of an ID stands beside a name: as much as a list shows, and more than anybody can imitate soon.
const shownID = 12

// nameOf names a team in a sentence: its own claim, and the beginning of the ID, which cannot be claimed.
func nameOf(t api.Team) string {
	if t.Name == "" {
		return t.ID.String()
	}
	return fmt.Sprintf("%s (%s)", t.Name, t.ID.String()[:shownID])
}
