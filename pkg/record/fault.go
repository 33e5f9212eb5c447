package record

import (
	"errors"
	"fmt"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// Fault says what is wrong with bytes that are not a record. The list grows; it is never reordered
// or reused, since the codes appear in logs and interfaces.
type Fault string

// The faults.
const (
	FaultTruncated    Fault = "truncated"     // the frame ends early
	FaultTrailing     Fault = "trailing"      // bytes after the frame
	FaultFrame        Fault = "frame"         // not a frame of this protocol
	FaultOversized    Fault = "oversized"     // larger than a limit of this package
	FaultNotJSON      Fault = "not-json"      // the header is not one JSON object
	FaultDuplicate    Fault = "duplicate-key" // a header member stands twice
	FaultDepth        Fault = "too-deep"      // nested deeper than dsse.MaxDepth
	FaultNotCanonical Fault = "not-canonical" // not spelt as RFC 8785 spells it
	FaultVersion      Fault = "version"       // another version of the header
	FaultSuite        Fault = "suite"         // a signature suite this release cannot check
	FaultMember       Fault = "member"        // a header member is missing or has a wrong value
	FaultDelegation   Fault = "delegation"    // the delegation is malformed, unsigned or not in force
	FaultSignatures   Fault = "signatures"    // not exactly the signatures that the suite asks for
	FaultSignature    Fault = "signature"     // the signature is not the node's
	FaultBodyLength   Fault = "body-length"   // the body is not as long as the header says
	FaultBodyDigest   Fault = "body-digest"   // the body is not the one the header commits to
)

// Error is the error of every refusal in this package.
type Error struct {
	Fault Fault
	Where string // the member or part, e.g. "lane.seq"
	Err   error
}

// Error implements error.
func (e *Error) Error() string { return e.Where + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// FaultOf returns the fault that err carries, or "" if it is not one of this package's errors.
func FaultOf(err error) Fault {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fault
	}
	return ""
}

func fault(f Fault, where, format string, args ...any) error {
	return &Error{Fault: f, Where: where, Err: fmt.Errorf(format, args...)}
}

// formFault turns an error of dsse.Decode into one of ours.
func formFault(where string, err error) error {
	f := FaultMember
	switch {
	case errors.Is(err, identity.ErrDelegation), errors.Is(err, identity.ErrDelegationSignature):
		f = FaultDelegation
	case errors.Is(err, dsse.ErrNotJSON):
		f = FaultNotJSON
	case errors.Is(err, dsse.ErrDuplicate):
		f = FaultDuplicate
	case errors.Is(err, dsse.ErrDepth):
		f = FaultDepth
	case errors.Is(err, dsse.ErrNotCanonical), errors.Is(err, dsse.ErrNumber), errors.Is(err, dsse.ErrNull):
		f = FaultNotCanonical
	}
	return &Error{Fault: f, Where: where, Err: err}
}
