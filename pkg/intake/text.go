package intake

import (
	"path"
	"strings"

	"tocsin/pkg/notice"
)

// prose drops from somebody else's document what may not stand in text that we sign, and cuts it.
func prose(s string, limit int) string {
	s = strings.ToValidUTF8(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), "?")
	return shorten(strings.Map(plain, s), limit)
}

// line is prose in one line.
func line(s string, limit int) string {
	return shorten(strings.Join(strings.Fields(prose(s, len(s)+3)), " "), limit)
}

func plain(r rune) rune {
	switch {
	case r == '\n', r == '\t':
		return r
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfeff, r == 0x2028, r == 0x2029:
		return -1
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return -1 // what is invisible, or turns text round
	}
	return r
}

// shorten cuts s to at most limit bytes, between characters, and says so at the end.
func shorten(s string, limit int) string {
	const mark = "..."
	if len(s) <= limit {
		return s
	}
	cut := limit - len(mark)
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + mark
}

// fileName makes a name that an attachment may have of the one that a file had.
func fileName(name string, source Source) string {
	name = path.Base(strings.ReplaceAll(line(name, notice.MaxLine), "\\", "/"))
	name = strings.TrimLeft(name, ".-")
	if name == "" || name == "/" {
		return string(source) + ".json"
	}
	return name
}

// language returns the document's own, or that it did not say.
func language(s string) string {
	if s = line(s, 64); s != "" && fits(func(a *notice.Alert) { a.Texts[0].Language = s }) {
		return s
	}
	return "und"
}
