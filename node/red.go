package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// TLP:RED is for persons: those that the marking names at the recipient, else the recipient team's published
// RED desk. What is held here against accidents is a name that somebody gives and a note of who did; whoever
// may call the daemon can give any name.

// desk returns the published RED desk of a team, or nil.
func (n *Node) desk(t identity.TeamID) *notice.Profile {
	r := n.replica.Roster()
	if v := n.profileOf(r, r.Canonical(t)); v != nil && v.Profile != nil && len(v.Profile.RedDesk) > 0 {
		return v.Profile
	}
	return nil
}

// red says what anybody may know of a record that is TLP:RED.
func (n *Node) red(e *replica.Entry, m *notice.Marking) *api.Red {
	out := &api.Red{Marking: *m, For: "its RED desk"}
	to := n.replica.Self()
	if ch := e.Record.Header().Channel; ch.Private() && n.isOwn(e.Record.Team()) {
		to = n.replica.Other(ch)
	}
	team := n.team(to)
	name := cmp.Or(team.Name, team.ID.String())
	if team.Alike {
		name = nameOf(team)
	}
	switch {
	case len(m.Persons) > 0:
		out.For = strings.Join(m.Persons, ", ") + " at " + name
	case e.Record.Header().Channel.Private():
		out.For = "the RED desk of " + name
	}
	return out
}

// noDesk is the warning where any name opens what is TLP:RED.
const noDesk = "this team has published no RED desk, so any name opens TLP:RED that names nobody: list the persons under red_desk (tocsin profile edit, then publish)"

// noDeskHere is the warning where an answer under TLP:RED would be for nobody.
const noDeskHere = "this team has published no RED desk, so whoever is asked can answer under TLP:RED only by naming a person here: " +
	"list the persons under red_desk (tocsin profile edit, then publish)"

// mayOpen reports whether a record is for a person, and what to warn of. A record of another team is for the
// persons that it names; where it names none, and of this team's own, this team's RED desk decides.
func (n *Node) mayOpen(e *replica.Entry, m *notice.Marking, as string) (warning string, ok bool) {
	if as == "" {
		return "", false
	}
	if len(m.Persons) > 0 && !n.isOwn(e.Record.Team()) {
		return "", m.Names(as)
	}
	if p := n.desk(n.replica.Self()); p != nil {
		return "", p.OnRedDesk(as)
	}
	return noDesk, true
}

// hasReader refuses to send TLP:RED that names nobody to a team of which no RED desk is known: nobody there
// could say who may read it.
func (n *Node) hasReader(m *notice.Marking, ch record.Channel) error {
	if m == nil || m.TLP != notice.TLPRed || len(m.Persons) > 0 || !ch.Private() {
		return nil
	}
	to := n.replica.Other(ch)
	if n.desk(to) != nil {
		return nil
	}
	name := nameOf(n.team(to))
	return &replica.Refusal{
		Reason: policy.Marking, Detail: "TLP:RED is for persons: it names none, and no published RED desk of " + name + " is here",
		Hint: "name who it is for: --person NAME; or ask " + name + " to publish a RED desk (tocsin profile edit)",
	}
}

// opened shows a record to a person who may read it, once that is noted; to another it refuses.
func (n *Node) opened(ctx context.Context, e *replica.Entry, as string) (api.Entry, error) {
	out := n.shown(e, as)
	switch {
	case out.Red == nil:
		return out, nil // there is nothing to open: everybody here reads it
	case out.Red.OpenedAs == "":
		hint := "tocsin profile show says who is of this team's RED desk"
		if len(out.Red.Marking.Persons) > 0 && !out.Own {
			hint = ""
		}
		return out, &replica.Refusal{
			Reason: policy.Marking, Detail: fmt.Sprintf("%s is TLP:RED, for %s; %+q is none of them", e.Record.ID(), n.openers(&out), as), Hint: hint,
		}
	}
	by := httpapi.CallerName(ctx)
	if err := n.replica.NoteReading(e.Record.ID(), replica.Reading{At: n.now(), As: as, By: by}); err != nil {
		return api.Entry{}, err // unnoted, nothing is shown
	}
	n.log.InfoContext(ctx, "opened a record that is TLP:RED",
		slog.String("id", e.Record.ID().String()), slog.String("as", as), slog.String("by", by))
	return out, nil
}

// openers says who here may open what is TLP:RED.
func (n *Node) openers(e *api.Entry) string {
	if e.Own {
		return "the RED desk of this team, which wrote it"
	}
	return e.Red.For
}

// reader checks the name of a person.
func reader(as string) (string, error) {
	as = strings.Join(strings.Fields(as), " ")
	switch {
	case as == "":
		return "", api.Invalid("as", "is missing", "the name of the person who reads it")
	case len(as) > notice.MaxName:
		return "", api.Invalid("as", fmt.Sprintf("has %d bytes, at most %d are allowed", len(as), notice.MaxName), "")
	case strings.ContainsFunc(as, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", api.Invalid("as", "has characters that do not show", "")
	}
	return as, nil
}

// OpenRecord implements httpapi.Service.
func (n *Node) OpenRecord(ctx context.Context, id string, d api.OpenDraft) (*api.RecordView, error) {
	as, err := reader(d.As)
	if err != nil {
		return nil, err
	}
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	shown, err := n.opened(ctx, &e, as)
	if err != nil {
		return nil, err
	}
	return n.recordView(&e, shown)
}

// OpenRequest implements httpapi.Service. Of a request and its answers it opens what is for the person; it is
// refused where that is nothing.
func (n *Node) OpenRequest(ctx context.Context, id string, d api.OpenDraft) (*api.RequestView, error) {
	as, err := reader(d.As)
	if err != nil {
		return nil, err
	}
	e, what, err := n.findRequest(id)
	if err != nil {
		return nil, err
	}
	answers, err := n.replica.Answers(e.Record.ID())
	if err != nil {
		return nil, err
	}
	view := &api.RequestView{Answers: []api.Entry{}, MoreAnswers: n.moreAnswers(&e, answers)}
	shown, refused := n.opened(ctx, &e, as)
	if refused != nil && !forOthers(refused) {
		return nil, refused
	}
	view.Entry = shown
	for i := range answers {
		shown, err := n.opened(ctx, &answers[i], as)
		switch {
		case err != nil && !forOthers(err):
			return nil, err
		case err == nil && shown.Red != nil:
			refused = nil
		}
		view.Answers = append(view.Answers, shown)
	}
	if refused != nil {
		return nil, refused
	}
	return n.requestView(&e, what, view)
}

// forOthers reports whether an error says that a record is for other persons.
func forOthers(err error) bool {
	r, ok := errors.AsType[*replica.Refusal](err)
	return ok && r.Reason == policy.Marking
}

// readings shows who opened a record here.
func (n *Node) readings(id record.ID) ([]api.Reading, error) {
	all, err := n.replica.Readings(id)
	if err != nil {
		return nil, err
	}
	var out []api.Reading
	for _, r := range all {
		out = append(out, api.Reading{At: utc(r.At), As: r.As, By: r.By})
	}
	return out, nil
}
