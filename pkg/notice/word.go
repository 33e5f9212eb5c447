package notice

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// WordError says that a text is not a word of one of this package's vocabularies.
type WordError struct {
	What    string   // the vocabulary: "severity"
	Got     string   // what was given
	Allowed []string // every word of the vocabulary, in its own order
	Nearest string   // the word that was probably meant, or empty
}

// Error names the vocabulary, the nearest word and all that is allowed.
func (e *WordError) Error() string { return e.problem() + " (" + e.hint() + ")" }

func (e *WordError) problem() string {
	if e.Got == "" {
		return e.What + " is missing"
	}
	return fmt.Sprintf("%s is not a known %s", quote(e.Got), e.What)
}

func (e *WordError) hint() string {
	all := "one of " + strings.Join(e.Allowed, ", ")
	if e.Nearest != "" {
		return "did you mean " + e.Nearest + "? " + all
	}
	return all
}

// vocabulary is a closed list of words. The zero word means "not said" and is not in the list.
type vocabulary[W ~string] struct {
	name  string
	words []W
	// alias finds words for other spellings, given in lower case and trimmed; nil if there are none.
	alias func(lower string) W
}

func (v vocabulary[W]) has(w W) bool { return v.rank(w) >= 0 }

// rank returns the word's place in the list, or -1.
func (v vocabulary[W]) rank(w W) int {
	for i, known := range v.words {
		if w == known {
			return i
		}
	}
	return -1
}

// parse accepts a word in any case, and the aliases.
func (v vocabulary[W]) parse(s string) (W, error) {
	if w := v.find(s); w != "" {
		return w, nil
	}
	return "", v.unknown(s)
}

// find is parse without the explanation, which costs more than a peer's notice may make us spend.
func (v vocabulary[W]) find(s string) W {
	lower := strings.ToLower(strings.TrimSpace(s))
	for _, w := range v.words {
		if lower == strings.ToLower(string(w)) {
			return w
		}
	}
	if v.alias != nil {
		return v.alias(lower)
	}
	return ""
}

func (v vocabulary[W]) unknown(s string) *WordError {
	e := &WordError{What: v.name, Got: s}
	for _, w := range v.words {
		e.Allowed = append(e.Allowed, string(w))
	}
	e.Nearest = nearest(s, e.Allowed)
	return e
}

// read reads a word from JSON. A word that this release does not know is kept in lower case, so that
// a newer peer's notice stays readable and Known tells it apart.
func (v vocabulary[W]) read(dec *jsontext.Decoder) (W, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return "", err
	}
	if tok.Kind() == 'n' {
		return "", nil
	}
	if tok.Kind() != '"' {
		return "", fmt.Errorf("%s is not a string", v.name)
	}
	s := tok.String()
	if w := v.find(s); w != "" || s == "" {
		return w, nil
	}
	lower := strings.ToLower(s)
	if !wellFormed(lower) {
		return "", fmt.Errorf("%s %s is not a word", v.name, quote(s))
	}
	return W(lower), nil
}

// write returns the word for any text format. What read would refuse is not written.
func write[W ~string](w W) ([]byte, error) {
	if w != "" && !wellFormed(strings.ToLower(string(w))) {
		return nil, errors.New(quote(string(w)) + " is not a word")
	}
	return []byte(w), nil
}

// check reports a missing or, if strict, an unknown word.
func (v vocabulary[W]) check(f *findings, field string, w W) {
	if w == "" || (f.strict && !v.has(w)) {
		e := v.unknown(string(w))
		f.add(field, e.problem(), e.hint())
	}
}

// optional is check for a word that may be absent.
func (v vocabulary[W]) optional(f *findings, field string, w W) {
	if w != "" {
		v.check(f, field, w)
	}
}

// wellFormed reports whether s could be a word of some release: the grammar that every vocabulary
// of this package keeps to.
func wellFormed(s string) bool {
	if s == "" || len(s) > maxWord {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("+.:_/-", rune(c))) {
			return false
		}
	}
	return true
}

// nearest returns the allowed word that differs least from s, if it differs little.
func nearest(s string, allowed []string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || len(s) > maxWord {
		return ""
	}
	best, found := 1+max(1, len(s)/3), ""
	for _, word := range allowed {
		lower := strings.ToLower(word)
		d := distance(s, lower)
		if _, tail, ok := strings.Cut(lower, ":"); ok {
			d = min(d, distance(s, tail))
		}
		if d < best {
			best, found = d, word
		}
	}
	if found != "" || len(s) < 3 {
		return found
	}
	for _, word := range allowed {
		if strings.Contains(strings.ToLower(word), s) {
			return word
		}
	}
	return ""
}

// distance is the optimal string alignment distance: insertions, deletions, substitutions and swaps
// of neighbours, in bytes.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// quote shows a stranger's text in an error: escaped to ASCII and cut.
func quote(s string) string {
	if len(s) > maxWord {
		return fmt.Sprintf("%+q...", s[:maxWord])
	}
	return fmt.Sprintf("%+q", s)
}
