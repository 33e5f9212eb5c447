package node

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// Files as other programs write them, each labelled stricter than TLP:CLEAR or not readable for certain.
const (
	redAdvisory = `{"document":{"csaf_version":"2.0","title":"A hole","distribution":{"tlp":{"label":"RED"}}}}`
	redEvent    = `{"Event":{"info":"A kit","Orgc":{"name":"CERT-A"},"Tag":[{"name":"tlp:red"}]}}`
	redBundle   = `{"type":"bundle","id":"bundle--1","objects":[{"type":"indicator","id":"indicator--1","object_marking_refs":["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}]}`
)

// notSent are attachments that do not leave under TLP:CLEAR, and what the refusal says of each.
func notSent() map[string][]string {
	return map[string][]string{
		redAdvisory:                         {"marked TLP:RED", "/document/distribution/tlp/label"},
		"\ufeff" + redAdvisory:              {"marked TLP:RED", "/document/distribution/tlp/label"},
		advisoryOf("Ger\xe4t", "WHITE"):     {"a CSAF advisory that cannot be read for certain", "0xE4", "TLP:RED"},
		advisoryOf("a\",\"title\":\"b", ""): {"cannot be read for certain", "/document/title is there twice", "TLP:RED"},
		advisoryOf("A", "WHITE") + "}":      {"cannot be read for certain", "behind its end"},
		utf16(advisoryOf("A", "WHITE")):     {"cannot be read for certain", "UTF-16"},
		advisoryOf("A", "PURPLE"):           {"not known", "PURPLE"},
		`{"document":{"csaf_version":"2.0","distribution":{"text":"TLP v2.0: TLP:RED. For those named."}}}`: {"marked TLP:RED", "For those named"},
		`{"document":{"csaf_version":"2.1","distribution":{"tlp":{"label":"CLEAR"},"sharing_group":{"id":"00000000-0000-0000-0000-000000000000"}}}}`: {
			"not known", "no sharing allowed",
		},
		redEvent: {"marked TLP:RED", "/Event/Tag/0/name"},
		`{"info":"A kit","threat_level_id":"1","Tag":[{"name":"tlp:green"}]}`:                                                {"marked TLP:GREEN", "/Tag/0/name"},
		`{"Event":{"info":"A kit","Tag":[{"name":"tlp:clear"}],"EventReport":[{"content":"x","Tag":[{"name":"tlp:red"}]}]}}`: {"marked TLP:RED", "EventReport"},
		`{"Event":{"info":"A kit","Tag":[{"name":"tlp:clear"},{"name":"iep2-policy:tlp=\"red\""}]}}`:                         {"marked TLP:RED", "iep2-policy"},
		`{"Event":{"info":"A kit","Tag":[{"name":"tlp:white"},{"name":"TLP RED"}]}}`:                                         {"marked TLP:RED", "TLP RED"},
		redBundle:                              {"marked TLP:RED", "/objects/0/object_marking_refs/0"},
		`{"case":7,"tlp":"amber"}`:             {"marked TLP:AMBER", "/tlp"},
		"TLP:AMBER+STRICT\n\nNotes of a call.": {"marked TLP:AMBER+STRICT", "line 1"},
		"TLP:RED The bank was entered through its mail gateway.": {"marked TLP:RED", "line 1"},
		"2026-01-01 [INFO] {job} done\n" + redAdvisory:           {"cannot be read for certain", "before its beginning"},
		"var events = [" + redEvent + "," + redEvent + "];":      {"cannot be read for certain", "before its beginning"},
		"{\"message\":" + strconv.Quote(redEvent) + "}":          {"marked TLP:RED", "/message"},
		utf32(redAdvisory): {"cannot be read for certain", "zero bytes"},
		"<html><body><h1>TLP:RED</h1><p>A wave</p></body></html>":             {"marked TLP:RED", "line 1"},
		"<response><Event><Tag><name>tlp:red</name></Tag></Event></response>": {"marked TLP:RED", "line 1"},
		"document:\n  distribution:\n    tlp:\n      label: RED\n":            {"marked TLP:RED", "line 3"},
	}
}

