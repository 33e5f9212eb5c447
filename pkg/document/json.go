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
// then searched for what its form would show. It has a flaw then, also where its kind is not known.
func inspectJSON(text []byte) Finding {
	start := bytes.TrimLeft(text, " \t\r\n\ufeff\x00")
	if len(start) == 0 || start[0] != '{' && start[0] != '[' {
		return wrapped(text)
	}
	w := newWalk(text)
	err := w.run(true)
	if err == nil {
		return w.finding()
	}
	loose := newWalk(start, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	stopped := loose.run(false)
	f := loose.finding()
	if stopped != nil {
		searched := search(text)
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
	return f
}

// wrapped finds a document of a known form that begins a little after the beginning of a file and goes to its end: a program's answer with
// its headers, a script that is one value. A text that quotes a piece of a document is none.
func wrapped(text []byte) Finding {
	const before, after = 4096, 16
	no := Finding{Flaw: "it does not begin as JSON does"}
	at := bytes.IndexByte(text[:min(len(text), before)], '{')
	if at < 0 {
		return no
	}
	w := newWalk(text[at:], jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if !w.first() || len(bytes.TrimSpace(text[at+int(w.dec.InputOffset()):])) > after {
		return no
	}
	f := w.finding()
	if f.Kind == "" || f.Kind == JSON {
		return no
	}
	f.Flaw = "something stands before its beginning"
	return f
}

// flaw says in plain words why a text is not strictly JSON.
func flaw(err error) string {
	var at *jsontext.SyntacticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &at):
		return fmt.Sprintf("the member %s is there twice (byte %d)", at.JSONPointer, at.ByteOffset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it is cut off"
	case errors.As(err, &at):
		return fmt.Sprintf("it is not JSON from byte %d on: %s", at.ByteOffset, strings.TrimPrefix(at.Err.Error(), "jsontext: "))
	}
	return err.Error()
}

// search looks in a text that is not JSON for what documents of the known forms have.
func search(text []byte) (f Finding) {
	has := func(literal, pattern string) bool {
		return bytes.Contains(text, []byte(literal)) && regexp.MustCompile(pattern).Match(text)
	}
	const member = `["']\s*:\s*`
	ofEvent := func() bool { return has("", `["'](?:Attribute|Orgc|threat_level_id|EventReport)`+member) }
	switch {
	case has("csaf_version", `["']csaf_version`+member+`["'\d]`):
		f.Kind = CSAF
	case has("Event", `["']Event`+member+`\{`) && ofEvent(), has("info", `["']info`+member+`["']`) && ofEvent():
		f.Kind = MISP
	case has("bundle", `["']type`+member+`["']bundle["']`) && has("", `["'](?:objects`+member+`|bundle--)`),
		has("marking", `["'](?:object_marking_refs|marking_ref)`+member), has(typeDefinition, `["']type`+member+`["']marking-definition["']`):
		f.Kind = STIX
	}
	if !namesTLP(text) && f.Kind != CSAF {
		return f
	}
	for _, m := range newPatterns().quoted.FindAllSubmatch(text, MaxLabels*MaxLabels) {
		if tlp, ok := wordOf(string(m[1]) + string(m[2])); ok {
			f.Labels = add(f.Labels, Label{Word: string(m[0]), TLP: tlp, Where: "what can be read of it"})
		}
	}
	return f
}
