package notice

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// The types of Reference.
const (
	ReferenceCVE      = "cve"
	ReferenceURL      = "url"
	ReferenceAdvisory = "advisory"
)

func (a *Alert) check(f *findings) {
	alertTypes().check(f, "type", a.Type)
	statuses().check(f, "status", a.Status)
	a.Marking.check(f)
	f.count("replaces", len(a.Replaces), MaxReplaces)
	switch {
	case len(a.Replaces) == 0 && (a.Type == AlertUpdate || a.Type == AlertCancel):
		f.add("replaces", "is missing", "an "+string(a.Type)+" names the records it refers to")
	case len(a.Replaces) > 0 && a.Type == AlertNew && f.strict:
		f.add("replaces", "belongs to an update or a cancel", "")
	}
	checkIDs(f, "replaces", a.Replaces)
	checkTexts(f, a.Texts, true)
	a.Classification.check(f)
	severities().optional(f, "severity", a.Severity)
	urgencies().optional(f, "urgency", a.Urgency)
	certainties().optional(f, "certainty", a.Certainty)
	a.Affected.check(f)
	checkReferences(f, a.References)
	checkAttachments(f, a.Attachments)
	checkTime(f, "observed", a.Observed)
	checkTime(f, "valid_until", a.ValidUntil)
	if f.strict && !a.ValidUntil.IsZero() && a.ValidUntil.Before(a.Observed) {
		f.add("valid_until", "is before observed", "")
	}
	f.line("our_ref", a.OurRef, MaxLine)
	f.line("your_ref", a.YourRef, MaxLine)
}

func (r *Request) check(f *findings) {
	actions().check(f, "action", r.Action)
	statuses().check(f, "status", r.Status)
	r.Marking.check(f)
	if f.strict {
		priorities().check(f, "priority", r.Priority)
	}
	f.count("to", len(r.To), MaxTo)
	checkIDs(f, "to", r.To)
	f.line("case", r.Case, MaxLine)
	if r.Case == "" {
		f.add("case", "is missing", "any name that your requests of this case share")
	}
	if r.ReplyBy.IsZero() {
		f.add("reply_by", "is missing", "the time by which a human answer is asked")
	}
	checkTime(f, "reply_by", r.ReplyBy)
	checkTexts(f, r.Texts, true)
	r.Affected.check(f)
	checkReferences(f, r.References)
	checkAttachments(f, r.Attachments)
	f.prose("legal_basis", r.LegalBasis, MaxNote)
	r.Permission.check(f, "permission")
	if f.strict && (r.Action == ActionPermission) != (r.Permission != nil) {
		f.add("permission", "goes with the action permission, and only with it", "")
	}
	f.line("our_ref", r.OurRef, MaxLine)
	f.line("your_ref", r.YourRef, MaxLine)
}

func (r *Receipt) check(f *findings) {
	if len(r.Records)+len(r.Erased) == 0 {
		f.add("records", "is missing", "")
	}
	f.count("records", len(r.Records), MaxRecords)
	checkIDs(f, "records", r.Records)
	f.count("erased", len(r.Erased), MaxRecords)
	checkIDs(f, "erased", r.Erased)
}

func (r *Reply) check(f *findings) {
	checkRequestID(f, r.Request)
	replyStates().check(f, "state", r.State)
	reasons().optional(f, "reason", r.Reason)
	if f.strict {
		switch {
		case r.Reason == "" && r.State == Declined:
			reasons().check(f, "reason", r.Reason)
		case r.Reason != "" && r.State != Declined:
			f.add("reason", "belongs to the state declined", "")
		}
	}
	r.Marking.check(f)
	checkTexts(f, r.Texts, false)
	f.prose("result", r.Result, MaxNote)
	f.prose("use_of_data", r.UseOfData, MaxNote)
	r.Grant.check(f, "grant")
	f.line("our_ref", r.OurRef, MaxLine)
	f.line("your_ref", r.YourRef, MaxLine)
}

func (c *Close) check(f *findings) {
	checkRequestID(f, c.Request)
	opinions().optional(f, "opinion", c.Opinion)
	c.Marking.check(f)
	checkTexts(f, c.Texts, false)
}

func (w *Withdraw) check(f *findings) {
	checkRequestID(f, w.Request)
	w.Marking.check(f)
	checkTexts(f, w.Texts, false)
}

func checkRequestID(f *findings, id record.ID) {
	if id == (record.ID{}) {
		f.add("request", "is missing", "the ID of the request, r and 55 more characters")
	}
}

// checkIDs refuses the zero identifier, which names nothing.
func checkIDs[ID identity.TeamID | identity.CommunityID | record.ID | record.StatementID](f *findings, field string, ids []ID) {
	var zero ID
	for i, id := range ids {
		if id == zero {
			f.add(at(field, i), "is the empty ID", "")
		}
	}
}

// checkTime keeps times within what FormatTime and every reader can write with four digits of year.
func checkTime(f *findings, field string, t time.Time) {
	if !t.IsZero() && (t.Year() < 1970 || t.Year() > 9999) {
		f.add(field, "is outside the years 1970 to 9999", "")
	}
}

func (p *Permission) check(f *findings, field string) {
	if p == nil {
		return
	}
	if p.Record == (record.ID{}) {
		f.add(field+".record", "is missing", "")
	}
	if !p.TLP.Known() {
		e := tlps().unknown(string(p.TLP))
		f.add(field+".tlp", e.problem(), e.hint())
	}
	f.count(field+".communities", len(p.Communities), MaxAffected)
	f.count(field+".teams", len(p.Teams), MaxTo)
	checkIDs(f, field+".communities", p.Communities)
	checkIDs(f, field+".teams", p.Teams)
	f.count(field+".lifts", len(p.Lifts), MaxPurposes)
	for i, l := range p.Lifts[:min(len(p.Lifts), MaxPurposes)] {
		purposes().check(f, at(field+".lifts", i), l)
	}
	checkTime(f, field+".until", p.Until)
	if f.strict && len(p.Communities)+len(p.Teams) == 0 && !p.Constituents && !p.Public {
		f.add(field, "names nobody to share with", "communities, teams, constituents or public")
	}
}

func (e *Erase) check(f *findings) {
	if e.Record == (record.ID{}) {
		f.add("record", "is missing", "")
	}
	f.line("reason", e.Reason, MaxTitle)
}
