package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

// exitCode is what the process ends with: one list for the contract, the commands and docs/cli.md, which a test compares.
type exitCode = api.Exit

// The exit codes, in short.
const (
	exitDone        = api.ExitDone
	exitFailed      = api.ExitFailed
	exitUsage       = api.ExitUsage
	exitPartly      = api.ExitPartly
	exitNoDaemon    = api.ExitNotRunning
	exitRefused     = api.ExitRefused
	exitNotFound    = api.ExitNotFound
	exitDenied      = api.ExitDenied
	exitInterrupted = api.ExitInterrupted
)

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
	Kind    string   `json:"kind"` // the exit code in words
	Message string   `json:"message"`
	Hint    string   `json:"hint,omitempty"`
	// Problem, Fields and Candidates are the daemon's, where it was the daemon that refused.
	Problem    api.Code        `json:"problem,omitempty"`
	Fields     []api.Field     `json:"fields,omitempty"`
	Candidates []api.Candidate `json:"candidates,omitempty"`
}

// explain is the only mapping from errors to what the user is told. An error from below that deserves its own exit code is
// recognised here and nowhere else.
func explain(err error) failure {
	f := failure{Code: exitFailed, Message: err.Error()}
	var user *userError
	var problem *api.Problem
	var coder cli.ExitCoder
	switch {
	case errors.As(err, &user):
		f.Code, f.Hint = user.Code, user.Hint
	case errors.Is(err, context.Canceled):
		f.Code, f.Message = exitInterrupted, "interrupted"
	case errors.As(err, &problem):
		f.Code, f.Hint = api.ExitOf(problem), problem.Hint
	case errors.As(err, &coder):
		// urfave makes these for mistakes on the line and numbers them by its own lights.
		f.Code = exitUsage
	}
	if errors.As(err, &problem) {
		f.Problem, f.Fields, f.Candidates = problem.Code, problem.Fields, problem.Candidates
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
	for _, field := range f.Fields {
		if line := field.Field + ": " + field.Problem; !strings.Contains(f.Message, line) {
			complain(e.Stderr, "", line)
		}
		if e.here(field.Hint) != f.Hint { // the daemon gives that of a lone field to the whole, too
			e.hint(field.Hint)
		}
	}
	for _, c := range f.Candidates {
		line := strings.TrimSpace("it may be " + c.ID + " " + distinctName(c, f.Candidates))
		if c.About != "" {
			line += ": " + c.About
		}
		complain(e.Stderr, "hint: ", line)
	}
	complain(e.Stderr, "hint: ", f.Hint)
	return int(f.Code)
}

// distinctName is a candidate's name, with other letters than ASCII escaped where it looks like another's without being the same.
func distinctName(c api.Candidate, all []api.Candidate) string {
	if slices.ContainsFunc(all, func(o api.Candidate) bool { return o.Name != c.Name && identity.Alike(o.Name, c.Name) }) {
		return strings.Trim(strconv.QuoteToASCII(c.Name), `"`)
	}
	return c.Name
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
