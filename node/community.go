package node

import (
	"context"
	"fmt"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Communities implements httpapi.Service.
func (n *Node) Communities(context.Context) (*api.Communities, error) {
	r := n.replica.Roster()
	online := n.online()
	out := &api.Communities{Communities: []api.Community{}}
	for _, id := range r.Communities() {
		if c, ok := r.Community(id); ok {
			out.Communities = append(out.Communities, n.showCommunity(c, online))
		}
	}
	return out, nil
}

// Community implements httpapi.Service.
func (n *Node) Community(_ context.Context, id string) (*api.Community, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	out := n.showCommunity(c, n.online())
	return &out, nil
}

func (n *Node) known(text string) (*roster.Community, error) {
	id, err := n.findCommunity(text)
	if err != nil {
		return nil, err
	}
	c, ok := n.replica.Roster().Community(id)
	if !ok {
		return nil, api.NewProblem(api.NotFound, "the community is not known here", "")
	}
	return c, nil
}

// online returns the teams that are connected to this one now.
func (n *Node) online() map[identity.TeamID]bool {
	out := map[identity.TeamID]bool{}
	for _, p := range n.net.Peers() {
		if p.Known && p.Team != n.replica.Self() {
			out[p.Team] = true
		}
	}
	return out
}

func (n *Node) showCommunity(c *roster.Community, online map[identity.TeamID]bool) api.Community {
	self := n.replica.Self()
	out := api.Community{
		ID: c.ID, Name: c.Charter.Name, Region: c.Charter.Region, Sector: c.Charter.Sector, Role: "none",
		RetentionDays: c.Charter.RetentionDays, ReplyByFloor: c.Charter.ReplyByFloor, LastResort: c.Charter.LastResort,
		Ends: utc(c.Charter.Ends), Members: []api.Member{},
		InStep: utc(n.replica.InStepAt(record.InCommunity(c.ID))),
	}
	switch {
	case c.IsFounder(self):
		out.Role = "founder"
	case c.Member(self):
		out.Role = "member"
	case c.Removed(self):
		out.Role = "removed"
	}
	for _, t := range c.Members() {
		out.Members = append(out.Members, api.Member{
			Team: n.team(t), Founder: c.IsFounder(t), Self: t == self, Online: online[t],
		})
	}
	return out
}

// Found implements httpapi.Service.
func (n *Node) Found(ctx context.Context, d api.Found) (*api.Founding, error) {
	if err := n.unnamed(d.Name); err != nil {
		return nil, err
	}
	founders := []*identity.Delegation{n.replica.Delegation()}
	var addresses []string
	for i, file := range d.Founders {
		card, err := n.openCard(file)
		if err != nil {
			return nil, fmt.Errorf("card %d: %w", i+1, err)
		}
		for _, f := range founders {
			if f.Team == card.Delegation.Team {
				return nil, api.Invalid(fmt.Sprintf("founders[%d]", i), "is the card of a team that is a founder already", "")
			}
		}
		founders = append(founders, card.Delegation)
		addresses = append(addresses, card.Addresses...)
	}
	if len(founders) > record.MaxSigners {
		return nil, api.Invalid("founders", fmt.Sprintf("are %d with this team, at most %d", len(founders), record.MaxSigners),
			"found with fewer and invite the others")
	}
	draft, err := invite.NewDraft(&notice.Charter{
		Name: d.Name, Region: d.Region, Sector: d.Sector, RetentionDays: d.RetentionDays, ReplyByFloor: d.ReplyByFloor,
		LastResort: d.LastResort, Ends: d.Ends,
	}, n.now(), founders)
	if err != nil {
		return nil, err
	}
	n.meet(ctx, addresses)
	return n.signDraft(draft)
}

// unnamed answers api.Conflict if a community that is here has the name. Others may choose the same
// name elsewhere; within reach of one founder it is a slip.
func (n *Node) unnamed(name string) error {
	r := n.replica.Roster()
	for _, id := range r.Communities() {
		c, ok := r.Community(id)
		if ok && strings.EqualFold(c.Charter.Name, strings.TrimSpace(name)) {
			return api.NewProblem(api.Conflict, fmt.Sprintf("a community here is called %+q already: %s", c.Charter.Name, id), "choose another name")
		}
	}
	return nil
}

// SignCharter implements httpapi.Service.
func (n *Node) SignCharter(_ context.Context, id string, d api.SignCharter) (*api.Founding, error) {
	draft, err := invite.OpenDraft(d.Charter)
	if err != nil {
		return nil, err
	}
	if c, err := identity.ParseCommunity(id); err != nil || c != draft.Community() {
		return nil, api.NewProblem(api.BadRequest, "the charter is that of community "+draft.Community().String()+", not the one of the path", "")
	}
	return n.signDraft(draft)
}

// signDraft adds this founder's signature, and takes the charter in when it is the last.
func (n *Node) signDraft(draft *invite.Draft) (*api.Founding, error) {
	if !draft.Sign(n.key) {
		return nil, api.NewProblem(api.NotAllowed, "this node is not one of the founders that the charter names",
			"give your card to whoever drafts it: tocsin id --card")
	}
	file, err := draft.File()
	if err != nil {
		return nil, err
	}
	out := &api.Founding{ID: draft.Community(), Charter: file, Unsigned: []api.Team{}}
	for _, t := range draft.Unsigned() {
		out.Unsigned = append(out.Unsigned, api.Team{ID: t, Name: draft.Name(t)})
	}
	if len(out.Unsigned) > 0 {
		return out, nil
	}
	s, err := draft.Statement()
	if err != nil {
		return nil, err
	}
	if err := n.join(draft.Community(), []*record.Statement{s}); err != nil {
		return nil, err
	}
	c, ok := n.replica.Roster().Community(draft.Community())
	if !ok {
		return nil, api.NewProblem(api.Internal, "the charter was kept and founds nothing", "")
	}
	shown := n.showCommunity(c, n.online())
	out.Community = &shown
	return out, nil
}

// join takes in statements about a community that the operator handed over, durable when it returns
// nil.
func (n *Node) join(c identity.CommunityID, statements []*record.Statement) error {
	var frames [][]byte
	for _, s := range statements {
		frames = append(frames, s.Frame())
	}
	for _, o := range n.replica.Join(n.now(), frames) {
		if o.Verdict != policy.Accept && o.Reason != policy.Duplicate {
			return api.NewProblem(api.Code(o.Reason), "a statement was not taken: "+o.Detail, "")
		}
	}
	if err := n.noteJoined(c); err != nil {
		return err
	}
	n.net.Refresh()
	n.tellMembers()
	return nil
}

// tellMembers says that statements changed.
func (n *Node) tellMembers() {
	n.hub.tell(api.Event{Type: api.EventMember, At: n.now()})
}

// openCard reads a card that can be used now.
func (n *Node) openCard(file api.File) (*invite.Card, error) {
	card, err := invite.OpenCard(file)
	if err != nil {
		return nil, err
	}
	if !card.Delegation.Covers(n.now()) {
		return nil, api.NewProblem(api.Expired, "the delegation in the card of team "+card.Delegation.Name+" is not in force now",
			"ask the team for a new card")
	}
	return card, nil
}
