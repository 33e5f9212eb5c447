package document

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is deeper than any document of these forms is nested.
const maxDepth = 500

// What is wrong with a text beside its syntax.
var (
	errDeep     = errors.New("it is nested too deep to be read")
	errTrailing = errors.New("something stands behind its end")
)

// inspectJSON finds what a JSON text is and its labels. A text that is not strictly JSON is read as far as that can be done, and
// then searched for what its form would show. It has a flaw then, also where its kind is not known. read: it is a JSON text to its end, or several.
func inspectJSON(text []byte) (f Finding, read bool) {
	start := bytes.TrimLeft(text, " \t\r\n\ufeff\x00")
	if len(start) == 0 || !bytes.ContainsAny(start[:1], `{["`) {
		return wrapped(text), false
	}
	p := newPatterns()
	w := newWalk(p, text)
	err := w.run(true)
	if err == nil {
		return w.finding(), true
	}
	if start[0] == '"' {
		return wrapped(text), false
	}
	loose := newWalk(p, start, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	stopped := loose.run(false)
	f = loose.finding()
	if stopped != nil {
		searched := p.search(text)
		if f.Kind == "" || f.Kind == JSON {
			f.Kind = searched.Kind
		}
		for _, l := range searched.Labels {
			f.Labels = add(f.Labels, l)
		}
	}
	if f.Kind == "" && len(f.Labels) > 0 {
		f.Kind = JSON
	}
	f.Flaw = flaw(err)
	return f, stopped == nil
}

// wrapped finds documents of the known forms within a text: a program's answer with its headers, a script, a log. Their labels count. A
// document has a flaw if it begins a little after the beginning of the file and goes to its end; else the text may quote it.
func wrapped(text []byte) Finding {
	const before, behind = 4096, 16
	f := Finding{Flaw: "it does not begin as JSON does"}
	p := newPatterns()
	first, end, kind := 0, 0, Kind("")
	// What cannot be read is read again from its next bracket on, but all in all not more often than a few times.
	const times, least = 4, 512
	for at, spent := 0, 0; at < len(text) && spent <= times*len(text)+before; at++ {
		if !begins(text[at:]) {
			continue
		}
		w := newWalk(p, text[at:], jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		whole, n := w.first(), int(w.dec.InputOffset())
		spent += n + least
		known := w.kind != "" && (w.kind != STIX || w.wellRef || len(w.refs) > 0) // a definition alone is a program's, or an example
		if found := w.finding(); whole && known {
			for _, l := range found.Labels {
				f.Labels = add(f.Labels, l)
			}
			if kind == "" {
				first, kind = at, found.Kind
			}
			at += n - 1
			end = at + 1
		}
	}
	if searched := p.search(text); searched.Kind != "" {
		for _, l := range searched.Labels {
			f.Labels = add(f.Labels, l)
		}
	}
	if kind != "" && first < before && len(bytes.TrimSpace(text[end:])) <= behind {
		f.Kind, f.Flaw = kind, "something stands before its beginning"
	}
	return f
}

// begins reports whether a text begins as an object or an array of the known forms does.
func begins[T []byte | string](text T) bool {
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			return text[0] == '['
		default:
			return c == '"'
		}
	}
	return false
}

// flaw says in plain words why a text is not strictly JSON.
func flaw(err error) string {
	var at *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &at):
		return fmt.Sprintf("the member %s is there twice (byte %d)", cut(string(at.JSONPointer)), at.ByteOffset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it is cut off"
	case errors.As(err, &at):
		return fmt.Sprintf("it is not JSON from byte %d on: %s", at.ByteOffset, strings.TrimPrefix(at.Err.Error(), "jsontext: "))
	}
	return err.Error()
}

// search looks in a text that is not JSON for what documents of the known forms have.
func (p *patterns) search(text []byte) (f Finding) {
	has := func(literal, pattern string) bool {
		return bytes.Contains(text, []byte(literal)) && regexp.MustCompile(pattern).Match(text)
	}
	const member = `["']?\s*:\s*`
	ofEvent := func() bool { return has("", `\b(?:Attribute|Orgc|threat_level_id|EventReport)`+member) }
	switch {
	case has("csaf_version", `\bcsaf_version`+member+`["'\d]`):
		f.Kind = CSAF
	case has("Event", `\bEvent`+member+`\{`) && ofEvent(), has("info", `\binfo`+member+`["']`) && ofEvent():
		f.Kind = MISP
	case has("bundle", `\btype`+member+`["']bundle["']`) && has("", `\b(?:objects`+member+`|bundle--)`),
		has("marking", `\b(?:object_marking_refs|marking_ref)`+member), has(typeDefinition, `\btype`+member+`["']marking-definition["']`):
		f.Kind = STIX
	}
	if !namesTLP(text) && f.Kind != CSAF {
		return f
	}
	unquoted := p.unfenced(text)
	for _, pattern := range append(p.named(), p.quoted()) {
		for l := range matches(pattern, unquoted) {
			f.Labels = add(f.Labels, l)
		}
	}
	return f
}
