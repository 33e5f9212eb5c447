package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

func TestClean(t *testing.T) {
	for _, tt := range []struct{ name, in, line, text string }{
		{"plain", "patch now", "patch now", "patch now"},
		{"other scripts", "Zürich 東京 Київ عربي हिन्दी", "Zürich 東京 Київ عربي हिन्दी", "Zürich 東京 Київ عربي हिन्दी"},
		{"line feed", "a\nb", `a\nb`, "a\nb"},
		{"tab", "a\tb", `a\tb`, "a\tb"},
		{"carriage return", "safe\rEVIL", `safe\rEVIL`, `safe\rEVIL`},
		{"colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`, `\x1b[31mred\x1b[0m`},
		{"title", "\x1b]0;owned\x07", `\x1b]0;owned\x07`, `\x1b]0;owned\x07`},
		{"C1 CSI", "\u009b31m", `\u009b31m`, `\u009b31m`},
		{"backspace and delete", "ab\b\x7f", `ab\x08\x7f`, `ab\x08\x7f`},
		{"nul", "a\x00b", `a\x00b`, `a\x00b`},
		{"override", "moc.\u202eevil", `moc.\u202eevil`, `moc.\u202eevil`},
		{"isolates and marks", "\u2066a\u2069\u200e\u200f\u061c", `\u2066a\u2069\u200e\u200f\u061c`, `\u2066a\u2069\u200e\u200f\u061c`},
		{"zero width", "pay\u200bpal\u200c\u200d\ufeff\u00ad\u2060", `pay\u200bpal\u200c\u200d\ufeff\u00ad\u2060`, `pay\u200bpal\u200c\u200d\ufeff\u00ad\u2060`},
		{"separators", "a\u2028b\u2029", `a\u2028b\u2029`, `a\u2028b\u2029`},
		{"tags", "\U000e0041", `\U000e0041`, `\U000e0041`},
		{"fillers", "\u3164\u115f\u2800", `\u3164\u115f\u2800`, `\u3164\u115f\u2800`},
		{"bad UTF-8", "a\xff\xc3", `a\xff\xc3`, `a\xff\xc3`},
		{"replacement character", "a\ufffdb", "a\ufffdb", "a\ufffdb"},
		{"marks", "e" + strings.Repeat("\u0301", 8), "e" + strings.Repeat("\u0301", 6) + `\u0301\u0301`, "e" + strings.Repeat("\u0301", 6) + `\u0301\u0301`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := cleanLine(tt.in); got != tt.line {
				t.Errorf("cleanLine(%q) = %q, want %q", tt.in, got, tt.line)
			}
			if got := cleanText(tt.in); got != tt.text {
				t.Errorf("cleanText(%q) = %q, want %q", tt.in, got, tt.text)
			}
		})
	}
}

// FuzzClean: whatever comes in, what goes out is valid text that cannot act, and cleaning it again changes nothing. The JSON
// form is as safe and reads back exactly.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "a\u202eb\nc\td", "\xff\xfe", "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, lines := range []bool{false, true} {
			got := clean(s, lines)
			if !utf8.ValidString(got) {
				t.Fatalf("clean(%q) = %q is not UTF-8", s, got)
			}
			for _, r := range got {
				if deceptive(r) && (!lines || r != '\n' && r != '\t') {
					t.Fatalf("clean(%q) = %q lets %U through", s, got, r)
				}
			}
			if again := clean(got, lines); again != got {
				t.Fatalf("cleaning twice: %q, then %q", got, again)
			}
		}
		if !utf8.ValidString(s) {
			return
		}
		var out bytes.Buffer
		if err := printJSON(&out, s); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(out.String(), "\n")
		for _, r := range line {
			if deceptive(r) {
				t.Fatalf("JSON of %q lets %U through", s, r)
			}
		}
		var back string
		if err := json.Unmarshal([]byte(line), &back); err != nil || back != s {
			t.Fatalf("JSON of %q reads back as %q, %v", s, back, err)
		}
	})
}

func TestTable(t *testing.T) {
	tab := newTable("TEAM", "ASKED>", "STATE")
	tab.add("JPCERT 東京", "9", "silent")
	tab.add("a\x1b[2J", "1042", "late\nrow")
	tab.add("Zu\u0308rich")
	var b strings.Builder
	if err := tab.write(&b); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"TEAM         ASKED  STATE\n" +
		"JPCERT 東京      9  silent\n" +
		"a\\x1b[2J      1042  late\\nrow\n" +
		"Zu\u0308rich\n"
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestTruncate(t *testing.T) {
	for _, tt := range []struct {
		in    string
		cells int
		want  string
	}{
		{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"a longer text", 8, "a lon..."}, {"東京東京東京", 8, "東京..."},
	} {
		if got := truncate(tt.in, tt.cells); got != tt.want || cellWidth(got) > tt.cells {
			t.Errorf("truncate(%q, %d) = %q, want %q", tt.in, tt.cells, got, tt.want)
		}
	}
}
