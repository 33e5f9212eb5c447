package node

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// sight is what is known of teams at one moment.
type sight struct {
	n      *Node
	roster *roster.Roster
	pins   map[identity.TeamID]replica.Pin
	trust  roster.Pins
	online map[identity.TeamID]bool
}

func (n *Node) sight() (*sight, error) {
	pins, err := n.replica.Pins()
	if err != nil {
		return nil, err
	}
	s := &sight{n: n, roster: n.replica.Roster(), pins: pins, online: n.online()}
	s.trust = roster.Pins{Self: n.replica.Self(), Teams: map[identity.TeamID]struct{}{}}
	for t := range pins {
		s.trust.Teams[t] = struct{}{}
	}
	return s, nil
}

// Teams implements httpapi.Service.
func (n *Node) Teams(context.Context) (*api.Teams, error) {
	s, err := n.sight()
	if err != nil {
		return nil, err
	}
	out := &api.Teams{Teams: []api.TeamEntry{}}
	known := map[identity.TeamID]struct{}{n.replica.Self(): {}}
	for _, t := range s.roster.Teams() {
		known[s.roster.Canonical(t)] = struct{}{}
	}
	for t := range s.pins {
		known[s.roster.Canonical(t)] = struct{}{}
	}
	for t := range known {
		out.Teams = append(out.Teams, s.entry(t))
	}
	slices.SortFunc(out.Teams, func(a, b api.TeamEntry) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Team.Name), strings.ToLower(b.Team.Name)),
			strings.Compare(a.Team.ID.String(), b.Team.ID.String()))
	})
	return out, nil
}

// Team implements httpapi.Service.
func (n *Node) Team(_ context.Context, id string) (*api.TeamView, error) {
	t, err := n.lookUpTeam(id)
	if err != nil {
		return nil, err
	}
	s, err := n.sight()
	if err != nil {
		return nil, err
	}
	return s.view(t), nil
}

func (s *sight) entry(t identity.TeamID) api.TeamEntry {
	out := api.TeamEntry{Team: s.n.team(t), Trust: s.of(t), Communities: []api.CommunityRef{}, Online: s.online[t]}
	for _, c := range s.roster.CommunitiesOf(t) {
		if s.roster.Member(c, s.n.replica.Self()) {
			out.Communities = append(out.Communities, s.n.community(c))
		}
	}
	_, out.Profile = s.roster.Profile(t)
	return out
}

// of says how far this node trusts a team's ID, by its own pins and its own setting.
func (s *sight) of(t identity.TeamID) api.Trust {
	trust := s.roster.Trust(t, s.trust)
	out := api.Trust{Level: api.TrustUnknown, Parents: trust.Parents}
	switch trust.Level {
	case roster.Self:
		out.Level = api.TrustSelf
	case roster.Pinned:
		out.Level = api.TrustPinned
	case roster.Vouched:
		out.Level = api.TrustKnown
		if trust.Parents >= s.n.opt.Config.Trust.Vouches {
			out.Level = api.TrustVouched
		}
	case roster.Known:
		out.Level = api.TrustKnown
	case roster.Unknown:
	}
	for _, v := range trust.Vouchers {
		out.Vouchers = append(out.Vouchers, s.n.team(v))
	}
	for _, step := range trust.Path {
		out.Why = append(out.Why, api.TrustStep{
			Kind: step.Kind, From: s.n.team(step.From), To: s.n.team(step.To), Statement: step.Statement,
		})
		if pin, ok := s.pins[step.To]; ok && trust.Level == roster.Pinned && step.Kind == "pin" {
			out.Pin = &api.Pin{At: utc(pin.At), Team: step.To, How: pin.How, Note: pin.Note}
		}
	}
	return out
}

func (s *sight) view(asked identity.TeamID) *api.TeamView {
	t := s.roster.Canonical(asked)
	out := &api.TeamView{
		TeamEntry: s.entry(t), Words: identity.Words(t), Nodes: []api.TeamNode{}, Vouches: []api.VouchView{},
		Profile: s.n.profileOf(s.roster, t),
	}
	if t != asked {
		out.Asked = asked.String()
	}
	now := s.n.now()
	seen := map[identity.NodeID]bool{}
	for _, d := range slices.Backward(s.roster.Delegations(t)) {
		if seen[d.Node] {
			continue // the newest delegation of a node says until when
		}
		seen[d.Node] = true
		state := api.KeyStateOf(d, now)
		switch {
		case s.roster.Revoked(t, d.Node):
			state = api.KeyRevoked
		case s.roster.Frozen(t, d.Node):
			state = api.KeyFrozen
		}
		out.Nodes = append(out.Nodes, api.TeamNode{Node: d.Node, From: utc(d.From), Until: utc(d.Until), State: state})
	}
	for _, v := range s.roster.Vouches(t) {
		by := s.roster.Canonical(v.By)
		level := s.roster.Trust(by, s.trust).Level
		out.Vouches = append(out.Vouches, api.VouchView{
			By: s.n.team(by), Statement: v.ID, Name: v.Name, Parent: v.Parent, Met: v.Met, Withdrawn: v.Withdrawn,
			Counts: level == roster.Pinned && !v.Withdrawn, Own: level == roster.Self,
		})
	}
	for _, c := range s.roster.Successions(t) {
		other := c.New
		if other == t {
			other = c.Old
		}
		out.Successors = append(out.Successors, s.n.team(other))
	}
	return out
}

