package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// canary is a word that stands in one text of this run and nowhere else.
type canary string

// newCanary makes a word that nobody could have guessed.
func newCanary(begin string) canary {
	return canary(begin + "-" + strings.ToLower(rand.Text()[:16]))
}

// found reports whether the word stands in b, in any spelling that a program on the way might give it.
func (c canary) found(b []byte) bool {
	for _, s := range c.spellings() {
		if bytes.Contains(b, s) {
			return true
		}
	}
	return false
}

// spellings are the word itself, in JSON escapes, in hexadecimal, and in base64 once and twice, wherever in
// a longer text it begins.
func (c canary) spellings() [][]byte {
	var lower, upper strings.Builder
	for _, b := range []byte(c) {
		fmt.Fprintf(&lower, `\u%04x`, b)
		fmt.Fprintf(&upper, `\u%04X`, b)
	}
	plain := []string{string(c), lower.String(), upper.String()}
	out := []string{hex.EncodeToString([]byte(c)), strings.ToUpper(hex.EncodeToString([]byte(c)))}
	for _, p := range plain {
		out = append(out, p)
		for _, once := range inBase64(p) {
			out = append(out, once)
			out = append(out, inBase64(once)...)
		}
	}
	spellings := make([][]byte, len(out))
	for i, s := range out {
		spellings[i] = []byte(s)
	}
	return spellings
}

// inBase64 is what stands in the base64 of any text that holds s, in both alphabets: the characters that
// depend on s alone, for each of the three places in which a group of three bytes can begin.
func inBase64(s string) []string {
	var out []string
	for before := range 3 {
		first, last := (before*8+5)/6, (before+len(s))*8/6
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = append(out, e.EncodeToString(append(make([]byte, before), s...))[first:last])
		}
	}
	return out
}
