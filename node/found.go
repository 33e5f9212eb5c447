package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Found implements httpapi.Service.
func (n *Node) Found(ctx context.Context, d api.Found) (*api.Founding, error) {
	if err := n.unnamed(d.Name); err != nil {
		return nil, err
	}
	founders := []*identity.Delegation{n.replica.Delegation()}
	parents := map[identity.TeamID]string{n.replica.Self(): n.ownParent()}
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
		parents[card.Delegation.Team] = card.Parent
		addresses = append(addresses, card.Addresses...)
	}
	if len(founders) > record.MaxSigners {
		return nil, api.Invalid("founders", fmt.Sprintf("are %d with this team, at most %d", len(founders), record.MaxSigners),
			"found with fewer and invite the others")
	}
	charter, err := charterOf(d, len(founders), n.now())
	if err != nil {
		return nil, err
	}
	if charter.Parents, err = parentsOf(d.Parents, founders, parents); err != nil {
		return nil, err
	}
	draft, err := invite.NewDraft(charter, n.now(), founders)
	if err != nil {
		return nil, err
	}
	n.meet(ctx, addresses)
	return n.signDraft(ctx, draft)
}

// unnamed answers api.Conflict if a community that is here has the name, or one that looks like it. Others may choose the same
// name elsewhere; within reach of one founder it is a slip.
func (n *Node) unnamed(name string) error {
	r := n.replica.Roster()
	for _, id := range r.Communities() {
		c, ok := r.Community(id)
		if ok && identity.Alike(c.Charter.Name, name) {
			return api.NewProblem(api.Conflict, fmt.Sprintf("a community here is called %+q already, which looks the same: %s", c.Charter.Name, id), "choose another name")
		}
	}
	return nil
}

// charterOf writes the charter that a founding asks for, without founders: what it says, then what its
// template says, then the defaults.
func charterOf(d api.Found, founders int, now time.Time) (*notice.Charter, error) {
	t, err := templateOf(d.Template)
	if err != nil {
		return nil, err
	}
	c := &notice.Charter{
		Name: d.Name, Region: d.Region, Sector: d.Sector, LastResort: d.LastResort, Ends: d.Ends, Domain: d.Domain,
		RetentionDays: cmp.Or(d.RetentionDays, t.RetentionDays), ReplyByFloor: cmp.Or(d.ReplyByFloor, t.ReplyByFloor),
		History: cmp.Or(d.History, t.History), Parking: cmp.Or(d.Parking, t.Parking),
	}
	if c.Ends.IsZero() && t.LifeDays > 0 {
		c.Ends = now.AddDate(0, 0, t.LifeDays).Truncate(time.Second)
	}
	c.Admission, err = ruleOf(d.Admission, t, founders)
	return c, err
}

