package document_test

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"tocsin/pkg/document"
	"tocsin/pkg/notice"
)

func lines(n int) string { return strings.Repeat("Some words of a report.\n", n) }

// explained is the end of many mails: what the labels mean.
const explained = "\n\nAbout TLP\nTLP:RED - those named only\nTLP:AMBER - organisation\nTLP:GREEN - community\nTLP:CLEAR - all\n"

// TestWhatTeamsWriteIsFound: a label is found in the places where people and programs put it in texts, titles and markup.
func TestWhatTeamsWriteIsFound(t *testing.T) {
	for _, text := range []string{
		// The beginning and the end of a title, and of the first lines and the last.
		"TLP:RED The bank was entered through its mail gateway", "TLP:RED\tA wave", "TLP:RED, not for the press", "TLP: RED for those named", "**TLP:RED** A wave",
		"TLP RED A wave", "TLP:RED\u00a0A wave", "_TLP:RED_ A wave", "A wave of mails TLP:RED", "Marking TLP:RED.", "This is TLP:RED!", "Handling: TLP:RED (those named)",
		"A wave {TLP:RED} of mails", lines(9) + "TLP:RED A wave\n" + lines(50), lines(50) + "This is TLP:RED.\n" + lines(3), "TLP:GREEN A wave, now TLP:RED", "Subject: Re: TLP:RED A wave", "Re: [EXT] TLP:RED A wave", "[CERT-A #12] TLP:RED A wave",
		"**TLP:** RED", "TLP: **RED** for those named", "TLP Label: RED", "TLP-Marking: red",
		strings.Repeat("word ", 1000) + "TLP:RED", "TLP:RED " + strings.Repeat("word ", 1000), "<TLP:RED> A wave", "<!-- TLP:RED -->\n" + lines(30),
		// With what the labels mean below.
		"Subject: [TLP:RED] A wave\n\ntext" + explained, "Classification: TLP:RED - those named\n\ntext" + explained, "TLP:RED - those named\n\ntext" + explained,
		"CERT-A\nTLP:RED A wave\n" + lines(5) + explained, "Handling: TLP:RED A wave\nTLP:AMBER - organisation\nTLP:GREEN - community\n",
		// Line ends, letters, markup.
		lines(30) + "\rTLP:RED\r" + lines(30), lines(30) + "\u2028TLP:RED\u2028" + lines(30), "ＴＬＰ：ＲＥＤ A wave", "T\u200bLP\u00ad:RED",
		"<html><body><h1>TLP:RED</h1>Attack", "<p><b>TLP</b>:<b>RED</b></p>", "<p>TLP&#58;&nbsp;RED</p>", "<r>" + strings.Repeat("<a>x</a>", 900) + "<name>tlp:red</name>" + strings.Repeat("<a>x</a>", 900) + "</r>",
		"<r>\n<tlp>RED</tlp>\n</r>", "<x:TLP id='1'><label>TLP:RED</label></x:TLP>", `<report id="1" tlp="RED">` + lines(30), `<report tlp-label = 'tlp:red'/>`,
		lines(20) + "document:\n  tlp:\n    label: RED\n" + lines(20), lines(20) + "tlp:\n  version: 2\n  label: 'red' # ours\n" + lines(20), lines(20) + "tlp:\n- red\n" + lines(20), lines(20) + "x: {tlp: {label: RED}}\n" + lines(20),
		lines(20) + "tags:\n  - attack.t1190\n  - tlp.red\n" + lines(20), lines(20) + "tags: [phishing, tlp:red]\n" + lines(20), "x = 1\n" + lines(20) + "report = {'tlp': 'red'}\n" + lines(20),
		// Tables by any name.
		"ip,marking\n" + strings.Repeat("192.0.2.1,x\n", 20) + "192.0.2.1,TLP:RED\n" + strings.Repeat("192.0.2.1,x\n", 20), "| IP | TLP |\n|---|---|\n| 192.0.2.1 | RED |\n", "| TLP | RED |\n|---|---|\n| a | b |\n",
	} {
		for name, file := range map[string]string{"a.txt": text, "wide": "\xfe\xff" + wide(binary.BigEndian, text)} {
			f := document.Inspect(name, "", []byte(file))
			if l, ok := f.Strictest(); !ok || l.TLP != notice.TLPRed || len(l.Where) == 0 {
				t.Errorf("%s %.200q: %+v", name, text, f.Labels)
			}
		}
	}
	for _, text := range []string{"# of ours\nip|tlp\n192.0.2.1|red\n", "\n# x\nip;tlp\n192.0.2.1;red\n", "field,value\ntlp,red\n"} {
		f := document.Inspect("a", "Text/CSV", []byte(text))
		if l, ok := f.Strictest(); !ok || l.TLP != notice.TLPRed {
			t.Errorf("%q: %+v", text, f.Labels)
		}
	}
	for _, title := range []string{"TLP:RED The bank", "The bank (TLP:RED)", "The bank, TLP:RED"} {
		if l, ok := document.InText(title); !ok || l.TLP != notice.TLPRed {
			t.Errorf("%q: %+v", title, l)
		}
	}
}

