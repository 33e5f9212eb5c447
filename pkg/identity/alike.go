package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Alike reports whether two names may look the same to a reader: they differ at most in blanks, in what shows no glyph, in letter
// case, in the way a character is encoded, and in letters that look like letters of another alphabet. It is symmetric and holds
// for equal names. It errs towards yes; what is alike is shown with its ID, never taken for the same.
func Alike(a, b string) bool {
	looks := Looks(a)
	return slices.ContainsFunc(Looks(b), func(look string) bool { return slices.Contains(looks, look) })
}

// Looks returns the skeletons of a name, in the sense of UTS #39: two names are Alike if they have one in common. There is one of the
// name as it is written, one in capitals and one in small letters, since some letters look like another alphabet's only as the one
// or only as the other. Each begins with a mark of its own, and meets only its like.
func Looks(name string) []string {
	plain := norm.NFKD.String(strings.Map(seen, name)) // without what shows no glyph, which could part a letter from its mark
	return []string{
		"=" + strings.ToLower(skeleton(plain)),
		"+" + skeleton(strings.ToUpper(plain)),
		"-" + skeleton(strings.ToLower(plain)),
	}
}

func skeleton(written string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(written) {
		b.WriteString(look(r))
	}
	return b.String()
}

// seen drops blanks, controls and what shows no glyph; and the dot above, which an i shows once whether it is there or not.
func seen(r rune) rune {
	const dotAbove, braille = '\u0307', '\u2800' // the blank of Braille has a place among the symbols
	if r == dotAbove || r == braille || unicode.In(r, unicode.White_Space, unicode.C, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}

// look is what a character looks like.
func look(r rune) string {
	switch {
	case seen(r) < 0:
		return ""
	case r == 'l' || r == 'I' || r == '|':
		return "1" // and not l, which an L becomes as well
	case r == '0':
		return "O"
	case r == 'm':
		return "rn"
	case unicode.In(r, unicode.Dash):
		return "-"
	case unicode.In(r, unicode.Quotation_Mark) || r == '`' || r == '\u2032' || r == '\u02bc':
		return "'"
	case r < 0x80:
		return string(r)
	}
	if at := strings.Index(lookAlikes, " "+string(r)); at >= 0 {
		found, _, _ := strings.Cut(lookAlikes[at+1:], " ")
		return strings.ReplaceAll(found[utf8.RuneLen(r):], "l", "1")
	}
	return string(r)
}

// lookAlikes are letters, each with the ASCII text that it looks like: from confusables.txt of UTS #39 (Unicode 14), those whose
// prototype is of ASCII letters and digits alone and which NFKD leaves as they are, of the alphabets that look like Latin;
// and the sharp s, which in capitals is SS.
const lookAlikes = " \u00dfss \u1e9eSS " +
	"\u00c6AE \u00e6ae \u0131i \u0152OE \u0153oe \u0184b \u018dg \u0196l \u01a6R \u01a72 \u01b73 \u01bc5 \u01bds \u01c0l " +
	"\u01c1ll \u021c3 \u02228 \u02238 \u0251a \u0261g \u0263y \u0269i \u026ai \u026fw \u028bu \u028fy \u02a3dz \u02a6ts " +
	"\u02aals \u02ablz \u1d04c \u1d0fo \u1d11o \u1d1cu \u1d20v \u1d21w \u1d22z \u1d6bue \u1d83g \u1d8cy \u1e9df \u1effy " +
	"\ua728T3 \ua731s \ua732AA \ua733aa \ua734AO \ua735ao \ua736AU \ua737au \ua738AV \ua739av \ua73aAV \ua73bav " +
	"\ua73cAY \ua73day \ua74eOO \ua74foo \ua75a2 \ua76a3 \ua76e9 \ua777tf \ua798F \ua799f \ua79fu \ua7ab3 \ua7b2J " +
	"\ua7b3X \ua7b4B \uab32e \uab35f \uab3do \uab47r \uab48r \uab4eu \uab52u \uab5ay \uab63uo " + // Latin
	"\u037fJ \u0391A \u0392B \u0395E \u0396Z \u0397H \u0399l \u039aK \u039cM \u039dN \u039fO \u03a1P \u03a4T \u03a5Y " +
	"\u03a7X \u03b1a \u03b3y \u03b9i \u03bdv \u03bfo \u03c1p \u03c3o \u03c5u \u03dcF \u03f3j \u03faM \u1d26r " +
	"\U0001d2063 \U0001d20dV \U0001d2127 \U0001d213F \U0001d216R \U0001d22aL " + // Greek
	"\u0405S \u0406l \u0408J \u0410A \u0412B \u0415E \u04173 \u041aK \u041cM \u041dH \u041eO \u0420P \u0421C \u0422T " +
	"\u0423Y \u0425X \u042bbl \u042cb \u042elO \u0430a \u04316 \u0433r \u0435e \u043eo \u0440p \u0441c \u0443y \u0445x " +
	"\u0455s \u0456i \u0458j \u0461w \u0474V \u0475v \u04aeY \u04afy \u04bbh \u04bde \u04c0l \u04cfi \u04d4AE \u04d5ae " +
	"\u04e03 \u0501d \u050cG \u051bq \u051cW \u051dw \ua6442 \ua647i \ua698OO \ua699oo " + // Cyrillic
	"\u054dU \u054fS \u0555O \u0561w \u0563q \u0566q \u0570h \u0578n \u057cn \u057du \u0581g \u0584f \u0585o " + // Armenian
	"\u13a0D \u13a1R \u13a2T \u13a5i \u13a9Y \u13aaA \u13abJ \u13acE \u13b3W \u13b7M \u13bbH \u13bdY \u13c0G \u13c2h " +
	"\u13c3Z \u13ce4 \u13cfb \u13d2R \u13d4W \u13d5S \u13d9V \u13daS \u13deL \u13dfC \u13e2P \u13e6K \u13e7d \u13ee6 " +
	"\u13f3G \u13f4B \uab75i \uab81r \uab83w \uab93z \uaba9v \uabaas \uabafc " + // Cherokee
	"\ua4d0B \ua4d1P \ua4d2d \ua4d3D \ua4d4T \ua4d6G \ua4d7K \ua4d9J \ua4daC \ua4dcZ \ua4ddF \ua4dfM \ua4e0N \ua4e1L " +
	"\ua4e2S \ua4e3R \ua4e6V \ua4e7H \ua4eaW \ua4ebX \ua4ecY \ua4eeA \ua4f0E \ua4f2l \ua4f3O \ua4f4U " // Lisu
