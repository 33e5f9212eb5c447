package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// maxPassphrase bounds a passphrase, which is far below what would slow anything down.
const maxPassphrase = 1024

// weakPassphrase is the length below which a passphrase is refused unless the line says otherwise: it protects a file that may
// be copied and then tried at leisure.
const weakPassphrase = 12

// shortFlag is what the line says otherwise with.
const shortFlag = "allow-short-passphrase"

// newPassphrase takes a passphrase from a file, or asks for it twice on the terminal.
func newPassphrase(ctx context.Context, e *env, file string, allowShort bool) (string, error) {
	secret, err := "", error(nil)
	if file != "" {
		secret, err = passphraseFile(e, file)
	} else {
		secret, err = askTwice(ctx, "Passphrase for the team's root key: ")
	}
	switch {
	case err != nil:
		return "", err
	case secret == "":
		return "", usageErrorf("", "the passphrase is empty")
	case len(secret) > maxPassphrase:
		return "", usageErrorf("", "the passphrase has more than %d bytes", maxPassphrase)
	case utf8.RuneCountInString(secret) < weakPassphrase && !allowShort:
		return "", usageErrorf("four words that nobody would put together are long enough; for a test: "+dashed(shortFlag),
			"the passphrase has fewer than %d characters; whoever copies root.key can try all of them", weakPassphrase)
	case utf8.RuneCountInString(secret) < weakPassphrase:
		complain(e.Stderr, "warning: ", fmt.Sprintf("the passphrase has fewer than %d characters; whoever copies root.key can try all of them", weakPassphrase))
	}
	return secret, nil
}

// passphraseFile reads the first line of a file, or of standard input for "-".
func passphraseFile(e *env, path string) (string, error) {
	text, err := readInput(e, path, 4*maxPassphrase)
	if err != nil {
		return "", cannotRead("the passphrase: ", err)
	}
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if len(bytes.TrimSpace(rest)) > 0 {
		return "", usageErrorf("keep the passphrase alone in the file", "%s has more than one line", path)
	}
	return strings.TrimSuffix(string(line), "\r"), nil
}

// askTwice asks on the terminal itself, whatever stdin and stdout are, so that a secret never comes out of a pipe by mistake.
func askTwice(ctx context.Context, question string) (string, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return "", errNoTerminal()
	}
	defer tty.Close() //nolint:errcheck // nothing is kept in it
	first, err := ask(ctx, tty, question)
	if err != nil {
		return "", err
	}
	second, err := ask(ctx, tty, "Once more: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", &userError{Code: exitFailed, Msg: "the two passphrases differ; nothing was made"}
	}
	return first, nil
}

func errNoTerminal() error {
	return usageErrorf("give it in a file: --passphrase-file FILE", "there is no terminal to ask for the passphrase on")
}

// ask prints a question and reads a line that is not shown. An interrupt gives the terminal back as it was.
func ask(ctx context.Context, tty *os.File, question string) (string, error) {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	if _, err := io.WriteString(tty, question); err != nil {
		return "", fmt.Errorf("read passphrase: %w", err)
	}
	type line struct {
		text []byte
		err  error
	}
	done := make(chan line, 1) // one answer; the reader must be able to leave it after an interrupt
	go func() {
		text, err := term.ReadPassword(int(tty.Fd()))
		done <- line{text, err}
	}()
	defer io.WriteString(tty, "\n") //nolint:errcheck // only to leave the cursor where it belongs
	select {
	case got := <-done:
		if errors.Is(got.err, io.EOF) {
			return "", &userError{Code: exitFailed, Msg: "no passphrase was given; nothing was made"}
		}
		return string(got.text), got.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(int(tty.Fd()), before))
	}
}

// isTerminal says whether what is written to w is seen by a person at once.
func isTerminal(w io.Writer) bool {
	if a, ok := w.(*answer); ok {
		w = a.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