// TestWhatSpeaksOfLabelsHasNone: a mention, an explanation or a list of labels is no label.
func TestWhatSpeaksOfLabelsHasNone(t *testing.T) {
	for _, text := range []string{
		"Reports that are TLP:RED stay here.\n", "We use TLP:GREEN (see there) and TLP:RED for most.\n", strings.Repeat(lines(20)+"TLP:RED reports stay here.\n", 3) + lines(20), "About us" + explained, "TLP:RED - those named only\nTLP:AMBER - organisation\nTLP:GREEN - community\n",
		"| Label | Who |\n|---|---|\n| RED | named |\n", "| TLP | Who |\n|---|---|\n| RED | named |\n| AMBER | clients |\n| GREEN | community |\n| CLEAR | all |\n",
		lines(20) + "```\n{ \"tlp\": \"RED\" }\n```\n" + lines(20), lines(20) + "tlp:\n  type: string\n  enum:\n  - RED\n  - GREEN\n" + lines(20), "import TLP_GREEN, TLP_RED\n", lines(20) + "<p>What <b>TLP:RED</b> means</p>\n" + lines(20),
		"Red Hat (see TLP. Red teams do it.)\n", "{\"properties\": {\"tlp\": {\"type\": \"string\", \"default\": \"RED\", \"description\": \"The TLP:RED of it\"}}}", "[INFO] {tlp} x\n" + lines(3),
	} {
		f := document.Inspect("a.txt", "", []byte(text))
		if l, ok := f.Strictest(); ok {
			t.Errorf("%.200q: %+v", text, l)
		}
	}
}

// TestDocumentsInOtherTexts: a document that something stands before, behind or around keeps its label.
func TestDocumentsInOtherTexts(t *testing.T) {
	red, event := csaf(csafRed), misp(mispTag("tlp:red"))
	for _, file := range []string{
		"// {made}\n" + red, "/* { */\n" + red, "2026-01-01 [INFO] {job} ok\n" + red, "2026-01-01 [INFO] got " + event + " and more of it\n" + lines(9), "var e = [" + event + "," + event + "];",
		"cb([" + event + "])", red + "\n-- \nCERT-A\n" + lines(3), "Hello,\n" + red + "\n-- \nCERT-A\n" + lines(3), strings.Repeat("#", 5000) + "\n" + red, "#\n" + red + "\n" + red, "{\"a\":\n" + lines(3) + event,
		fmt.Sprintf(`{"message":%q}`, event), fmt.Sprintf(`[%q]`, red), fmt.Sprintf("%q", red), `{document:{csaf_version:'2.0',distribution:{tlp:{label:'RED'}}}}`,
		`{'x': 1, 'tlp': {'label': 'RED'}}`, "{ // ours\n tlp /* x */ : // y\n 'red'}", "{ // ours\n \"Tag\": [{\"name\": \"tlp:red\"}]}", `{"tlp":{"text":"RED"}}`, `{"tlp":{"code":"red"}}`, `{"tlp":[{"x":{"y":"RED"}}]}`,
		`{"document":{"x":"` + strings.Repeat("ä", 119) + `ustar","csaf_version":"2.0","distribution":{"tlp":{"label":"RED"}}}}`, "BZh TLP:RED\n", `{"title":"TLP:RED A wave"}`, `{"a":{"Classification":"TLP:RED - those named"}}`, misp(`,"x":1`)[:9] + `"info":"A wave [TLP:RED]","Orgc":{}}}`,
	} {
		for name, data := range map[string]string{
			"UTF-8": file, "UTF-16": wide(binary.LittleEndian, file),
			"UTF-32": wider(binary.LittleEndian, file), "UTF-32 other way": wider(binary.BigEndian, file), "UTF-32 mark": "\xff\xfe\x00\x00" + wider(binary.LittleEndian, file), "UTF-32 other mark": wider(binary.BigEndian, "\ufeff"+file),
		} {
			f := document.Inspect("a.json", "", []byte(data))
			if l, ok := f.Strictest(); !ok || l.TLP != notice.TLPRed {
				t.Errorf("%s %.200q: %+v", name, file, f)
			}
		}
	}
}

// TestWideWithoutMark: what begins with letters of other scripts shows no pattern of zero bytes, and its label is found.
func TestWideWithoutMark(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, text := range []string{csaf(csafRed), misp(mispTag("tlp:red")), "TLP:RED A wave\n", "x\n<tlp>RED</tlp>\n"} {
			f := document.Inspect("a.txt", "", []byte(wide(order, strings.Repeat("記一", 600)+"\n"+text)))
			if l, ok := f.Strictest(); !ok || l.TLP != notice.TLPRed {
				t.Errorf("%s %q: %+v", order, text, f.Labels)
			}
		}
	}
}

func wider(order binary.AppendByteOrder, s string) string {
	var out []byte
	for _, r := range s {
		out = order.AppendUint32(out, uint32(r))
	}
	return string(out)
}

// TestPlacesCostLittle: where a label stands is said in few words, and what is computed for all of them is in proportion to the file.
func TestPlacesCostLittle(t *testing.T) {
	const depth, most = 480, 200
	open := strings.Repeat(`{"`+strings.Repeat("n", 500)+`":`, depth)
	var labels, objects []string
	for i := range 20000 {
		labels = append(labels, fmt.Sprintf(`"tlp:%05d"`, i))
		objects = append(objects, fmt.Sprintf(`{"x":"tlp:%05d"}`, i))
	}
	for _, inner := range [][]string{labels, objects} {
		file := []byte(open + "[" + strings.Join(inner, ",") + "]" + strings.Repeat("}", depth))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f := document.Inspect("a.json", "", file)
		runtime.ReadMemStats(&after)
		// Some tens of times; with the race detector, which drops what the regular expressions keep, some hundreds. With the
		// whole place computed for each label it was 55,000 times.
		if times := (after.TotalAlloc - before.TotalAlloc) / uint64(len(file)); times > 2000 {
			t.Errorf("it allocates %d times the %d bytes of the file", times, len(file))
		}
		if len(f.Labels) != document.MaxLabels {
			t.Errorf("%d labels", len(f.Labels))
		}
		for _, l := range f.Labels {
			if len(l.Where) > most {
				t.Errorf("a place of %d bytes", len(l.Where))
			}
		}
	}
}
