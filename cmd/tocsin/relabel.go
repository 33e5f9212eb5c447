package main

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/notice"
)

// relabelled refuses to send a CSAF advisory to more readers than its own label allows: that label is the word of a source
// who may have trusted the sender with it. Only the writer can say that the source agreed, by --relabel.
func (d *drafting) relabelled(m notice.Marking, attachments []notice.Attachment) error {
	if d.relabel {
		return nil
	}
	for i := range attachments {
		a := &attachments[i]
		label, labelled := csafLabel(a)
		if !labelled {
			continue
		}
		own, err := notice.ParseTLP(label)
		switch {
		case err != nil:
			return &userError{
				Code: exitRefused,
				Msg:  fmt.Sprintf("%s has a TLP label of its own that is not known: %+q", a.Name, shorten(label, 60)),
				Hint: "ask its source who may see it; with their permission: --relabel",
			}
		case own.Stricter(m.TLP):
			return &userError{
				Code: exitRefused,
				Msg:  fmt.Sprintf("%s is itself marked %s, which is stricter than %s", a.Name, own, m.TLP),
				Hint: "leave the file out, or mark this " + d.assignment("tlp", strings.ToLower(strings.TrimPrefix(own.String(), "TLP:"))) +
					";\nonly with the permission of its source: --relabel",
			}
		}
	}
	return nil
}

// csafLabel is the TLP label that a CSAF advisory gives itself, as it is written there, and whether it gives one at all. What
// calls itself an advisory and cannot be read counts as labelled: nobody can say that it is not.
func csafLabel(a *notice.Attachment) (label string, labelled bool) {
	var doc struct {
		Document struct {
			Version      jsontext.Value `json:"csaf_version"`
			Distribution struct {
				TLP jsontext.Value `json:"tlp"`
			} `json:"distribution"`
		} `json:"document"`
	}
	media, _, _ := strings.Cut(a.MediaType, ";")
	if err := json.Unmarshal(a.Data, &doc); err != nil {
		return "", strings.EqualFold(strings.TrimSpace(media), csafMediaType)
	}
	if doc.Document.Version == nil || doc.Document.Distribution.TLP == nil {
		return "", false
	}
	var tlp struct {
		Label string `json:"label"`
	}
	if json.Unmarshal(doc.Document.Distribution.TLP, &tlp) != nil {
		return string(doc.Document.Distribution.TLP), true
	}
	return tlp.Label, true
}
