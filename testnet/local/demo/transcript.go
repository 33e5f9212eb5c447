package main

import (
	"fmt"
	"io"
	"strings"
)

// style is what a line is.
type style int

const (
	prose style = iota
	heading
	command
	answer
	observed
)

// line is one line as it was shown.
type line struct {
	style  style
	prompt string // of a command: whose
	text   string
}

// transcript prints what happens, and keeps it for the picture. It is for one goroutine.
type transcript struct {
	w      io.Writer
	colour bool
	unread func() // called when nobody reads on, as with head: clean up, too
	lines  []line
}

// maxAnswer is how many lines of an answer are shown.
const maxAnswer = 26

// width is how many characters a line has, but for answers, which are shown as they are.
const width = 96

// scene begins a part of the story.
func (t *transcript) scene(title string) {
	t.say("")
	t.put(line{style: heading, text: title})
}

// say tells what happens. An empty text is an empty line.
func (t *transcript) say(format string, args ...any) {
	for _, l := range wrap(strings.Fields(fmt.Sprintf(format, args...)), width) {
		t.put(line{text: l})
	}
}

// typed shows a command at a team's prompt, a long one over several lines as a shell reads it.
func (t *transcript) typed(team string, words ...string) {
	lines := wrap(glued(words), width-len(team)-len("$  \\"))
	for i, l := range lines {
		if i < len(lines)-1 {
			l += " \\"
		}
		if i == 0 {
			t.put(line{style: command, prompt: team, text: l})
		} else {
			t.put(line{style: command, text: "    " + l})
		}
	}
}

// answered shows what a command printed.
func (t *transcript) answered(text string) {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	cut := len(lines) > maxAnswer
	if cut {
		lines = lines[:maxAnswer-1]
	}
	for _, l := range lines {
		t.put(line{style: answer, text: strings.TrimRight("  "+l, " ")})
	}
	if cut {
		t.put(line{style: answer, text: "  [...]"})
	}
}

// saw notes an outcome that was expected and observed.
func (t *transcript) saw(format string, args ...any) {
	t.put(line{style: observed, text: "ok: " + fmt.Sprintf(format, args...)})
}

func (t *transcript) put(l line) {
	t.lines = append(t.lines, l)
	text := l.text
	if l.prompt != "" {
		text = l.prompt + "$ " + text
	}
	if l.style == heading {
		text = "== " + text
	}
	if begin := map[style]string{heading: "\x1b[1;33m", command: "\x1b[1m", answer: "\x1b[2m", observed: "\x1b[32m"}[l.style]; t.colour && begin != "" {
		text = begin + text + "\x1b[0m"
	}
	if _, err := fmt.Fprintln(t.w, text); err != nil && t.unread != nil {
		t.unread()
	}
}

// glued keeps flags and their values together.
func glued(words []string) []string {
	var out []string
	for i, w := range words {
		if i > 0 && strings.HasPrefix(words[i-1], "--") && !strings.HasPrefix(w, "--") {
			out[len(out)-1] += " " + w
		} else {
			out = append(out, w)
		}
	}
	return out
}

// wrap sets words into lines of at most width characters, or one word where that is longer.
func wrap(words []string, width int) []string {
	var lines []string
	now := ""
	for _, word := range words {
		if now != "" && len(now)+1+len(word) > width {
			lines, now = append(lines, now), ""
		}
		if now != "" {
			now += " "
		}
		now += word
	}
	return append(lines, now)
}
