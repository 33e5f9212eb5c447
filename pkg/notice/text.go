package notice

import (
	"strings"
	"unicode/utf8"
)

// Preferred returns the text block that suits a reader best: the first of the given BCP 47 languages
// for which there is a block, cutting the language short (pt-BR, then pt) and then accepting any
// variant of it; failing all, the sender's own language. It is zero if there are no texts.
func Preferred(texts []Text, languages ...string) Text {
	for _, want := range languages {
		want = strings.ToLower(strings.ReplaceAll(want, "_", "-"))
		for tag := want; tag != ""; tag = parentLanguage(tag) {
			for _, t := range texts {
				if strings.EqualFold(t.Language, tag) {
					return t
				}
			}
		}
		primary, _, _ := strings.Cut(want, "-")
		for _, t := range texts {
			if base, _, _ := strings.Cut(t.Language, "-"); primary != "" && strings.EqualFold(base, primary) {
				return t
			}
		}
	}
	if len(texts) == 0 {
		return Text{}
	}
	return texts[0]
}

func parentLanguage(tag string) string {
	i := strings.LastIndexByte(tag, '-')
	if i < 0 {
		return ""
	}
	// RFC 4647, section 3.4: a single-letter subtag goes with what it introduced.
	if i >= 2 && tag[i-2] == '-' {
		i -= 2
	}
	return tag[:i]
}

// Headline returns the title in the language that suits the reader best; see Preferred. It is the
// peer's text as it came: neutralise it before showing it.
func (a *Alert) Headline(languages ...string) string {
	return Preferred(a.Texts, languages...).Title
}

// Headline returns the title in the language that suits the reader best, as Alert.Headline does.
func (r *Request) Headline(languages ...string) string {
	return Preferred(r.Texts, languages...).Title
}

// line checks a field of one line. Empty is for the caller to judge.
func (f *findings) line(field, s string, limit int) {
	f.size(field, s, limit)
	if f.strict {
		f.characters(field, s, "")
	}
}

// prose checks a field of many lines.
func (f *findings) prose(field, s string, limit int) {
	f.size(field, s, limit)
	if f.strict {
		f.characters(field, s, "\n\t")
	}
}

// characters refuses what has no business in text that we sign: C0 and C1 controls but the allowed
// ones, line and paragraph separators, and the bidi controls that reorder what follows them. The
// isolates, which end with their paragraph, are for prose of several scripts.
func (f *findings) characters(field, s, allowed string) {
	if !utf8.ValidString(s) {
		f.add(field, "is not valid UTF-8", "")
		return
	}
	for i, r := range s {
		switch {
		case strings.ContainsRune(allowed, r):
			continue
		case r == '\n':
			f.add(field, "has more than one line", "put details into the summary")
			return
		case r < 0x20, r >= 0x7f && r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff:
			f.addf(field, "has the control character U+%04X at byte %d", r, i)
			return
		case r >= 0x202a && r <= 0x202e, allowed == "" && r >= 0x2066 && r <= 0x2069:
			f.addf(field, "has the bidirectional control U+%04X at byte %d, which reorders what is shown", r, i)
			return
		}
	}
}

// cleanLine removes white space around a one-line field.
func cleanLine(s *string) { *s = strings.TrimSpace(*s) }

// cleanProse makes line ends "\n" and removes empty lines at the end.
func cleanProse(s *string) {
	*s = strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(*s), " \t\n")
}

// cleanLanguage gives a BCP 47 tag the case that RFC 5646, section 2.1.1, recommends.
func cleanLanguage(s *string) {
	if !ascii(*s) {
		return
	}
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(*s), "_", "-")), "-")
	for i, p := range parts {
		if i == 0 || len(parts[i-1]) == 1 {
			continue
		}
		switch len(p) {
		case 2:
			parts[i] = strings.ToUpper(p)
		case 4:
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	*s = strings.Join(parts, "-")
}

// wellFormedLanguage accepts BCP 47 tags by grammar: language, then script, region, variants,
// extensions and private use. It has no registry, so that a language is never refused for being new.
func wellFormedLanguage(s string) bool {
	parts := strings.Split(s, "-")
	if len(s) > maxWord || len(parts[0]) < 2 || len(parts[0]) > 3 || !letters(parts[0]) {
		return false
	}
	for i, p := range parts[1:] {
		last := i == len(parts)-2
		if p == "" || len(p) > 8 || !alphanumeric(p) || (len(p) == 1 && last) {
			return false
		}
	}
	return true
}

func letters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }) < 0
}

func alphanumeric(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	}) < 0
}
