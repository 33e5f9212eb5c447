package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestCanaryIsFoundInEverySpelling(t *testing.T) {
	c := newCanary("wren")
	if newCanary("wren").word == c.word {
		t.Fatal("two canaries are the same")
	}
	var escapes strings.Builder
	for _, b := range []byte(c.word) {
		fmt.Fprintf(&escapes, `\u%04X`, b)
	}
	for before := range 4 {
		text := strings.Repeat("~", before) + "title: " + c.word + strings.Repeat("?", before)
		once := base64.StdEncoding.EncodeToString([]byte(text))
		for name, b := range map[string]string{
			"plain":        text,
			"base64":       once,
			"base64url":    base64.RawURLEncoding.EncodeToString([]byte(text)),
			"base64 twice": base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", before) + once)),
			"hexadecimal":  hex.EncodeToString([]byte(text)),
			"JSON escapes": escapes.String(),
		} {
			if !c.found([]byte("before" + b + "after")) {
				t.Errorf("not found as %s: %s", name, b)
			}
			if newCanary("wren").found([]byte(b)) {
				t.Errorf("another canary is found as %s", name)
			}
		}
	}
}

func TestALeakIsSeen(t *testing.T) {
	s := &stage{second: newSecondAct()}
	for _, m := range s.sealed() {
		m.id, m.digest = "r"+m.word.word, strings.ToUpper(m.word.word)
	}
	p := newPlace("here")
	p.look(s, []byte("nothing"))
	p.look(s, []byte(s.second.clear.word.word+" and "+s.second.amber.digest))
	if p.bytes != len("nothing")+len(s.second.clear.word.word)+len(" and ")+len(s.second.amber.digest) || !p.clear || len(p.leaks) > 0 ||
		len(p.frames) != 1 || !p.frames[s.second.amber.id] {
		t.Errorf("saw %+v", p)
	}
	for _, m := range s.sealed() {
		p := newPlace("there")
		p.look(s, []byte(base64.StdEncoding.EncodeToString([]byte("title "+m.word.word+" end"))))
		if len(p.leaks) != 1 || p.leaks[0] != m.word.word {
			t.Errorf("saw of %s: %q", m.word.word, p.leaks)
		}
	}
}
