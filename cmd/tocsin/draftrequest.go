package main

import (
	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// requestDraft is a request as its sender writes it.
type requestDraft struct {
	draft
	Private    bool     `toml:"private"`
	To         []string `toml:"to"`
	Persons    []string `toml:"persons"`
	Action     string   `toml:"action"`
	Priority   string   `toml:"priority"`
	ReplyBy    any      `toml:"reply_by"`
	Case       string   `toml:"case"`
	LegalBasis string   `toml:"legal_basis"`
}

// request turns the draft into the request that it describes. The teams are left out, because only the daemon knows who is
// meant by a name.
func (d *drafting) request(w *requestDraft) (api.RequestDraft, error) {
	r := notice.Request{
		Action:      word(d, "action", w.Action, notice.ParseAction),
		Status:      d.status(&w.draft),
		Marking:     d.marking(&w.draft),
		Priority:    word(d, "priority", w.Priority, notice.ParsePriority),
		Case:        w.Case,
		ReplyBy:     d.when("reply_by", w.ReplyBy),
		Texts:       d.texts(&w.draft),
		Affected:    d.affected(&w.draft),
		References:  d.references(&w.draft),
		Attachments: d.attachments(&w.draft),
		LegalBasis:  w.LegalBasis,
		OurRef:      w.OurRef,
		YourRef:     w.YourRef,
	}
	r.Marking.Persons = w.Persons
	if w.Priority == "" {
		r.Priority = notice.PriorityNormal
	}
	d.missingTLP(r.Marking, "")
	d.missingReplyBy(&r)
	d.audience(w, r.Marking.TLP)
	class := d.class(&w.draft)
	r.Normalise()
	d.take(withoutCase(r))
	if err := d.err(); err != nil {
		return api.RequestDraft{}, err
	}
	return api.RequestDraft{Community: w.Community, To: w.To, Class: class, Request: r, Relabel: d.relabel}, nil
}

// missingReplyBy: the time by which a human answer is asked is what the whole ledger stands on, so it is not guessed.
func (d *drafting) missingReplyBy(r *notice.Request) {
	switch {
	case d.named("reply_by"):
	case r.ReplyBy.IsZero():
		d.wrong("reply_by", "is missing", "by when a human answer is asked: "+whenHint)
	case !r.ReplyBy.After(d.now):
		d.wrong("reply_by", "is in the past", "by when a human answer is asked: "+whenHint)
	}
}

// audience checks that the draft says where the request goes, and that this fits its marking.
func (d *drafting) audience(w *requestDraft, tlp notice.TLP) {
	switch {
	case w.Private && w.Community != "":
		d.wrong("private", "and "+d.said("community")+" exclude each other", "a request goes into a community, or privately to teams")
	case w.Private && len(w.To) == 0:
		d.wrong("to", "is missing", "a private request names the teams that it goes to")
	case !w.Private && w.Community == "":
		d.wrong("community", "is missing", "name a community, or ask teams privately: "+d.privately())
	case tlp == notice.TLPRed && !w.Private:
		d.wrong("tlp", "is TLP:RED, which goes to named teams only", "send it privately: "+d.privately()+", with --to TEAM and --person NAME")
	}
}

// withoutCase validates the request with the case that the daemon will fill in if the writer named none.
func withoutCase(r notice.Request) error {
	if r.Case == "" {
		r.Case = "-"
	}
	return r.Validate()
}

// said is a field's name in the form the draft has.
func (d *drafting) said(key string) string {
	if flag := d.from.flags[key]; flag != "" || d.from.file == "" {
		return flagFor(key)
	}
	return key
}

// privately is how the writer would send it to teams alone, in the form the draft has.
func (d *drafting) privately() string {
	if d.from.file == "" {
		return "--private"
	}
	return "private = true"
}