// Pin implements httpapi.Service. It compares what the operator compared once more, so that a slip of the
// name cannot pin another team.
func (n *Node) Pin(ctx context.Context, id string, d api.PinDraft) (*api.TeamView, error) {
	t, err := n.findTeam(id)
	if err != nil {
		return nil, err
	}
	t = n.replica.Roster().Canonical(t)
	same, err := identity.SameTeam(t, d.Fingerprint)
	switch {
	case err != nil:
		return nil, api.Invalid("fingerprint", err.Error(), fmt.Sprintf("give the whole ID of the team, or all %d words, as the team itself told them", identity.WordCount))
	case !same:
		return nil, api.NewProblem(api.Conflict, "what was compared is not the ID of this team; nothing is pinned",
			"ask the team again, by a way that you know to be theirs; if it still differs, somebody uses its name")
	}
	if err := n.replica.Pin(t, replica.Pin{At: n.now(), How: strings.TrimSpace(d.How), Note: strings.TrimSpace(d.Note)}); err != nil {
		return nil, err
	}
	return n.Team(ctx, t.String())
}

// Unpin implements httpapi.Service.
func (n *Node) Unpin(ctx context.Context, id string, _ api.UnpinDraft) (*api.TeamView, error) {
	t, err := n.findTeam(id)
	if err != nil {
		return nil, err
	}
	pins, err := n.replica.Pins()
	if err != nil {
		return nil, err
	}
	r, found := n.replica.Roster(), false
	for _, pinned := range slices.SortedFunc(maps.Keys(pins), func(a, b identity.TeamID) int { return strings.Compare(a.String(), b.String()) }) {
		if pinned != t && r.Canonical(pinned) != r.Canonical(t) {
			continue
		}
		if _, err := n.replica.Unpin(pinned); err != nil {
			return nil, err
		}
		found = true
	}
	if !found {
		return nil, api.NewProblem(api.NotFound, "the team is not pinned", "tocsin team list shows which are")
	}
	return n.Team(ctx, t.String())
}

// Vouch implements httpapi.Service.
func (n *Node) Vouch(_ context.Context, id string, d api.VouchDraft) (*api.Vouched, error) {
	t, err := n.findTeam(id)
	if err != nil {
		return nil, err
	}
	s, err := n.sight()
	if err != nil {
		return nil, err
	}
	t = s.roster.Canonical(t)
	switch s.of(t).Level {
	case api.TrustSelf:
		return nil, api.NewProblem(api.NotAllowed, "a team does not vouch for itself", "")
	case api.TrustPinned:
	default:
		if !d.Unpinned {
			return nil, api.NewProblem(api.NotAllowed, "the team is not pinned here: nobody said that its ID was compared with it",
				"compare it and pin it first: tocsin team pin "+t.String())
		}
	}
	says := &notice.Vouch{Team: t, Name: cmp.Or(strings.TrimSpace(d.Name), s.n.team(t).Name), Parent: strings.TrimSpace(d.Parent), Met: d.Met}
	if p := n.profileOf(s.roster, t); p != nil && p.Profile != nil {
		says.Parent = cmp.Or(says.Parent, p.Profile.Parent)
		says.Name = cmp.Or(says.Name, p.Profile.Name)
	}
	if d.Succeeds != "" {
		if says.Succeeds, err = identity.ParseTeam(d.Succeeds); err != nil {
			return nil, api.Invalid("succeeds", err.Error(), "the whole ID under which this team knew it")
		}
	}
	st, err := n.state(roster.KindVouch, says)
	if err != nil {
		return nil, err
	}
	return &api.Vouched{Team: n.team(t), Statements: []record.StatementID{st.ID()}}, nil
}

// WithdrawVouch implements httpapi.Service.
func (n *Node) WithdrawVouch(_ context.Context, id string, _ api.WithdrawVouchDraft) (*api.Vouched, error) {
	t, err := n.findTeam(id)
	if err != nil {
		return nil, err
	}
	t = n.replica.Roster().Canonical(t)
	out := &api.Vouched{Team: n.team(t)}
	for {
		// The newest that stands hides those before it, so each is taken back in turn.
		v, ok := n.ownVouch(t)
		if !ok || len(out.Statements) == maxWithdrawn {
			break
		}
		st, err := n.state(roster.KindWithdrawVouch, &notice.WithdrawVouch{Vouch: v.ID, Team: v.For})
		if err != nil {
			return nil, err
		}
		out.Statements = append(out.Statements, st.ID())
	}
	if len(out.Statements) == 0 {
		return nil, api.NewProblem(api.NotFound, "this team does not vouch for that one", "")
	}
	return out, nil
}

// maxWithdrawn bounds what one call signs.
const maxWithdrawn = 64

// ownVouch returns this team's vouch for another that stands.
func (n *Node) ownVouch(t identity.TeamID) (roster.Vouching, bool) {
	r := n.replica.Roster()
	for _, v := range r.Vouches(t) {
		if !v.Withdrawn && r.Canonical(v.By) == r.Canonical(n.replica.Self()) {
			return v, true
		}
	}
	return roster.Vouching{}, false
}
