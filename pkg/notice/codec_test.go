package notice_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func TestDecodeUndoesEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawNotice(t)
		body, err := notice.Encode(n) // normalises n
		if err != nil {
			t.Fatalf("encode %s: %v", n.Kind(), err)
		}
		if err := dsse.Canonical(body); err != nil {
			t.Fatalf("body is not canonical: %v\n%s", err, body)
		}
		back, err := notice.Decode(n.Kind(), body)
		if err != nil {
			t.Fatalf("decode %s: %v\n%s", n.Kind(), err, body)
		}
		if !reflect.DeepEqual(n, back) {
			t.Fatalf("got back\n%+v\nwant\n%+v", back, n)
		}
		if err := back.Validate(); err != nil {
			t.Fatalf("what came back is not valid: %v", err)
		}
		bare := n.Kind() == notice.KindReceipt || n.Kind() == notice.KindErase
		if bare != (n.MarkingOf() == nil) {
			t.Fatalf("%s: marking is %v", n.Kind(), n.MarkingOf())
		}
	})
}

func TestAttachmentTravelsVerbatim(t *testing.T) {
	var csaf bytes.Buffer
	csaf.WriteString(`{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","notes":[`)
	for i := 0; csaf.Len() < 100_000; i++ {
		fmt.Fprintf(&csaf, "{\"category\":\"details\", \"text\":\"Product %d \u2014 see \\u0000 <script>\"},\r\n", i)
	}
	csaf.WriteString(`{}]}}`)
	a := goodAlert()
	a.Attachments = []notice.Attachment{{Name: "example.json", MediaType: "application/csaf+json", Data: csaf.Bytes()}}
	body, err := notice.Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	back, err := notice.Decode(notice.KindAlert, body)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.(*notice.Alert).Attachments[0].Data; !bytes.Equal(got, csaf.Bytes()) {
		t.Errorf("%d bytes came back, not the %d sent", len(got), csaf.Len())
	}
}

func TestLargestBody(t *testing.T) {
	a := goodAlert()
	a.Attachments = []notice.Attachment{{Name: "big", MediaType: "application/octet-stream", Data: make([]byte, notice.MaxBody/4*3-1000)}}
	if _, err := notice.Encode(a); err != nil {
		t.Errorf("just below the limit: %v", err)
	}
	a.Attachments[0].Data = make([]byte, notice.MaxBody/4*3)
	if _, err := notice.Encode(a); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("above the limit: %v", err)
	}
}

