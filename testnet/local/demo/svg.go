package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
)

// The picture shows these scenes, at most this many lines of them and so much of each.
const (
	pictureFrom = "A request, and five kinds of answer"
	pictureTo   = "The lost node comes back"
	maxPicture  = 64
	maxColumns  = 108
)

// svg draws a part of the transcript as a terminal window.
func (t *transcript) svg() []byte {
	const lineHeight, left, top = 17, 16, 44
	shown := t.picture()
	width := 0
	for _, l := range shown {
		width = max(width, len(l.prompt)+2+len(l.text))
	}
	w, h := left*2+min(width, maxColumns)*8, top+len(shown)*lineHeight+12
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="make demo: part of its output">
<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#c9d1d9;white-space:pre}.h{fill:#e3b341;font-weight:bold}.c{fill:#fff;font-weight:bold}.p{fill:#79c0ff}.a{fill:#9aa5b1}.o{fill:#56d364}</style>
<rect width="%d" height="%d" rx="8" fill="#0d1117"/>
<circle cx="20" cy="18" r="6" fill="#ff5f56"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/><circle cx="60" cy="18" r="6" fill="#27c93f"/>
<text x="84" y="22" class="a">make demo</text>
`, w, h, w, h, w, h)
	for i, l := range shown {
		y := top + i*lineHeight + 8
		fmt.Fprintf(&b, `<text x="%d" y="%d" xml:space="preserve" class="%s">`, left, y, map[style]string{
			prose: "n", heading: "h", command: "c", answer: "a", observed: "o",
		}[l.style])
		if l.prompt != "" {
			fmt.Fprintf(&b, `<tspan class="p">%s$ </tspan>`, escaped(l.prompt))
		}
		fmt.Fprintf(&b, "%s</text>\n", escaped(clip(l.text, maxColumns-len(l.prompt)-2)))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// picture is the part of the transcript that is drawn.
func (t *transcript) picture() []line {
	var shown []line
	within := false
	for _, l := range t.lines {
		if l.style == heading {
			within = l.text == pictureFrom || within && l.text != pictureTo
		}
		if within && len(shown) < maxPicture {
			shown = append(shown, l)
		}
	}
	return shown
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:max(most-3, 0)] + "..."
}

func escaped(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		return ""
	}
	return b.String()
}
