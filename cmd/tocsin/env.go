package main

import (
	"io"
	"path/filepath"
	"time"

	"tocsin/pkg/client"
)

// env is everything a command may take from the process it runs in; commands touch no other part of package os but files
// they were asked to read or write. One env serves one run and one goroutine.
type env struct {
	// Args are the words typed after the program's name.
	Args []string
	// Stdin is read only by commands that say so in their help, through standardInput.
	Stdin io.Reader
	// Stdout takes the answer. run wraps it so that a failed write ends the command with exit code 1 even when the
	// command did not look at the error of its fmt.Fprintf.
	Stdout io.Writer
	// Stderr takes everything that is not the answer: progress, warnings, errors.
	Stderr io.Writer
	// Getenv reads the environment; flags never do (urfave's EnvVars would go round it).
	Getenv func(string) string
	// Environ is the whole environment as NAME=value, for the settings, which point at names they do not know; may be nil.
	Environ func() []string
	// Now is the clock of the command.
	Now func() time.Time
	// Rand is the source of keys and nonces.
	Rand io.Reader
	// Domains asks domains about communities; nil: by this machine's resolver and network.
	Domains *domainLook

	// JSON says that --json was given, anywhere on the line. Set before a command's Run.
	JSON bool
	// Home is what --home said, or empty. Set before a command's Run; read it through home.
	Home string
	// Ends is when this node's delegation ends, where a command has seen it in the key files. The daemon's answers say it too.
	Ends time.Time
	// Warned says that the command has told of it itself.
	Warned bool
	// stdinRead says that something has read standard input.
	stdinRead bool
	// clients are those that were dialled.
	clients []*client.Client
}

// home is the directory of this node's keys, store and socket: --home, else TOCSIN_HOME, else .tocsin in the home directory.
func (e *env) home() (string, error) {
	if e.Home != "" {
		return e.Home, noDash(e.Home, "--home")
	}
	if dir := e.Getenv("TOCSIN_HOME"); dir != "" {
		return dir, noDash(dir, "TOCSIN_HOME")
	}
	if dir := e.Getenv("HOME"); dir != "" {
		return filepath.Join(dir, ".tocsin"), nil
	}
	return "", &userError{
		Code: exitUsage,
		Msg:  "cannot tell where this node lives: neither TOCSIN_HOME nor HOME is set",
		Hint: "name the directory with --home DIR",
	}
}

// answer remembers the first failed write. A full disk under a redirected stdout must not look like success.
type answer struct {
	w   io.Writer
	err error
}

// Write implements io.Writer; after a failure nothing more is written.
func (a *answer) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	n, err := a.w.Write(p)
	a.err = err
	return n, err
}
