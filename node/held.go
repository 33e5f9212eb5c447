package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/intake"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Import implements httpapi.Service.
func (n *Node) Import(ctx context.Context, d api.ImportDraft) (*api.Imported, error) {
	doc, err := intake.Read(d.Name, d.Data)
	if err != nil {
		return nil, api.NewProblem(api.Malformed, err.Error(), "CSAF advisories, MISP events and files of tocsin record export are taken in")
	}
	if doc.Record != nil {
		kept, err := n.takeIn(ctx, doc.Record)
		if err != nil || kept {
			return &api.Imported{Kept: doc.Record.ID()}, err
		}
	}
	h := replica.Held{
		Name: shortLine(d.Name), Source: string(doc.Source), Labels: doc.Labels, TLP: doc.Alert.Marking.TLP, At: n.now(), By: httpapi.CallerName(ctx),
	}
	if len(doc.Alert.Texts) > 0 {
		h.Title = doc.Alert.Texts[0].Title
	}
	if doc.Record != nil {
		h.Author, h.Record = doc.Record.Team(), doc.Record.ID()
	}
	id, err := n.replica.Hold(h, d.Data)
	switch {
	case errors.Is(err, replica.ErrHeld):
		return nil, api.NewProblem(api.Conflict, "the same document is held already, as "+id.String()[:heldShort], "tocsin alert held list")
	case err != nil:
		return nil, err
	}
	held, err := n.findHeld(id.String())
	if err != nil {
		return nil, err
	}
	return &api.Imported{Held: n.held(held)}, nil
}

// heldShort is how many digits of an ID a person is shown.
const heldShort = 12

// shortLine keeps of a file's name what can be kept.
func shortLine(s string) string {
	if len(s) > notice.MaxLine {
		s = s[:notice.MaxLine]
	}
	return strings.ToValidUTF8(s, "?")
}

// takeIn offers a record of a file to the door, as if a peer had brought it. Where this node has no part in its
// channel it is not kept, and that is no error.
func (n *Node) takeIn(ctx context.Context, rec *record.Record) (kept bool, err error) {
	out, err := n.door.Ingest(ctx, []replica.Arrival{{Frame: rec.Frame(), Via: replica.Import}})
	if err != nil {
		return false, err
	}
	j := out[0].Judgement
	switch {
	case j.Verdict == policy.Accept, j.Reason == policy.Duplicate:
		return true, nil
	case j.Reason == policy.NotOurs, j.Reason == policy.NotMember:
		return false, nil
	}
	return false, &replica.Refusal{Reason: j.Reason, Detail: j.Detail}
}

// Held implements httpapi.Service.
func (n *Node) Held(context.Context) (*api.HeldList, error) {
	list, err := n.replica.Held()
	if err != nil {
		return nil, err
	}
	out := &api.HeldList{Held: []api.Held{}}
	for i := range list {
		out.Held = append(out.Held, *n.held(&list[i]))
	}
	return out, nil
}

// held shows a held document.
func (n *Node) held(h *replica.Held) *api.Held {
	out := &api.Held{
		ID: h.ID.String(), Name: h.Name, Source: h.Source, Title: h.Title, Labels: h.Labels, TLP: h.TLP, Record: h.Record, Size: h.Size, At: h.At.UTC(), By: h.By,
	}
	if h.TLP == notice.TLPRed || h.Released != nil && h.Released.TLP == notice.TLPRed {
		out.Title = "" // a list is for everybody here
	}
	if h.Author != (identity.TeamID{}) {
		t := n.team(h.Author)
		out.Author = &t
	}
	if as := h.Released; as != nil {
		out.Released = &api.Release{By: as.By, At: as.At.UTC(), TLP: as.TLP, Record: as.Record}
		if as.Community != (identity.CommunityID{}) {
			c := n.community(as.Community)
			out.Released.Community = &c
		}
		if as.Team != (identity.TeamID{}) {
			t := n.team(as.Team)
			out.Released.To = &t
		}
	}
	return out
}

// findHeld returns the document that waits under an ID, or the beginning of one.
func (n *Node) findHeld(text string) (*replica.Held, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	list, err := n.replica.Held()
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(h replica.Held) bool { return !strings.HasPrefix(h.ID.String(), text) })
	waiting := slices.DeleteFunc(slices.Clone(list), func(h replica.Held) bool { return h.Released != nil })
	switch {
	case len(text) < api.MinPrefix:
		return nil, api.NewProblem(api.NotFound, fmt.Sprintf("%+q is too short: at least %d characters of an ID are needed", text, api.MinPrefix), "tocsin alert held list")
	case len(waiting) == 1:
		return &waiting[0], nil
	case len(waiting) > 1:
		p := api.NewProblem(api.Ambiguous, fmt.Sprintf("%d held documents have an ID that begins with %s", len(waiting), text), "give more of it")
		for i := range waiting[:min(len(waiting), api.MaxCandidates)] {
			p.Candidates = append(p.Candidates, api.Candidate{ID: waiting[i].ID.String(), Name: waiting[i].Name})
		}
		return nil, p
	case len(list) > 0:
		as := list[0].Released
		return nil, api.NewProblem(api.Conflict, fmt.Sprintf("%s marked it %s at %s: it is %s", as.By, as.TLP, utc(as.At).Format("2006-01-02 15:04:05Z"), as.Record), "tocsin alert show "+as.Record.String())
	}
	return nil, api.NewProblem(api.NotFound, "no document is held under "+text, "tocsin alert held list")
}

