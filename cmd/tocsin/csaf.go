package main

import (
	"strings"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/notice"
)

// csafMediaType is how a CSAF advisory travels (OASIS CSAF 2.0 names no registered type of its own).
const csafMediaType = "application/csaf+json"

// jsonHead is the little that is read of a JSON file to know what it is, and of a CSAF advisory to save typing it again. The
// file itself is sent as it is. What has another shape than expected is a JSON file like any other.
type jsonHead struct {
	Type     string `json:"type"`
	Document struct {
		Version  string `json:"csaf_version"`
		Title    string `json:"title"`
		Language string `json:"lang"`
		Notes    []struct {
			Category string `json:"category"`
			Text     string `json:"text"`
		} `json:"notes"`
		Tracking struct {
			ID string `json:"id"`
		} `json:"tracking"`
		Distribution struct {
			TLP struct {
				Label string `json:"label"`
			} `json:"tlp"`
		} `json:"distribution"`
	} `json:"document"`
	Vulnerabilities []struct {
		CVE string `json:"cve"`
	} `json:"vulnerabilities"`
}

// headOf reads the head of a JSON file; ok is false if it is not a JSON object of this shape.
func headOf(data []byte) (head jsonHead, ok bool) {
	return head, json.Unmarshal(data, &head) == nil
}

func jsonMediaType(data []byte) string {
	head, ok := headOf(data)
	switch {
	case ok && head.Document.Version != "":
		return csafMediaType
	case ok && head.Type == "bundle":
		return "application/stix+json;version=2.1"
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
		head, ok := headOf(a.Data)
		if !ok || head.Document.Version == "" {
			continue
		}
		fillText(&w.draft, &head)
		if len(w.CVE) == 0 {
			w.CVE = cvesOf(&head)
		}
		if len(w.Advisory) == 0 && head.Document.Tracking.ID != "" {
			w.Advisory = []string{head.Document.Tracking.ID}
		}
		seen := prefilled{}
		if t, err := notice.ParseTLP(head.Document.Distribution.TLP.Label); err == nil {
			seen.marking = t.String()
		}
		return seen
	}
	return prefilled{}
}

func fillText(w *draft, head *jsonHead) {
	if len(w.Text) == 0 {
		w.Text = []textDraft{{}}
	}
	t := &w.Text[0]
	if t.Language == "" {
		t.Language = head.Document.Language
	}
	if t.Title == "" {
		t.Title = oneLine(head.Document.Title)
	}
	if t.Summary == "" {
		t.Summary = shorten(printable(summaryOf(head)), notice.MaxSummary)
	}
}

// summaryOf is the first note meant as a summary, else the first description.
func summaryOf(head *jsonHead) string {
	for _, category := range []string{"summary", "description", "general"} {
		for _, n := range head.Document.Notes {
			if n.Category == category {
				return n.Text
			}
		}
	}
	return ""
}

func cvesOf(head *jsonHead) []string {
	var cves []string
	seen := map[string]bool{}
	for _, v := range head.Vulnerabilities {
		if v.CVE != "" && !seen[v.CVE] && len(cves) < notice.MaxReferences {
			seen[v.CVE] = true
			cves = append(cves, v.CVE)
		}
	}
	return cves
}

func oneLine(s string) string {
	return shorten(strings.Join(strings.Fields(printable(s)), " "), notice.MaxTitle)
}

// printable drops from somebody else's document what may not stand in text that we sign.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && deceptive(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(strings.ReplaceAll(s, "\r\n", "\n"), "?"))
}

// shorten cuts s to at most limit bytes, between characters, and says so at the end.
func shorten(s string, limit int) string {
	const mark = "..."
	if len(s) <= limit {
		return s
	}
	cut := limit - len(mark)
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + mark
}
