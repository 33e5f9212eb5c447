package node

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// inviteTime is how long an invite file is good for where nothing else is said.
const inviteTime = 7 * 24 * time.Hour

// Invite implements httpapi.Service.
func (n *Node) Invite(ctx context.Context, id string, d api.InviteDraft) (*api.Invited, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	guest, err := n.guest(ctx, d)
	if err != nil {
		return nil, err
	}
	own := guest.ID == n.replica.Self() // the file is for another node of this team
	if own && !c.Member(guest.ID) {
		return nil, api.NewProblem(api.NotMember, "this team is not a member of the community", "")
	}
	if !own && c.Charter.Admission.Rule == notice.RuleSponsors {
		return nil, api.NewProblem(api.NotAllowed, "nobody alone makes a team a member of this community: teams apply, and members sponsor them",
			"give the team the charter (tocsin community charter), and sponsor its application (tocsin community sponsor -o INVITE-FILE)")
	}
	if !own && !c.IsFounder(n.replica.Self()) {
		return nil, notFounder()
	}
	if c.Removed(guest.ID) {
		return nil, api.NewProblem(api.Removed, "the team was removed from the community",
			"the team was removed for good; only a new community can include it")
	}
	now := n.now()
	expires := d.Expires
	if expires.IsZero() {
		expires = now.Add(inviteTime)
	}
	if !expires.After(now) {
		return nil, api.Invalid("expires", "has passed already", "")
	}
	already := c.Member(guest.ID)
	member := n.admission(c.ID, guest.ID)
	if !own {
		if member, err = n.admit(c, guest); err != nil {
			return nil, err
		}
	}
	charter, ok := n.replica.Roster().Statement(record.StatementID(c.ID))
	if !ok {
		return nil, api.NewProblem(api.Internal, "the charter is not here", "")
	}
	i := invite.Invite{
		Sponsor: n.replica.Delegation(), Team: guest.ID, Community: c.ID, Created: now, Expires: expires,
		Statements: []*record.Statement{charter}, Addresses: n.callingAddresses(),
	}
	if member != nil {
		i.Statements = append(i.Statements, member)
	}
	file, err := i.Seal(n.key)
	if err != nil {
		return nil, err
	}
	out := &api.Invited{Team: guest, Already: already, Invite: file, Expires: expires.UTC(), Addresses: i.Addresses}
	if member != nil {
		out.Statement = member.ID()
	}
	return out, nil
}

// founded returns a community that this team is a founder of.
func (n *Node) founded(id string) (*roster.Community, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	if !c.IsFounder(n.replica.Self()) {
		return nil, notFounder()
	}
	return c, nil
}

func notFounder() error {
	return api.NewProblem(api.NotAllowed, "only a founder of the community can do this", "ask one of the founders")
}

// guest says whom an invite is for.
func (n *Node) guest(ctx context.Context, d api.InviteDraft) (api.Team, error) {
	if len(d.Card) > 0 {
		return n.cardGuest(ctx, d)
	}
	id, err := n.findTeam(d.Team)
	if err != nil {
		return api.Team{}, err
	}
	team := n.team(id)
	if d.Name != "" {
		team.Name = d.Name
	}
	if team.Name == "" {
		return team, api.Invalid("name", "is missing", "say what you call the team, or give its card")
	}
	return team, n.wholeID(d.Team, id, team.Name)
}

// cardGuest is the team of a card. Anybody can write one, so that of a team whose name looks like another's needs the whole ID too.
func (n *Node) cardGuest(ctx context.Context, d api.InviteDraft) (team api.Team, err error) {
	card, err := n.openCard(d.Card)
	if err != nil {
		return team, err
	}
	team = api.Team{ID: card.Delegation.Team, Name: cmp.Or(d.Name, card.Delegation.Name)}
	if d.Team != "" {
		switch id, err := identity.ParseTeam(d.Team); {
		case err != nil:
			return team, api.Invalid("team", err.Error(), "give the whole ID, as the team itself told it")
		case id != team.ID:
			return team, api.NewProblem(api.Conflict, "the card is of another team: "+team.ID.String(),
				"ask the team for its ID and its card again, by a way that you know to be theirs")
		}
	}
	if err := n.wholeID(d.Team, team.ID, team.Name); err != nil {
		return team, hinted(err, compareIDs+"give it beside the card: --id ID")
	}
	n.meet(ctx, card.Addresses)
	return team, nil
}

// admit signs the team's admission, or finds the one there is. A founder needs none.
func (n *Node) admit(c *roster.Community, guest api.Team) (*record.Statement, error) {
	if c.IsFounder(guest.ID) {
		return nil, nil //nolint:nilnil // no statement is needed, and none is there
	}
	if c.Member(guest.ID) {
		if s := n.admission(c.ID, guest.ID); s != nil {
			return s, nil
		}
	}
	return n.state(roster.KindMember, &notice.Member{Community: c.ID, Team: guest.ID, Name: guest.Name})
}

// admission returns a statement that makes the team a member, or nil.
func (n *Node) admission(c identity.CommunityID, t identity.TeamID) *record.Statement {
	r := n.replica.Roster()
	community, ok := r.Community(c)
	for _, id := range r.Statements() {
		s, found := r.Statement(id)
		if !ok || !found || s.Kind != roster.KindMember || !community.FounderSigned(s) {
			continue
		}
		if m, err := notice.DecodeMember(s.Says); err == nil && m.Community == c && m.Team == t {
			return s
		}
	}
	return nil
}

// callingAddresses returns where to call this node first: what the operator announces, else what the
// mesh sees, without what nobody outside this machine can reach unless there is nothing else.
func (n *Node) callingAddresses() []string {
	all := n.net.Addrs()
	far := slices.DeleteFunc(slices.Clone(all), func(a string) bool {
		return strings.HasPrefix(a, "/ip4/127.") || strings.HasPrefix(a, "/ip6/::1/")
	})
	if len(far) > 0 {
		all = far
	}
	return all[:min(len(all), invite.MaxAddresses)]
}

// Join implements httpapi.Service.
func (n *Node) Join(ctx context.Context, d api.Join) (*api.Joined, error) {
	i, err := invite.Open(d.Invite)
	if err != nil {
		return nil, err
	}
	if err := i.For(n.replica.Self(), n.now()); err != nil {
		return nil, err
	}
	sponsor := record.DelegationStatement(i.Sponsor)
	if err := n.join(i.Community, i.Statements); err != nil {
		return nil, err
	}
	// The sponsor's delegation lets us know its node when it answers; without it hello brings it.
	n.replica.Join(n.now(), [][]byte{sponsor.Frame()})
	n.meet(ctx, i.Addresses)
	c, ok := n.replica.Roster().Community(i.Community)
	if own, _ := n.ownApplication(i.Community); !ok || !c.Member(n.replica.Self()) && own == nil && i.Sponsor.Team != n.replica.Self() {
		return nil, api.NewProblem(api.Removed, "the invite's statements do not make this team a member (any more), nor is its application open", "ask the sponsor")
	}
	return &api.Joined{
		Community: n.showCommunity(ctx, c, n.online()), Sponsor: n.team(i.Sponsor.Team), Addresses: i.Addresses,
	}, nil
}
