package node

import (
	"fmt"
	"strings"

	"tocsin/pkg/document"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/replica"
)

// leaving is a notice that a person of this team publishes.
type leaving struct {
	replica.Outgoing
	// relabel is that person's word that its marking is right, although something is known to be under a stricter one.
	relabel bool
	// words is the team whose words the notice repeats, where the policy was asked how far they may go; zero for none.
	words identity.TeamID
	// sourced: its source says itself, in a document, that it may go under this marking.
	sourced bool
}

// keepsLabels refuses a notice under a marking that is less strict than what is known of what it says: the label of an attachment or of a
// text, the marking of what it is about, and that of a record with the same text. Only a person can say that the source agreed.
func (n *Node) keepsLabels(l *leaving) (warnings []string, err error) {
	m := l.Notice.MarkingOf()
	if m == nil {
		return nil, nil
	}
	if !l.relabel {
		if err := n.keepsMarking(l, m); err != nil {
			return nil, err
		}
		if err := n.keepsTexts(l, m); err != nil {
			return nil, err
		}
	}
	for _, a := range attachedTo(l.Notice) {
		found := document.Inspect(a.Name, a.MediaType, a.Data)
		if found.Kind.Closed() {
			warnings = append(warnings, fmt.Sprintf("%s is %s, and was not looked into: that it has no label stricter than %s is the sender's to know",
				a.Name, found.Kind.Says(), m.TLP))
		}
		if err := l.keepsLabel(&a, &found, m); err != nil && !l.relabel {
			return nil, err
		}
	}
	return warnings, nil
}

// keepsLabel refuses an attachment whose own label is stricter than the marking, or not known.
func (l *leaving) keepsLabel(a *notice.Attachment, found *document.Finding, m *notice.Marking) error {
	own, ok := found.Strictest()
	if !ok || !own.TLP.Stricter(m.TLP) {
		return nil
	}
	leave := "leave the file out, or " + l.markedAs(own.TLP) + ";\nonly with the permission of its source: --relabel"
	switch {
	case own.TLP == "":
		return &replica.Refusal{
			Reason: policy.Marking, Detail: fmt.Sprintf("%s has a TLP label of its own that is not known: %+q (at %s)", a.Name, own.Word, own.Where),
			Hint: "ask its source who may see it; with their permission: --relabel",
		}
	case found.Flaw != "" && own.Where == "":
		return &replica.Refusal{
			Reason: policy.Marking, Hint: "look into it, and repair it; or " + leave,
			Detail: fmt.Sprintf("%s is %s that cannot be read for certain: %s; so it counts as %s, which is stricter than %s", a.Name, found.Kind.Says(), found.Flaw, own.TLP, m.TLP),
		}
	}
	return &replica.Refusal{
		Reason: policy.Marking, Hint: leave,
		Detail: fmt.Sprintf("%s is itself marked %s (%+q at %s), which is stricter than %s", a.Name, own.TLP, own.Word, own.Where, m.TLP),
	}
}

// redRequest is how TLP:RED goes to persons of another team.
const redRequest = "tocsin request send --private --to TEAM --tlp red --person NAME"

// markedAs says how to send it under a marking. TLP:RED goes into no community.
func (l *leaving) markedAs(t notice.TLP) string {
	if t == notice.TLPRed && !l.Channel.Private() {
		return "ask the persons privately: " + redRequest
	}
	return "mark this --tlp " + strings.ToLower(strings.TrimPrefix(t.String(), "TLP:"))
}

// keepsMarking refuses what is about something that is here under a stricter marking: an answer mostly repeats what was asked.
func (n *Node) keepsMarking(l *leaving, m *notice.Marking) error {
	todo := replica.RefersTo(l.Notice)
	for i := 0; i < len(todo); i++ {
		e, err := n.replica.Brief(todo[i])
		if err != nil || e.Notice == nil || e.Notice.MarkingOf() == nil || n.sameTeam(e.Record.Team(), l.words) {
			continue
		}
		if n.isOwn(e.Record.Team()) && e.Record.Header().Kind != notice.KindRequest {
			continue // of what this team wrote it can say more at any time; its own request is ended as it was marked
		}
		if i == 0 && len(todo) == 1 {
			todo = append(todo, replica.RefersTo(e.Notice)...) // what the request is about that is answered
		}
		if tlp := e.Notice.MarkingOf().TLP; tlp.Stricter(m.TLP) {
			return &replica.Refusal{
				Reason: policy.Marking,
				Detail: fmt.Sprintf("the %s that this is about is marked %s, which is stricter than %s: %s", e.Record.Header().Kind, tlp, m.TLP, e.Record.ID()),
				Hint:   l.markedAs(tlp) + "; only if nothing in it is from there, or its source allows it: --relabel",
			}
		}
	}
	return nil
}

func (n *Node) sameTeam(a, b identity.TeamID) bool {
	r := n.replica.Roster()
	return b != (identity.TeamID{}) && r.Canonical(a) == r.Canonical(b)
}

// keepsTexts refuses texts that are labelled in themselves, or that this node knows under a stricter marking.
func (n *Node) keepsTexts(l *leaving, m *notice.Marking) error {
	for _, text := range replica.Says(l.Notice) {
		if own, ok := document.InText(text); ok && own.TLP.Stricter(m.TLP) {
			return &replica.Refusal{
				Reason: policy.Marking, Detail: fmt.Sprintf("the text is itself marked %s (%+q), which is stricter than %s", own.TLP, own.Word, m.TLP),
				Hint: l.markedAs(own.TLP) + "; only with the permission of its source: --relabel",
			}
		}
	}
	if l.sourced {
		return nil
	}
	alert, ok := l.Notice.(*notice.Alert)
	replaces := ok && len(alert.Replaces) > 0 // how its own marking may change was asked already
	known := n.replica.Stricter(l.Notice, func(team identity.TeamID) bool { return n.sameTeam(team, l.words) || replaces && n.isOwn(team) })
	if known == nil {
		return nil
	}
	tlp := known.Notice.MarkingOf().TLP
	return &replica.Refusal{
		Reason: policy.Marking,
		Detail: fmt.Sprintf("the same text is here as %s, which is stricter than %s: %s of %s", tlp, m.TLP, known.Record.ID(), nameOf(n.team(known.Record.Team()))),
		Hint:   l.markedAs(tlp) + "; only with the permission of its source: --relabel",
	}
}
