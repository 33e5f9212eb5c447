package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func rid(n byte) record.ID           { return record.ID{0: n, 31: 1} }
func tid(n byte) identity.TeamID     { return identity.TeamID{0: n, 31: 2} }
func team(n byte, s string) api.Team { return api.Team{ID: tid(n), Name: s} }

func testNow() time.Time { return time.Unix(1_800_000_000, 0).UTC() }

// evil is what a peer may put into any text.
const evil = "\x1b]0;owned\x07Title\u202egpj.exe\r\u200b"

func alertEntry(n byte, title string) api.Entry {
	return api.Entry{
		ID: rid(n), Kind: notice.KindAlert, Author: team(2, "CERT-B"), Community: &api.CommunityRef{ID: identity.CommunityID{7}, Name: "Drill"},
		Class: record.Routine, Created: testNow().Add(-time.Hour), Sighting: api.Sighting{Seen: testNow().Add(-time.Minute)},
		Alert: &notice.Alert{
			Type: notice.AlertNew, Status: notice.StatusExercise, Marking: notice.Marking{TLP: notice.TLPClear},
			Texts:    []notice.Text{{Language: "en", Title: title, Summary: "First.\n" + title}},
			Severity: notice.SeveritySevere, References: []notice.Reference{{Type: notice.ReferenceCVE, Value: "CVE-2024-3400"}},
		},
	}
}

// attach gives a record one more attachment, whose bytes are "x".
func (f *fake) attach(n *api.Entry, a api.Attachment) {
	sum := sha256.Sum256([]byte("x"))
	a.Length, a.Digest = 1, api.Bytes(sum[:])
	f.answers["GET "+api.AttachmentPath(api.PathAttachment, n.ID.String(), len(n.Attachments))] = []byte("x")
	n.Attachments = append(n.Attachments, a)
}

func TestAlertSend(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(1), Kind: "alert"}
	out := f.ok("alert", "send", "--community", "Drill", "--tlp", "green", "--title", "A wave", "--severity", "severe", "--cve", "CVE-2024-3400")
	if out != rid(1).String()+"\n" {
		t.Errorf("stdout %q is not the ID alone", out)
	}
	var got api.AlertDraft
	f.got("POST /v1/alerts", &got)
	if got.Community != "Drill" || got.Alert.Marking.TLP != notice.TLPGreen || got.Alert.Texts[0].Title != "A wave" ||
		got.Alert.Texts[0].Language != "en" || got.Alert.Type != notice.AlertNew || got.Alert.Severity != notice.SeveritySevere {
		t.Errorf("sent %+v", got)
	}
	if out := f.ok("alert", "send", "--json", "--community", "Drill", "--tlp", "green", "--title", "A wave"); !strings.HasPrefix(out, `{"id":"r`) {
		t.Errorf("json %q", out)
	}
}