func advisoryOf(title, label string) string { return string(advisory(title, label)) }

func utf16(s string) string { return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") + "\x00" }

func utf32(s string) string {
	return "\x00\x00\x00" + strings.TrimSuffix(strings.Join(strings.SplitAfter(s, ""), "\x00\x00\x00"), "\x00\x00\x00")
}

func with(files ...string) []notice.Attachment {
	var out []notice.Attachment
	for i, f := range files {
		out = append(out, notice.Attachment{Name: string(rune('a'+i)) + ".json", MediaType: "application/json", Data: []byte(f)})
	}
	return out
}

// refusal holds an error to a refusal by the policy that says all of some words, and what to do.
func refusal(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	p := httpProblem(err)
	if p == nil || p.Code != api.Marking || p.Exit != api.ExitRefused || !strings.Contains(p.Hint, "--relabel") {
		t.Errorf("%s: %v, %+v", what, err, p)
		return
	}
	for _, s := range says {
		if !strings.Contains(p.Detail, s) {
			t.Errorf("%s: %q does not say %q", what, p.Detail, s)
		}
	}
}

// TestAStricterFileIsNotSent: the label that a source gave its document is not the sender's to widen, whatever the document is and
// whichever way it leaves.
func TestAStricterFileIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		for file, says := range notSent() {
			says = append(says, "b.json")
			alert := draft("An alert of ours")
			alert.Alert.Attachments = with(`{"a":1}`, file)
			_, err := a.PublishAlert(t.Context(), alert)
			refusal(t, "alert", err, says...)
			first := must(a.PublishAlert(t.Context(), draft("first")))(t).ID
			for _, kind := range []notice.AlertType{notice.AlertUpdate, notice.AlertCancel} {
				next := revision(kind, first)
				next.Alert.Attachments = alert.Alert.Attachments
				_, err := a.PublishAlert(t.Context(), next)
				refusal(t, string(kind), err, says...)
			}
			community, private := ask(), ask("Bravo")
			community.Community = "demo"
			for _, r := range []api.RequestDraft{community, private} {
				r.Request.Attachments = alert.Alert.Attachments
				_, err := a.PublishRequest(t.Context(), r)
				refusal(t, "request", err, says...)
				r.Relabel = true
				must(a.PublishRequest(t.Context(), r))(t)
			}
			alert.Relabel = true
			must(a.PublishAlert(t.Context(), alert))(t)
			time.Sleep(time.Second)
		}
	})
}

// TestHarmlessFilesAreSent: what has no label, or one that the marking keeps, goes without a word.
func TestHarmlessFilesAreSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newWorld(t).member("Alpha")
		defer a.stop()
		together(t, a)
		alert := draft("An alert of ours")
		alert.Alert.Attachments = with(advisoryOf("A", "WHITE"), advisoryOf("A", ""), `{"Event":{"info":"x","Attribute":[]}}`, `{"a":"TLP:RED is the strictest"}`,
			"not {json", "We never send TLP:RED by mail.", "\x89PNG\r\n\x1a\n")
		if done := must(a.PublishAlert(t.Context(), alert))(t); len(done.Warnings) != 0 {
			t.Errorf("warnings %q", done.Warnings)
		}
		alert.Alert.Marking.TLP = notice.TLPAmberStrict
		alert.Alert.Attachments = with(advisoryOf("A", "AMBER"), advisoryOf("A", "AMBER+STRICT"))
		must(a.PublishAlert(t.Context(), alert))(t)
	})
}

// TestWhatIsNotLookedIntoIsNamed: it goes, and the sender is told what the node cannot see.
func TestWhatIsNotLookedIntoIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		files := with("PK\x03\x04", "%PDF-1.7", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Received: x", "text")
		alert := draft("An alert of ours")
		alert.Alert.Attachments = files
		request := ask("Bravo")
		request.Request.Attachments = files
		for _, told := range [][]string{
			must(a.PublishAlert(t.Context(), alert))(t).Warnings, must(a.PublishRequest(t.Context(), request))(t).Warnings,
		} {
			all := strings.Join(told, "\n")
			if len(told) != 4 {
				t.Errorf("%q", told)
			}
			for _, want := range []string{"a.json is an archive", "b.json is a PDF document", "c.json is an office document", "d.json is a mail"} {
				if !strings.Contains(all, want) {
					t.Errorf("%q does not say %q", all, want)
				}
			}
		}
	})
}

// TestForwardedFilesAreLookedInto: an alert of another team that has a stricter file in it is not passed on in passing.
func TestForwardedFilesAreLookedInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		d := marked(notice.Marking{TLP: notice.TLPClear}, "First")
		d.Alert.Attachments, d.Relabel = with(redBundle), true
		id := must(x.a.PublishAlert(t.Context(), d))(t).ID
		x.open()
		_, err := x.b.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "Second"})
		refusal(t, "forward", err, "a.json", "TLP:RED")
		file := must(x.b.Export(t.Context(), id.String(), api.ExportQuery{For: api.ForPublic}))(t).File
		held := must(x.c.Import(t.Context(), api.ImportDraft{Name: "x", Data: file}))(t).Held
		_, err = x.c.MarkHeld(t.Context(), held.ID, api.MarkDraft{Community: "Second"})
		refusal(t, "mark", err, "a.json", "TLP:RED")
		must(x.b.Forward(t.Context(), id.String(), api.ForwardDraft{Community: "Second", Relabel: true}))(t)

		// A record in a file is a document too.
		amber := must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: notice.TLPAmber}, "First")))(t).ID
		x.open()
		file = must(x.b.Export(t.Context(), amber.String(), api.ExportQuery{For: api.ForOwn}))(t).File
		other := marked(notice.Marking{TLP: notice.TLPClear}, "Second")
		other.Alert.Texts[0].Title = "See the file"
		other.Alert.Attachments = with(string(file))
		_, err = x.b.PublishAlert(t.Context(), other)
		refusal(t, "record", err, "TLP:AMBER", "the marking of the record")
	})
}

// askedUnder is a private request of a to b under a marking, as b has it.
func askedUnder(t *testing.T, a *member, tlp notice.TLP) record.ID {
	t.Helper()
	q := ask("Bravo")
	q.Request.Marking = notice.Marking{TLP: tlp}
	q.Request.Texts[0].Title = "A canary sings in the mine of the bank"
	if tlp == notice.TLPRed {
		q.Request.Marking.Persons = []string{"Bob Ito"}
	}
	id := must(a.PublishRequest(t.Context(), q))(t).Published[0].ID
	time.Sleep(time.Minute)
	synctest.Wait()
	return id
}

