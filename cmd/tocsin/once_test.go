package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestAFlagIsGivenOnce goes through every flag of every command that takes one value: a second one is refused, by whatever name
// and in whatever form, and both are named.
func TestAFlagIsGivenOnce(t *testing.T) {
	t.Chdir(t.TempDir()) // where a command that is not refused leaves its files, and it ends at once
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refused := func(line, name, first, second string, words ...string) {
		t.Helper()
		e := testEnv(words, io.Discard)
		got := explain(cmp.Or(newApp(e, commands(e)).RunContext(ctx, append([]string{programName}, words...)), errors.New("ran")))
		want := fmt.Sprintf("%s is given twice: %q and %q", dashed(name), first, second)
		if got.Code != exitUsage || got.Message != want || !strings.HasPrefix(got.Hint, "give "+dashed(name)+" once") {
			t.Errorf("%s: got %+v, want %q", line, got, want)
		}
	}
	flags := 0
	visit := func(path []string, all []cli.Flag) {
		for _, f := range all {
			if s, ok := f.(cli.DocGenerationSliceFlag); ok && s.IsSliceFlag() {
				continue
			}
			flags++
			for _, a := range f.Names() {
				for _, b := range f.Names() {
					line := fmt.Sprintf("%s %s %s", strings.Join(path, " "), dashed(a), dashed(b))
					with := func(words ...string) []string { return append(append([]string{}, path...), words...) }
					if !takesValue(f) {
						refused(line, f.Names()[0], "true", "false", with(dashed(a), dashed(b)+"=false")...)
						continue
					}
					refused(line, f.Names()[0], "1", "2", with(dashed(a), "1", dashed(b), "2")...)
					refused(line+" =", f.Names()[0], "1", "2", with(dashed(a)+"=1", dashed(b)+"=2")...)
					refused(line+" between", f.Names()[0], "1", "2", with(dashed(a), "1", "--json", dashed(b)+"=2")...)
				}
			}
		}
	}
	e := testEnv(nil, io.Discard)
	tree := commands(e)
	visit(nil, newApp(e, tree).Flags)
	walk(tree, nil, func(path []string, c *cli.Command) { visit(path, c.Flags) })
	if flags < 200 {
		t.Errorf("only %d flags were tried", flags)
	}
}

// TestWhatIsNotTwice: words that only look like a second value, and switches that are given again.
func TestWhatIsNotTwice(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"--tlp red --dry-run --dry-run", "red []"},
		{"--tlp --tlp", "--tlp []"},
		{"--tlp red -- --tlp clear", "red [--tlp clear]"},
		{"--out a", " []"},
		{"-u a", " []"},
		{"--tlp red --tlp red", `--tlp is given twice: "red" and "red"`},
		{"--tlp= --tlp red", `--tlp is given twice: "" and "red"`},
		{"--out a -u a", `--out is given twice: "a" and "a"`},
		{"--dry-run=1 --dry-run=f", `--dry-run is given twice: "1" and "f"`},
		{"--n 1 --n x", `-n is given twice: "1" and "x"`},
	} {
		e := testEnv(append([]string{"verb"}, strings.Fields(tt.line)...), io.Discard)
		got := ""
		err := newApp(e, []*cli.Command{newCommand(e, command{
			Name: "verb", Args: "[WORD...]",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "tlp"}, &cli.StringFlag{Name: "out", Aliases: []string{"u"}},
				&cli.IntFlag{Name: "n"}, &cli.BoolFlag{Name: "dry-run"},
			},
			Run: func(_ context.Context, c *cli.Context) error {
				got = fmt.Sprint(c.String("tlp"), " ", c.Args().Slice())
				if c.String("out") != c.String("u") {
					t.Errorf("%s: %q by one name, %q by the other", tt.line, c.String("out"), c.String("u"))
				}
				return nil
			},
		})}).RunContext(t.Context(), append([]string{programName}, e.Args...))
		if err != nil {
			got = explain(err).Message
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.line, got, tt.want)
		}
	}
}
