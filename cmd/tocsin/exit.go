package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// exitCode is what the process ends with. The list is closed and never renumbered; docs/cli.md carries it for users and a
// test compares the two. A script must treat a code it does not know as a failure.
type exitCode int

const (
	// exitDone: what was asked is done; for a publish, durable.
	exitDone exitCode = 0
	// exitFailed: it did not work and no narrower code says why.
	exitFailed exitCode = 1
	// exitUsage: the command line was wrong; nothing was tried.
	exitUsage exitCode = 2
	// exitPartly: some of several things asked are done; the answer says which.
	exitPartly exitCode = 3
	// exitNoDaemon: the daemon of this node does not answer on its socket.
	exitNoDaemon exitCode = 10
	// exitRefused: a rule refuses it (marking, membership, quota, limits); trying again changes nothing.
	exitRefused exitCode = 11
	// exitNotFound: the thing named does not exist here.
	exitNotFound exitCode = 12
	// exitDenied: the caller may not do this (socket or file permission, passphrase, token role).
	exitDenied exitCode = 13
	// exitInterrupted: a signal ended the command before it was done.
	exitInterrupted exitCode = 130
)

// exitCodes lists every code, for the help page, the man page and the test against the documentation.
func exitCodes() []exitCode {
	return []exitCode{
		exitDone, exitFailed, exitUsage, exitPartly, exitNoDaemon, exitRefused, exitNotFound, exitDenied, exitInterrupted,
	}
}

// String is the name that the documentation and the JSON errors use.
func (c exitCode) String() string {
	switch c {
	case exitDone:
		return "done"
	case exitFailed:
		return "failed"
	case exitUsage:
		return "usage"
	case exitPartly:
		return "partly done"
	case exitNoDaemon:
		return "daemon not reachable"
	case exitRefused:
		return "refused by policy"
	case exitNotFound:
		return "not found"
	case exitDenied:
		return "not authorised"
	case exitInterrupted:
		return "interrupted"
	default:
		return fmt.Sprintf("exit code %d", int(c))
	}
}

// userError is an error addressed to the person who typed the command.
type userError struct {
	// Code is the exit code.
	Code exitCode
	// Msg says what is wrong: lower case, no full stop.
	Msg string
	// Hint names the next thing to type or to look at; may be empty, may have several lines.
	Hint string
	// Err is the cause, if there is one; it is printed after Msg.
	Err error
}

// Error implements error.
func (e *userError) Error() string {
	if e.Err == nil {
		return e.Msg
	}
	if e.Msg == "" {
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *userError) Unwrap() error { return e.Err }

// usageErrorf is a userError for a wrong command line.
func usageErrorf(hint, format string, args ...any) *userError {
	return &userError{Code: exitUsage, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// failure is an error as it leaves the process: the one form that both the text and the JSON are printed from.
type failure struct {
	Code    exitCode `json:"code"`
	Kind    string   `json:"kind"`
	Message string   `json:"message"`
	Hint    string   `json:"hint,omitempty"`
}

// explain is the only mapping from errors to what the user is told. An error from below that deserves its own code is
// recognised here and nowhere else.
func explain(err error) failure {
	f := failure{Code: exitFailed, Message: err.Error()}
	var user *userError
	var coder cli.ExitCoder
	switch {
	case errors.As(err, &user):
		f.Code, f.Hint = user.Code, user.Hint
	case errors.Is(err, context.Canceled):
		f.Code, f.Message = exitInterrupted, "interrupted"
	case errors.As(err, &coder):
		// urfave makes these for mistakes on the line and numbers them by its own lights.
		f.Code = exitUsage
	}
	f.Kind = f.Code.String()
	return f
}

// report tells stderr and returns the exit code. Messages may quote a peer, so they are cleaned.
func report(e *env, f failure) int {
	if e.JSON {
		// There is nowhere left to complain to if stderr is gone; the exit code still says it.
		_ = printJSON(e.Stderr, struct {
			Error failure `json:"error"`
		}{f})
		return int(f.Code)
	}
	complain(e.Stderr, "", f.Message)
	complain(e.Stderr, "hint: ", f.Hint)
	return int(f.Code)
}

// complain prints each line of text with the program's name in front.
func complain(w io.Writer, label, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(cleanText(text), "\n") {
		fmt.Fprintf(w, "%s: %s%s\n", programName, label, line)
	}
}