// TestAReplyKeepsTheMarkingOfItsRequest: what answers or ends a request is about it, and is marked at least as strictly.
func TestAReplyKeepsTheMarkingOfItsRequest(t *testing.T) {
	for _, tlp := range []notice.TLP{notice.TLPGreen, notice.TLPAmber, notice.TLPAmberStrict, notice.TLPRed} {
		t.Run(string(tlp), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTrio(t)
				defer x.stop()
				id := askedUnder(t, x.a, tlp)
				x.open()
				clear, same := notice.Marking{TLP: notice.TLPClear}, notice.Marking{TLP: tlp}
				if tlp == notice.TLPRed {
					same.Persons = []string{"Ann Bo"}
				}
				says := []string{"marked " + string(tlp), "stricter than TLP:CLEAR", id.String()}
				_, err := x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: notice.Reply{State: notice.Acknowledged, Marking: clear}})
				refusal(t, "reply", err, says...)
				_, err = x.a.CloseRequest(t.Context(), id.String(), api.CloseDraft{Close: notice.Close{Marking: clear}})
				refusal(t, "close", err, says...)
				_, err = x.a.WithdrawRequest(t.Context(), id.String(), api.WithdrawDraft{Withdraw: notice.Withdraw{Marking: clear}})
				refusal(t, "withdraw", err, says...)
				must(x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: notice.Reply{State: notice.Acknowledged, Marking: same}}))(t)

				wide := notice.Reply{State: notice.Accepted, Marking: clear}
				reply := must(x.b.Reply(t.Context(), id.String(), api.ReplyDraft{Reply: wide, Relabel: true}))(t).ID
				time.Sleep(time.Minute)
				x.open()
				// Both hold the request, and see that the reply is marked less strictly.
				for _, m := range []*member{x.a, x.b} {
					marks := must(m.Record(t.Context(), reply.String()))(t).Marks
					want := "it is about a record of this team, which is " + string(tlp)
					if m == x.b {
						want = "it is about a record of Alpha (" + x.a.id().String()[:12] + "), which is " + string(tlp)
					}
					if len(marks) != 1 || marks[0].Word != string(replica.MarkStripped) || marks[0].Record != id || marks[0].Team.ID != x.a.id() || marks[0].Detail != want {
						t.Errorf("%s: marks %+v, want %s", m.name, marks, want)
					}
				}
				public := api.ExportQuery{For: api.ForPublic}
				_, err = x.b.Export(t.Context(), reply.String(), public)
				refusal(t, "export", err, "withheld", string(tlp))
				public.Relabel = true
				must(x.b.Export(t.Context(), reply.String(), public))(t)
				must(x.a.CloseRequest(t.Context(), id.String(), api.CloseDraft{Close: notice.Close{Marking: same}}))(t)
			})
		})
	}
}

// TestARequestKeepsTheMarkingOfWhatItIsAbout: a request for permission, a request or an alert that names a record, and the reply to it.
func TestARequestKeepsTheMarkingOfWhatItIsAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		id := must(x.a.PublishAlert(t.Context(), marked(notice.Marking{TLP: notice.TLPAmberStrict}, "First")))(t).ID
		x.open()
		q := api.PermissionRequest{Permission: api.PermissionDraft{TLP: notice.TLPGreen, Communities: []string{"Second"}}, Request: ask().Request}
		q.Request.Action = notice.ActionPermission
		_, err := x.b.RequestPermission(t.Context(), id.String(), q)
		refusal(t, "permission", err, "AMBER+STRICT", id.String())
		q.Relabel = true
		wide := must(x.b.RequestPermission(t.Context(), id.String(), q))(t).Published[0].ID
		time.Sleep(time.Minute)
		x.open()
		if marks := must(x.a.Record(t.Context(), wide.String()))(t).Marks; len(marks) != 1 || marks[0].Record != id {
			t.Errorf("marks %+v", marks)
		}

		about := marked(notice.Marking{TLP: notice.TLPGreen}, "Second")
		about.Alert.Texts[0].Title = "See there"
		about.Alert.References = []notice.Reference{{Type: notice.ReferenceAdvisory, Value: originRecord + id.String()}}
		_, err = x.b.PublishAlert(t.Context(), about)
		refusal(t, "alert", err, "AMBER+STRICT", id.String())
	})
}

