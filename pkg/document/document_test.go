package document_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/document"
	"tocsin/pkg/notice"
)

func csaf(distribution string) string {
	return `{"document":{"csaf_version":"2.0","title":"Gerät","distribution":{` + distribution + `}}}`
}

const csafRed = `"tlp":{"label":"RED"}`

func misp(rest string) string {
	return `{"Event":{"info":"A kit","Orgc":{"name":"CERT-A"},"Attribute":[]` + rest + `}}`
}

func mispTag(names ...string) string {
	var tags []string
	for _, n := range names {
		tags = append(tags, fmt.Sprintf(`{"name":%q}`, n))
	}
	return `,"Tag":[` + strings.Join(tags, ",") + `]`
}

func stix(objects ...string) string {
	return `{"type":"bundle","id":"bundle--1","objects":[` + strings.Join(objects, ",") + `]}`
}

const (
	tlp2Red   = `{"type":"marking-definition","spec_version":"2.1","id":"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":{"extension_type":"property-extension","tlp_2_0":"red"}}}`
	tlp1Amber = `{"type":"marking-definition","id":"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82","definition_type":"tlp","definition":{"tlp":"amber"}}`
	copyright = `{"type":"marking-definition","id":"marking-definition--aa42a846-0000-4e51-bc29-71d5b4802168","definition_type":"statement","definition":{"statement":"Copyright CERT-A"}}`
)

func marked(id string) string {
	return `{"type":"indicator","spec_version":"2.1","id":"indicator--1","object_marking_refs":["marking-definition--` + id + `"]}`
}

func latin1(s string) string {
	var out []byte
	for _, r := range s {
		out = append(out, byte(r))
	}
	return string(out)
}

