package notice_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// canonicalForm makes the canonical form of hand-written JSON.
func canonicalForm(tb testing.TB, s string) []byte {
	tb.Helper()
	v := jsontext.Value(s)
	if err := v.Canonicalize(); err != nil {
		tb.Fatal(err)
	}
	return v
}
