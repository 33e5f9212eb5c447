package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestExitCodesDocumented compares the table in docs/cli.md with the code, both ways.
func TestExitCodesDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		var code int
		if len(cells) < 4 {
			continue
		}
		if _, err := fmt.Sscanf(strings.TrimSpace(cells[1]), "%d", &code); err == nil {
			documented[fmt.Sprint(code)] = strings.TrimSpace(cells[2])
		}
	}
	for _, c := range exitCodes() {
		key := fmt.Sprint(int(c))
		if documented[key] != c.String() {
			t.Errorf("exit code %s is %q in the code and %q in docs/cli.md", key, c, documented[key])
		}
		delete(documented, key)
	}
	for key, name := range documented {
		t.Errorf("docs/cli.md has exit code %s (%s), the code has not", key, name)
	}
}

func TestExplain(t *testing.T) {
	refused := &userError{Code: exitRefused, Msg: "alert refused", Hint: "mark it", Err: errors.New("no TLP")}
	for _, tt := range []struct {
		err  error
		code exitCode
		msg  string
	}{
		{errors.New("boom"), exitFailed, "boom"},
		{fmt.Errorf("send alert: %w", refused), exitRefused, "send alert: alert refused: no TLP"},
		{&userError{Code: exitNotFound, Err: errors.New("no such request")}, exitNotFound, "no such request"},
		{fmt.Errorf("watch: %w", context.Canceled), exitInterrupted, "interrupted"},
		{cli.Exit("no such thing", 3), exitUsage, "no such thing"},
	} {
		if f := explain(tt.err); f.Code != tt.code || f.Message != tt.msg || f.Kind != tt.code.String() {
			t.Errorf("explain(%v) = %+v, want %d %q", tt.err, f, tt.code, tt.msg)
		}
	}
	if f := explain(refused); f.Hint != "mark it" {
		t.Errorf("the hint was lost: %+v", f)
	}
}

// TestReportIsClean: an error that quotes a peer cannot act on the terminal, in either form.
func TestReportIsClean(t *testing.T) {
	f := failure{Code: exitFailed, Message: "open \x1b]0;x\x07\nsecond \u202ecod", Hint: "a\rb"}
	for _, asJSON := range []bool{false, true} {
		var errs bytes.Buffer
		e := testEnv(nil, nil)
		e.Stderr, e.JSON = &errs, asJSON
		if code := report(e, f); code != int(exitFailed) {
			t.Errorf("exit %d", code)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(errs.String(), "\n"), "\n") {
			if line != cleanLine(line) {
				t.Errorf("json %v: %q can act on a terminal", asJSON, line)
			}
			if !asJSON && !strings.HasPrefix(line, "tocsin: ") {
				t.Errorf("line %q has no name in front", line)
			}
		}
	}
}
