package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestExamplesCanBeTyped: every example of a help text has known flags, in the right order, and the right number of arguments.
// It needs no daemon, since all that is found before one is called.
func TestExamplesCanBeTyped(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("advisory.json", []byte(csafDoc), 0o600); err != nil {
		t.Fatal(err)
	}
	walk(commands(testEnv(nil, nil)), nil, func(path []string, c *cli.Command) {
		name := strings.Join(path, " ")
		if name == "init" || name == "daemon" || name == "id root make" || name == "profile edit" || len(c.Subcommands) > 0 {
			return // they ask a terminal, or stay
		}
		for line := range strings.SplitSeq(c.UsageText, "\n") {
			_, line, ok := strings.Cut(line, "tocsin ")
			if !ok {
				continue
			}
			words := shellWords(line)
			if !strings.HasPrefix(strings.Join(words, " "), name) {
				t.Errorf("%s: example %q is of another command", name, line)
			}
			typeExample(t, line, append([]string{"--home", t.TempDir()}, words...))
		}
	})
}

// typeExample sees that a line is refused for nothing but that there is no daemon.
func typeExample(t *testing.T, line string, words []string) {
	t.Helper()
	_, _, errs := try(t, words...)
	for _, bad := range []string{"unknown", "comes after", "unexpected argument", "needs a value", "missing --", "missing A", "needs a command", "is missing"} {
		if strings.Contains(errs, bad) {
			t.Errorf("example %q: %s", line, errs)
		}
	}
}

// TestReadmeCanBeTyped: so are the lines of the README.
func TestReadmeCanBeTyped(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	tried := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		line, _, _ = strings.Cut(line, "  #")
		typed, ok := strings.CutPrefix(line, "tocsin ")
		typed = strings.ReplaceAll(typed, `"$(cat request)"`, "rafdcebd6a2x") // the shell makes one word of it
		if words := shellWords(typed); ok && !slices.Contains(words, "init") && !slices.Contains(words, "daemon") {
			typeExample(t, line, words)
			tried++
		}
	}
	if tried < 5 {
		t.Errorf("the README has %d lines to type", tried)
	}
}

// shellWords splits a line as a shell does, as far as the examples go: single quotes, and an end at what follows the command.
func shellWords(line string) []string {
	for _, end := range []string{" && ", " > ", " | ", ")"} {
		line, _, _ = strings.Cut(line, end)
	}
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}

// TestManualHasEveryCommand: docs/cli.md shows each command.
func TestManualHasEveryCommand(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	walk(commands(testEnv(nil, nil)), nil, func(path []string, c *cli.Command) {
		if c.Hidden || len(c.Subcommands) > 0 {
			return
		}
		last := path[len(path)-1]
		for _, form := range []string{"`" + strings.Join(path, " "), "`" + last + "`", "`" + last + " ", "tocsin " + strings.Join(path, " ")} {
			if strings.Contains(string(text), form) {
				return
			}
		}
		t.Errorf("docs/cli.md does not show %q", strings.Join(path, " "))
	})
}
