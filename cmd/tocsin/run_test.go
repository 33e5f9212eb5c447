package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// try runs one line in this process.
func try(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return tryWith(t, func(*env) {}, args...)
}

// tryWith is try in a process that is not quite like the others.
func tryWith(t *testing.T, change func(*env), args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	e := testEnv(args, &out)
	e.Stderr = &errs
	change(e)
	code = run(t.Context(), e)
	return code, out.String(), errs.String()
}

func testEnv(args []string, stdout io.Writer) *env {
	return &env{
		Args:   args,
		Stdin:  strings.NewReader(""),
		Stdout: stdout,
		Stderr: io.Discard,
		Getenv: func(string) string { return "" },
		Now:    func() time.Time { return time.Unix(1_800_000_000, 0).UTC() },
		Rand:   strings.NewReader(""),
	}
}

// walk visits every command of the tree with the words that reach it.
func walk(cmds []*cli.Command, path []string, visit func(path []string, c *cli.Command)) {
	for _, c := range cmds {
		here := append(append([]string{}, path...), c.Name)
		visit(here, c)
		walk(c.Subcommands, here, visit)
	}
}

// TestTree holds every command, whoever wrote it, to the rules of command.go.
func TestTree(t *testing.T) {
	walk(commands(testEnv(nil, io.Discard)), nil, func(path []string, c *cli.Command) {
		name := strings.Join(path, " ")
		t.Run(name, func(t *testing.T) {
			if !c.HideHelp || c.OnUsageError == nil || c.Action == nil {
				t.Fatal("not made by newCommand")
			}
			if c.Usage == "" || strings.HasSuffix(c.Usage, ".") || c.Usage != strings.ToLower(c.Usage[:1])+c.Usage[1:] {
				t.Errorf("usage %q: want one line, lower case, no full stop", c.Usage)
			}
			for line := range strings.SplitSeq(c.UsageText, "\n") {
				if line != "" && !strings.Contains(line, "tocsin ") {
					t.Errorf("example %q does not show the command", line)
				}
			}
			seen := map[string]bool{}
			for _, f := range c.Flags {
				if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() {
					t.Errorf("flag %s: urfave's Required prints help on stdout; use required()", f.Names()[0])
				}
				d, ok := f.(cli.DocGenerationFlag)
				if !ok || d.GetUsage() == "" {
					t.Errorf("flag %s has no usage", f.Names()[0])
				} else if len(d.GetEnvVars()) > 0 {
					t.Errorf("flag %s: EnvVars goes round env.Getenv", f.Names()[0])
				}
				for _, n := range f.Names() {
					if seen[n] || n == "h" || n == "help" {
						t.Errorf("flag %s is defined twice or reserved", n)
					}
					seen[n] = true
				}
			}
			code, out, errs := try(t, append(path, "--help")...)
			if code != 0 || errs != "" || !strings.HasPrefix(out, "tocsin "+name+": ") {
				t.Errorf("--help: exit %d, stdout %q, stderr %q", code, out, errs)
			}
			for i, r := range out {
				if r >= 0x7f {
					t.Fatalf("help is not ASCII at byte %d: %q", i, out[max(0, i-20):])
				}
			}
		})
	})
}

