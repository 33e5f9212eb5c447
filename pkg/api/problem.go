package api

import "errors"

// Problem is the body of every answer that is not a success (RFC 9457), and an error.
type Problem struct {
	Type   string `json:"type"`   // ProblemType and the code
	Title  string `json:"title"`  // what the code means, in a few words
	Status int    `json:"status"` // the HTTP status
	Detail string `json:"detail"` // what happened this time; may quote a peer, so clean it before printing
	Code   Code   `json:"code"`
	Exit   Exit   `json:"exit"` // what a command ends with; serves for a code the reader does not know
	// Hint names the next step.
	Hint string `json:"hint,omitzero"`
	// Fields says what is wrong with the parts of a request, with BadRequest and BadNotice.
	Fields []Field `json:"fields,omitempty"`
	// Candidates are what a name or prefix may have meant, with NotFound and Ambiguous; at most
	// MaxCandidates.
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Field is what is wrong with one part of a request.
type Field struct {
	Field   string `json:"field"` // as on the wire: "alert.texts[0].title"
	Problem string `json:"problem"`
	Hint    string `json:"hint,omitzero"`
}

// Candidate is something that a name or a prefix may have meant.
type Candidate struct {
	ID   string `json:"id"`
	Name string `json:"name,omitzero"`
	// About is what tells it from others of its name, in words for people; empty where the names differ.
	About string `json:"about,omitzero"`
}

// ProblemType is what a problem's type begins with. It names; nothing can be fetched there.
const ProblemType = "urn:tocsin:problem:"

// MaxCandidates bounds the list of what may have been meant.
const MaxCandidates = 10

// NewProblem returns the problem of a code. hint may be empty.
func NewProblem(c Code, detail, hint string) *Problem {
	m := c.meaning()
	return &Problem{
		Type: ProblemType + string(c), Title: m.Title, Status: m.Status, Detail: detail, Code: c, Exit: m.Exit, Hint: hint,
	}
}

// Invalid returns the BadRequest about one field or parameter.
func Invalid(field, problem, hint string) *Problem {
	p := NewProblem(BadRequest, field+": "+problem, hint)
	p.Fields = []Field{{Field: field, Problem: problem, Hint: hint}}
	return p
}

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// ExitOf returns the exit code for an error: ExitDone for nil, a problem's own, else ExitFailed.
func ExitOf(err error) Exit {
	var p *Problem
	switch {
	case err == nil:
		return ExitDone
	case !errors.As(err, &p):
		return ExitFailed
	case p.Code.Known():
		return p.Code.meaning().Exit
	case p.Exit > ExitDone && p.Exit < 256:
		return p.Exit
	}
	return ExitFailed
}

// Is reports whether err is a problem with the given code.
func Is(err error, c Code) bool {
	var p *Problem
	return errors.As(err, &p) && p.Code == c
}
