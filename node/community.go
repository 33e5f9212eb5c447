package node

import (
	"cmp"
	"context"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Communities implements httpapi.Service.
func (n *Node) Communities(ctx context.Context) (*api.Communities, error) {
	r := n.replica.Roster()
	online := n.online()
	out := &api.Communities{Communities: []api.Community{}}
	for _, id := range r.Communities() {
		if c, ok := r.Community(id); ok {
			out.Communities = append(out.Communities, n.showCommunity(ctx, c, online))
		}
	}
	return out, nil
}

// Community implements httpapi.Service.
func (n *Node) Community(ctx context.Context, id string) (*api.Community, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	out := n.showCommunity(ctx, c, n.online())
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

func (n *Node) showCommunity(ctx context.Context, c *roster.Community, online map[identity.TeamID]bool) api.Community {
	self := n.replica.Self()
	out := api.Community{
		ID: c.ID, Name: c.Charter.Name, Region: c.Charter.Region, Sector: c.Charter.Sector, Role: "none",
		RetentionDays: c.Charter.RetentionDays, ReplyByFloor: c.Charter.ReplyByFloor, LastResort: c.Charter.LastResort,
		Ends: utc(c.Charter.Ends), Members: []api.Member{}, Admission: shownRule(c.Charter.Admission),
		History: cmp.Or(c.Charter.History, notice.HistoryAll), Parking: cmp.Or(c.Charter.Parking, notice.ParkingNone),
		Domain: c.Charter.Domain,
		InStep: utc(n.replica.InStepAt(record.InCommunity(c.ID))),
	}
	for _, t := range c.Members() {
		out.Members = append(out.Members, api.Member{
			Team: n.team(t), Founder: c.IsFounder(t), Self: t == self, Online: online[t],
		})
	}
	out.Proof = n.proof(ctx, c.ID, c.Charter.Domain)
	n.showStanding(&out, c)
	return out
}

// join takes in statements about a community that the operator handed over, durable when it returns
// nil.
func (n *Node) join(c identity.CommunityID, statements []*record.Statement) error {
	var frames [][]byte
	for _, s := range statements {
		frames = append(frames, s.Frame())
	}
	for _, o := range n.replica.Join(n.now(), frames) {
		waits := o.Reason == policy.Waits // for what went before it: members bring that
		if o.Verdict != policy.Accept && o.Reason != policy.Duplicate && !waits {
			return api.NewProblem(api.Code(o.Reason), "a statement was not taken: "+o.Detail, "")
		}
	}
	if err := n.noteJoined(c); err != nil {
		return err
	}
	n.net.Refresh()
	n.tellMembers()
	rouse(n.members)
	return nil
}

// tellMembers says that statements changed.
func (n *Node) tellMembers() {
	n.hub.tell(api.Event{Type: api.EventMember, At: n.now()})
}
