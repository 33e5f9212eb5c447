package notice

import (
	"fmt"
	"strings"
)

// FieldError is one thing that is wrong with one field, so that a draft's line can be named.
type FieldError struct {
	// Field is as on the wire: "texts[0].title", "marking.tlp". An index into a set (see
	// Alert.Normalise) counts in normal form; Problem then quotes the value.
	Field   string
	Problem string // what is wrong: "is missing"
	Hint    string // what to write instead; may be empty
}

// Error returns "field: problem (hint)".
func (e *FieldError) Error() string {
	s := e.Field + ": " + e.Problem
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// FieldErrors is everything that is wrong with a notice or a statement, in the order of its fields.
type FieldErrors []*FieldError

// shownErrors keeps an error message readable where thousands of list items are wrong.
const shownErrors = 8

// Error returns the first errors on one line.
func (e FieldErrors) Error() string {
	parts := make([]string, 0, shownErrors+1)
	for i, one := range e {
		if i == shownErrors {
			parts = append(parts, fmt.Sprintf("and %d more", len(e)-i))
			break
		}
		parts = append(parts, one.Error())
	}
	return strings.Join(parts, "; ")
}

// Unwrap makes each of the errors visible to errors.As.
func (e FieldErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// findings collects field errors. Strict is Validate (we are about to send); otherwise only what a
// reader must refuse is reported.
type findings struct {
	strict bool
	list   FieldErrors
}

func (f *findings) add(field, problem, hint string) {
	f.list = append(f.list, &FieldError{Field: field, Problem: problem, Hint: hint})
}

func (f *findings) addf(field, format string, args ...any) {
	f.add(field, fmt.Sprintf(format, args...), "")
}

func (f *findings) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return f.list
}

// count reports a list that is too long.
func (f *findings) count(field string, n, limit int) {
	if n > limit {
		f.addf(field, "has %d entries, at most %d are allowed", n, limit)
	}
}

// size reports text that is too long.
func (f *findings) size(field, s string, limit int) {
	if len(s) > limit {
		f.addf(field, "has %d bytes, at most %d are allowed", len(s), limit)
	}
}

func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }
