package main

import (
	"fmt"
	"strings"

	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// statementWords says for people what a statement about membership says; ok is false for other kinds, and for what cannot
// be read.
func statementWords(s *record.Statement) (words string, ok bool) {
	switch s.Kind {
	case roster.KindCharter:
		if c, err := notice.DecodeCharter(s.Says); err == nil {
			return charterWords(c), true
		}
	case roster.KindMember:
		if m, err := notice.DecodeMember(s.Says); err == nil {
			return said("team "+m.Team.String()+" is a member", m.Community, "it is called ", m.Name), true
		}
	case roster.KindApply:
		if a, err := notice.DecodeApply(s.Says); err == nil {
			return said("the team asks to be a member", a.Community, "it is called ", a.Name, "parent organisation ", a.Parent, "contact ", a.Contact, "", a.Note), true
		}
	case roster.KindSponsor:
		if w, err := notice.DecodeSponsor(s.Says); err == nil {
			return said("the team answers for application "+w.Application.String(), w.Community, "", w.Note), true
		}
	case roster.KindObject:
		if o, err := notice.DecodeObject(s.Says); err == nil {
			return said("the team objects to application "+o.Application.String(), o.Community, "", o.Reason), true
		}
	case roster.KindAdmit:
		if a, err := notice.DecodeAdmit(s.Says); err == nil {
			what := fmt.Sprintf("the team held application %s for the whole window, unopposed, with %s", a.Application, plural(len(a.Sponsors), "sponsor"))
			return said(what, a.Community), true
		}
	case roster.KindRemove:
		if m, err := notice.DecodeRemove(s.Says); err == nil {
			what := "team " + m.Team.String() + " should no longer be a member"
			if m.Proposal != (record.StatementID{}) {
				what += ", as proposed in " + m.Proposal.String()
			}
			return said(what, m.Community, "", m.Reason), true
		}
	case roster.KindLeave:
		if l, err := notice.DecodeLeave(s.Says); err == nil {
			return said("the team leaves", l.Community, "", l.Reason), true
		}
	}
	return keyWords(s)
}

// said joins what is said with the community and the parts that are there, which come as label and text.
func said(what string, c identity.CommunityID, parts ...string) string {
	all := []string{what, "community " + c.String()}
	for i := 0; i+1 < len(parts); i += 2 {
		if parts[i+1] != "" {
			all = append(all, fmt.Sprintf("%s%q", parts[i], strings.Join(strings.Fields(parts[i+1]), " ")))
		}
	}
	return strings.Join(all, ", ")
}

// charterWords says what a charter says.
func charterWords(c *notice.Charter) string {
	parts := []string{fmt.Sprintf("community %q, %s", c.Name, plural(len(c.Founders), "founder"))}
	for _, part := range [][2]string{{"region ", c.Region}, {"sector ", c.Sector}, {"domain ", c.Domain}, {"last resort: ", c.LastResort}} {
		if part[1] != "" {
			parts = append(parts, part[0]+part[1])
		}
	}
	parts = append(parts, fmt.Sprintf("records kept %d days", c.RetentionDays), "answers not asked for in less than "+words(c.Floor()))
	if !c.Ends.IsZero() {
		parts = append(parts, "ends "+showInstant(c.Ends))
	}
	if c.Admission.Rule == notice.RuleSponsors {
		parts = append(parts, "a new member reads "+historyWords(c.History))
	}
	return strings.Join(append(parts, "bodies "+parkingWords(c.Parking)), ", ") + "; " + ruleWords(c.Admission)
}

// cardWords says what a card says beside who and where.
func cardWords(c *invite.Card) string {
	if c.Parent == "" {
		return ""
	}
	return fmt.Sprintf("the team is part of %q", c.Parent)
}
