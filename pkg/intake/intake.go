// Package intake reads warnings that others wrote in their own form, as a draft of an alert: CSAF advisories,
// MISP events, and records of this mesh in a file. It signs nothing, decides nothing about who may read (see
// pkg/policy), and keeps nothing.
// Invariant: the marking of what it returns is the document's own word or is missing; of several words it is the
// strictest, and a word that is not known leaves it missing. Reading takes memory in proportion to the text.
package intake

import (
	"errors"
	"fmt"

	"tocsin/pkg/document"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// MaxFile bounds a file: what fits into an alert as an attachment, in base64, with room for its text.
const MaxFile = 11 << 20

// Source is the form that a file has.
type Source string

// The forms.
const (
	CSAF   Source = "csaf"
	MISP   Source = "misp"
	Record Source = "record"
)

// Media types of the files, as attachments.
const (
	mediaCSAF = "application/csaf+json"
	mediaMISP = "application/json"
)

// ErrForm says that a file has none of the forms, or not wholly.
var ErrForm = errors.New("not a document that can be read")

// Draft is what a file says.
type Draft struct {
	Source Source
	// Alert is the alert that it makes, the file itself attached where it is not a record. Its marking is the
	// document's own; an empty TLP is one that is missing or not known.
	Alert notice.Alert
	// Labels are the document's own words on who may see it, as they are written there. They may hold any text.
	Labels []string
	// Record is the record that a file of the mesh holds; nil for the other forms. It proves its author.
	Record *record.Record

	tried map[notice.Reference]struct{} // references that were looked at
}

// Read reads a file. Errors wrap ErrForm.
func Read(name string, data []byte) (*Draft, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%w: it has %d bytes, at most %d are read", ErrForm, len(data), MaxFile)
	}
	found := document.Inspect(name, "", data)
	if found.Flaw != "" {
		return nil, fmt.Errorf("%w: it is %s, and %s", ErrForm, found.Kind.Says(), found.Flaw)
	}
	var d *Draft
	var err error
	switch found.Kind {
	case document.Record:
		return fromRecord(found.Text)
	case document.CSAF:
		d, err = fromCSAF(found.Text)
	case document.MISP:
		d, err = fromMISP(found.Text)
	case document.STIX, document.JSON, document.Text, document.Archive, document.PDF, document.Office, document.Mail, document.Encrypted:
		return nil, fmt.Errorf("%w: it is %s", ErrForm, found.Kind.Says())
	default:
		return nil, fmt.Errorf("%w: it is neither a CSAF advisory nor a MISP event nor a record in a file", ErrForm)
	}
	if err != nil {
		return nil, err
	}
	if own, ok := found.Strictest(); ok {
		d.Alert.Marking.TLP = own.TLP // none where somebody meant to limit it in words that this release does not know
	}
	for _, l := range found.Labels {
		d.Labels = append(d.Labels, line(l.Word, notice.MaxLine))
	}
	d.attach(name, data)
	d.Alert.Normalise()
	return d, nil
}

func (d *Draft) attach(name string, data []byte) {
	media := mediaCSAF
	if d.Source == MISP {
		media = mediaMISP
	}
	d.Alert.Attachments = []notice.Attachment{{Name: fileName(name, d.Source), MediaType: media, Data: data}}
}
