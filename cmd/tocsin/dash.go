package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// dash stands for standard input or output wherever a command can read or write a stream. Elsewhere it is refused: nobody means a
// file of that name, and who does can type ./-.
const dash = "-"

// noDash refuses the dash for what must be a file or a directory, which what names.
func noDash(path, what string) error {
	if path != dash {
		return nil
	}
	return usageErrorf("give the name of a file or a directory; type ./- for one that is itself called -",
		"%s cannot be -, which stands for standard input or output", what)
}

// takesDash says whether a flag that names a file or a directory can be standard input or output: its help says so if it can.
func takesDash(f cli.Flag) (names, takes bool) {
	text, value := flagText(f)
	return slices.Contains([]string{"FILE", "DIR", "CARD"}, value),
		strings.Contains(text, "- for stdout") || strings.Contains(text, "- for standard input")
}

// checkDash refuses the dash for flags that have no such meaning for it.
func checkDash(c *cli.Context) error {
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if names, takes := takesDash(f); !names || takes || !c.IsSet(name) {
			continue
		}
		if c.String(name) == dash || slices.Contains(c.StringSlice(name), dash) {
			return noDash(dash, dashed(name))
		}
	}
	return nil
}

// notShown refuses to print what no screen should show: secrets and what is not text.
func notShown(e *env, path, what, example string) error {
	if path != dash || !isTerminal(e.Stdout) {
		return nil
	}
	return usageErrorf("give it to another command: "+example, "%s is not printed on a terminal", what)
}

// openInput opens a file of any length, or standard input for the dash.
func openInput(e *env, path string) (io.ReadCloser, error) {
	if path == dash {
		r, err := e.standardInput()
		return io.NopCloser(r), err
	}
	return os.Open(path) //nolint:gosec // the operator named it
}

// inputName names an input in a message.
func inputName(path string) string {
	if path == dash {
		return "standard input"
	}
	return path
}

// standardInput is what two flags or arguments of one line cannot both read: the second would find it empty.
func (e *env) standardInput() (io.Reader, error) {
	if e.stdinRead {
		return nil, usageErrorf("name a file for one of them", "standard input (-) can be read only once")
	}
	e.stdinRead = true
	return bufio.NewReader(e.Stdin), nil
}

// cannotRead is the refusal of an input that cannot be read; what is a word for it with a colon, or empty.
func cannotRead(what string, err error) error {
	if told, ok := errors.AsType[*userError](err); ok {
		return told
	}
	return &userError{Code: exitFailed, Msg: "cannot read " + what + plainFileError(err)}
}

// makeDir makes a directory for files, with those above it.
func makeDir(path string) error {
	if err := noDash(path, "a directory"); err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return &userError{Code: exitFailed, Msg: "cannot make the directory: " + plainFileError(err), Hint: "name another directory"}
	}
	return nil
}
