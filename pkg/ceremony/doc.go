// Package ceremony holds what goes between a team's nodes and its root key, which lies on a machine that
// is connected to nothing: requests to the root, what the root signs, and the root itself in parts on
// paper. It asks no passphrase and opens no file (see pkg/keyfile), and does not decide what a statement
// changes (see pkg/roster); it reads no clock.
// Invariant: a request that an Open function returned was made by the holder of the keys that it names,
// and everything it makes or returns keeps within the limits below.
package ceremony

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// DSSE payload types of the requests.
const (
	RequestType = "application/vnd.tocsin.key-request+json"
	HeadsType   = "application/vnd.tocsin.key-heads+json"
)

// MaxFile bounds each file: the largest, the heads of notice.MaxCuts lanes, has about 30 kB.
const MaxFile = 64 << 10

// Reasons why a file is refused. Test with errors.Is.
var (
	// ErrMalformed: not a file of this kind, or beyond a limit; the text says how.
	ErrMalformed = errors.New("the file is malformed")
	// ErrSignature: changed after it was signed, or not signed by the keys that it names.
	ErrSignature = errors.New("the file was changed after it was signed, or not made by the keys that it names")
)

const version = 1

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// open parses a file of the given type with the given number of signatures. Nothing of it is verified.
func open(file []byte, payloadType string, sigs int, v any) (dsse.Envelope, error) {
	if len(file) > MaxFile {
		return dsse.Envelope{}, malformed("%d bytes, at most %d", len(file), MaxFile)
	}
	e, err := dsse.ParseEnvelope(file)
	if err != nil {
		return e, malformed("%w", err)
	}
	switch {
	case e.PayloadType != payloadType:
		return e, malformed("it is %s, want %s", kindOf(e.PayloadType), kindOf(payloadType))
	case len(e.Signatures) != sigs:
		return e, malformed("%d signatures, want %d", len(e.Signatures), sigs)
	case len(e.Extra) > 0:
		return e, malformed("it carries a body")
	}
	if err := dsse.Decode(e.Payload, v); err != nil {
		return e, malformed("%w", err)
	}
	return e, nil
}

// kindOf names a payload type for people.
func kindOf(payloadType string) string {
	switch payloadType {
	case RequestType:
		return "a request for a node key"
	case HeadsType:
		return "a request for a revocation"
	case identity.StatementType:
		return "a signed statement"
	}
	return fmt.Sprintf("%.60q", payloadType)
}

func seal(e *dsse.Envelope) ([]byte, error) {
	file, err := e.Marshal()
	if err != nil {
		return nil, err
	}
	if len(file) > MaxFile {
		return nil, malformed("%d bytes, at most %d", len(file), MaxFile)
	}
	return file, nil
}

// delegationWire carries a delegation as it was signed.
type delegationWire struct {
	Payload   jsontext.Value `json:"payload"`
	Signature dsse.Signature `json:"signature"`
}

func (w delegationWire) open(at time.Time) (*identity.Delegation, error) {
	d, err := identity.OpenDelegation(w.Payload, w.Signature)
	if errors.Is(err, identity.ErrDelegationSignature) {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if err != nil {
		return nil, malformed("%w", err)
	}
	if !d.Covers(at) {
		return nil, malformed("the delegation of node %s was not in force at %s", d.Node, dsse.FormatTime(at))
	}
	return d, nil
}
