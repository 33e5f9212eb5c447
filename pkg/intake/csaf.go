package intake

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/notice"
)

// advisory is the part of a CSAF advisory that an alert says itself.
type advisory struct {
	Document struct {
		Title    string `json:"title"`
		Language string `json:"lang"`
		Notes    []struct {
			Category string `json:"category"`
			Text     string `json:"text"`
		} `json:"notes"`
		References []struct {
			URL string `json:"url"`
		} `json:"references"`
		Tracking struct {
			ID string `json:"id"`
		} `json:"tracking"`
	} `json:"document"`
	Vulnerabilities []struct {
		CVE string `json:"cve"`
	} `json:"vulnerabilities"`
}

func fromCSAF(data []byte) (*Draft, error) {
	var a advisory
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("%w: it calls itself a CSAF advisory and is not of that form", ErrForm)
	}
	d := newDraft(CSAF)
	doc := &a.Document
	d.Alert.Texts = []notice.Text{{
		Language: language(doc.Language), Title: titleOr(doc.Title, "CSAF advisory "+doc.Tracking.ID), Summary: prose(summary(&a), notice.MaxSummary),
	}}
	if doc.Tracking.ID != "" {
		d.refer(notice.ReferenceAdvisory, doc.Tracking.ID)
	}
	for _, v := range a.Vulnerabilities {
		d.refer(notice.ReferenceCVE, v.CVE)
	}
	return d, nil
}

// summary is the first note meant as a summary, else the first description.
func summary(a *advisory) string {
	for _, category := range []string{"summary", "description", "general"} {
		for _, n := range a.Document.Notes {
			if n.Category == category {
				return n.Text
			}
		}
	}
	return ""
}

// maxTried bounds the references that are looked at, most of which may be none.
const maxTried = 4 * notice.MaxReferences

func newDraft(s Source) *Draft {
	return &Draft{Source: s, tried: map[notice.Reference]struct{}{}, Alert: notice.Alert{Type: notice.AlertNew, Status: notice.StatusActual}}
}

// titleOr returns a title, which no alert is without.
func titleOr(title, other string) string {
	if t := line(title, notice.MaxTitle); t != "" {
		return t
	}
	return line(other, notice.MaxTitle)
}

// refer adds a reference if it is one that an alert may have and has not.
func (d *Draft) refer(kind, value string) {
	ref := notice.Reference{Type: kind, Value: line(value, notice.MaxURL)}
	if _, again := d.tried[ref]; again || ref.Value == "" || len(d.tried) >= maxTried || len(d.Alert.References) >= notice.MaxReferences {
		return
	}
	d.tried[ref] = struct{}{}
	if fits(func(a *notice.Alert) { a.References = []notice.Reference{ref} }) {
		d.Alert.References = append(d.Alert.References, ref)
	}
}

// fits reports whether an alert that is otherwise sound may have what change puts in.
func fits(change func(*notice.Alert)) bool {
	alone := notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
		Texts: []notice.Text{{Language: "en", Title: "-"}},
	}
	change(&alone)
	alone.Normalise()
	return alone.Validate() == nil
}
