package node

import (
	"context"
	"fmt"
	"slices"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/replica"
)

// Export implements httpapi.Service.
func (n *Node) Export(_ context.Context, id string, q api.ExportQuery) (*api.Exported, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	tell, err := n.mayExport(&e, q)
	if err != nil {
		return nil, err
	}
	file := e.Record.Envelope()
	if len(e.Record.Header().Body.KeyID) > 0 {
		key, err := n.replica.Disclosed(e.Record)
		if err != nil {
			return nil, err
		}
		file.Disclosed = key[:]
	}
	out := &api.Exported{Contracts: tell}
	out.File, err = file.Marshal()
	return out, err
}

// audienceOf is the policy's word for who gets a file.
func audienceOf(who string) policy.Audience {
	switch who {
	case api.ForConstituents:
		return policy.Constituents
	case api.ForPublic:
		return policy.Public
	}
	return policy.Operator
}

// mayExport asks the policy, with what the author granted, and returns what to tell whoever gets the file. What this node knows to be under a
// stricter marking has that one, unless a person says that it does not.
func (n *Node) mayExport(e *replica.Entry, q api.ExportQuery) ([]string, error) {
	who := q.For
	author := n.replica.Roster().Canonical(e.Record.Team())
	exit := policy.Exit{Action: policy.Export, Audience: audienceOf(who), Record: e.Record.ID(), Author: author, Now: n.now()}
	var m *notice.Marking
	if e.Notice == nil {
		exit.Unread, exit.Sealed = true, len(e.Record.Header().Body.KeyID) > 0
	} else {
		m = e.Notice.MarkingOf()
		exit.Marking = m
	}
	if stricter := strippedOf(e); stricter != nil && !q.Relabel {
		exit.Marking = &notice.Marking{TLP: stricter.Stricter, PAP: m.PAP, Purpose: m.Purpose}
		if d := policy.MayLeave(exit); d.Form != policy.Whole {
			return nil, &replica.Refusal{
				Reason: d.Reason, Detail: "withheld: " + d.Detail + "; it says of itself that it is " + m.TLP.String() + ", and " + n.mark(stricter).Detail,
				Hint: "see tocsin record show " + stricter.Record.String() + "; only if its source allows the wider marking: --relabel",
			}
		}
		exit.Marking = m
	}
	d := policy.MayLeave(exit)
	if d.Form == policy.Whole {
		return contracts(m, d.Tell), nil
	}
	grants, err := n.replica.Grants(e.Record.ID())
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(grants) {
		exit.Grant, exit.GrantedBy = &grants[i].Permission, grants[i].By
		if by := policy.MayLeave(exit); by.Form == policy.Whole {
			return contracts(granted(m, &grants[i], by.Tell), by.Tell), nil
		}
	}
	hint := ""
	switch {
	case m == nil:
		hint = e.Unread
	case n.isOwn(e.Record.Team()) || m.TLP == notice.TLPRed && who == api.ForOwn:
	case who == api.ForConstituents:
		hint, err = n.askAuthor(e.Record.ID(), "--constituents")
	case who == api.ForPublic:
		hint, err = n.askAuthor(e.Record.ID(), "--tlp clear --public")
	}
	if err != nil {
		return nil, err
	}
	if len(grants) > 0 && hint != "" {
		hint += "\nwhat its author has granted does not reach so far: tocsin record show " + e.Record.ID().String()
	}
	return nil, &replica.Refusal{Reason: d.Reason, Detail: "withheld: " + d.Detail, Hint: hint}
}

// strippedOf returns the mark of a record that is known here under a stricter marking than its own; nil for none.
func strippedOf(e *replica.Entry) *replica.Mark {
	for i := range e.Marks {
		if e.Marks[i].Word == replica.MarkStripped && e.Notice != nil && e.Notice.MarkingOf() != nil {
			return &e.Marks[i]
		}
	}
	return nil
}

// contracts are what a marking asks of whoever has the content, one sentence each.
func contracts(m *notice.Marking, purpose []notice.Purpose) []string {
	if m == nil {
		return nil
	}
	var out []string
	if m.TLP != notice.TLPClear {
		out = append(out, fmt.Sprintf("it is %s: pass the file on within that only", m.TLP))
	}
	if m.PAP != "" && m.PAP != notice.PAPClear {
		out = append(out, fmt.Sprintf("it is %s: use it within that only", m.PAP))
	}
	for _, p := range purpose {
		out = append(out, p.String()+": "+p.Contract())
	}
	return out
}
