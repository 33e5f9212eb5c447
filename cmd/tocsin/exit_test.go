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

	"tocsin/pkg/api"
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
	for _, c := range api.Exits() {
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
		{fmt.Errorf("show: %w", api.NewProblem(api.NotFound, "no record 1234", "")), exitNotFound, "show: no record 1234"},
		{api.NewProblem(api.NotRunning, "", ""), exitNoDaemon, "the daemon is not running"},
		{&api.Problem{Code: "of tomorrow", Exit: 12, Detail: "gone"}, exitNotFound, "gone"},
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

// TestReportTellsAll: what the daemon says about fields and candidates reaches both forms.
func TestReportTellsAll(t *testing.T) {
	problem := api.NewProblem(api.Ambiguous, "two records begin with 1234", "type more of it")
	problem.Fields = []api.Field{{Field: "tlp", Problem: "missing", Hint: "one of: clear, green"}}
	problem.Candidates = []api.Candidate{{ID: "12345", Name: "first"}, {ID: "12346"}}
	for asJSON, want := range map[bool]string{
		false: "tocsin: two records begin with 1234\ntocsin: tlp: missing\ntocsin: hint: one of: clear, green\n" +
			"tocsin: hint: it may be 12345 first\ntocsin: hint: it may be 12346\ntocsin: hint: type more of it\n",
		true: `{"error":{"code":12,"kind":"not found","message":"two records begin with 1234","hint":"type more of it",` +
			`"problem":"ambiguous","fields":[{"field":"tlp","problem":"missing","hint":"one of: clear, green"}],` +
			`"candidates":[{"id":"12345","name":"first"},{"id":"12346"}]}}` + "\n",
	} {
		var errs bytes.Buffer
		e := testEnv(nil, nil)
		e.Stderr, e.JSON = &errs, asJSON
		if code := report(e, explain(problem)); code != int(exitNotFound) || errs.String() != want {
			t.Errorf("exit %d\n got %s\nwant %s", code, errs.String(), want)
		}
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
