package api_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tocsin/pkg/api"
)

// constants returns the values of the constants of a type in the Go files of a directory, read from
// the source so that a new one cannot be forgotten.
func constants(t *testing.T, dir, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	var values []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name) //nolint:gosec // a file of this repository
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			if ident, ok := spec.Type.(*ast.Ident); !ok || ident.Name != typeName {
				return true
			}
			for _, v := range spec.Values {
				if lit, ok := v.(*ast.BasicLit); ok {
					s, err := strconv.Unquote(lit.Value)
					if err != nil {
						s = lit.Value
					}
					values = append(values, s)
				}
			}
			return true
		})
	}
	if len(values) == 0 {
		t.Fatalf("no constants of type %s in %s", typeName, dir)
	}
	return values
}

func TestEveryReasonHasAMeaning(t *testing.T) {
	for _, reason := range constants(t, "../policy", "Reason") {
		if !api.Code(reason).Known() {
			t.Errorf("policy reason %q is not in the table of codes", reason)
		}
	}
}

func TestMeanings(t *testing.T) {
	declared := constants(t, ".", "Code")
	seen := map[api.Code]bool{}
	for _, m := range api.Meanings() {
		if seen[m.Code] {
			t.Errorf("%s stands twice", m.Code)
		}
		seen[m.Code] = true
		if !slices.Contains(declared, string(m.Code)) {
			t.Errorf("%s is not a constant", m.Code)
		}
		if m.Title == "" || !slices.Contains(api.Exits(), m.Exit) {
			t.Errorf("%s: incomplete: %+v", m.Code, m)
		}
		success := m.Status >= 200 && m.Status < 300
		if success != (m.Exit == api.ExitDone) {
			t.Errorf("%s: status %d and exit code %d do not agree", m.Code, m.Status, m.Exit)
		}
		if m.Status != 0 && m.Status < 200 || m.Status > 599 {
			t.Errorf("%s: status %d", m.Code, m.Status)
		}
	}
	for _, c := range declared {
		if !seen[api.Code(c)] {
			t.Errorf("%s is not in the table", c)
		}
	}
}

func TestExitsAreAllDeclared(t *testing.T) {
	var listed []string
	for _, e := range api.Exits() {
		listed = append(listed, strconv.Itoa(int(e)))
		if strings.HasPrefix(e.String(), "exit code") {
			t.Errorf("exit code %d has no name", e)
		}
	}
	if declared := constants(t, ".", "Exit"); !slices.Equal(declared, listed) {
		t.Errorf("Exits lists %v, declared are %v", listed, declared)
	}
}

func TestExitOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want api.Exit
	}{
		{nil, api.ExitDone},
		{errors.New("no problem of ours"), api.ExitFailed},
		{api.NewProblem(api.NotFound, "no such record", ""), api.ExitNotFound},
		{fmt.Errorf("ask: %w", api.NewProblem(api.Denied, "", "")), api.ExitDenied},
		{&api.Problem{Code: api.Quota, Exit: api.ExitDone}, api.ExitRefused}, // our own table goes first
	} {
		if got := api.ExitOf(c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
	some := api.RequestsPublished{Failed: []api.Failed{{}}}
	if got := some.Exit(); got != api.ExitPartly {
		t.Errorf("some failed: %s", got)
	}
	if got := (&api.RequestsPublished{}).Exit(); got != api.ExitDone {
		t.Errorf("none failed: %s", got)
	}
}

func TestProblemIsReadable(t *testing.T) {
	if got := api.NewProblem(api.Full, "12 bytes are left", "").Error(); got != "12 bytes are left" {
		t.Errorf("got %q", got)
	}
	if got := api.NewProblem(api.Full, "", "").Error(); got != "the store of this node is full" {
		t.Errorf("without a detail %q", got)
	}
	if got := api.Exit(77).String(); got != "exit code 77" {
		t.Errorf("got %q", got)
	}
}

func TestUnknownCodeIsReadByItsExit(t *testing.T) {
	p := &api.Problem{Code: "of-a-later-release", Exit: api.ExitRefused}
	if got := api.ExitOf(p); got != api.ExitRefused {
		t.Errorf("got %d", got)
	}
	if got := api.ExitOf(&api.Problem{Code: "odd", Exit: 0}); got != api.ExitFailed {
		t.Errorf("a failure with exit code 0 gave %d", got)
	}
}
