package node

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// RequestPermission implements httpapi.Service.
func (n *Node) RequestPermission(ctx context.Context, id string, d api.PermissionRequest) (*api.RequestsPublished, error) {
	e, m, err := n.foreign(id)
	if err != nil {
		return nil, err
	}
	if d.Request.Permission != nil || d.Request.Action != notice.ActionPermission {
		return nil, api.Invalid("request", "has another action, or a permission of its own", "the action is permission; permission beside it says what is asked")
	}
	p, err := n.permission(&d.Permission, e.Record.ID(), m.TLP)
	if err != nil {
		return nil, err
	}
	if p.TLP.Stricter(m.TLP) {
		return nil, api.Invalid("permission.tlp", fmt.Sprintf("is stricter than the record, which is %s", m.TLP), "no permission is needed to be stricter")
	}
	d.Request.Permission = p
	author := n.replica.Roster().Canonical(e.Record.Team())
	return n.PublishRequest(ctx, api.RequestDraft{To: []string{author.String()}, Request: d.Request, DespiteDuty: d.DespiteDuty, Relabel: d.Relabel})
}

// foreign returns a record of another team with its marking, for passing it on.
func (n *Node) foreign(id string) (*replica.Entry, *notice.Marking, error) {
	e, err := n.findRecord(id)
	switch {
	case err != nil:
		return nil, nil, err
	case n.isOwn(e.Record.Team()):
		return nil, nil, api.NewProblem(api.NotAllowed, "the record is this team's own: nobody has to be asked", "send it where it should go: tocsin alert send")
	case e.Notice == nil:
		return nil, nil, api.NewProblem(api.UnknownForm, "the record cannot be read here: "+e.Unread, "")
	case e.Notice.MarkingOf() == nil:
		return nil, nil, api.NewProblem(api.NotAllowed, "the record is of kind "+e.Record.Header().Kind+", which nobody passes on", "")
	}
	return &e, e.Notice.MarkingOf(), nil
}

// isOwn reports whether a team is this one, by whatever root it had.
func (n *Node) isOwn(t identity.TeamID) bool {
	r := n.replica.Roster()
	return r.Canonical(t) == r.Canonical(n.replica.Self())
}

// permission resolves the names of a draft. tlp holds where the draft names none.
func (n *Node) permission(d *api.PermissionDraft, of record.ID, tlp notice.TLP) (*notice.Permission, error) {
	p := &notice.Permission{Record: of, TLP: d.TLP, Constituents: d.Constituents, Public: d.Public, Lifts: slices.Clone(d.Lifts), Until: d.Until}
	if p.TLP == "" {
		p.TLP = tlp
	}
	for _, name := range d.Communities {
		c, err := identity.ParseCommunity(name) // a whole ID need not be known here: the team that asks knows it
		if err != nil {
			c, err = n.findCommunity(name)
		}
		if err != nil {
			return nil, err
		}
		p.Communities = append(p.Communities, c)
	}
	for _, name := range d.Teams {
		t, err := n.findTeam(name)
		if err != nil {
			return nil, err
		}
		p.Teams = append(p.Teams, t)
	}
	sortIDs(&p.Communities)
	sortIDs(&p.Teams)
	slices.Sort(p.Lifts)
	p.Lifts = slices.Compact(p.Lifts)
	switch {
	case d.Empty():
		return nil, api.Invalid("permission", "names nobody to share with", "name communities, teams, constituents or the public")
	case p.Public && p.TLP != notice.TLPClear:
		return nil, api.Invalid("permission.public", "goes with TLP:CLEAR only", "ask for it as TLP:CLEAR, or leave the public out")
	case p.TLP == notice.TLPRed:
		return nil, api.Invalid("permission.tlp", "is TLP:RED, under which nobody but the author passes it on", "ask for a wider one, such as TLP:AMBER+STRICT")
	case !p.Until.IsZero() && !p.Until.After(n.now()):
		return nil, api.Invalid("permission.until", "is in the past", "leave it out, or give a time to come")
	}
	return p, nil
}