func TestEncodeNormalises(t *testing.T) {
	a := goodAlert()
	a.Texts = []notice.Text{{Language: "EN_gb", Title: " Title ", Summary: "a\r\nb\r\n\r\n", Format: "text/plain"}}
	a.Marking.Purpose = []notice.Purpose{notice.NoPublication, notice.DefenceOnly, notice.NoPublication}
	a.Affected = notice.Affected{
		Prefixes:  []netip.Prefix{netip.MustParsePrefix("203.0.113.9/24"), netip.MustParsePrefix("::ffff:192.0.2.7/120"), netip.MustParsePrefix("203.0.113.0/24")},
		ASNs:      []uint32{64511, 64496, 64511},
		Domains:   []string{"M\u00fcnchen.Example.", "a.example"},
		Countries: []string{"ke", "FJ"},
		Sectors:   []string{"Finance"},
	}
	a.References = []notice.Reference{{Type: "CVE", Value: "cve-2024-1234"}}
	a.Observed = time.Date(2026, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	body, err := notice.Encode(a)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"affected":{"asns":[64496,64511],"countries":["FJ","KE"],"domains":["a.example","xn--mnchen-3ya.example"],` +
		`"prefixes":["192.0.2.0/24","203.0.113.0/24"],"sectors":["finance"]},"marking":{"purpose":["defence-only","no-publication"],` +
		`"tlp":"TLP:CLEAR"},"observed":"2026-01-02T02:04:05.678Z","references":[{"type":"cve","value":"CVE-2024-1234"}],` +
		`"status":"actual","texts":[{"language":"en-GB","summary":"a\nb","title":"Title"}],"type":"new"}`
	if string(body) != want {
		t.Errorf("body is\n%s\nwant\n%s", body, want)
	}
}

func TestReadingANewerNotice(t *testing.T) {
	body := `{"action":"quantum-repair","affected":{"planets":["mars"]},"case":"c","horizon":{"a":[1]},` +
		`"marking":{"pap":"PAP:BLUE","purpose":["no-quantum-use"],"tlp":"TLP:GREEN"},"priority":"cosmic","reply_by":"2026-01-02T03:04:05.000Z",` +
		`"status":"System","texts":[{"language":"en","title":"\u001b[31m\u202e red","tone":"calm"}]}`
	n, err := notice.Decode(notice.KindRequest, canonicalForm(t, body))
	if err != nil {
		t.Fatal(err)
	}
	r := n.(*notice.Request)
	if r.Action != "quantum-repair" || r.Priority != "cosmic" || r.Status != "system" || r.Marking.PAP != "pap:blue" {
		t.Errorf("words were not kept: %+v", r)
	}
	if r.Action.Known() || r.Status.Drill() || r.Priority.Higher(notice.PriorityNormal) || r.Marking.Understood() {
		t.Errorf("unknown words are acted on: %+v", r)
	}
	if r.Headline("en") != "\x1b[31m\u202e red" {
		t.Errorf("the title was changed: %q", r.Headline("en"))
	}
	var fields notice.FieldErrors
	if err := r.Validate(); !errors.As(err, &fields) {
		t.Fatalf("Validate: %v", err)
	}
	want := []string{"action", "status", "marking.pap", "marking.purpose[0]", "priority", "texts[0].title"}
	if got := fieldsOf(fields); !reflect.DeepEqual(got, want) {
		t.Errorf("Validate names %q, want %q", got, want)
	}
	if _, err := notice.Encode(r); err == nil {
		t.Error("a notice with unknown words was encoded")
	}

	alert := `{"classification":"quantum/entangled","marking":{"tlp":"TLP:CLEAR"},"severity":"catastrophic","status":"actual",` +
		`"texts":[{"language":"en","title":"t"}],"type":"supersede"}`
	n, err = notice.Decode(notice.KindAlert, canonicalForm(t, alert))
	if err != nil {
		t.Fatal(err)
	}
	if a := n.(*notice.Alert); a.Severity != "catastrophic" || a.Classification.String() != "quantum/entangled" || a.Type.Known() {
		t.Errorf("words were not kept: %+v", a)
	}
}

func TestUnreadable(t *testing.T) {
	const good = `{"marking":{"tlp":"TLP:CLEAR"},"status":"actual","texts":[{"language":"en","title":"t"}],"type":"new"}`
	if _, err := notice.Decode(notice.KindAlert, []byte(good)); err != nil {
		t.Fatal(err)
	}
	with := func(old, new string) string {
		s := strings.Replace(good, old, new, 1)
		if s == good {
			t.Fatalf("%q is not in the good body", old)
		}
		return s
	}
	for name, body := range map[string]string{
		"empty":               ``,
		"not an object":       `[]`,
		"truncated":           good[:40],
		"trailing":            good + `{}`,
		"not canonical":       with(`"status":`, `"status": `),
		"duplicate member":    with(`"status":"actual"`, `"status":"actual","status":"actual"`),
		"invalid UTF-8":       with(`"t"`, "\"\xff\""),
		"lone surrogate":      with(`"t"`, `"\ud800"`),
		"float":               with(`"type"`, `"typd":1.5,"type"`),
		"deep":                with(`"type"`, `"typd":`+strings.Repeat(`[`, 20)+strings.Repeat(`]`, 20)+`,"type"`),
		"TLP missing":         with(`"tlp":"TLP:CLEAR"`, ``),
		"TLP null":            with(`"TLP:CLEAR"`, `null`),
		"TLP empty":           with(`"TLP:CLEAR"`, `""`),
		"TLP unknown":         with(`TLP:CLEAR`, `TLP:BLUE`),
		"marking missing":     with(`"marking":{"tlp":"TLP:CLEAR"},`, ``),
		"type missing":        with(`,"type":"new"`, ``),
		"cancel of nothing":   with(`"new"`, `"cancel"`),
		"status not a word":   with(`"actual"`, `"ac tual"`),
		"status not a string": with(`"actual"`, `7`),
		"texts missing":       with(`[{"language":"en","title":"t"}]`, `[]`),
		"title too long":      with(`"t"`, `"`+strings.Repeat("t", notice.MaxTitle+1)+`"`),
		"too many texts":      with(`[{`, `[`+strings.Repeat(`{},`, notice.MaxTexts)+`{`),
		"too many values":     with(`{"marking"`, `{"later":[`+strings.Repeat(`0,`, notice.MaxMarks)+`0],"marking"`),
		"too many purposes":   with(`{"tlp"`, `{"purpose":[`+manyWords(60_000)+`],"tlp"`),
		"too many prefixes":   with(`{"marking"`, `{"affected":{"prefixes":[`+strings.Repeat(`"",`, 60_000)+`""]},"marking"`),
		"bad time":            with(`"status"`, `"observed":"2026-01-02T03:04:05Z","status"`),
		"bad prefix":          with(`{"marking"`, `{"affected":{"prefixes":["192.0.2.0"]},"marking"`),
		"empty prefix":        with(`{"marking"`, `{"affected":{"prefixes":[""]},"marking"`),
		"bad attachment":      with(`{"marking"`, `{"attachments":[{"data":"a=","media_type":"a/b","name":"n"}],"marking"`),
	} {
		t.Run(name, func(t *testing.T) {
			n, err := notice.Decode(notice.KindAlert, []byte(body))
			if n != nil || !errors.Is(err, notice.ErrUnreadable) {
				t.Errorf("got %v, %v", n, err)
			}
			if err != nil && (len(err.Error()) > 1000 || strings.ContainsAny(err.Error(), "\n\x1b")) {
				t.Errorf("the error is unfit to show: %q", err)
			}
		})
	}
	if _, err := notice.Decode("profile", []byte(good)); !errors.Is(err, notice.ErrUnknownKind) {
		t.Errorf("unknown kind: %v", err)
	}
}

// What a release to come adds is passed over while it costs no more than an honest notice may.
func TestManyValuesOfALaterRelease(t *testing.T) {
	body := `{"later":[` + strings.Repeat(`0,`, notice.MaxMarks-100) + `0],"marking":{"tlp":"TLP:CLEAR"},"status":"actual",` +
		`"texts":[{"language":"en","title":"t"}],"type":"new"}`
	if _, err := notice.Decode(notice.KindAlert, []byte(body)); err != nil {
		t.Error(err)
	}
}

func TestPreferred(t *testing.T) {
	a := &notice.Alert{Texts: []notice.Text{{Language: "fr", Title: "F"}, {Language: "pt-BR", Title: "B"}, {Language: "en", Title: "E"}}}
	for want, languages := range map[string][]string{
		"F": nil, "E": {"en-GB"}, "B": {"pt-PT", "en"},
	} {
		if got := a.Headline(languages...); got != want {
			t.Errorf("Headline(%q) = %q, want %q", languages, got, want)
		}
	}
	if got := a.Headline("sw", "de-x-formal", "", "PT_br"); got != "B" {
		t.Errorf("got %q", got)
	}
	if got := (&notice.Alert{}).Headline("en"); got != "" {
		t.Errorf("got %q of nothing", got)
	}
}

func TestStatements(t *testing.T) {
	c := &notice.Charter{Name: " Example Region ", Founders: []identity.TeamID{teamID(2), teamID(1), teamID(2)}, Ends: noon()}
	b, err := notice.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := notice.DecodeCharter(b)
	if err != nil || !reflect.DeepEqual(back, c) {
		t.Fatalf("got %+v, %v; want %+v", back, err, c)
	}
	if c.Retention() != 400*24*time.Hour || c.Floor() != time.Hour || len(c.Founders) != 2 || c.Name != "Example Region" {
		t.Errorf("normal form is %+v", c)
	}
	m := &notice.Member{Community: identity.CommunityID{1}, Team: teamID(3), Name: "Example CSIRT"}
	b, err = notice.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := notice.DecodeMember(b); err != nil || *back != *m {
		t.Errorf("got %+v, %v", back, err)
	}
	r := &notice.Remove{Community: identity.CommunityID{1}, Team: teamID(3)}
	for i := range notice.MaxLaneHeads {
		r.Heads = append(r.Heads, notice.LaneHead{Node: identity.NodeID{byte(200 - i)}, Run: dsse.Nonce{byte(i)}, Seq: 1<<53 - 1, ID: recordID(1)})
	}
	b, err = notice.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := notice.DecodeRemove(b); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("got %+v, %v", back, err)
	}
	if room := record.MaxStatement - len(b); room < 4<<10 {
		t.Errorf("the largest removal leaves %d bytes of the statement", room)
	}
}

func TestStatementsRefused(t *testing.T) {
	charter := func(change func(*notice.Charter)) notice.Content {
		c := &notice.Charter{Name: "n", Founders: []identity.TeamID{teamID(1)}}
		change(c)
		return c
	}
	head := notice.LaneHead{Node: identity.NodeID{1}, Seq: 1, ID: recordID(1)}
	fork := head
	fork.Seq = 2
	for want, v := range map[string]notice.Content{
		"name":           charter(func(c *notice.Charter) { c.Name = "" }),
		"region":         charter(func(c *notice.Charter) { c.Region = "a\x07" }),
		"founders":       charter(func(c *notice.Charter) { c.Founders = nil }),
		"founders[0]":    charter(func(c *notice.Charter) { c.Founders[0] = identity.TeamID{} }),
		"retention_days": charter(func(c *notice.Charter) { c.RetentionDays = 3661 }),
		"reply_by_floor": charter(func(c *notice.Charter) { c.ReplyByFloor = -1 }),
		"admission":      charter(func(c *notice.Charter) { c.Admission.Sponsors = 2 }),
		"ends":           charter(func(c *notice.Charter) { c.Ends = time.Unix(-1, 0) }),
		"community":      &notice.Member{Team: teamID(1), Name: "n"},
		"team":           &notice.Member{Community: identity.CommunityID{1}, Name: "n"},
		"heads[0]":       &notice.Remove{Community: identity.CommunityID{1}, Team: teamID(1), Heads: []notice.LaneHead{{}}},
		"heads[1]":       &notice.Remove{Community: identity.CommunityID{1}, Team: teamID(1), Heads: []notice.LaneHead{fork, head}},
	} {
		_, err := notice.Encode(v)
		var e *notice.FieldError
		if !errors.As(err, &e) || e.Field != want {
			t.Errorf("want an error about %s, got %v", want, err)
		}
	}
	for _, bad := range []string{`{}`, `[]`, ``} {
		_, err1 := notice.DecodeCharter([]byte(bad))
		_, err2 := notice.DecodeMember([]byte(bad))
		_, err3 := notice.DecodeRemove([]byte(bad))
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, notice.ErrUnreadable) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	}
}

// manyWords lists n unknown words, each long enough to make a guess at what was meant dear.
func manyWords(n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf(`"no-quantum-use-of-anything-that-is-in-here-number-%d"`, i)
	}
	return strings.Join(words, ",")
}

func fieldsOf(errs notice.FieldErrors) []string {
	var fields []string
	for _, e := range errs {
		fields = append(fields, e.Field)
	}
	return fields
}