func TestFullDiskIsFailure(t *testing.T) {
	e := testEnv([]string{"help"}, failingWriter{})
	var errs bytes.Buffer
	e.Stderr = &errs
	if code := run(t.Context(), e); code != int(exitFailed) {
		t.Errorf("exit %d, want %d", code, exitFailed)
	}
	if !strings.Contains(errs.String(), "no space") {
		t.Errorf("stderr %q does not say why", errs.String())
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestHome(t *testing.T) {
	for _, tt := range []struct{ flag, tocsin, home, want string }{
		{"/flag", "/env", "/home/a", "/flag/tocsin.sock"},
		{"", "/env", "/home/a", "/env/tocsin.sock"},
		{"", "", "/home/a", "/home/a/.tocsin/tocsin.sock"},
		{"", "", "", ""},
	} {
		e := &env{Home: tt.flag, Getenv: func(k string) string {
			return map[string]string{"TOCSIN_HOME": tt.tocsin, "HOME": tt.home}[k]
		}}
		got, err := socketPath(e)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%+v: got %q, %v", tt, got, err)
		}
	}
}

// TestGlobalFlagsAnywhere: --json and --home mean the same before the noun, before the verb and after it.
func TestGlobalFlagsAnywhere(t *testing.T) {
	for _, line := range []string{
		"--json --home /a noun verb", "noun --json --home /a verb", "noun verb --json --home /a",
		"--home /b noun --json verb --home /a",
	} {
		e := testEnv(strings.Fields(line), io.Discard)
		ran := false
		app := newApp(e, []*cli.Command{newCommand(e, command{Name: "noun", Verbs: []*cli.Command{newCommand(e, command{
			Name: "verb",
			Run: func(context.Context, *cli.Context) error {
				ran = e.JSON && e.Home == "/a"
				return nil
			},
		})}})})
		if err := app.RunContext(t.Context(), append([]string{programName}, e.Args...)); err != nil || !ran {
			t.Errorf("%q: ran %v, json %v, home %q, err %v", line, ran, e.JSON, e.Home, err)
		}
	}
}

// sample is a command with one of everything, to try lines on.
func sample(e *env, got *[]string) *cli.Command {
	return newCommand(e, command{
		Name: "notice", Usage: "a sample", Verbs: []*cli.Command{newCommand(e, command{
			Name: "send", Usage: "a sample", Args: "[FILE...]",
			Flags: []cli.Flag{
				required(&cli.StringSliceFlag{Name: "to", Usage: "`TEAM`"}),
				&cli.StringFlag{Name: "tlp", Usage: "marking"},
				&cli.IntFlag{Name: "n", Usage: "number"},
				&cli.BoolFlag{Name: "dry-run", Usage: "do nothing"},
			},
			Run: func(_ context.Context, c *cli.Context) error {
				*got = append(c.StringSlice("to"), c.String("tlp"), fmt.Sprint(c.Args().Slice()))
				return nil
			},
		})},
	})
}

// TestLines is the table of what the library does wrong out of the box, and its neighbours.
func TestLines(t *testing.T) {
	tests := []struct {
		line string
		want string // what Run saw, or the message
		hint string
	}{
		{"notice send --to a --to b,c f g", "[a b,c  [f g]]", ""},
		{"notice send --to x file --tlp red", `--tlp comes after "file": flags go before arguments`, "did you mean: tocsin notice send --to x --tlp red file"},
		{"notice send --to x file --dry-run other", `--dry-run comes after "file": flags go before arguments`, "did you mean: tocsin notice send --to x --dry-run file other"},
		{"notice send --to x file --tlp=red -- -f", `--tlp=red comes after "file": flags go before arguments`, ""},
		{"notice send --to x file -- -f", `-- comes after "file": flags go before arguments`, "did you mean: tocsin notice send --to x -- file -f"},
		{"notice send --to x -- -f --tlp", "[x  [-f --tlp]]", ""},
		{"notice send --to x -", "[x  [-]]", ""},
		{"notice send --to x file --nope", `unknown flag --nope for "tocsin notice send"`, "see: tocsin notice send --help"},
		{"notice send --nope", `unknown flag --nope for "tocsin notice send"`, "see: tocsin notice send --help"},
		{"notice send --tpl red", `unknown flag --tpl for "tocsin notice send"`, "did you mean: --tlp"},
		{"notice send --to", "flag --to needs a value", "see: tocsin notice send --help"},
		{"notice send --n x", `invalid value "x" for flag --n: parse error`, "see: tocsin notice send --help"},
		{"notice send f", "missing --to", "see: tocsin notice send --help"},
		{"notice snd --to x", `unknown command "tocsin notice snd"`, "did you mean: tocsin notice send --to x"},
		{"notice xyzzy", `unknown command "tocsin notice xyzzy"`, "see: tocsin notice --help"},
		{"notice", "tocsin notice needs a command", "one of: send\nsee: tocsin notice --help"},
		{"notcie send", `unknown command "tocsin notcie"`, "did you mean: tocsin notice send"},
		{"", "tocsin needs a command", "one of: notice\nsee: tocsin --help"},
		{"--nope", `unknown flag --nope for "tocsin"`, "see: tocsin --help"},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			var out bytes.Buffer
			e := testEnv(strings.Fields(tt.line), &out)
			var got []string
			app := newApp(e, []*cli.Command{sample(e, &got)})
			err := app.RunContext(t.Context(), append([]string{programName}, e.Args...))
			if err == nil {
				if fmt.Sprint(got) != tt.want {
					t.Errorf("ran with %v, want %v", got, tt.want)
				}
				return
			}
			f := explain(err)
			if f.Code != exitUsage || f.Message != tt.want || (tt.hint != "" && f.Hint != tt.hint) {
				t.Errorf("got %+v\nwant message %q\n        hint %q", f, tt.want, tt.hint)
			}
			if out.Len() > 0 {
				t.Errorf("stdout carries more than the answer: %q", out.String())
			}
			if got != nil {
				t.Error("the command ran all the same")
			}
		})
	}
}

func TestCountOf(t *testing.T) {
	for shape, want := range map[string][2]int{
		"": {0, 0}, "REQUEST": {1, 1}, "[FILE]": {0, 1}, "TEAM...": {1, -1}, "[TEAM...]": {0, -1},
		"REQUEST ANSWER [FILE...]": {2, -1}, "A [B] [C]": {1, 3},
	} {
		if least, most := countOf(shape); least != want[0] || most != want[1] {
			t.Errorf("countOf(%q) = %d, %d, want %v", shape, least, most, want)
		}
	}
}

func TestCandidates(t *testing.T) {
	var got []string
	e := testEnv(nil, io.Discard)
	p := page{Path: programName, Flags: globalFlags(), Verbs: []*cli.Command{sample(e, &got)}}
	for line, want := range map[string]string{
		"n":                     "notice",
		"notice ":               "send",
		"--home notice ":        "notice",
		"--home ":               "",
		"notice send --t":       "--to --tlp",
		"notice send --dry-run": "--dry-run",
		"notice send x ":        "",
	} {
		var words []string
		for _, l := range candidates(p, strings.Split(line, " ")) {
			word, _, _ := strings.Cut(l, "\t")
			words = append(words, word)
		}
		if strings.Join(words, " ") != want {
			t.Errorf("%q: got %q, want %q", line, words, want)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		if code := run(b.Context(), testEnv([]string{"version"}, io.Discard)); code != 0 {
			b.Fatal(code)
		}
	}
}
