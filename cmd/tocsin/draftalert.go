package main

import (
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// alertDraft is an alert as its sender writes it.
type alertDraft struct {
	draft
	Classification string `toml:"classification"`
	Severity       string `toml:"severity"`
	Urgency        string `toml:"urgency"`
	Certainty      string `toml:"certainty"`
	Observed       any    `toml:"observed"`
	ValidUntil     any    `toml:"valid_until"`

	// kept are the attachments of the alert that this one updates.
	kept []notice.Attachment
}

// alert turns the draft into the alert that it describes. What it does not say, a CSAF advisory among the attachments may;
// the marking it may not.
func (d *drafting) alert(w *alertDraft, kind notice.AlertType, replaces ...record.ID) (api.AlertDraft, error) {
	for range w.kept {
		d.files = append(d.files, "attach")
	}
	attachments := append(w.kept, d.attachments(&w.draft)...)
	hints := d.prefill(w, attachments)
	a := notice.Alert{
		Type:        kind,
		Replaces:    replaces,
		Status:      d.status(&w.draft),
		Marking:     d.marking(&w.draft),
		Texts:       d.texts(&w.draft),
		Severity:    word(d, "severity", w.Severity, notice.ParseSeverity),
		Urgency:     word(d, "urgency", w.Urgency, notice.ParseUrgency),
		Certainty:   word(d, "certainty", w.Certainty, notice.ParseCertainty),
		Affected:    d.affected(&w.draft),
		References:  d.references(&w.draft),
		Attachments: attachments,
		Observed:    d.when("observed", w.Observed),
		ValidUntil:  d.when("valid_until", w.ValidUntil),
		OurRef:      w.OurRef,
		YourRef:     w.YourRef,
	}
	if w.Classification != "" {
		c, err := notice.ParseClassification(w.Classification)
		if err != nil {
			d.wordError("classification", err)
		}
		a.Classification = c
	}
	if !a.ValidUntil.IsZero() && !a.ValidUntil.After(d.now) {
		d.wrong("valid_until", "is in the past", "leave it out, or give a time to come")
	}
	d.missingTLP(a.Marking, hints.marking)
	if strings.TrimSpace(w.Community) == "" {
		d.wrong("community", "is missing", "tocsin community list shows those that you are in")
	}
	class := d.class(&w.draft)
	a.Normalise()
	d.take(a.Validate())
	if err := d.err(); err != nil {
		return api.AlertDraft{}, err
	}
	return api.AlertDraft{Community: w.Community, Class: class, Alert: a, Relabel: d.relabel}, nil
}

// missingTLP refuses an unmarked notice in words of its own: it is the one field that has no default, on purpose.
func (d *drafting) missingTLP(m notice.Marking, seen string) {
	if m.TLP != "" || d.named("tlp") {
		return
	}
	hint := "say who may see it: one of clear, green, amber, amber+strict, red"
	if seen != "" {
		hint += "; the CSAF document is marked " + seen + ": if that is right here, write " + d.assignment("tlp", seen)
	}
	d.wrong("tlp", "is missing", hint)
}

// assignment is how the writer would set a field, in the form the draft has.
func (d *drafting) assignment(key, value string) string {
	if d.from.file == "" {
		return "--" + key + " " + value
	}
	return key + ` = "` + value + `"`
}
