package identity_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tocsin/pkg/identity"
)

func TestNamesThatLookAlike(t *testing.T) {
	const name = "CERT-Beta 10"
	for what, other := range map[string]string{
		"itself":            name,
		"letter case":       "cert-bEtA 10",
		"no-break space":    "CERT-Beta\u00a010",
		"thin space":        "CERT-Beta\u200910",
		"no space":          "CERT-Beta10",
		"two spaces":        " CERT-Beta  10 ",
		"ideographic space": "CERT-Beta\u300010",
		"braille blank":     "CERT-Beta\u280010",
		"Hangul filler":     "CERT-Beta\u316410",
		"zero width":        "CE\u200bRT\u200d-Beta 10\ufeff",
		"soft hyphen":       "CERT\u00ad-Beta 10",
		"variation":         "CERT-B\ufe0feta 10",
		"tag":               "CERT-Beta 10\U000e0041",
		"bidi mark":         "\u202eCERT-Beta 10\u202c",
		"fullwidth":         "\uff23\uff25RT-Beta \uff11\uff10",
		"mathematical":      "\U0001d402ERT-Beta 10",
		"Cyrillic capitals": "\u0421\u0415R\u0422-\u0412eta 10",
		"Cyrillic small":    "CERT-B\u0435t\u0430 10",
		"Greek capitals":    "CER\u03a4-\u0392eta 10",
		"Cherokee":          "\u13df\u13acRT-Beta 10",
		"en dash":           "CERT\u2013Beta 10",
		"minus":             "CERT\u2212Beta 10",
		"I and O":           "CERT-Beta IO",
		"l and o":           "CERT-Beta lo",
		"small capital I":   "CERT-Beta \u0406O",
	} {
		if !identity.Alike(name, other) || !identity.Alike(other, name) {
			t.Errorf("%s: %+q does not look like %+q: %+q, %+q", what, other, name, identity.Looks(other), identity.Looks(name))
		}
	}
	for _, other := range []string{"", "CERT-Beta", "CERT-Beta 11", "CERT-Betta 10", "CERT-B\u00e9ta 10", "DERT-Beta 10", "\u0416ERT-Beta 10", "CERT-Beta LO"} {
		if identity.Alike(name, other) {
			t.Errorf("%+q looks like %+q", other, name)
		}
	}
	for _, pair := range [][2]string{{"CERT-I", "CERT-L"}, {"I", "L"}, {"CERT-A", "CERT-B"}, {"CERT-1", "CERT-2"}} {
		if identity.Alike(pair[0], pair[1]) {
			t.Errorf("%+q looks like %+q", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{
		{"NATO", "\u039d\u0391\u03a4\u039f"},                     // Greek capitals
		{"\u039d\u0391\u03a4\u039f", "\u03bd\u03b1\u03c4\u03bf"}, // and their small letters
		{"vao", "\u03bd\u03b1\u03bf"},                            // which look like another word
		{"STRASSE", "stra\u00dfe"},
		{"modern", "rnodern"},
		{"caf\u00e9", "cafe\u0301"},
		{"caf\u00e9", "cafe\u200b\u0301"},
		{"\ufb01rst", "first"},
		{"\u0130zmir", "i\u0307zmir"},
		{"\u0451", "\u00eb"}, // with diaeresis, Cyrillic and Latin
	} {
		if !identity.Alike(pair[0], pair[1]) {
			t.Errorf("%+q does not look like %+q: %+q, %+q", pair[0], pair[1], identity.Looks(pair[0]), identity.Looks(pair[1]))
		}
	}
}

// FuzzAlike: whatever a peer calls itself, its name is alike to itself in other letter case, with blanks in it, or encoded otherwise.
func FuzzAlike(f *testing.F) {
	for _, s := range []string{"CERT-B", "\u0421\u0415\u0420\u0422", "stra\u00dfe", "\xff\xfe", "\u0130\u0131iI", "\u1fb3\u0345", "\u01c5 \u1e9e", "\u3164", "e\u0327\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4*identity.MaxName {
			return
		}
		looks := identity.Looks(s)
		if len(looks) == 0 || !slices.Equal(looks, identity.Looks(s)) {
			t.Fatalf("%+q: %+q", s, looks)
		}
		for _, look := range looks {
			if !utf8.ValidString(look) || strings.ContainsFunc(look, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }) {
				t.Errorf("%+q looks like %+q", s, look)
			}
		}
		var spaced strings.Builder
		for _, r := range s {
			spaced.WriteString(string(r) + "\u200b\u00a0")
		}
		for _, other := range []string{s, strings.ToUpper(s), strings.ToLower(s), spaced.String()} {
			if !identity.Alike(s, other) || !identity.Alike(other, s) {
				t.Errorf("%+q and %+q are not alike: %+q, %+q", s, other, looks, identity.Looks(other))
			}
		}
	})
}

func BenchmarkLooks(b *testing.B) {
	for b.Loop() {
		identity.Looks("CERT-\u0412eta of the Republic")
	}
}
