package notice_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/notice"
)

const specFile = "../../docs/spec/notice.md"

type example struct {
	kind string
	body []byte
}

// examples reads the example bodies from the specification: fenced blocks that are headed
// "json KIND", pretty-printed there and canonical here.
func examples(tb testing.TB) []example {
	tb.Helper()
	spec, err := os.ReadFile(specFile)
	if err != nil {
		tb.Fatal(err)
	}
	var found []example
	for _, block := range strings.Split(string(spec), "\n```json ")[1:] {
		head, rest, _ := strings.Cut(block, "\n")
		body, _, closed := strings.Cut(rest, "\n```")
		if !closed {
			tb.Fatalf("the example %q does not end", head)
		}
		found = append(found, example{head, canonicalForm(tb, body)})
	}
	return found
}

func TestSpecExamples(t *testing.T) {
	seen := map[string]int{}
	for _, e := range examples(t) {
		seen[e.kind]++
		var v notice.Content
		var err error
		if decode, ok := statementDecoders()[e.kind]; ok {
			v, err = decode(e.body)
		} else {
			v, err = notice.Decode(e.kind, e.body)
		}
		if err != nil {
			t.Errorf("%s: %v", e.kind, err)
			continue
		}
		if b, err := notice.Encode(v); err != nil || !bytes.Equal(b, e.body) {
			t.Errorf("%s: encodes to\n%s, %v\nnot\n%s", e.kind, b, err, e.body)
		}
	}
	for _, kind := range append(kinds(), slices.Sorted(maps.Keys(statementDecoders()))...) {
		if seen[kind] == 0 && kind != "wrap" { // two thousand characters that say nothing to a reader
			t.Errorf("the specification has no example of kind %s", kind)
		}
	}
}

// TestSpecIsComplete finds every vocabulary word and every wire name of a field in the specification.
func TestSpecIsComplete(t *testing.T) {
	spec, err := os.ReadFile(specFile)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, e := range parseNothing() {
		words = append(words, e.Allowed...)
	}
	for _, c := range notice.Classifications() {
		words = append(words, c.Name)
		for _, typ := range c.Types {
			words = append(words, typ.Name)
		}
	}
	for _, w := range words {
		if w != "" && !strings.Contains(string(spec), "`"+w+"`") {
			t.Errorf("the specification does not have `%s`", w)
		}
	}
	for _, p := range notice.Purposes() {
		if !strings.Contains(string(spec), p.Contract()) {
			t.Errorf("the specification does not have the contract of %s", p)
		}
	}
}

// parseNothing asks every vocabulary for its words.
func parseNothing() []*notice.WordError {
	var found []*notice.WordError
	for _, parse := range []func() error{
		func() error { _, err := notice.ParseTLP(""); return err },
		func() error { _, err := notice.ParsePAP(""); return err },
		func() error { _, err := notice.ParsePurpose(""); return err },
		func() error { _, err := notice.ParseAlertType(""); return err },
		func() error { _, err := notice.ParseStatus(""); return err },
		func() error { _, err := notice.ParseSeverity(""); return err },
		func() error { _, err := notice.ParseUrgency(""); return err },
		func() error { _, err := notice.ParseCertainty(""); return err },
		func() error { _, err := notice.ParseAction(""); return err },
		func() error { _, err := notice.ParsePriority(""); return err },
		func() error { _, err := notice.ParseReplyState(""); return err },
		func() error { _, err := notice.ParseReason(""); return err },
		func() error { _, err := notice.ParseOpinion(""); return err },
	} {
		if e, ok := errors.AsType[*notice.WordError](parse()); ok {
			found = append(found, e)
		}
	}
	return found
}
