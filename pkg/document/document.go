// Package document tells of a file whether it is a document that says who may see it, and what it says: a CSAF advisory, a
// MISP event, a STIX 2 bundle or marking definition, a record of this mesh in a file, or other JSON and text with a TLP label where
// labels stand. It is the one reader that decides this: what brings documents in and what sends them ask here. It reads nothing else of them
// (see pkg/intake) and does not decide who may have them (see pkg/policy).
// Invariant: every byte of a file is looked at, or the kind says that the file is not looked into; of several labels the
// strictest holds; a document that is not read strictly has a Flaw, and counts as TLP:RED. Memory is in proportion to the file.
package document

import (
	"slices"
	"strings"

	"tocsin/pkg/notice"
)

// Kind is what a file is, as far as labels go.
type Kind string

// The kinds of documents whose labels are read. The zero Kind is a file in which no label was found, and which is not of a
// kind that has one.
const (
	CSAF   Kind = "csaf"
	MISP   Kind = "misp"
	STIX   Kind = "stix"
	Record Kind = "record" // of this mesh, in a DSSE JSON file
	JSON   Kind = "json"   // other JSON, with a label
	Text   Kind = "text"   // with a label
)

// The kinds of files that are not looked into. A label that lies open in such a file, as text, is found even so.
const (
	Archive   Kind = "archive"
	PDF       Kind = "pdf"
	Office    Kind = "office"
	Mail      Kind = "mail"
	Encrypted Kind = "encrypted"
)

// Says returns what a file of the kind is, with its article.
func (k Kind) Says() string {
	switch k {
	case CSAF:
		return "a CSAF advisory"
	case MISP:
		return "a MISP event"
	case STIX:
		return "a STIX bundle"
	case Record:
		return "a record in a file"
	case JSON:
		return "a labelled JSON file"
	case Text:
		return "a labelled text"
	case Archive:
		return "an archive"
	case PDF:
		return "a PDF document"
	case Office:
		return "an office document"
	case Mail:
		return "a mail"
	case Encrypted:
		return "an encrypted file"
	}
	return "a file"
}

// Closed reports whether files of the kind are not looked into.
func (k Kind) Closed() bool {
	switch k {
	case Archive, PDF, Office, Mail, Encrypted:
		return true
	case CSAF, MISP, STIX, Record, JSON, Text:
	}
	return false
}

// MaxLabels bounds the labels of a Finding.
const MaxLabels = 16

// Label is one word of a document on who may see it.
type Label struct {
	Word  string     // as it is written there, cut if long; any text
	TLP   notice.TLP // what it means; empty: it is no label that is known
	Where string     // a JSON pointer, of a long one the end; or a line
}

// Finding is what a file says.
type Finding struct {
	Kind Kind
	// Labels are in the order of the file, each word once, the strictest always among them.
	Labels []Label
	// Flaw says why the document is not read strictly; empty if it is. Only kinds that are JSON have flaws.
	Flaw string
	// Text is the file in UTF-8 without byte order mark; where it is so already it shares the bytes of the file. It is nil
	// for a kind that is not looked into.
	Text []byte
}

// Strictest returns the label that the file is to be held to, and whether there is one. A label that is not known is
// stricter than every other. A document with a flaw counts as labelled TLP:RED, whatever it says: nobody can say that
// other readers read the same in it.
func (f *Finding) Strictest() (Label, bool) {
	best, ok := Label{}, false
	if f.Flaw != "" {
		best, ok = Label{TLP: notice.TLPRed}, true
	}
	for _, l := range f.Labels {
		if !ok || l.TLP.Stricter(best.TLP) {
			best, ok = l, true
		}
	}
	return best, ok
}

// longest bounds in bytes the words of a label and its place.
const longest = 200

func cut(s string) string {
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return s
}

// add puts a label into a list that stays short, keeps each word once, and never loses the strictest.
func add(list []Label, l Label) []Label {
	l.Word, l.Where = cut(l.Word), cut(l.Where)
	switch {
	case !wanted(list, l):
	case len(list) < MaxLabels:
		list = append(list, l)
	default:
		list[MaxLabels-1] = l
	}
	return list
}

// wanted reports whether a label, its word cut, has a place in a list: the word is not there, and the list is not full or the label is
// stricter than all in it.
func wanted(list []Label, l Label) bool {
	asStrict := func(has Label) bool { return !l.TLP.Stricter(has.TLP) }
	return !seen(list, l.Word) && (len(list) < MaxLabels || !slices.ContainsFunc(list, asStrict))
}

// seen reports whether a list has a word.
func seen(list []Label, word string) bool {
	return slices.ContainsFunc(list, func(l Label) bool { return l.Word == word })
}

// Inspect looks at a file. The name and the media type are the sender's; they help to tell what is not looked into, and tables.
func Inspect(name, mediaType string, data []byte) Finding {
	closed, sure := closedKind(name, mediaType, data)
	if sure {
		return Finding{Kind: closed}
	}
	text, encoding := decode(data)
	f, read := inspectJSON(text)
	f.Text = text
	if f.Kind == "" {
		if f.Flaw != "" {
			f.Kind = named(mediaType)
		}
		if f.Kind == "" {
			f.Flaw = ""
		}
	}
	if f.Kind == "" && !read {
		for _, l := range inspectText(name, mediaType, text) {
			f.Labels = add(f.Labels, l)
		}
	}
	switch {
	case f.Kind != "":
		if f.Flaw == "" {
			f.Flaw = encoding
		}
		if f.Kind == Record {
			recorded(&f)
		}
	case closed != "":
		return Finding{Kind: closed, Labels: f.Labels}
	case len(f.Labels) > 0:
		f.Kind = Text
	}
	return f
}

// named returns the kind that a media type says, of the forms that have one of their own: what calls itself an advisory and
// cannot be read may be labelled.
func named(mediaType string) Kind {
	media, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	switch strings.TrimSpace(media) {
	case "application/csaf+json":
		return CSAF
	case "application/stix+json", "application/taxii+json":
		return STIX
	case "application/misp+json", "application/vnd.misp+json":
		return MISP
	}
	return ""
}

// InText returns the strictest label that stands where labels stand in a text: on a line of its own, or at the beginning or the end of
// the first lines and the last. A label in the middle of a sentence is none.
func InText(text string) (Label, bool) {
	folded := fold([]byte(text))
	if !namesTLP(folded) {
		return Label{}, false
	}
	f := Finding{Labels: newPatterns().lines(folded)}
	return f.Strictest()
}
