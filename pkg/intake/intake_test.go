package intake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/intake"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

func csaf(tlp string) string {
	return `{"document":{"csaf_version":"2.0","title":"A hole","lang":"de","notes":[{"category":"summary","text":"Bad.\r\nVery\u202ebad."}],` +
		`"tracking":{"id":"X-1","current_release_date":"2026-01-01T00:00:00Z"},"distribution":{` + tlp + `}},` +
		`"vulnerabilities":[{"cve":"CVE-2026-1234"},{"cve":"CVE-2026-1234"},{"cve":"none"},{}]}`
}

func misp(tags, attributeTags string) string {
	return `{"Event":{"uuid":"5a6f","info":"A wave","date":"2026-03-01","threat_level_id":"1","Tag":[` + tags + `],` +
		`"Attribute":[{"type":"vulnerability","value":"CVE-2026-0009","Tag":[` + attributeTags + `]},{"type":"link","value":"https://a.example/x"}],` +
		`"Object":[{"Attribute":[{"type":"link","value":"not a link"}]}]}}`
}

func tag(names ...string) string {
	for i, n := range names {
		names[i] = fmt.Sprintf(`{"name":%q}`, n)
	}
	return strings.Join(names, ",")
}

// TestMarkings: the document's own word, the strictest of several, and nothing where one is not known.
func TestMarkings(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		tlp        notice.TLP
		pap        notice.PAP
	}{
		{"csaf", csaf(`"tlp":{"label":"AMBER"}`), notice.TLPAmber, ""},
		{"csaf 2.1", csaf(`"tlp":{"label":"AMBER+STRICT"}`), notice.TLPAmberStrict, ""},
		{"csaf white", csaf(`"tlp":{"label":"WHITE"}`), notice.TLPClear, ""},
		{"csaf unknown", csaf(`"tlp":{"label":"PURPLE"}`), "", ""},
		{"csaf empty", csaf(`"tlp":{"label":""}`), "", ""},
		{"csaf none", csaf(""), "", ""},
		{"misp", misp(tag("tlp:green", "type:OSINT"), ""), notice.TLPGreen, ""},
		{"misp white", misp(tag("TLP:WHITE"), ""), notice.TLPClear, ""},
		{"misp two", misp(tag("tlp:green", "tlp:red"), ""), notice.TLPRed, ""},
		{"misp attribute", misp(tag("tlp:green"), tag("tlp:amber+strict", "PAP:AMBER")), notice.TLPAmberStrict, notice.PAPAmber},
		{"misp unknown beside", misp(tag("tlp:green", "tlp:ex:chr"), ""), "", ""},
		{"misp unknown pap", misp(tag("tlp:green", "pap:blue"), ""), notice.TLPGreen, notice.PAPRed},
		{"misp none", misp("", ""), "", ""},
		{"csaf with a byte order mark", "\ufeff" + csaf(`"tlp":{"label":"RED"}`), notice.TLPRed, ""},
		{"csaf label in words", csaf(`"text":"TLP v2.0: TLP:RED. For those named."`), notice.TLPRed, ""},
		{"csaf that contradicts itself", csaf(`"tlp":{"label":"CLEAR"},"sharing_group":{"id":"00000000-0000-0000-0000-000000000000"}`), "", ""},
		{"misp iep", misp(tag("tlp:clear", `iep2-policy:tlp="red"`), ""), notice.TLPRed, ""},
		{"misp by hand", misp(tag("tlp:white", "TLP RED"), ""), notice.TLPRed, ""},
		{"misp report", strings.Replace(misp(tag("tlp:clear"), ""), `"Object"`, `"EventReport":[{"Tag":[{"name":"tlp:red"}]}],"Object"`, 1), notice.TLPRed, ""},
		{"misp bare", `{"uuid":"5a6f","info":"A wave","threat_level_id":"1","Tag":[` + tag("tlp:green") + `]}`, notice.TLPGreen, ""},
		{"misp answer", `{"response":[` + misp(tag("tlp:clear"), "") + `]}`, notice.TLPClear, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := intake.Read("dir/a.json", []byte(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if m := d.Alert.Marking; m.TLP != tt.tlp || m.PAP != tt.pap {
				t.Errorf("marking %q %q, labels %q", m.TLP, m.PAP, d.Labels)
			}
			if len(d.Alert.Attachments) != 1 || d.Alert.Attachments[0].Name != "a.json" || string(d.Alert.Attachments[0].Data) != tt.file {
				t.Errorf("attached %+v", d.Alert.Attachments)
			}
			sendable(t, d)
		})
	}
}

// sendable: once it is marked, nothing stands against sending it.
func sendable(t *testing.T, d *intake.Draft) {
	t.Helper()
	a := d.Alert
	a.Marking.TLP = notice.TLPClear
	if err := a.Validate(); err != nil {
		t.Error(err)
	}
}

func TestContent(t *testing.T) {
	d, err := intake.Read("../.x", []byte(csaf("")))
	if err != nil {
		t.Fatal(err)
	}
	if txt := d.Alert.Texts[0]; txt.Language != "de" || txt.Title != "A hole" || txt.Summary != "Bad.\nVerybad." {
		t.Errorf("text %+v", txt)
	}
	if len(d.Alert.References) != 2 || d.Alert.References[1].Value != "CVE-2026-1234" || d.Alert.Attachments[0].Name != "x" {
		t.Errorf("%+v %s", d.Alert.References, d.Alert.Attachments[0].Name)
	}
	d, err = intake.Read("", []byte(misp("", "")))
	if err != nil {
		t.Fatal(err)
	}
	if d.Alert.Texts[0].Title != "A wave" || d.Alert.Severity != notice.SeveritySevere || d.Alert.Observed.Month() != time.March || len(d.Alert.References) != 3 {
		t.Errorf("%+v", d.Alert)
	}
}