// TestAKnownTextKeepsItsMarking: what this node has under a stricter marking is not sent anew under another.
func TestAKnownTextKeepsItsMarking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		id := askedUnder(t, x.a, notice.TLPRed)
		x.open()
		says := []string{"same text", "TLP:RED", id.String(), "Alpha"}
		again := marked(notice.Marking{TLP: notice.TLPClear}, "Second")
		again.Alert.Texts[0].Title = "  a CANARY sings in the mine of the bank "
		_, err := x.b.PublishAlert(t.Context(), again)
		refusal(t, "alert", err, says...)
		request := ask("Charlie")
		request.Request.Texts[0].Summary = "A canary sings in the mine of the bank"
		_, err = x.b.PublishRequest(t.Context(), request)
		refusal(t, "request", err, says...)
		// The team's own words, too, where title and summary are the same; other words under an old title are new.
		_, err = x.a.PublishAlert(t.Context(), func() api.AlertDraft { d := again; d.Community = "First"; return d }())
		refusal(t, "own", err, "same text", "TLP:RED")
		other := again
		other.Community = "First"
		other.Alert.Texts = []notice.Text{{Language: "en", Title: again.Alert.Texts[0].Title, Summary: "Something else."}}
		must(x.a.PublishAlert(t.Context(), other))(t)
		again.Relabel = true
		must(x.b.PublishAlert(t.Context(), again))(t)

		labelled := marked(notice.Marking{TLP: notice.TLPGreen}, "Second")
		labelled.Alert.Texts[0].Summary = "Classification: TLP:AMBER\n\nA wave."
		_, err = x.b.PublishAlert(t.Context(), labelled)
		refusal(t, "labelled text", err, "TLP:AMBER")
		if hint := httpProblem(err).Hint; !strings.HasPrefix(hint, "mark this --tlp amber;") {
			t.Errorf("hint: %s", hint)
		}

		// TLP:RED goes by no alert and into no community: the hint is not to mark it so there.
		red := marked(notice.Marking{TLP: notice.TLPGreen}, "Second")
		red.Alert.Texts[0].Summary = "TLP:RED\n\nA wave."
		file := marked(notice.Marking{TLP: notice.TLPClear}, "Second")
		file.Alert.Attachments = with(`{"tlp":"red"}`)
		again.Relabel = false
		for what, draft := range map[string]api.AlertDraft{"text": red, "file": file, "known": again} {
			_, err := x.b.PublishAlert(t.Context(), draft)
			refusal(t, what, err, "TLP:RED")
			if hint := httpProblem(err).Hint; !strings.Contains(hint, ": tocsin request send --private --to TEAM --tlp red --person NAME;") || strings.Contains(hint, "mark this") {
				t.Errorf("%s: %s", what, hint)
			}
		}
		for _, title := range []string{"TLP:AMBER The bank was entered", "TLP:AMBER, the bank", "The bank was entered TLP:AMBER", "**TLP:AMBER** The bank"} {
			labelled := marked(notice.Marking{TLP: notice.TLPGreen}, "Second")
			labelled.Alert.Texts[0].Title = title
			_, err = x.b.PublishAlert(t.Context(), labelled)
			refusal(t, title, err, "TLP:AMBER")
		}
	})
}

// TestAStrippedAlertIsNotExported: who had it before under a stricter marking, and gets it from another team under a wider one, does not
// hand it to more readers in passing.
func TestAStrippedAlertIsNotExported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		first := marked(notice.Marking{TLP: notice.TLPAmberStrict}, "First")
		first.Alert.Texts[0].Title = "A canary sings in the mine of the bank"
		id := must(x.a.PublishAlert(t.Context(), first))(t).ID
		x.open()
		first.Alert.Marking.TLP, first.Relabel = notice.TLPClear, true
		again := must(x.b.PublishAlert(t.Context(), first))(t).ID
		time.Sleep(time.Minute)
		x.open()
		for _, m := range []*member{x.a, x.b} {
			if marks := must(m.Record(t.Context(), again.String()))(t).Marks; len(marks) != 1 || marks[0].Record != id {
				t.Errorf("%s: marks %+v", m.name, marks)
			}
			for _, who := range []string{api.ForConstituents, api.ForPublic} {
				_, err := m.Export(t.Context(), again.String(), api.ExportQuery{For: who})
				refusal(t, who, err, "withheld", "AMBER+STRICT")
				must(m.Export(t.Context(), again.String(), api.ExportQuery{For: who, Relabel: true}))(t)
			}
		}
		must(x.b.Export(t.Context(), again.String(), api.ExportQuery{For: api.ForOwn}))(t)
		if _, err := x.b.Export(t.Context(), id.String(), api.ExportQuery{For: api.ForPublic, Relabel: true}); httpProblem(err) == nil || httpProblem(err).Code != api.Marking {
			t.Errorf("the marking of the record itself was widened: %v", err)
		}
	})
}
