package document

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// frame is one object or array on the way to a value.
type frame struct {
	name    string // of the member that it is; an array's elements have the array's
	array   bool
	tlp     bool   // it is, or is within, a member that is named after TLP
	feeds   bool   // it is within a list of feeds
	count   int    // of an array's elements so far
	next    string // the member whose value comes, if named, or came
	named   bool
	has     members
	typ, id string  // of a STIX object
	group   string  // the ID of the sharing group, of the distribution of a CSAF advisory
	labels  []Label // found in it
}

// walk reads one text token by token and keeps of it what it needs.
type walk struct {
	dec    *jsontext.Decoder
	p      *patterns
	inner  bool // the text is a string in another
	stack  []frame
	kind   Kind
	labels []Label // of what has ended
	// A STIX object refers to the markings that hold for it. Where nothing refers to any, those that are defined hold.
	refs    []string
	wellRef bool // it refers to a marking of TLP by its well known ID
	defs    []definition
}

// definition is a STIX marking definition with what it says of TLP.
type definition struct {
	id     string
	labels []Label
}

// maxRefs bounds the different markings to which one file refers beside those of TLP.
const maxRefs = 1000

func newWalk(p *patterns, text []byte, options ...jsontext.Options) *walk {
	return &walk{dec: jsontext.NewDecoder(bytes.NewReader(text), options...), p: p}
}

// run reads the text to its end, as one value if strict. After an error what was read before it stays.
func (w *walk) run(strict bool) error {
	defer w.unwind()
	for n := 0; ; n++ {
		ended := len(w.stack) == 0 && n > 0
		token, err := w.dec.ReadToken()
		switch {
		case errors.Is(err, io.EOF) && len(w.stack) == 0:
			return nil
		case ended && strict:
			return errTrailing
		case err != nil:
			return err
		}
		w.take(token)
		if len(w.stack) > maxDepth {
			return errDeep
		}
	}
}

// first reads one whole value, and reports whether there was one.
func (w *walk) first() bool {
	defer w.unwind()
	for {
		token, err := w.dec.ReadToken()
		if err != nil {
			return false
		}
		w.take(token)
		switch {
		case len(w.stack) == 0:
			return true
		case len(w.stack) > maxDepth:
			return false
		}
	}
}

func (w *walk) unwind() {
	for len(w.stack) > 0 {
		w.pop()
	}
}

// at returns the frame so many levels above the innermost; an empty one beyond the outermost.
func (w *walk) at(up int) *frame {
	if i := len(w.stack) - 1 - up; i >= 0 {
		return &w.stack[i]
	}
	return &frame{}
}

func (w *walk) take(token jsontext.Token) {
	kind := token.Kind()
	if kind == '}' || kind == ']' {
		w.pop()
		return
	}
	top := w.at(0)
	if len(w.stack) > 0 && !top.array && !top.named {
		top.next, top.named = token.String(), true
		top.has |= memberNamed(top.next)
		return
	}
	name := top.name
	if !top.array {
		name, top.named = top.next, false
	}
	top.count++
	switch kind {
	case jsontext.KindBeginObject, jsontext.KindBeginArray:
		w.stack = append(w.stack, frame{
			name: name, array: kind == jsontext.KindBeginArray,
			tlp: top.tlp || isLabelName(name), feeds: top.feeds || name == "feeds",
		})
	case jsontext.KindString:
		w.text(name, token.String())
	case jsontext.KindNumber:
		w.number(name, token.String())
	case jsontext.KindNull, jsontext.KindTrue, jsontext.KindFalse, jsontext.KindEndObject, jsontext.KindEndArray, jsontext.KindInvalid:
	}
}

func (w *walk) pop() {
	f := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	if f.group != "" {
		f.labels = contradicted(f.labels, f.group)
	}
	if !f.array {
		w.is(formOf(&f))
	}
	if f.typ == typeDefinition && !f.array {
		if tlp, ok := wellKnown(f.id); ok {
			f.labels = add(f.labels, Label{Word: tlp.String(), TLP: tlp, Where: f.id})
		}
		w.defs = append(w.defs, definition{f.id, f.labels})
		return
	}
	into := &w.labels
	if len(w.stack) > 0 {
		into = &w.at(0).labels
	}
	for _, l := range f.labels {
		*into = add(*into, l)
	}
}

// is notes what the text is; its first form stays.
func (w *walk) is(k Kind) {
	if w.kind == "" {
		w.kind = k
	}
}

func (w *walk) label(word string, tlp notice.TLP) {
	l := Label{Word: cut(word), TLP: tlp}
	into := &w.labels
	if len(w.stack) > 0 {
		into = &w.at(0).labels
	}
	if !wanted(*into, l) {
		return
	}
	l.Where = w.pointer()
	*into = add(*into, l)
}