// TestDraftAndFlags: a flag replaces what the draft says, and a mistake in it is named as the flag.
func TestDraftAndFlags(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(1), Kind: "alert"}
	path := filepath.Join(t.TempDir(), "a.toml")
	text := "community = \"Drill\"\ntlp = \"green\"\nattach = [\"x.txt\"]\n[[text]]\nlanguage = \"de\"\ntitle = \"Titel\"\n[[text]]\nlanguage = \"en\"\ntitle = \"Title\"\n"
	for name, data := range map[string]string{path: text, filepath.Join(filepath.Dir(path), "x.txt"): "x"} {
		if err := os.WriteFile(name, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f.ok("alert", "send", "--tlp", "clear", "--lang", "en", "--title", "Other", path)
	var got api.AlertDraft
	f.got("POST /v1/alerts", &got)
	if got.Alert.Marking.TLP != notice.TLPClear || got.Alert.Texts[0].Title != "Titel" || got.Alert.Texts[1].Title != "Other" || len(got.Alert.Attachments) != 1 {
		t.Errorf("sent %+v", got.Alert)
	}
	code, _, errs := f.run("alert", "send", "--severity", "sever", "-f", path)
	if code != 2 || !strings.Contains(errs, `--severity "sever" is not a known severity`) || !strings.Contains(errs, "did you mean severe?") {
		t.Errorf("exit %d, %s", code, errs)
	}
	code, _, errs = f.run("alert", "send", path, "--tlp", "red")
	if code != 2 || !strings.Contains(errs, "tocsin --home "+f.home+" alert send --tlp red "+path) {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// TestHostileTextIsShownHarmless goes through everything that shows text of a peer; run checks every line.
func TestHostileTextIsShownHarmless(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, evil)
	n.Author.Name, n.Community.Name = evil, evil
	n.Alert.Texts = append(n.Alert.Texts, notice.Text{Language: evil, Title: evil, Summary: evil, Instruction: evil})
	f.attach(&n, api.Attachment{Name: "../../" + evil, MediaType: evil})
	n.Alert.OurRef, n.Alert.Severity, n.Unread = evil, notice.Severity("new-word"), evil
	n.Alert.Affected = notice.Affected{Domains: []string{evil}, Sectors: []string{evil}}
	q := n
	q.Kind, q.Alert = notice.KindRequest, nil
	q.Request = &notice.Request{
		Action: notice.Action("new-word"), Marking: notice.Marking{TLP: notice.TLPRed, Purpose: []notice.Purpose{notice.Purpose("new-word")}}, Case: evil,
		Texts: []notice.Text{{Language: "en", Title: evil, Summary: evil}}, LegalBasis: evil, To: []identity.TeamID{tid(9)},
	}
	f.answers["GET /v1/alerts"] = api.Entries{Entries: []api.Entry{n}}
	f.answers["GET /v1/requests"] = api.Entries{Entries: []api.Entry{q}}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n, Header: api.Header{MediaType: evil, Crit: []string{evil}, Seq: 2}}
	st := api.Standing{Team: team(3, evil), Requester: team(2, evil), State: evil, Timing: evil, Reason: notice.Reason("new-word")}
	f.answers["GET /v1/requests/r1"] = api.RequestView{
		Entry: q, Standing: []api.Standing{st}, Deliveries: []api.Delivery{{To: team(3, evil), Last: evil, Attempts: 1}},
		Answers: []api.Entry{{Author: team(3, evil), Reply: &notice.Reply{Marking: notice.Marking{TLP: notice.TLPRed}, State: notice.ReplyState("new-word"), Result: evil, Texts: []notice.Text{{Title: evil, Summary: evil}}}}},
	}
	c := api.Community{Name: evil, Role: evil, Region: evil, Members: []api.Member{{Team: team(3, evil)}}}
	f.answers["GET /v1/communities"] = api.Communities{Communities: []api.Community{c}}
	f.answers["GET /v1/communities/x"] = c
	f.answers["GET /v1/status"] = api.Status{
		Team: team(1, evil), Warnings: []string{evil}, Peers: []api.Peer{{Team: team(2, evil), Address: evil}}, Trying: []api.Try{{Team: team(2, evil), Address: evil, Why: evil}}, Communities: []api.Community{c},
		Records: map[string]int{evil: 1},
	}
	f.answers["GET /v1/ledger"] = api.Ledger{
		Teams: []api.LedgerTeam{{Team: team(2, evil), Sentence: evil}}, Rows: []api.Standing{st}, Note: evil,
		Curve: &api.LedgerCurves{Own: []api.LedgerStep{{After: -5, Open: -1, Low: 7, High: 1e300}}},
	}
	f.answers["GET /v1/events"] = "event: record\ndata: " + string(encoded(t, api.Event{Type: api.EventRecord, Entry: &n})) + "\n\n"
	for _, line := range []string{
		"alert list", "alert show r1", "request list", "request show r1", "record show r1", "community list", "community show x", "status",
		"ledger", "alert watch --count 1", "alert show --save " + t.TempDir() + " r1", "alert list --json", "request show --json r1", "status --json",
	} {
		if out := f.ok(strings.Fields(line)...); out == "" {
			t.Errorf("%s printed nothing", line)
		}
	}
	f.answers["GET /v1/records/r1"] = api.NewProblem(api.NotFound, evil, evil)
	if code, _, _ := f.run("alert", "show", "r1"); code != 12 {
		t.Errorf("exit %d", code)
	}
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	text, err := api.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestSaveStaysInside: names of attachments are a stranger's.
func TestSaveStaysInside(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "x")
	for _, name := range []string{"../up", "/etc/passwd", ".bashrc", "-rf", "", "a\x00b"} {
		f.attach(&n, api.Attachment{Name: name})
	}
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	dir := t.TempDir()
	dir = filepath.Join(dir, "new")
	f.ok("alert", "show", "--save", dir, "r1")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(n.Attachments) {
		t.Fatalf("%d files in the directory, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasPrefix(file.Name(), ".") || strings.HasPrefix(file.Name(), "-") {
			t.Errorf("made %q", file.Name())
		}
	}
	if code, out, errs := f.run("alert", "show", "--save", dir, "r1"); code != 1 || !strings.Contains(errs, "left as it is") || !strings.Contains(errs, "name another directory") || !strings.Contains(out, "CERT-B") {
		t.Errorf("second time: exit %d, %s", code, errs)
	}
}

func TestAlertUpdateAndCancel(t *testing.T) {
	f := newFake(t)
	n := alertEntry(1, "Old title")
	n.Own = true
	n.Alert.Marking.PAP = notice.PAPGreen
	f.attach(&n, api.Attachment{Name: "a.txt", MediaType: "text/plain"})
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	f.answers["POST /v1/alerts"] = api.Published{ID: rid(2), Kind: "alert"}

	code, _, errs := f.run("alert", "update", "--summary", "New words", "r1")
	if code != 2 || !strings.Contains(errs, "--tlp is missing") {
		t.Errorf("an update without a marking: exit %d, %s", code, errs)
	}
	f.ok("alert", "update", "--tlp", "clear", "--summary", "New words", "r1")
	var got api.AlertDraft
	f.got("POST /v1/alerts", &got)
	a := got.Alert
	if a.Type != notice.AlertUpdate || len(a.Replaces) != 1 || a.Replaces[0] != rid(1) || a.Texts[0].Title != "Old title" || a.Texts[0].Summary != "New words" ||
		a.Severity != notice.SeveritySevere || a.Status != notice.StatusExercise || len(a.Attachments) != 1 || string(a.Attachments[0].Data) != "x" || a.Marking.PAP != notice.PAPGreen || len(a.References) != 1 {
		t.Errorf("update %+v", a)
	}
	f.ok("alert", "cancel", "--summary", "False alarm", "r1")
	got = api.AlertDraft{}
	f.got("POST /v1/alerts", &got)
	a = got.Alert
	if a.Type != notice.AlertCancel || a.Marking.TLP != notice.TLPClear || a.Texts[0].Title != "Old title" || a.Texts[0].Summary != "False alarm" || len(a.Attachments) != 0 {
		t.Errorf("cancel %+v", a)
	}
	n.Own = false
	f.answers["GET /v1/records/r1"] = api.RecordView{Entry: n}
	if code, _, errs := f.run("alert", "cancel", "r1"); code != 11 || !strings.Contains(errs, "CERT-B") {
		t.Errorf("somebody else's alert: exit %d, %s", code, errs)
	}
}

// TestAlertListTellsWhatIsOver: a cancelled alert must not look alive.
func TestAlertListTellsWhatIsOver(t *testing.T) {
	f := newFake(t)
	old, cancel, other, update := alertEntry(1, "Old"), alertEntry(2, "Old"), alertEntry(3, "Other"), alertEntry(4, "New")
	cancel.Alert.Type, update.Alert.Type = notice.AlertCancel, notice.AlertUpdate
	old.SupersededBy, other.SupersededBy = []record.ID{rid(2)}, []record.ID{rid(4)}
	old.CancelledBy = []record.ID{rid(2)}
	cancel.Alert.Replaces, update.Alert.Replaces = []record.ID{rid(1)}, []record.ID{rid(3)}
	f.answers["GET /v1/alerts"] = api.Entries{Entries: []api.Entry{update, other, cancel, old}}
	out := f.ok("alert", "list", "--since", "2d", "--community", "Drill")
	for _, want := range []string{
		"[cancelled] [EXERCISE] Old", "[cancels " + short(rid(1)) + "] [EXERCISE] Old",
		"[replaced by " + short(rid(4)) + "] [EXERCISE] Other", "[replaces " + short(rid(3)) + "] [EXERCISE] New",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if q := f.query["GET /v1/alerts"]; !strings.Contains(q, "community=Drill") || !strings.Contains(q, "since=2027-01-13") {
		t.Errorf("query %s", q)
	}
}

func TestRequestSend(t *testing.T) {
	f := newFake(t)
	f.answers["POST /v1/requests"] = api.RequestsPublished{
		Case: "k", Published: []api.Published{{ID: rid(1)}, {ID: rid(2)}},
		Failed: []api.Failed{{To: team(3, "CERT-C"), Problem: api.NewProblem(api.Quota, "too many", "wait")}},
	}
	line := []string{"request", "send", "--private", "--to", "A", "--to", "B", "--to", "C", "--action", "takedown", "--reply-by", "24h", "--tlp", "red", "--title", "T"}
	code, out, errs := f.run(line...)
	if code != 3 || out != fmt.Sprintf("%s\n%s\n", rid(1), rid(2)) || !strings.Contains(errs, "not sent to CERT-C") || !strings.Contains(errs, "2 of 3") {
		t.Errorf("exit %d, stdout %q, stderr %s", code, out, errs)
	}
	var got api.RequestDraft
	f.got("POST /v1/requests", &got)
	if len(got.To) != 3 || got.Community != "" || !got.Request.ReplyBy.Equal(testNow().Add(24*time.Hour)) || got.Request.Priority != notice.PriorityNormal {
		t.Errorf("sent %+v", got)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nowhere":        {[]string{"--to", "A", "--tlp", "clear", "--reply-by", "1d"}, "--community is missing"},
		"both":           {[]string{"--private", "--community", "D", "--to", "A", "--tlp", "clear", "--reply-by", "1d"}, "--private and --community exclude each other"},
		"private nobody": {[]string{"--private", "--tlp", "clear", "--reply-by", "1d"}, "--to is missing"},
		"red in public":  {[]string{"--community", "D", "--tlp", "red", "--reply-by", "1d"}, "named teams only"},
		"no deadline":    {[]string{"--community", "D", "--tlp", "clear"}, "--reply-by is missing"},
		"no marking":     {[]string{"--community", "D", "--reply-by", "1d"}, "--tlp is missing"},
		"past":           {[]string{"--community", "D", "--reply-by", "2020-01-01T00:00:00Z", "--tlp", "clear"}, "--reply-by is in the past"},
	} {
		code, _, errs := f.run(append([]string{"request", "send", "--action", "contact", "--title", "T"}, tt.args...)...)
		if code != 2 || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
}

func TestReply(t *testing.T) {
	f := newFake(t)
	q := alertEntry(1, "x")
	q.Kind, q.Alert = notice.KindRequest, nil
	q.Request = &notice.Request{Marking: notice.Marking{TLP: notice.TLPAmber}}
	f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q}
	f.answers["POST /v1/requests/"+rid(1).String()+"/replies"] = api.Published{ID: rid(5)}
	if out := f.ok("reply", "r1", "ack"); out != rid(5).String()+"\n" {
		t.Errorf("stdout %q", out)
	}
	var got api.ReplyDraft
	f.got("POST /v1/requests/"+rid(1).String()+"/replies", &got)
	if got.Reply.State != notice.Acknowledged || got.Reply.Marking.TLP != notice.TLPAmber {
		t.Errorf("sent %+v", got.Reply)
	}
	f.ok("reply", "--reason", "legal", "--text", "No.", "r1", "decline")
	f.got("POST /v1/requests/"+rid(1).String()+"/replies", &got)
	if got.Reply.Reason != notice.ReasonLegal || got.Reply.Texts[0].Summary != "No." {
		t.Errorf("sent %+v", got.Reply)
	}
	for _, tt := range [][]string{{"r1", "decline"}, {"--reason", "legl", "r1", "decline"}, {"r1", "maybe"}, {"--reason", "legal", "r1", "done"}, {"--tlp", "x", "r1", "ack"}, {"r1"}} {
		if code, _, errs := f.run(append([]string{"reply"}, tt...)...); code != 2 {
			t.Errorf("%q: exit %d, %s", tt, code, errs)
		}
	}
}

func TestLedgerPlain(t *testing.T) {
	f := newFake(t)
	f.answers["GET /v1/ledger"] = api.Ledger{
		Teams: []api.LedgerTeam{{
			Team: team(2, "CERT-B"), Sentence: "7 of 9 in the time asked, median 5 h, 1 open",
			Own: api.LedgerSummary{Asked: 10, Sample: 10, Overdue: 2, Silent: 1, Unreachable: 1},
		}},
		Rows: []api.Standing{{
			Team: team(2, "CERT-B"), Request: rid(1), Own: true, State: "declined", Reason: notice.ReasonLegal, Timing: "in time", Waited: 7200,
			Sent: testNow().Add(-24 * time.Hour), Due: testNow().Add(-time.Hour),
		}},
		Curve: &api.LedgerCurves{Own: []api.LedgerStep{{After: 600, Open: .9, Low: .5, High: 1}, {After: 18000, Open: .5, Low: .2, High: .8}, {After: 86400, Open: .2, Low: .05, High: .5}}},
	}
	out := f.ok("ledger", "--team", "CERT-B")
	if !strings.HasPrefix(out, "CERT-B (") || !strings.Contains(out, "): 7 of 9 in the time asked, median 5 h, 1 open\n") {
		t.Errorf("the plain answer is not first:\n%s", out)
	}
	for _, want := range []string{"2 overdue now, 1 silent (its machine has it), 1 unreachable", "declined: legal", "100% |", "  0% |", "5 min", "2 d", "# share still unanswered"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if q := f.query["GET /v1/ledger"]; !strings.Contains(q, "detail=true") || !strings.Contains(q, "team=CERT-B") {
		t.Errorf("query %s", q)
	}
}

// TestLedgerOfLittle: no curve of a few requests, and a filter that finds nothing does not make the ledger empty.
func TestLedgerOfLittle(t *testing.T) {
	f := newFake(t)
	f.answers["GET /v1/ledger"] = api.Ledger{
		Teams: []api.LedgerTeam{{Team: team(2, "CERT-B"), Sentence: "s", Own: api.LedgerSummary{Asked: 4, Sample: 4, Small: true}}},
		Curve: &api.LedgerCurves{Own: []api.LedgerStep{{After: 600, Open: .5, Low: .1, High: 1}}},
	}
	if out := f.ok("ledger", "--team", "CERT-B"); !strings.Contains(out, "too few for a curve (4 requests, 5 needed)") || strings.Contains(out, "100%") {
		t.Errorf("a curve of four requests:\n%s", out)
	}
	f.answers["GET /v1/ledger"] = api.Ledger{}
	for line, want := range map[string]string{
		"ledger":                              "holds no actual requests yet",
		"ledger --since 2d":                   "holds no actual requests: none in that time",
		"ledger --drills --team X":            "holds no such exercises or tests\n",
		"ledger --since 2d --community Drill": "holds no such actual requests: none in that time",
	} {
		if code, out, errs := f.run(strings.Fields(line)...); code != 0 || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %q, %q", line, code, out, errs)
		}
	}
}

// TestStatusTellsWhatWaits: a line that can be typed, no node counted as its own peer, the root key remembered.
func TestStatusTellsWhatWaits(t *testing.T) {
	f := newFake(t)
	q, with := alertEntry(1, "x"), team(2, "CERT-B")
	q.Own, q.With = true, &with
	if err := os.WriteFile(filepath.Join(f.home, keyfile.RootFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.answers["GET /v1/requests"] = api.Entries{Entries: []api.Entry{q}}
	f.answers["GET /v1/requests/"+rid(1).String()] = api.RequestView{Entry: q, Deliveries: []api.Delivery{{To: with}}}
	f.answers["GET /v1/status"] = api.Status{
		Team: team(1, "A"), Until: testNow().AddDate(1, 0, 0), Outbox: 1, Peers: []api.Peer{{Address: "/ip4/192.0.2.1"}},
		Communities: []api.Community{
			{Name: "Drill", Role: "founder", Members: []api.Member{{Self: true, Online: true}, {Online: false}}}, {Name: "Gone", Role: "removed"},
		},
		Store: api.Store{Free: 10, Floor: 20},
	}
	out := f.ok("status")
	for _, want := range []string{
		"One thing needs a look, marked ! below. Running: in 1 community, connected to nobody whose team is known.\n", "! the root key still lies in ", "team not known yet at /ip4/192.0.2.1",
		", founder, 2 members, 0 of the others connected", ", removed, 0 members\n", "tocsin --home " + f.home + " request show " + short(rid(1)) + " tells why", "no room left above the floor",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestAListThatIsCutSaysHowToGoOn: unless it is as long as was asked for.
func TestAListThatIsCutSaysHowToGoOn(t *testing.T) {
	f := newFake(t)
	f.answers["GET /v1/alerts"] = api.Entries{Entries: []api.Entry{alertEntry(1, "A wave"), alertEntry(2, "Another")}, Next: "place"}
	for line, want := range map[string]bool{
		"alert list": true, "alert list --limit 2": false, "alert list --limit 3": true, "alert list --limit 2 --after there": true,
	} {
		code, _, errs := f.run(strings.Fields(line)...)
		if told := strings.Contains(errs, "there are older ones: --after place"); code != 0 || told != want {
			t.Errorf("%s: exit %d, %q", line, code, errs)
		}
	}
}

func TestStatusSaysWhomItTries(t *testing.T) {
	f := newFake(t)
	now := testNow()
	st := api.Status{
		Team: team(1, "A"), Until: now.AddDate(1, 0, 0), Trying: []api.Try{
			{Team: team(2, "CERT-A"), Address: "/ip4/192.0.2.1/tcp/4733", Next: now.Add(20 * time.Second), Failed: 3, Why: "connection refused"},
			{Team: team(3, "CERT-B"), Next: now, Failed: 1, Why: "no address is known"},
			{Address: "/ip4/192.0.2.3/tcp/4733"},
		},
		Communities: []api.Community{{Name: "Drill", Role: "member", Members: []api.Member{{Self: true}, {}}}},
	}
	for range 10 {
		st.Trying = append(st.Trying, api.Try{Address: "/ip4/192.0.2.4/tcp/4733", Next: now.Add(time.Second)})
	}
	f.answers["GET /v1/status"] = st
	out := f.ok("status")
	for _, want := range []string{
		"CERT-A (" + short(tid(2)) + ") at /ip4/192.0.2.1/tcp/4733 again in 20 s: connection refused\n",
		"CERT-B (" + short(tid(3)) + ") again now: no address is known\n",
		"a node whose team is not known yet at /ip4/192.0.2.3/tcp/4733 now\n", "/ip4/192.0.2.4/tcp/4733 in 1 s\n", "and 5 more (--json)\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	st.Trying = nil
	f.answers["GET /v1/status"] = st
	if out := f.ok("status"); !strings.Contains(out, "nobody: no address of another member is known; put one into mesh.peers, or take a new invite\n") {
		t.Errorf("it does not say why it is alone:\n%s", out)
	}
}

func TestStatusSentence(t *testing.T) {
	f := newFake(t)
	f.answers["GET /v1/status"] = api.Status{Team: team(1, "A"), Until: testNow().AddDate(1, 0, 0), Outbox: 1, Records: map[string]int{"alert": 2, "reply": 1}}
	out := f.ok("status")
	for _, want := range []string{"Running: in no community yet, connected to nobody at the moment.\n", "1 private record waiting for recipients; it is tried again", "2 alerts, 1 reply; 0 statements"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// A write of the store that failed is told with its cause, also when writing goes on.
func TestStatusTellsOfAFailedWrite(t *testing.T) {
	f := newFake(t)
	for _, tt := range []struct {
		failure api.StoreFailure
		want    []string
	}{
		{api.StoreFailure{Broken: true, Lasts: true}, []string{"free on the disk; it takes no writes", "and the store takes no writes since: write x: input/output error"}},
		{api.StoreFailure{Lasts: true}, []string{"and nothing was written since: write x: input/output error"}},
		{api.StoreFailure{}, []string{"writing goes on since: write x: input/output error"}},
	} {
		tt.failure.At, tt.failure.Cause = testNow(), "write x: input/output error"
		f.answers["GET /v1/status"] = api.Status{Team: team(1, "A"), Until: testNow().AddDate(1, 0, 0), Store: api.Store{Free: 30, Floor: 20, Failure: &tt.failure}}
		out := strings.Join(strings.Fields(f.ok("status")), " ")
		for _, want := range tt.want {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}

func TestNoDaemon(t *testing.T) {
	dir := t.TempDir()
	for _, line := range []string{"status", "alert list", "alert send --community d --tlp clear --title x", "ledger", "community list", "alert watch"} {
		code, out, errs := try(t, append([]string{"--home", dir}, strings.Fields(line)...)...)
		if code != 10 || out != "" || !strings.Contains(errs, "the daemon is not running") || !strings.Contains(errs, "there is no identity in "+dir) || !strings.Contains(errs, "tocsin --home "+dir+" init") {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", line, code, out, errs)
		}
	}
}

// TestRequestSendSaysWhatFollows: which request went to whom, which waits, and that the floor holds.
func TestRequestSendSaysWhatFollows(t *testing.T) {
	f := newFake(t)
	b, c := team(2, "CERT-B"), team(3, "CERT-C")
	due := &api.Due{At: testNow().Add(time.Hour), Floor: 3600}
	f.answers["POST /v1/requests"] = api.RequestsPublished{Case: "k", Published: []api.Published{
		{ID: rid(1), To: &b, Due: due}, {ID: rid(2), To: &c, Apart: true, Due: due},
	}}
	code, out, errs := f.run("request", "send", "--private", "--to", "B", "--to", "C", "--action", "takedown", "--reply-by", "5m", "--tlp", "clear", "--title", "T")
	if code != 0 || out != fmt.Sprintf("%s\n%s\n", rid(1), rid(2)) {
		t.Errorf("exit %d, stdout %q", code, out)
	}
	for _, want := range []string{
		short(rid(1)) + " goes to " + showTeam(b), short(rid(2)) + " goes to " + showTeam(c),
		showTeam(c) + " shares no community with this team", "counted as due in 1 h: the floor of private requests is 1 h",
	} {
		if strings.Count(errs, want) != 1 {
			t.Errorf("no %q (or twice) in\n%s", want, errs)
		}
	}
}

// TestDeliveryInWords: no next attempt lies in the past, and the team is named once.
func TestDeliveryInWords(t *testing.T) {
	f := newFake(t)
	q := alertEntry(1, "x")
	q.Kind, q.Alert, q.Request = notice.KindRequest, nil, &notice.Request{Action: notice.ActionContact, Marking: notice.Marking{TLP: notice.TLPClear}}
	for next, want := range map[time.Duration]string{
		-time.Minute:    "cannot be reached; tried 2 times, next try now",
		4 * time.Second: "cannot be reached; tried 2 times, next try in 4 s",
	} {
		f.answers["GET /v1/requests/r1"] = api.RequestView{Entry: q, Deliveries: []api.Delivery{
			{To: team(2, "CERT-B"), Attempts: 2, Last: api.NotReached, Next: testNow().Add(next)},
		}}
		if out := f.ok("request", "show", "r1"); !strings.Contains(out, showTeam(team(2, "CERT-B"))+" "+want+"\n") {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
