package notice_test

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func noon() time.Time { return time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC) }

func teamID(n byte) identity.TeamID { return identity.TeamID{0: n, 31: n} }
func recordID(n byte) record.ID     { return record.ID{0: n, 31: n} }

func statementID(n byte) record.StatementID   { return record.StatementID{0: n, 31: n} }
func communityID(n byte) identity.CommunityID { return identity.CommunityID{0: n, 31: n} }

func goodText() notice.Text {
	return notice.Text{Language: "en", Title: "C2 server in 192.0.2.0/24", Summary: "First line.\nSecond\tline."}
}

func goodAlert() *notice.Alert {
	return &notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual,
		Marking: notice.Marking{TLP: notice.TLPClear}, Texts: []notice.Text{goodText()},
	}
}

func goodRequest() *notice.Request {
	return &notice.Request{
		Action: notice.ActionTakedown, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPAmber},
		Priority: notice.PriorityHigh, To: []identity.TeamID{teamID(1)}, Case: "2026-17",
		ReplyBy: noon().Add(48 * time.Hour), Texts: []notice.Text{goodText()},
	}
}

func goodReply() *notice.Reply {
	return &notice.Reply{Request: recordID(1), State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPAmber}}
}

// The generators below make values that pass Validate, in no particular spelling or order.

func line() *rapid.Generator[string] {
	return rapid.StringMatching(`[ -~\x{a1}-\x{ff}\x{3b1}\x{4e00}]{0,40}`)
}

func prose() *rapid.Generator[string] {
	return rapid.StringMatching("([ -~\u0627\u4e00]{0,20}(\n|\r\n|\t)){0,4}")
}

func oneOf[T any](words []T) *rapid.Generator[T] { return rapid.SampledFrom(words) }

func orNone[W ~string](t *rapid.T, words []W, label string) W {
	return oneOf(append(slices.Clip(words), W(""))).Draw(t, label)
}

func drawMarking(t *rapid.T) notice.Marking {
	return notice.Marking{
		TLP: oneOf(notice.TLPs()).Draw(t, "tlp"), PAP: orNone(t, notice.PAPs(), "pap"),
		Purpose: rapid.SliceOfN(oneOf(notice.Purposes()), 0, 5).Draw(t, "purpose"),
	}
}

func drawTexts(t *rapid.T, atLeast int) []notice.Text {
	languages := []string{"en", "FR", "pt-br", "zh-hant-tw", "sw", "de-x-Formal"}
	n := rapid.IntRange(atLeast, len(languages)).Draw(t, "texts")
	var texts []notice.Text
	for _, l := range languages[:n] {
		texts = append(texts, notice.Text{
			Language: l, Title: "T" + line().Draw(t, "title"), Summary: prose().Draw(t, "summary"),
			Format: oneOf([]string{"", "text/plain", "text/markdown", "Text/Markdown"}).Draw(t, "format"), Instruction: prose().Draw(t, "instruction"),
		})
	}
	return texts
}

func drawAffected(t *rapid.T) notice.Affected {
	prefix := rapid.Custom(func(t *rapid.T) netip.Prefix {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address")
		if rapid.Bool().Draw(t, "v6") {
			return netip.PrefixFrom(netip.AddrFrom16([16]byte(b)), rapid.IntRange(97, 128).Draw(t, "bits"))
		}
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), rapid.IntRange(1, 32).Draw(t, "bits"))
	})
	return notice.Affected{
		Prefixes:  rapid.SliceOfN(prefix, 0, 5).Draw(t, "prefixes"),
		ASNs:      rapid.SliceOfN(rapid.Uint32Range(1, 1<<32-2), 0, 5).Draw(t, "asns"),
		Domains:   rapid.SliceOfN(oneOf([]string{"Example.COM.", "example.com", "b\u00fccher.example", "_dmarc.example.org", "xn--bcher-kva.example"}), 0, 5).Draw(t, "domains"),
		Countries: rapid.SliceOfN(oneOf([]string{"ke", "KE", "FJ", " br"}), 0, 5).Draw(t, "countries"),
		Sectors:   rapid.SliceOfN(oneOf([]string{"finance", "Energy", "health-care"}), 0, 5).Draw(t, "sectors"),
	}
}

func drawReferences(t *rapid.T) []notice.Reference {
	return rapid.SliceOfN(oneOf([]notice.Reference{
		{Type: "CVE", Value: "cve-2024-1234"},
		{Type: "url", Value: " https://example.org/a?b=c#d"},
		{Type: "advisory", Value: "ICSA-24-074-01"},
	}), 0, 4).Draw(t, "references")
}

func drawAttachments(t *rapid.T) []notice.Attachment {
	var files []notice.Attachment
	for i := range rapid.IntRange(0, 3).Draw(t, "attachments") {
		files = append(files, notice.Attachment{
			Name: strings.Repeat("a", i+1) + ".json", MediaType: oneOf([]string{"application/csaf+json", "Application/STIX+json; version=2.1"}).Draw(t, "media type"),
			Data: rapid.SliceOfN(rapid.Byte(), 1, 50).Draw(t, "data"),
		})
	}
	return files
}

func drawTime(t *rapid.T, label string) time.Time {
	zone := time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600)
	return time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, label), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).In(zone)
}