// pointer is where the walk is, as a JSON pointer; of a long one the end. Its cost is bounded: a file has many labels.
func (w *walk) pointer() (p string) {
	for _, f := range slices.Backward(w.stack) {
		part := strconv.Itoa(f.count - 1)
		if !f.array {
			part = strings.ReplaceAll(strings.ReplaceAll(cut(f.next), "~", "~0"), "/", "~1")
		}
		if len(p)+len(part) >= longest-len("...") {
			return "..." + p
		}
		p = "/" + part + p
	}
	return p
}

// text takes one string: a place of a known form, else any that is a label as a whole.
func (w *walk) text(name, value string) {
	f := w.at(0)
	if !f.array {
		switch name {
		case "type":
			f.typ = value
		case "id":
			f.id = value
			if f.name == "sharing_group" && w.at(1).name == "distribution" {
				w.at(1).group = value
			}
		}
	}
	if !w.inner && begins(value) {
		w.within(value)
	}
	switch {
	case name == "csaf_version":
		w.is(CSAF)
	case name == "payloadType" && value == record.PayloadType:
		w.is(Record)
	case name == "object_marking_refs", name == "marking_ref":
		w.ref(value)
	case w.inLabel(name):
		w.word(value)
	case name == "text" && f.name == "distribution":
		if tlp, ok := w.p.mentioned(value); ok {
			w.label(value, tlp)
		}
	case name == "content" && f.name == "EventReport", name == "statement", w.titles(name):
		for _, l := range w.p.lines(fold([]byte(value))) {
			w.label(l.Word, l.TLP)
		}
	case !lists(name):
		tlp, ok := w.p.whole(value)
		if !ok && f.tlp && !f.feeds {
			tlp, ok = wordOf(value)
		}
		if ok {
			w.label(value, tlp)
		}
	}
}

// titles reports whether a member is the title of a whole document, or one that is named after who may see it.
func (w *walk) titles(name string) bool {
	f := w.at(0)
	switch strings.ToLower(name) {
	case "title", "info", "subject":
		return !f.array && (len(w.stack) == 1 || f.name == "document" || f.name == "Event")
	case "classification", "marking", "handling", "distribution":
		return true
	}
	return false
}

// within looks into a string that may be JSON in itself.
func (w *walk) within(value string) {
	in := newWalk(w.p, []byte(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	in.inner = true
	_ = in.run(false)
	for _, l := range in.finding().Labels {
		w.label(l.Word, l.TLP)
	}
}

// inLabel reports whether a member is where a label stands, whatever it says: a member that is named after TLP, or the label in such a one.
// What a list of feeds says of its feeds is said of those.
func (w *walk) inLabel(name string) bool {
	f := w.at(0)
	named := isLabelName(name)
	if !named && isLabelName(f.name) && !f.array {
		switch strings.ToLower(name) {
		case "label", "color", "colour", "value", "name", "level":
			named = true
		}
	}
	return named && !f.feeds
}

// word takes a text that stands in a label's place: it is a label, whatever it says.
func (w *walk) word(value string) {
	tlp, ok := wordOf(value)
	if !ok {
		tlp, ok = w.p.mentioned(value)
	}
	if !ok && strings.TrimSpace(value) == "" && w.at(0).name != "tlp" {
		return // a form that was not filled in
	}
	w.label(value, tlp)
}

// number takes one number. Some programs number the labels, from CLEAR on; those that know AMBER+STRICT and those that do not
// mean different ones from the third on, so those count as RED.
func (w *walk) number(name, value string) {
	switch {
	case name == "csaf_version":
		w.is(CSAF)
	case !w.inLabel(name):
	case value == "0":
		w.label(value, notice.TLPClear)
	case value == "1":
		w.label(value, notice.TLPGreen)
	case value == "2":
		w.label(value, notice.TLPAmber)
	case value == "3", value == "4":
		w.label(value, notice.TLPRed)
	default:
		w.label(value, "")
	}
}

// ref takes a reference to a marking.
func (w *walk) ref(id string) {
	w.is(STIX)
	if tlp, ok := wellKnown(id); ok {
		w.wellRef = true
		w.label(tlp.String(), tlp)
		return
	}
	switch i, found := slices.BinarySearch(w.refs, id); {
	case found:
	case len(w.refs) >= maxRefs:
		w.label("more than can be followed", "")
	default:
		w.refs = slices.Insert(w.refs, i, id)
	}
}

// finding is what the whole text comes to.
func (w *walk) finding() Finding {
	f := Finding{Kind: w.kind, Labels: w.labels}
	defs := map[string][]Label{}
	for _, d := range w.defs {
		defs[d.id] = append(defs[d.id], d.labels...)
		if len(w.refs) == 0 && !w.wellRef {
			for _, l := range d.labels {
				f.Labels = add(f.Labels, l)
			}
		}
	}
	for _, ref := range w.refs {
		for _, l := range defs[ref] { // what is not in the file has no ID of TLP: a statement of copyright, mostly
			f.Labels = add(f.Labels, l)
		}
	}
	if f.Kind == "" && len(f.Labels) > 0 {
		f.Kind = JSON
	}
	return f
}
