package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// canary is a word that stands in one text of this run and nowhere else.
type canary struct {
	word      string
	spellings [][]byte
}

// newCanary makes a word that nobody could have guessed.
func newCanary(begin string) canary {
	c := canary{word: begin + "-" + strings.ToLower(rand.Text()[:16])}
	for _, s := range spellings(c.word) {
		c.spellings = append(c.spellings, []byte(s))
	}
	return c
}

// found reports whether the word stands in b, in any spelling that a program on the way might give it.
func (c canary) found(b []byte) bool {
	return slices.ContainsFunc(c.spellings, func(s []byte) bool { return bytes.Contains(b, s) })
}

// spellings are the word itself, in JSON escapes, in hexadecimal, and in base64 once and twice, wherever in
// a longer text it begins.
func spellings(word string) []string {
	var lower, upper strings.Builder
	for _, b := range []byte(word) {
		fmt.Fprintf(&lower, `\u%04x`, b)
		fmt.Fprintf(&upper, `\u%04X`, b)
	}
	hexa := hex.EncodeToString([]byte(word))
	out := []string{word, lower.String(), upper.String(), hexa, strings.ToUpper(hexa)}
	for _, once := range inBase64(word) {
		out = append(append(out, once), inBase64(once)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
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