func drawRecords(t *rapid.T, atLeast int) []record.ID {
	return rapid.SliceOfN(rapid.Map(rapid.ByteRange(1, 9), recordID), atLeast, 9).Draw(t, "records")
}

func drawTeams(t *rapid.T, atLeast int) []identity.TeamID {
	return rapid.SliceOfN(rapid.Map(rapid.ByteRange(1, 9), teamID), atLeast, 9).Draw(t, "teams")
}

func drawAlert(t *rapid.T) notice.Notice {
	a := &notice.Alert{
		Type: oneOf(notice.AlertTypes()).Draw(t, "type"), Status: oneOf(notice.Statuses()).Draw(t, "status"),
		Marking: drawMarking(t), Texts: drawTexts(t, 1), Severity: orNone(t, notice.Severities(), "severity"),
		Urgency: orNone(t, notice.Urgencies(), "urgency"), Certainty: orNone(t, notice.Certainties(), "certainty"),
		Affected: drawAffected(t), References: drawReferences(t), Attachments: drawAttachments(t),
		Observed: drawTime(t, "observed"), OurRef: line().Draw(t, "our ref"), YourRef: line().Draw(t, "your ref"),
	}
	if a.Type != notice.AlertNew {
		a.Replaces = drawRecords(t, 1)
	}
	if rapid.Bool().Draw(t, "classified") {
		class := oneOf(notice.Classifications()).Draw(t, "class")
		a.Classification = notice.Classification{Class: class.Name, Type: oneOf(class.Types).Draw(t, "type").Name}
	}
	if rapid.Bool().Draw(t, "valid until") {
		a.ValidUntil = a.Observed.Add(time.Hour)
	}
	return a
}

func drawPermission(t *rapid.T) *notice.Permission {
	p := &notice.Permission{
		Record: recordID(5), TLP: oneOf(notice.TLPs()).Draw(t, "granted"), Teams: drawTeams(t, 0),
		Communities:  rapid.SliceOfN(rapid.Map(rapid.ByteRange(1, 9), communityID), 0, 9).Draw(t, "communities"),
		Constituents: rapid.Bool().Draw(t, "constituents"), Public: true,
		Lifts: rapid.SliceOfN(oneOf(notice.Purposes()), 0, 5).Draw(t, "lifts"),
	}
	if rapid.Bool().Draw(t, "for a time") {
		p.Until = drawTime(t, "until")
	}
	return p
}

func drawRequest(t *rapid.T) notice.Notice {
	r := &notice.Request{
		Action: oneOf(notice.Actions()).Draw(t, "action"), Status: oneOf(notice.Statuses()).Draw(t, "status"),
		Marking: drawMarking(t), Priority: oneOf(notice.Priorities()).Draw(t, "priority"), To: drawTeams(t, 0),
		Case: "c" + line().Draw(t, "case"), ReplyBy: drawTime(t, "reply by"), Texts: drawTexts(t, 1),
		Affected: drawAffected(t), References: drawReferences(t), Attachments: drawAttachments(t),
		LegalBasis: prose().Draw(t, "legal basis"), OurRef: line().Draw(t, "our ref"), YourRef: line().Draw(t, "your ref"),
	}
	if r.Action == notice.ActionPermission {
		r.Permission = drawPermission(t)
	}
	return r
}

func drawReply(t *rapid.T) notice.Notice {
	r := &notice.Reply{
		Request: recordID(7), State: oneOf(notice.ReplyStates()).Draw(t, "state"), Marking: drawMarking(t), Texts: drawTexts(t, 0),
		Result: prose().Draw(t, "result"), UseOfData: prose().Draw(t, "use of data"),
		OurRef: line().Draw(t, "our ref"), YourRef: line().Draw(t, "your ref"),
	}
	if r.State == notice.Declined {
		r.Reason = oneOf(notice.Reasons()).Draw(t, "reason")
	}
	if rapid.Bool().Draw(t, "grants") {
		r.Grant = drawPermission(t)
	}
	return r
}

func drawNotice(t *rapid.T) notice.Notice {
	switch kind := oneOf(kinds()).Draw(t, "kind"); kind {
	case notice.KindAlert:
		return drawAlert(t)
	case notice.KindRequest:
		return drawRequest(t)
	case notice.KindReceipt:
		return &notice.Receipt{Records: drawRecords(t, 1), Erased: drawRecords(t, 0)}
	case notice.KindReply:
		return drawReply(t)
	case notice.KindClose:
		return &notice.Close{Request: recordID(3), Opinion: orNone(t, notice.Opinions(), "opinion"), Marking: drawMarking(t), Texts: drawTexts(t, 0)}
	case notice.KindErase:
		return &notice.Erase{Record: recordID(4), Reason: line().Draw(t, "reason")}
	default:
		return &notice.Withdraw{Request: recordID(3), Marking: drawMarking(t), Texts: drawTexts(t, 0)}
	}
}

func kinds() []notice.Kind {
	return []notice.Kind{
		notice.KindAlert, notice.KindRequest, notice.KindReceipt, notice.KindReply, notice.KindClose, notice.KindWithdraw,
		notice.KindErase,
	}
}
