package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// draft is what alerts and requests have in common as their senders write them: in a TOML file, in flags, or in both, where
// a flag replaces what the file says. Words are kept as typed, so that every mistake can be named with its place; turning
// them into a notice (draftAlert, draftRequest) is where they are judged.
//
// The keys of the file and the names of the flags are the same words.
type draft struct {
	Community string        `toml:"community"`
	TLP       string        `toml:"tlp"`
	PAP       string        `toml:"pap"`
	Purpose   []string      `toml:"purpose"`
	Status    string        `toml:"status"`
	Class     string        `toml:"class"`
	OurRef    string        `toml:"our_ref"`
	YourRef   string        `toml:"your_ref"`
	CVE       []string      `toml:"cve"`
	URL       []string      `toml:"url"`
	Advisory  []string      `toml:"advisory"`
	Attach    []string      `toml:"attach"`
	Affected  affectedDraft `toml:"affected"`
	Text      []textDraft   `toml:"text"`
}

// affectedDraft is the [affected] table.
type affectedDraft struct {
	Prefixes  []string `toml:"prefixes"`
	ASNs      []uint32 `toml:"asns"`
	Domains   []string `toml:"domains"`
	Countries []string `toml:"countries"`
	Sectors   []string `toml:"sectors"`
}

// textDraft is one [[text]] block: the same message in one more language.
type textDraft struct {
	Language    string `toml:"language"`
	Title       string `toml:"title"`
	Summary     string `toml:"summary"`
	Format      string `toml:"format"`
	Instruction string `toml:"instruction"`
}

// drafting turns one draft into one notice and collects what is wrong with it, so that the writer hears of everything at
// once. It serves one command line and one goroutine.
type drafting struct {
	from origin
	now  time.Time
	// read opens a file that is to be attached.
	read     func(path string) ([]byte, error)
	mistakes []mistake
	// relabel is the writer's word that the marking is right, although something is known to be under a stricter one.
	relabel bool
	// refs and files say which key of the draft each reference and attachment came from.
	refs, files []string
}

// mistake is one thing wrong with one field of a draft.
type mistake struct {
	Key     string // as in the file: "text[0].title"
	Problem string // "is missing"
	Hint    string
}

func (d *drafting) wrong(key, problem, hint string) {
	d.mistakes = append(d.mistakes, mistake{key, problem, hint})
}

