package rfc2350

import "strings"

// labelled is one "Label: value" of a section.
type labelled struct {
	n     int // line of the label
	name  string
	value string // lines after the first without their margin
}

// cutLabel returns the label that a line begins with, and what follows it.
func cutLabel(s string, labels []string) (name, value string, ok bool) {
	typed, value, found := strings.Cut(s, ":")
	if !found {
		return "", "", false
	}
	for _, l := range labels {
		if strings.EqualFold(strings.TrimSpace(typed), l) {
			return l, strings.TrimSpace(value), true
		}
	}
	return "", "", false
}

// part separates the labelled values of a section from its prose. A label stands at the margin of the text;
// what is moved in below it belongs to it.
func part(all []line, labels []string, margin int) (prose []line, found []labelled) {
	var open *labelled
	var value strings.Builder
	end := func() {
		if open != nil {
			open.value = value.String()
		}
		open = nil
		value.Reset()
	}
	gap := 0
	for _, l := range all {
		if l.blank() {
			if open == nil {
				prose = append(prose, l)
			}
			gap++
			continue
		}
		if l.indent == margin {
			if name, first, ok := cutLabel(l.text, labels); ok {
				end()
				found = append(found, labelled{n: l.n, name: name})
				value.WriteString(first)
				open, gap = &found[len(found)-1], 0
				continue
			}
		}
		if open == nil || l.indent <= margin {
			end()
			prose = append(prose, l)
			gap = 0
			continue
		}
		if value.Len() > 0 {
			value.WriteString(strings.Repeat("\n", gap+1))
		}
		value.WriteString(l.text)
		gap = 0
	}
	end()
	return prose, found
}

// oneLine is a value that was broken over several lines.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// joinProse returns lines as prose, without the margin that all of them share.
func joinProse(all []line) string {
	margin := -1
	for _, l := range all {
		if !l.blank() && (margin < 0 || l.indent < margin) {
			margin = l.indent
		}
	}
	var b strings.Builder
	for _, l := range all {
		if !l.blank() {
			// Moved in by more than a screen it is no indentation.
			b.WriteString(strings.Repeat(" ", min(l.indent-margin, 40)) + l.text)
		}
		b.WriteByte('\n')
	}
	return strings.Trim(b.String(), "\n")
}