// sortIDs brings identifiers into the order that the wire asks for, each once.
func sortIDs[ID ~[32]byte](ids *[]ID) {
	slices.SortFunc(*ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
	*ids = slices.Compact(*ids)
}

// grant fills in what a reply allows: what was asked for, or the part of it that the draft names. Only the
// author of a record can allow anything, and an acceptance that allows nothing says nothing.
func (n *Node) grant(asked *notice.Request, d *api.ReplyDraft) error {
	decides := d.Reply.State == notice.Accepted || d.Reply.State == notice.Done
	switch {
	case d.Reply.Grant != nil:
		return api.Invalid("reply.grant", "is filled in by the node", "say in grant what is allowed; an empty one is all that was asked")
	case asked.Permission == nil && d.Grant != nil:
		return api.Invalid("grant", "answers a request for permission, and this is none", "leave it out")
	case asked.Permission == nil, d.Grant == nil && d.Reply.State != notice.Accepted:
		return nil
	case d.Grant == nil:
		return api.Invalid("grant", "is missing: accepting alone allows nothing", "reply with --grant, or decline")
	case !decides:
		return api.Invalid("grant", "goes with accepted or done", "")
	}
	e, err := n.replica.Brief(asked.Permission.Record)
	if err != nil {
		return err
	}
	if !n.isOwn(e.Record.Team()) {
		return api.NewProblem(api.NotAllowed, "the record is not this team's, and only its author can allow it", "decline, and name the author in the text")
	}
	p, err := n.narrowed(asked.Permission, d.Grant)
	d.Reply.Grant = p
	return err
}

// narrowed is what a grant allows of what was asked.
func (n *Node) narrowed(asked *notice.Permission, d *api.GrantDraft) (*notice.Permission, error) {
	draft := d.PermissionDraft
	var err error
	if draft.Communities, err = amongAsked(identity.KindCommunity, draft.Communities, n.namedCommunities(asked)); err != nil {
		return nil, err
	}
	if draft.Teams, err = amongAsked(identity.KindTeam, draft.Teams, n.namedTeams(asked)); err != nil {
		return nil, err
	}
	if draft.Empty() {
		draft.Constituents, draft.Public = asked.Constituents, asked.Public
		for _, c := range asked.Communities {
			draft.Communities = append(draft.Communities, c.String())
		}
		for _, t := range asked.Teams {
			draft.Teams = append(draft.Teams, t.String())
		}
		if tlp := draft.TLP; tlp != "" && tlp != notice.TLPClear {
			draft.Public = false
		}
	}
	switch {
	case d.NoLifts && len(draft.Lifts) > 0:
		return nil, api.Invalid("grant.no_lifts", "and lifts exclude each other", "")
	case !d.NoLifts && len(draft.Lifts) == 0:
		draft.Lifts = asked.Lifts
	}
	if draft.Until.IsZero() {
		draft.Until = asked.Until
	}
	p, err := n.permission(&draft, asked.Record, asked.TLP)
	if err != nil {
		return nil, err
	}
	for _, more := range []struct {
		field string
		is    bool
	}{
		{"tlp", asked.TLP.Stricter(p.TLP)},
		{"constituents", p.Constituents && !asked.Constituents},
		{"public", p.Public && !asked.Public},
		{"lifts", !within(p.Lifts, asked.Lifts)},
		{"until", !asked.Until.IsZero() && (p.Until.IsZero() || p.Until.After(asked.Until))},
	} {
		if more.is {
			return nil, api.Invalid("grant."+more.field, "is more than was asked for", "tocsin request show says what was; more can be sent anew, as an alert of your own")
		}
	}
	return p, nil
}

// namedCommunities are the communities that are asked for, with the names that are known here: the author of a record need not
// know them.
func (n *Node) namedCommunities(asked *notice.Permission) []named[identity.CommunityID] {
	var out []named[identity.CommunityID]
	for _, c := range asked.Communities {
		out = append(out, named[identity.CommunityID]{c, c.String(), n.community(c).Name})
	}
	return out
}

func (n *Node) namedTeams(asked *notice.Permission) []named[identity.TeamID] {
	var out []named[identity.TeamID]
	for _, t := range asked.Teams {
		out = append(out, named[identity.TeamID]{t, t.String(), n.team(t).Name})
	}
	return out
}

// amongAsked returns the whole IDs of those of the audiences asked for that are typed: by name, by ID or by the beginning of one.
func amongAsked[ID fmt.Stringer](kind identity.Kind, typed []string, asked []named[ID]) ([]string, error) {
	var out []string
	for _, text := range typed {
		id, err := choose(kind, text, asked)
		switch {
		case err == nil:
			out = append(out, id.String())
		case api.Is(err, api.Ambiguous):
			return nil, err
		default:
			return nil, candidates(api.Invalid("grant."+plural(kind), fmt.Sprintf("%+q is more than was asked for", text),
				fmt.Sprintf("give the name of one that was, or at least %d characters of its ID: tocsin request show lists them; more can be sent anew, as an alert of your own", api.MinPrefix)),
				asked)
		}
	}
	return out, nil
}

// audienceNames are the names known here of the communities and teams that a permission is about, by ID.
func (n *Node) audienceNames(p *notice.Permission) map[string]string {
	if p == nil {
		return nil
	}
	names := map[string]string{}
	for _, c := range n.namedCommunities(p) {
		if c.name != "" {
			names[c.text] = c.name
		}
	}
	for _, t := range n.namedTeams(p) {
		if t.name != "" {
			names[t.text] = t.name
		}
		if team := n.team(t.id); team.Alike {
			names[t.text] = nameOf(team)
		}
	}
	return names
}

func within[T comparable](part, whole []T) bool {
	return !slices.ContainsFunc(part, func(t T) bool { return !slices.Contains(whole, t) })
}

// Grants implements httpapi.Service.
func (n *Node) Grants(_ context.Context, id string) (*api.Grants, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	list, err := n.shownGrants(e.Record.ID())
	if err != nil {
		return nil, err
	}
	return &api.Grants{Grants: list}, nil
}

// shownGrants are what the author of a record allows this team, as an answer says it; oldest first, and never nil.
func (n *Node) shownGrants(id record.ID) ([]api.Grant, error) {
	list, err := n.grantsOf(id)
	if err != nil {
		return nil, err
	}
	out := []api.Grant{}
	for i := range list {
		g := &list[i]
		out = append(out, api.Grant{
			By: n.team(g.By), Reply: g.Reply, Request: g.Request, At: utc(g.At), Permission: g.Permission,
			Over:  !g.Permission.Until.IsZero() && !n.now().Before(g.Permission.Until),
			Names: n.audienceNames(&g.Permission),
		})
	}
	return out, nil
}

// saysUse holds a final reply to the question that a limit of purpose asks: what became of the data.
func saysUse(asked *notice.Request, reply *notice.Reply) error {
	if reply.State != notice.Done || len(asked.Marking.Purpose) == 0 || strings.TrimSpace(reply.UseOfData) != "" {
		return nil
	}
	return api.Invalid("reply.use_of_data", "is missing: the request limits what its data may be used for", "say what became of the data: --use-of-data TEXT")
}

// dutyOf refuses to send content privately to a team whose published profile names a duty that matters for
// its marking, unless the sender knows.
func (n *Node) dutyOf(ch record.Channel, m *notice.Marking, despite bool) error {
	if despite || m == nil || !ch.Private() {
		return nil
	}
	r := n.replica.Roster()
	to := n.replica.Other(ch)
	about := n.profileOf(r, r.Canonical(to))
	if about == nil || about.Profile == nil {
		return nil
	}
	said := policy.Disclosure(m, nameOf(n.team(to)), about.Profile.Disclosure)
	if len(said) == 0 {
		return nil
	}
	return api.NewProblem(api.DutyUnasked, strings.Join(said, "\n"), "nothing was sent; to send it knowing that: --despite-duty")
}