func templateOf(name string) (api.Template, error) {
	var names []string
	for _, t := range api.Templates() {
		if strings.EqualFold(t.Name, name) {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if name == "" {
		return api.Template{}, nil
	}
	return api.Template{}, api.Invalid("template", fmt.Sprintf("%+.40q is not one", name), "one of "+strings.Join(names, ", "))
}

// ruleOf decides on the rule of membership. A rule under which nobody could ever be admitted is
// refused, or, where nobody asked for one, not chosen.
func ruleOf(said notice.Admission, t api.Template, founders int) (notice.Admission, error) {
	numbers := said
	numbers.Rule = ""
	asked := said.Rule == notice.RuleSponsors || numbers != (notice.Admission{}) || t.Name != ""
	switch {
	case said.Rule != "" && said.Rule != notice.RuleFounders && said.Rule != notice.RuleSponsors:
		return said, api.Invalid("admission.rule", fmt.Sprintf("%+.40q is not one", said.Rule), "founders or sponsors")
	case said.Rule == notice.RuleFounders && numbers != (notice.Admission{}):
		return said, api.Invalid("admission", "has numbers, which a founder's word does not use", "leave them out, or make the rule sponsors")
	case said.Rule == notice.RuleFounders,
		!asked && founders < notice.DefaultSponsors+notice.DefaultWitnesses:
		return notice.Admission{Rule: notice.RuleFounders}, nil
	}
	a := notice.Admission{
		Rule:     notice.RuleSponsors,
		Sponsors: cmp.Or(said.Sponsors, t.Admission.Sponsors, notice.DefaultSponsors), Witnesses: cmp.Or(said.Witnesses, t.Admission.Witnesses, notice.DefaultWitnesses),
		Window: cmp.Or(said.Window, t.Admission.Window, notice.DefaultWindow), Objections: cmp.Or(said.Objections, t.Admission.Objections, notice.DefaultObjections),
		Removal: cmp.Or(said.Removal, t.Admission.Removal, notice.DefaultRemoval), Budget: cmp.Or(said.Budget, t.Admission.Budget, notice.DefaultBudget),
	}
	if least := a.Sponsors + a.Witnesses; founders < least {
		return a, api.Invalid("founders", fmt.Sprintf("are %d with this team; with %d sponsors and %d witnesses nobody could ever be admitted by fewer than %d",
			founders, a.Sponsors, a.Witnesses, least),
			"add founders by their cards, ask for fewer sponsors, or make the rule founders: one founder's word")
	}
	return a, nil
}

// parentsOf joins what the drafting founder says of parent organisations with what their cards say.
func parentsOf(said []api.FounderParent, founders []*identity.Delegation, known map[identity.TeamID]string) ([]notice.Parent, error) {
	list := make([]named[identity.TeamID], 0, len(founders))
	for _, d := range founders {
		list = append(list, named[identity.TeamID]{d.Team, d.Team.String(), d.Name})
	}
	told := map[identity.TeamID]bool{}
	for i, p := range said {
		team := founders[0].Team // this one
		if p.Team != "" {
			var err error
			if team, err = choose(identity.KindTeam, p.Team, list); err != nil {
				return nil, err
			}
		}
		if told[team] {
			return nil, api.Invalid(fmt.Sprintf("parents[%d]", i), "names the same founder again", "")
		}
		told[team], known[team] = true, p.Name
	}
	var out []notice.Parent
	for _, d := range founders {
		if name := strings.TrimSpace(known[d.Team]); name != "" {
			out = append(out, notice.Parent{Team: d.Team, Name: name})
		}
	}
	return slices.Clip(out), nil
}

// SignCharter implements httpapi.Service.
func (n *Node) SignCharter(ctx context.Context, id string, d api.SignCharter) (*api.Founding, error) {
	draft, err := invite.OpenDraft(d.Charter)
	if err != nil {
		return nil, err
	}
	if c, err := identity.ParseCommunity(id); err != nil || c != draft.Community() {
		return nil, api.NewProblem(api.BadRequest, "the charter is that of community "+draft.Community().String()+", not the one of the path", "")
	}
	return n.signDraft(ctx, draft)
}

// signDraft adds this founder's signature, and takes the charter in when it is the last.
func (n *Node) signDraft(ctx context.Context, draft *invite.Draft) (*api.Founding, error) {
	if !draft.Sign(n.key) {
		return nil, api.NewProblem(api.NotAllowed, "this node is not one of the founders that the charter names",
			"give your card to whoever drafts it: tocsin id --card")
	}
	file, err := draft.File()
	if err != nil {
		return nil, err
	}
	out := &api.Founding{ID: draft.Community(), Charter: file, Admission: shownRule(draft.Charter.Admission), Unsigned: []api.Team{}}
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
	shown := n.showCommunity(ctx, c, n.online())
	out.Community = &shown
	return out, nil
}

// shownRule writes the rule out, which a charter leaves absent where it is a founder's word.
func shownRule(a notice.Admission) notice.Admission {
	a.Rule = cmp.Or(a.Rule, notice.RuleFounders)
	return a
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

// Card implements httpapi.Service.
func (n *Node) Card(_ context.Context, d api.CardDraft) (*api.Identity, error) {
	return n.identify(strings.TrimSpace(cmp.Or(d.Parent, n.ownParent())))
}

// Charter implements httpapi.Service.
func (n *Node) Charter(_ context.Context, id string) (*api.CharterFile, error) {
	c, err := n.known(id)
	if err != nil {
		return nil, err
	}
	s, ok := n.replica.Roster().Statement(record.StatementID(c.ID))
	if !ok {
		return nil, api.NewProblem(api.Internal, "the charter is not here", "")
	}
	file, err := s.Envelope().Marshal()
	if err != nil {
		return nil, err
	}
	return &api.CharterFile{ID: c.ID, Name: c.Charter.Name, Charter: file}, nil
}