// err is every mistake with its place, or nil.
func (d *drafting) err() error {
	if len(d.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(d.mistakes, func(a, b mistake) int { return cmp.Compare(d.from.order(a.Key), d.from.order(b.Key)) })
	var lines, hints []string
	for _, m := range d.mistakes {
		lines = append(lines, d.from.place(m.Key)+" "+m.Problem)
		if m.Hint != "" && len(d.mistakes) == 1 {
			hints = append(hints, m.Hint)
		} else if m.Hint != "" {
			lines[len(lines)-1] += " (" + m.Hint + ")"
		}
	}
	return usageErrorf(strings.Join(hints, "\n"), "%s", strings.Join(lines, "\n"))
}

// take adds the findings of the notice's own check, in the words of the draft.
func (d *drafting) take(err error) {
	found, ok := err.(notice.FieldErrors) //nolint:errorlint // Validate returns it bare
	if err != nil && !ok {
		d.wrong("", err.Error(), "")
		return
	}
	for _, f := range found {
		key := d.key(f.Field)
		if strings.HasSuffix(f.Problem, " is missing") { // a vocabulary names itself, where the field's name is enough
			f.Problem = "is missing"
		}
		if key == "text" && d.from.file == "" {
			f.Hint = "one line that says what this is about"
		}
		if !d.named(key) {
			d.wrong(key, f.Problem, f.Hint)
		}
	}
}

// named says that a mistake of this field is on the list already, and the check only sees what that left behind.
func (d *drafting) named(key string) bool {
	for _, m := range d.mistakes {
		if m.Key == key || strings.HasPrefix(m.Key, key+"[") {
			return true
		}
	}
	return false
}

// key translates a field as it is on the wire into the draft's word for it.
func (d *drafting) key(field string) string {
	if rest, ok := strings.CutPrefix(field, "marking."); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(field, "texts"); ok {
		return "text" + rest
	}
	for _, list := range []struct {
		name string
		keys []string
	}{{"references", d.refs}, {"attachments", d.files}} {
		var i int
		if n, _ := fmt.Sscanf(field, list.name+"[%d]", &i); n == 1 && i < len(list.keys) {
			return list.keys[i]
		}
	}
	if list, _, ok := strings.Cut(field, "["); ok && strings.HasPrefix(field, "affected.") {
		return list // sorted by now, so the index is not the writer's
	}
	return field
}

// word reads one word of a vocabulary; empty stays empty, for the check to judge.
func word[W ~string](d *drafting, key, typed string, parse func(string) (W, error)) W {
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	w, err := parse(typed)
	if err != nil {
		d.wordError(key, err)
	}
	return w
}

// maxChoices is how many words are shown to choose from.
const maxChoices = 16

// fewOf is the hint for a long vocabulary: the few words nearest to the one typed.
func fewOf(e *notice.WordError) string {
	typed := strings.ToLower(e.Got)
	_, last, ok := strings.Cut(typed, "/")
	if !ok {
		last = typed
	}
	near := slices.Clone(e.Allowed)
	slices.SortStableFunc(near, func(a, b string) int {
		_, aType, _ := strings.Cut(a, "/")
		_, bType, _ := strings.Cut(b, "/")
		return cmp.Compare(editDistance(last, aType), editDistance(last, bType))
	})
	near = slices.DeleteFunc(near[:3], func(w string) bool { return w == e.Nearest })
	hint := "such as " + strings.Join(near, ", ")
	if e.Nearest != "" {
		hint = "did you mean " + e.Nearest + "? else " + hint
	}
	return hint + "; --template lists all"
}

// wordError shows a wrong word with the right ones.
func (d *drafting) wordError(key string, err error) {
	e, ok := err.(*notice.WordError) //nolint:errorlint // the parsers return it bare
	if !ok {
		d.wrong(key, err.Error(), "")
		return
	}
	if len(e.Allowed) > maxChoices {
		d.wrong(key, fmt.Sprintf("%+q is not a known %s", e.Got, e.What), fewOf(e))
		return
	}
	hint := "one of " + strings.Join(e.Allowed, ", ")
	if e.Nearest != "" {
		hint = "did you mean " + e.Nearest + "? " + hint
	}
	d.wrong(key, fmt.Sprintf("%+q is not a known %s", e.Got, e.What), hint)
}

// marking reads who may see it and what for. A missing TLP is left missing: no default, no guess.
func (d *drafting) marking(w *draft) notice.Marking {
	m := notice.Marking{
		TLP: word(d, "tlp", w.TLP, notice.ParseTLP),
		PAP: word(d, "pap", w.PAP, notice.ParsePAP),
	}
	for i, p := range w.Purpose {
		m.Purpose = append(m.Purpose, word(d, fmt.Sprintf("purpose[%d]", i), p, notice.ParsePurpose))
	}
	return m
}

// status is actual unless the writer says that it is a drill.
func (d *drafting) status(w *draft) notice.Status {
	if w.Status == "" {
		return notice.StatusActual
	}
	return word(d, "status", w.Status, notice.ParseStatus)
}

// class orders the record among others; empty leaves it to the daemon. Control is the mesh's own.
func (d *drafting) class(w *draft) record.Class {
	c := record.Class(strings.ToLower(strings.TrimSpace(w.Class)))
	switch c {
	case "", record.Routine, record.Urgent, record.Emergency:
		return c
	case record.Control:
		d.wrong("class", "control is for the mesh's own business", "one of routine, urgent, emergency")
		return ""
	default:
		d.wrong("class", fmt.Sprintf("%+q is not a class", w.Class), "one of routine, urgent, emergency")
		return ""
	}
}

func (d *drafting) texts(w *draft) []notice.Text {
	var texts []notice.Text
	for _, t := range w.Text {
		texts = append(texts, notice.Text(t))
	}
	return texts
}

func (d *drafting) affected(w *draft) notice.Affected {
	a := notice.Affected{
		ASNs: w.Affected.ASNs, Domains: w.Affected.Domains, Countries: w.Affected.Countries, Sectors: w.Affected.Sectors,
	}
	for i, s := range w.Affected.Prefixes {
		p, err := parsePrefix(s)
		if err != nil {
			d.wrong(fmt.Sprintf("affected.prefixes[%d]", i), fmt.Sprintf("%+q is not a prefix", s), "such as 192.0.2.0/24, 192.0.2.7 or 2001:db8::/32")
			continue
		}
		a.Prefixes = append(a.Prefixes, p)
	}
	return a
}

// parsePrefix reads a prefix, or an address as the prefix of itself.
func parsePrefix(s string) (netip.Prefix, error) {
	s = strings.TrimSpace(s)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

func (d *drafting) references(w *draft) []notice.Reference {
	var refs []notice.Reference
	for _, list := range []struct {
		kind   string
		key    string
		values []string
	}{
		{notice.ReferenceCVE, "cve", w.CVE}, {notice.ReferenceURL, "url", w.URL}, {notice.ReferenceAdvisory, "advisory", w.Advisory},
	} {
		for i, v := range list.values {
			refs = append(refs, notice.Reference{Type: list.kind, Value: v})
			d.refs = append(d.refs, fmt.Sprintf("%s[%d]", list.key, i))
		}
	}
	return refs
}

// when reads a time of the draft: a TOML date-time, or text for parseWhen.
func (d *drafting) when(key string, typed any) time.Time {
	switch v := typed.(type) {
	case nil:
		return time.Time{}
	case time.Time:
		return v
	case string:
		if strings.TrimSpace(v) == "" {
			return time.Time{}
		}
		t, err := parseWhen(v, d.now)
		if err != nil {
			d.wrong(key, err.Error(), whenHint)
		}
		return t
	default:
		d.wrong(key, fmt.Sprintf("%q is not a time with a zone", fmt.Sprint(v)), whenHint)
		return time.Time{}
	}
}