// MarkHeld implements httpapi.Service.
func (n *Node) MarkHeld(ctx context.Context, id string, d api.MarkDraft) (*api.MarkedHeld, error) {
	n.marking.Lock()
	defer n.marking.Unlock()
	h, err := n.findHeld(id)
	if err != nil {
		return nil, err
	}
	data, err := n.replica.HeldDocument(h.ID)
	if err != nil {
		return nil, err
	}
	doc, err := intake.Read(h.Name, data)
	if err != nil {
		return nil, api.NewProblem(api.Malformed, "this release does not read it any more: "+err.Error(), "drop it, and bring it in anew: tocsin alert held drop "+id)
	}
	to, err := n.destination(d.Community, d.To)
	if err != nil {
		return nil, err
	}
	alert, err := n.marked(doc, &d, &to)
	if err != nil {
		return nil, err
	}
	if err := n.dutyOf(to.channel, &alert.Marking, d.DespiteDuty); err != nil {
		return nil, err
	}
	if d.Class != "" {
		if err := checkClass(d.Class); err != nil {
			return nil, err
		}
	}
	out := leaving{Outgoing: replica.Outgoing{Channel: to.channel, Class: d.Class, Notice: alert}, relabel: d.Relabel}
	if doc.Record != nil {
		out.words = doc.Record.Team()
	} else if own := doc.Alert.Marking.TLP; own != "" {
		out.sourced = !own.Stricter(alert.Marking.TLP)
	}
	done, err := n.publishOne(ctx, out)
	if err != nil {
		return nil, err
	}
	as := replica.Release{
		By: httpapi.CallerName(ctx), At: n.now(), TLP: alert.Marking.TLP, Community: to.community, Team: to.team, Record: done.ID,
	}
	if err := n.replica.ReleaseHeld(h.ID, as); err != nil {
		return nil, fmt.Errorf("the alert is out as %s, but the document is held still: %w", done.ID, err)
	}
	h.Released = &as
	return &api.MarkedHeld{Published: *done, Held: *n.held(h)}, nil
}

// marked is the alert that a held document becomes. A record keeps to its author's word; of other documents
// the operator answers for a marking wider than their own.
func (n *Node) marked(doc *intake.Draft, d *api.MarkDraft, to *destination) (*notice.Alert, error) {
	own := doc.Alert.Marking
	if doc.Record != nil {
		may, err := n.mayForward(doc.Record, &own, to)
		if err != nil {
			return nil, err
		}
		own = *may
	}
	m := notice.Marking{TLP: cmp.Or(d.TLP, own.TLP), PAP: cmp.Or(d.PAP, own.PAP), Purpose: slices.Concat(own.Purpose, d.Purpose), Persons: d.Persons}
	wider := doc.Record != nil || !d.Relabel
	switch {
	case m.TLP == "" && len(doc.Labels) == 0:
		return nil, api.NewProblem(api.MarkingAbsent, "the document has no marking, and nobody can say who may see it", "ask its source, then say so: --tlp LABEL")
	case m.TLP == "":
		return nil, api.NewProblem(api.MarkingAbsent, fmt.Sprintf("the document is labelled %+q, which is not known", strings.Join(doc.Labels, ", ")),
			"ask its source who may see it, then say so: --relabel --tlp LABEL")
	case wider && own.TLP == "" && len(doc.Labels) > 0:
		return nil, api.NewProblem(api.Marking, fmt.Sprintf("the document is labelled %+q, which is not known", strings.Join(doc.Labels, ", ")),
			"ask its source who may see it; with their permission: --relabel")
	case wider && own.TLP != "" && own.TLP.Stricter(m.TLP):
		return nil, n.tooWide(doc, string(own.TLP), string(m.TLP))
	case wider && own.PAP.Stricter(m.PAP):
		return nil, n.tooWide(doc, string(own.PAP), string(m.PAP))
	}
	alert := doc.Alert
	alert.Marking = m
	if doc.Record != nil {
		return n.reissued(doc.Record, &alert, m), nil
	}
	return &alert, nil
}

func (n *Node) tooWide(doc *intake.Draft, own, asked string) error {
	hint := "mark it " + own + " or stricter; only with the permission of its source: --relabel"
	if doc.Record != nil {
		hint = "its author decides: mark it " + own + " or stricter"
	}
	return api.NewProblem(api.Marking, fmt.Sprintf("the document is itself marked %s, which is stricter than %s", own, asked), hint)
}

// DropHeld implements httpapi.Service.
func (n *Node) DropHeld(_ context.Context, id string, _ api.DropDraft) (*api.Held, error) {
	n.marking.Lock()
	defer n.marking.Unlock()
	h, err := n.findHeld(id)
	if err != nil {
		return nil, err
	}
	if err := n.replica.DropHeld(h.ID); err != nil {
		return nil, err
	}
	return n.held(h), nil
}
