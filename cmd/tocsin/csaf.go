package main

import (
	"tocsin/pkg/document"
	"tocsin/pkg/intake"
	"tocsin/pkg/notice"
)

// csafMediaType is how a CSAF advisory travels (OASIS CSAF 2.0 names no registered type of its own).
const csafMediaType = "application/csaf+json"

func jsonMediaType(data []byte) string {
	found := document.Inspect("", "application/json", data)
	switch found.Kind {
	case document.CSAF:
		return csafMediaType
	case document.STIX:
		return "application/stix+json;version=2.1"
	case document.MISP, document.Record, document.JSON, document.Text, document.Archive, document.PDF, document.Office, document.Mail, document.Encrypted:
	}
	return "application/json"
}

// prefilled is what the attachments would say of fields that are never filled in from them.
type prefilled struct {
	// marking is the advisory's own TLP label, for a hint.
	marking string
}

// prefill takes title, summary, references and language from an attached CSAF advisory, but only where the writer said
// nothing. Its TLP is the publisher's word to its readers, not the sender's to this community, so it is shown, never used.
func (d *drafting) prefill(w *alertDraft, attachments []notice.Attachment) prefilled {
	for _, a := range attachments {
		if a.MediaType != csafMediaType {
			continue
		}
		read, err := intake.Read(a.Name, a.Data)
		if err != nil || read.Source != intake.CSAF {
			continue
		}
		fillText(&w.draft, read.Alert.Texts[0])
		cves, advisories := len(w.CVE) == 0, len(w.Advisory) == 0
		for _, ref := range read.Alert.References {
			switch {
			case ref.Type == notice.ReferenceCVE && cves:
				w.CVE = append(w.CVE, ref.Value)
			case ref.Type == notice.ReferenceAdvisory && advisories:
				w.Advisory = append(w.Advisory, ref.Value)
			}
		}
		return prefilled{read.Alert.Marking.TLP.String()}
	}
	return prefilled{}
}

func fillText(w *draft, from notice.Text) {
	if len(w.Text) == 0 {
		w.Text = []textDraft{{}}
	}
	t := &w.Text[0]
	if t.Language == "" {
		t.Language = from.Language
	}
	if t.Title == "" {
		t.Title = from.Title
	}
	if t.Summary == "" {
		t.Summary = from.Summary
	}
}