func wide(order binary.AppendByteOrder, s string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

// TestLabels: which label is the strictest, in every place where one stands.
func TestLabels(t *testing.T) {
	none := notice.TLP("none")
	for _, tt := range []struct {
		name, file string
		kind       document.Kind
		tlp        notice.TLP
		flaw       string
	}{
		{"csaf", csaf(csafRed), document.CSAF, notice.TLPRed, ""},
		{"csaf white", csaf(`"tlp":{"label":"WHITE"}`), document.CSAF, notice.TLPClear, ""},
		{"csaf strict", csaf(`"tlp":{"label":"AMBER+STRICT"}`), document.CSAF, notice.TLPAmberStrict, ""},
		{"csaf unknown", csaf(`"tlp":{"label":"PURPLE"}`), document.CSAF, "", ""},
		{"csaf empty", csaf(`"tlp":{"label":""}`), document.CSAF, "", ""},
		{"csaf number", csaf(`"tlp":{"label":7}`), document.CSAF, "", ""},
		{"csaf label of another shape", csaf(`"tlp":"RED"`), document.CSAF, notice.TLPRed, ""},
		{"csaf no label", csaf(""), document.CSAF, none, ""},
		{"csaf text", csaf(`"text":"TLP v2.0: TLP:RED. For those named."`), document.CSAF, notice.TLPRed, ""},
		{"csaf text beside", csaf(`"text":"Treat as TLP:AMBER+STRICT.","tlp":{"label":"GREEN"}`), document.CSAF, notice.TLPAmberStrict, ""},
		{"csaf text without", csaf(`"text":"Disclosure is not limited.","tlp":{"label":"WHITE"}`), document.CSAF, notice.TLPClear, ""},
		{"csaf no sharing", csaf(`"tlp":{"label":"CLEAR"},"sharing_group":{"id":"00000000-0000-0000-0000-000000000000"}`), document.CSAF, "", ""},
		{"csaf group and clear", csaf(`"sharing_group":{"id":"5868d6be-b28a-404e-a245-0b5093b31b8b"},"tlp":{"label":"CLEAR"}`), document.CSAF, "", ""},
		{"csaf public", csaf(`"tlp":{"label":"CLEAR"},"sharing_group":{"id":"ffffffff-ffff-ffff-ffff-ffffffffffff"}`), document.CSAF, notice.TLPClear, ""},
		{"csaf group", csaf(`"tlp":{"label":"AMBER"},"sharing_group":{"id":"5868d6be-b28a-404e-a245-0b5093b31b8b"}`), document.CSAF, notice.TLPAmber, ""},
		{"csaf mark", "\ufeff" + csaf(csafRed), document.CSAF, notice.TLPRed, ""},
		{"csaf white mark", "\ufeff" + csaf(`"tlp":{"label":"WHITE"}`), document.CSAF, notice.TLPClear, ""},
		{"csaf latin 1", latin1(csaf(`"tlp":{"label":"WHITE"}`)), document.CSAF, notice.TLPRed, "byte 0xE4 at offset 46 is not UTF-8"},
		{"csaf utf-16", "\xff\xfe" + wide(binary.LittleEndian, csaf(`"tlp":{"label":"WHITE"}`)), document.CSAF, notice.TLPRed, "UTF-16"},
		{"csaf utf-16 other way", "\xfe\xff" + wide(binary.BigEndian, csaf("")), document.CSAF, notice.TLPRed, "UTF-16"},
		{"csaf utf-16 without mark", wide(binary.LittleEndian, csaf("")), document.CSAF, notice.TLPRed, "UTF-16"},
		{"csaf utf-16 other way without mark", wide(binary.BigEndian, csaf("")), document.CSAF, notice.TLPRed, "UTF-16"},
		{"csaf twice", `{"document":{"title":"a","title":"b","csaf_version":"2.0"}}`, document.CSAF, notice.TLPRed, "the member /document/title is there twice"},
		{"csaf trailing", csaf("") + "x", document.CSAF, notice.TLPRed, "behind its end"},
		{"csaf two", csaf("") + csaf(""), document.CSAF, notice.TLPRed, "behind its end"},
		{"csaf nul", csaf("") + "\x00\x00", document.CSAF, notice.TLPRed, "zero bytes"},
		{"csaf cut", csaf("")[:60], document.CSAF, notice.TLPRed, "cut off"},
		{"csaf comment", "{ // ours\n" + csaf("")[1:], document.CSAF, notice.TLPRed, "not JSON from byte"},
		{"csaf headers", "HTTP/1.1 200 OK\r\nDate: x\r\n\r\n" + csaf(""), document.CSAF, notice.TLPRed, "before its beginning"},
		{"csaf script", "callback(" + csaf("") + ");\n", document.CSAF, notice.TLPRed, "before its beginning"},
		{"csaf deep", `{"document":{"csaf_version":"2.0","x":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + "}}", document.CSAF, notice.TLPRed, "too deep"},
		{"csaf number as version", `{"document":{"csaf_version":2.0}}`, document.CSAF, none, ""},
		{"csaf list", `[` + csaf(`"tlp":{"label":"WHITE"}`) + `,` + csaf(csafRed) + `]`, document.CSAF, notice.TLPRed, ""},

		{"misp", misp(mispTag("tlp:red")), document.MISP, notice.TLPRed, ""},
		{"misp white", misp(mispTag("TLP:WHITE", "type:OSINT")), document.MISP, notice.TLPClear, ""},
		{"misp none", misp(""), document.MISP, none, ""},
		{"misp unknown", misp(mispTag("tlp:green", "tlp:ex:chr")), document.MISP, "", ""},
		{"misp blank", misp(mispTag("tlp:white", "TLP RED")), document.MISP, notice.TLPRed, ""},
		{"misp long word", misp(mispTag("Traffic Light Protocol: amber")), document.MISP, notice.TLPAmber, ""},
		{"misp strict", misp(mispTag("tlp:amber+strict")), document.MISP, notice.TLPAmberStrict, ""},
		{"misp iep 2", misp(mispTag("tlp:clear", `iep2-policy:tlp="red"`)), document.MISP, notice.TLPRed, ""},
		{"misp iep", misp(mispTag("tlp:clear", `iep:traffic-light-protocol="AMBER"`)), document.MISP, notice.TLPAmber, ""},
		{"misp report", misp(mispTag("tlp:clear") + `,"EventReport":[{"name":"Report","content":"x"` + mispTag("tlp:red") + `}]`), document.MISP, notice.TLPRed, ""},
		{"misp text of a report", misp(mispTag("tlp:clear") + `,"EventReport":[{"name":"Report","content":"# Notes\nTLP:RED\n\ntext"}]`), document.MISP, notice.TLPRed, ""},
		{"misp object", misp(mispTag("tlp:clear") + `,"Object":[{"Attribute":[{"value":"x"` + mispTag("tlp:amber") + `}]}]`), document.MISP, notice.TLPAmber, ""},
		{"misp answer", `{"response":[` + misp(mispTag("tlp:green")) + `]}`, document.MISP, notice.TLPGreen, ""},
		{"misp bare", `{"uuid":"1","info":"A kit","threat_level_id":"2"` + mispTag("tlp:red") + `}`, document.MISP, notice.TLPRed, ""},
		{"misp cut", misp(mispTag("tlp:clear"))[:70], document.MISP, notice.TLPRed, "cut off"},
		{"misp twice", misp(`,"info":"B"`), document.MISP, notice.TLPRed, "there twice"},

		{"stix", stix(tlp2Red, marked("e828b379-4e03-4974-9ac4-e53a884c97c1")), document.STIX, notice.TLPRed, ""},
		{"stix 1 amber", stix(tlp1Amber, marked("f88d31f6-486f-44da-b317-01333bde0b82")), document.STIX, notice.TLPAmber, ""},
		{"stix reference alone", stix(marked("939a9414-2ddd-4d32-a0cd-375ea402b003")), document.STIX, notice.TLPAmberStrict, ""},
		{"stix id copied wrong", stix(marked("939a9414-2ddd-4d32-a0cd-b7c2c2b9e2c8")), document.STIX, notice.TLPAmberStrict, ""},
		{"stix definition alone", tlp2Red, document.STIX, notice.TLPRed, ""},
		{"stix own definition", stix(`{"type":"marking-definition","id":"marking-definition--1","definition_type":"tlp","definition":{"tlp":"green"}}`, marked("1")), document.STIX, notice.TLPGreen, ""},
		{"stix by name", stix(`{"name":"TLP:AMBER+STRICT","type":"marking-definition","id":"marking-definition--1","definition_type":"statement","definition":{"statement":"x"}}`, marked("1")), document.STIX, notice.TLPAmberStrict, ""},
		{"stix statement", stix(`{"type":"marking-definition","id":"marking-definition--1","definition":{"statement":"TLP:RED - for those named"}}`, marked("1")), document.STIX, notice.TLPRed, ""},
		{"stix granular", stix(`{"type":"tool","id":"tool--1","granular_markings":[{"marking_ref":"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed","selectors":["name"]}]}`), document.STIX, notice.TLPRed, ""},
		{"stix defined and not used", stix(tlp2Red, tlp1Amber, marked("f88d31f6-486f-44da-b317-01333bde0b82")), document.STIX, notice.TLPAmber, ""},
		{"stix copyright", stix(copyright, marked("aa42a846-0000-4e51-bc29-71d5b4802168")), document.STIX, none, ""},
		{"stix copyright elsewhere", stix(marked("fa42a846-8d90-4e51-bc29-71d5b4802168")), document.STIX, none, ""},
		{"stix answer of taxii", `{"objects":[` + marked("34098fce-860f-48ae-8e50-ebd3cc5e41da") + `]}`, document.STIX, notice.TLPGreen, ""},
		{"stix cut", stix(tlp1Amber)[:90], document.STIX, notice.TLPRed, "cut off"},

		{"json tlp", `{"feed":"x","tlp":"amber"}`, document.JSON, notice.TLPAmber, ""},
		{"json tags", `{"tags":["phishing","TLP:GREEN"]}`, document.JSON, notice.TLPGreen, ""},
		{"json number", `[{"title":"case","tlp":3}]`, document.JSON, notice.TLPRed, ""},
		{"json first number", `[{"title":"case","tlp":0}]`, document.JSON, notice.TLPClear, ""},
		{"json lines", `{"ip":"192.0.2.1","tlp":"red"}` + "\n" + `{"ip":"192.0.2.2","tlp":"red"}` + "\n", document.JSON, notice.TLPRed, "behind its end"},
		{"json lines without", `{"ip":"192.0.2.1"}` + "\n" + `{"ip":"192.0.2.2"}` + "\n", "", none, ""},
		{"json broken", `{"tlp": "amber", x}`, document.JSON, notice.TLPRed, "not JSON"},
		{"json broken before", `{x, "tlp": "amber"}`, document.JSON, notice.TLPRed, "not JSON"},
		{"json broken without", `{x, "a": "amber"}`, "", none, ""},
		{"json schema", `{"properties":{"tlp":{"enum":["TLP:RED","TLP:GREEN"]}}}`, "", none, ""},
		{"json list of feeds", `{"metadata_version":"2.0","distributions":[{"rolie":{"feeds":[{"tlp_label":"AMBER"}]}}]}`, "", none, ""},
		{"json of windows", `{"Event":{"System":{"EventID":1}}}` + "\n" + `{"Event":{"System":{"EventID":2}}}`, "", none, ""},
		{"json sentence", `{"text":"We mark such mails TLP:RED, as agreed."}`, "", none, ""},

		{"text", "TLP:RED\n\nA wave.\n", document.Text, notice.TLPRed, ""},
		{"text classified", "Report\nClassification: TLP:AMBER+STRICT\n", document.Text, notice.TLPAmberStrict, ""},
		{"text with more", "TLP:RED - for those named only\nA wave.\n", document.Text, notice.TLPRed, ""},
		{"text title", "Subject: [TLP:AMBER] A wave\nText.\n", document.Text, notice.TLPAmber, ""},
		{"text foot", strings.Repeat("text\n", 50) + "-- \nCERT-A | TLP:GREEN\nTLP:AMBER.\n", document.Text, notice.TLPAmber, ""},
		{"text wide", "\xff\xfe" + wide(binary.LittleEndian, "TLP:RED\r\nx\r\n"), document.Text, notice.TLPRed, ""},
		{"text full width", "TLP：RED\n", document.Text, notice.TLPRed, ""},
		{"text yaml", "name: x\ntlp: red\n", document.Text, notice.TLPRed, ""},
		{"text xml", `<r><h tlp:color="x"/><m color="RED" xsi:type="tlpMarking:TLPMarkingStructureType"/></r>`, document.Text, notice.TLPRed, ""},
		{"text cvrf", "<x>\n<DocumentDistribution xml:lang=\"en\">TLP:AMBER</DocumentDistribution>\n</x>", document.Text, notice.TLPAmber, ""},
		{"text mention", "We never put TLP:RED in mail.\n" + strings.Repeat("text\n", 20) + "TLP:RED information stays here.\n" + strings.Repeat("text\n", 20), "", none, ""},
		{"text list of labels", strings.Repeat("text\n", 20) + "- TLP:RED\n- TLP:AMBER\n- TLP:GREEN\n" + strings.Repeat("text\n", 20), "", none, ""},
		{"text that explains", "What the labels mean\nTLP:RED: nobody else\nTLP:AMBER: organisation and clients\nTLP:GREEN: community\nTLP:CLEAR: all\n", "", none, ""},
		{"text quotes json", "The form:\n```\n{\"document\": {\"csaf_version\": \"2.0\"}}\n```\nand so on, as said\n", "", none, ""},
		{"empty", "", "", none, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := document.Inspect("x", "", []byte(tt.file))
			got := none
			if l, ok := f.Strictest(); ok {
				got = l.TLP
			}
			if f.Kind != tt.kind || got != tt.tlp || (tt.flaw == "") != (f.Flaw == "") || !strings.Contains(f.Flaw, tt.flaw) {
				t.Errorf("kind %q, label %q, flaw %q, labels %+v", f.Kind, got, f.Flaw, f.Labels)
			}
		})
	}
}

// TestWhereALabelStands: the refusal can say where to look.
func TestWhereALabelStands(t *testing.T) {
	for file, where := range map[string]string{
		csaf(csafRed): "/document/distribution/tlp/label",
		misp(`,"EventReport":[{"Tag":[{"name":"tlp:red"}]}]`): "/Event/EventReport/0/Tag/0/name",
		"\n\nReport\nTLP:RED\n":                               "line 4",
	} {
		f := document.Inspect("x", "", []byte(file))
		if l, ok := f.Strictest(); !ok || l.Where != where {
			t.Errorf("%q: %+v", file, l)
		}
	}
}

func TestTables(t *testing.T) {
	for file, want := range map[string]notice.TLP{
		"ip,tlp\n192.0.2.1,green\n192.0.2.2,red\n": notice.TLPRed,
		"ip;TLP\n192.0.2.1;white\n":                notice.TLPClear,
		"ip,tags\n192.0.2.1,tlp:amber\n":           notice.TLPAmber,
		"ip,tlp\n192.0.2.1,\n":                     "none",
		"ip,tlp\n192.0.2.1,purple\n":               "",
	} {
		f := document.Inspect("a.csv", "text/csv", []byte(file))
		got := notice.TLP("none")
		if l, ok := f.Strictest(); ok {
			got = l.TLP
		}
		if got != want {
			t.Errorf("%q: %q, %+v", file, got, f)
		}
	}
}

// TestClosedKinds: what is not looked into is named, and what calls itself so and lies open is read.
func TestClosedKinds(t *testing.T) {
	for _, tt := range []struct {
		name, media, data string
		kind              document.Kind
	}{
		{"a.bin", "", "PK\x03\x04xxxx", document.Archive},
		{"a.docx", "", "PK\x03\x04xxxx", document.Office},
		{"a.bin", "", "PK\x03\x04....[Content_Types].xml", document.Office},
		{"a.bin", "", "\x1f\x8b\x08", document.Archive},
		{"a.7z", "", "x", document.Archive},
		{"a.bin", "", strings.Repeat("\x00", 257) + "ustar\x00", document.Archive},
		{"a.bin", "", "%PDF-1.7", document.PDF},
		{"a.bin", "application/pdf", "x", document.PDF},
		{"a.bin", "", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", document.Office},
		{"a.msg", "", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", document.Mail},
		{"a.bin", "message/rfc822", "Subject: x", document.Mail},
		{"a.bin", "", "From a@b.example Sun Mar  1\n", document.Mail},
		{"a.txt", "", "From the team\n", ""},
		{"a.bin", "", "-----BEGIN PGP MESSAGE-----\n", document.Encrypted},
		{"a.png", "image/png", "\x89PNG", ""},
		{"a.json", "", `{"a":1}`, ""},
	} {
		f := document.Inspect(tt.name, tt.media, []byte(tt.data))
		if f.Kind != tt.kind || f.Kind.Closed() != (tt.kind != "") || len(f.Labels) > 0 || f.Flaw != "" {
			t.Errorf("%s %q: %+v", tt.name, tt.data, f)
		}
	}
	for file, kind := range map[string]document.Kind{csaf(csafRed): document.CSAF, "Subject: [TLP:RED] x\n\ny\n": document.Mail} {
		f := document.Inspect("a.eml", "", []byte(file))
		if l, _ := f.Strictest(); f.Kind != kind || l.TLP != notice.TLPRed {
			t.Errorf("%q: %+v", file, f)
		}
	}
}

// TestWhatCallsItselfADocument: where the media type says what a file is and nobody can read it, it counts as labelled.
func TestWhatCallsItselfADocument(t *testing.T) {
	for _, media := range []string{"application/csaf+json", "Application/STIX+json;version=2.1"} {
		for file, flawed := range map[string]bool{`{"document":`: true, "x": true, `{"document":{}}`: false} {
			if f := document.Inspect("a", media, []byte(file)); (f.Flaw != "") != flawed || flawed == (f.Kind == "") {
				t.Errorf("%s %q: %+v", media, file, f)
			}
		}
	}
}

// TestManyLabels: a file with many words costs a few, and the strictest is among them.
func TestManyLabels(t *testing.T) {
	var tags []string
	for i := range 1000 {
		tags = append(tags, fmt.Sprintf("tlp:x%d", i))
	}
	f := document.Inspect("x", "", []byte(misp(mispTag(append(tags[:500], append([]string{"tlp:green"}, tags[500:]...)...)...))))
	if l, ok := f.Strictest(); !ok || l.TLP != "" || len(f.Labels) != document.MaxLabels {
		t.Errorf("%d labels, %+v", len(f.Labels), l)
	}
	var words []string
	for i := range 100 {
		words = append(words, "tlp:green"+strings.Repeat(" ", i%40))
	}
	f = document.Inspect("x", "", []byte(misp(mispTag(append(words, "tlp:red")...))))
	if l, ok := f.Strictest(); !ok || l.TLP != notice.TLPRed || len(f.Labels) > document.MaxLabels {
		t.Errorf("%d labels, %+v", len(f.Labels), l)
	}
	if l, ok := document.InText("Re: A wave [TLP:AMBER]"); !ok || l.TLP != notice.TLPAmber {
		t.Errorf("%+v", l)
	}
}

func FuzzInspect(f *testing.F) {
	for _, s := range []string{
		csaf(csafRed), misp(mispTag("tlp:red", "TLP RED")), stix(tlp2Red, marked("1")), `{"tlp":3}`, "TLP:RED\n- TLP:GREEN\n", "a;tlp\n1;red\n",
		`{"document":{"csaf_version":"2.0","csaf_version":"2.0"}}x`, `<m color="RED" type="tlpM"/>`, "x{\"Event\":{\"info\":\"\",\"Tag\":[]}}",
	} {
		f.Add("a.csv", s)
	}
	for _, s := range []string{
		"TLP:RED The ministry\rx", "x <b>TLP</b>:RED<li>tlp.red", "log {x}\n[{\"Event\":{\"info\":\"\",\"Tag\":[{\"name\":\"tlp:red\"}]}}]\n--", `{tlp:{/* x */label:'RED'}}`,
		"# x\na|tlp\n1|red\n", "a:\n  tlp:\n    label: RED\n", `"{\"tlp\":\"red\"}"`, `{"tlp":{"x":["RED"]}}`, "```\ntlp: 'red'\n```", "tags: [tlp.red]\n",
	} {
		f.Add("a.txt", s)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		found := document.Inspect(name, "", []byte(text))
		if len(found.Labels) > document.MaxLabels {
			t.Fatalf("%d labels", len(found.Labels))
		}
		for _, l := range found.Labels {
			if l.TLP != "" && !l.TLP.Known() {
				t.Fatalf("label %+v", l)
			}
		}
		if found.Flaw != "" && jsontext.Value(text).IsValid() && found.Kind != document.Record && !strings.Contains(found.Flaw, "deep") {
			t.Fatalf("flaw %q of what is strictly JSON", found.Flaw)
		}
		// The same text in UTF-16 is no other document.
		if !isASCII(text) || len(text) < 8 || strings.Contains(text, "\x00") {
			return
		}
		if found.Kind.Closed() {
			return
		}
		again := document.Inspect("a.csv", "", []byte("\xff\xfe"+wide(binary.LittleEndian, text)))
		if found = document.Inspect("a.csv", "", []byte(text)); !found.Kind.Closed() && again.Kind != found.Kind {
			t.Fatalf("kind %q in UTF-8, %q in UTF-16", found.Kind, again.Kind)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