func TestRefuses(t *testing.T) {
	for name, file := range map[string]string{
		"empty": "", "array": "[]", "other": `{"a":1}`, "stix": `{"type":"bundle"}`, "wrong type": `{"Event":{"info":7}}`,
		"two events": `{"response":[{"Event":{}},{"Event":{}}]}`, "no event": `{"response":[]}`, "long": strings.Repeat(" ", intake.MaxFile+1),
		"not signed": `{"payloadType":"application/vnd.tocsin.record+json","payload":"e30=","signatures":[]}`,
	} {
		if d, err := intake.Read("x", []byte(file)); !errors.Is(err, intake.ErrForm) {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
	}
}

// TestFlawsAreNamed: what is not read strictly says what is wrong, and where.
func TestFlawsAreNamed(t *testing.T) {
	for want, file := range map[string]string{
		"byte 0xE4 at offset":               strings.Replace(csaf(""), "A hole", "Ger\xe4t", 1),
		"/document/title is there twice":    strings.Replace(csaf(""), `"lang"`, `"title":"B","lang"`, 1),
		"something stands behind its end":   csaf("") + "}",
		"UTF-16":                            "\xff\xfe" + strings.Join(strings.Split(csaf(""), ""), "\x00") + "\x00",
		"it is an archive":                  "PK\x03\x04",
		"it is a STIX bundle":               `{"type":"bundle","objects":[]}`,
		"it is a MISP event, and it is cut": misp("", "")[:100],
	} {
		if _, err := intake.Read("x.json", []byte(file)); !errors.Is(err, intake.ErrForm) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// zero is a source of bytes for keys of a test.
type zero struct{ next byte }

func (z *zero) Read(b []byte) (int, error) {
	for i := range b {
		z.next = z.next*167 + 13
		b[i] = z.next
	}
	return len(b), nil
}

// exported is the file of a sealed alert, with or without its key.
func exported(t testing.TB, disclose bool, change func(*notice.Alert)) []byte {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := identity.NewRootKey(&zero{1})
	must(err)
	node, err := identity.NewNodeKey(&zero{2})
	must(err)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d, err := root.Delegate(node, "CERT-A", at, at.Add(48*time.Hour))
	must(err)
	a := &notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPAmber},
		Texts: []notice.Text{{Language: "en", Title: "Sealed"}},
	}
	change(a)
	plain, err := notice.Encode(a)
	must(err)
	ch := record.InCommunity(identity.CommunityID{7})
	k, err := seal.NewKey(&zero{3})
	must(err)
	id := k.ID(ch.Tag())
	h := record.Header{
		Kind: notice.KindAlert, Channel: ch, Class: record.Routine, Delegation: d, Run: record.Run{1}, Seq: 1, Created: at.Add(time.Hour),
		Body: record.Body{MediaType: notice.MediaType, KeyID: id[:]},
	}
	rec, err := record.SignSealed(node, h, int64(len(plain)+seal.Overhead), func(binding []byte) ([]byte, error) {
		return seal.Seal(&zero{4}, k, seal.Context{Key: id, Channel: ch.Tag(), Binding: binding}, plain)
	})
	must(err)
	file := rec.Envelope()
	if disclose {
		c, err := seal.Of(rec)
		must(err)
		rk, err := seal.Disclose(k, c, rec.Body())
		must(err)
		file.Disclosed = rk[:]
	}
	b, err := file.Marshal()
	must(err)
	return b
}

func TestRecordInAFile(t *testing.T) {
	d, err := intake.Read("x", exported(t, true, func(*notice.Alert) {}))
	if err != nil {
		t.Fatal(err)
	}
	if d.Source != intake.Record || d.Record == nil || d.Alert.Marking.TLP != notice.TLPAmber || d.Alert.Texts[0].Title != "Sealed" || len(d.Alert.Attachments) != 0 {
		t.Errorf("%+v", d)
	}
	if _, err := intake.Read("x", exported(t, false, func(*notice.Alert) {})); !errors.Is(err, intake.ErrForm) || !strings.Contains(err.Error(), "no key") {
		t.Errorf("%v", err)
	}
	wrong := strings.Replace(string(exported(t, true, func(*notice.Alert) {})), `"tocsin_record_key": "`, `"tocsin_record_key": "AAAA`, 1)
	if _, err := intake.Read("x", []byte(wrong)); !errors.Is(err, intake.ErrForm) {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, file := range []string{csaf(`"tlp":{"label":"WHITE"}`), misp(tag("tlp:green"), tag("tlp:red")), `{"response":[]}`, string(exported(f, true, func(*notice.Alert) {}))} {
		f.Add("x.json", []byte(file))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		d, err := intake.Read(name, data)
		if err != nil {
			if !errors.Is(err, intake.ErrForm) {
				t.Fatalf("%v", err)
			}
			return
		}
		if d.Alert.Marking.TLP != "" && !d.Alert.Marking.TLP.Known() {
			t.Fatalf("marking %q", d.Alert.Marking.TLP)
		}
		if d.Source != intake.Record {
			a := d.Alert
			a.Attachments[0].Data = []byte("x") // what is in the file itself is the file's
			sendable(t, &intake.Draft{Alert: a})
		}
	})
}
