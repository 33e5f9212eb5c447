// Package invite holds the files by which teams that share no network yet get to know each other: a
// card (who I am and where), a charter on its way round its founders, and an invite (what a team
// needs to join a community). They travel by mail or on a stick, and are DSSE JSON files. The package
// does not decide who may be invited (see pkg/roster) and reads no clock.
// Invariant: a value that an Open function returned was signed as it says, by node keys whose
// delegations were in force when it was made, and keeps within the limits below.
package invite

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// DSSE payload types of the files that are no statements.
const (
	CardType   = "application/vnd.tocsin.card+json"
	InviteType = "application/vnd.tocsin.invite+json"
)

// Limits of the files. Each bounds what a file from a stranger can make us hold.
const (
	// MaxFile fits a charter and the statements round it in two layers of base64.
	MaxFile = 512 << 10
	// MaxAddresses is where to call first; more come with hello.
	MaxAddresses = 3
	// MaxAddress bounds one address.
	MaxAddress = 256
	// MaxStatements bounds what an invite carries: the charter, the admission, and some to spare.
	MaxStatements = 8
)

// Reasons why a file is refused. Test with errors.Is.
var (
	// ErrMalformed: not a file of this kind, or beyond a limit; the text says how.
	ErrMalformed = errors.New("the file is malformed")
	// ErrSignature: changed after it was signed, or not signed by whom it names.
	ErrSignature = errors.New("the file was changed after it was signed, or signed by somebody else")
	// ErrExpired: past its time.
	ErrExpired = errors.New("the file has expired")
	// ErrForeign: meant for another team.
	ErrForeign = errors.New("the file is for another team")
)

const version = 1

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMalformed}, args...)...)
}

// delegationWire carries a delegation as it was signed.
type delegationWire struct {
	Payload   jsontext.Value `json:"payload"`
	Signature dsse.Signature `json:"signature"`
}

func wireOf(d *identity.Delegation) delegationWire {
	return delegationWire{Payload: d.Payload(), Signature: d.Signature()}
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
		return nil, malformed("the delegation of team %s was not in force at %s", d.Team, dsse.FormatTime(at))
	}
	return d, nil
}

// seal signs a payload as a node and returns the file.
func seal(key *identity.NodeKey, payloadType string, v any) ([]byte, error) {
	payload, err := dsse.Encode(v)
	if err != nil {
		return nil, err
	}
	e := dsse.Envelope{PayloadType: payloadType, Payload: payload, Signatures: []dsse.KeyedSignature{
		{KeyID: key.Node().String(), Sig: key.Sign(payloadType, payload)},
	}}
	file, err := e.Marshal()
	if err != nil {
		return nil, err
	}
	if len(file) > MaxFile {
		return nil, malformed("%d bytes, at most %d", len(file), MaxFile)
	}
	return file, nil
}

// unseal parses a file of the given type. What it returns is not verified: the payload names the key.
func unseal(file []byte, payloadType string, v any) (dsse.Envelope, error) {
	e, err := parse(file, payloadType)
	if err != nil {
		return e, err
	}
	if len(e.Signatures) != 1 {
		return e, malformed("%d signatures, want 1", len(e.Signatures))
	}
	if err := dsse.Decode(e.Payload, v); err != nil {
		return e, malformed("%w", err)
	}
	return e, nil
}

func parse(file []byte, payloadType string) (dsse.Envelope, error) {
	if len(file) > MaxFile {
		return dsse.Envelope{}, malformed("%d bytes, at most %d", len(file), MaxFile)
	}
	e, err := dsse.ParseEnvelope(file)
	if err != nil {
		return e, malformed("%w", err)
	}
	if e.PayloadType != payloadType {
		return e, malformed("it is %s, want %s", kindOf(e.PayloadType), kindOf(payloadType))
	}
	return e, nil
}

// kindOf names a payload type for people.
func kindOf(payloadType string) string {
	switch payloadType {
	case CardType:
		return "a card"
	case InviteType:
		return "an invite"
	case identity.StatementType:
		return "a statement (a charter is one)"
	}
	return fmt.Sprintf("%.60q", payloadType)
}

func checkAddresses(list []string) error {
	if len(list) > MaxAddresses {
		return malformed("%d addresses, at most %d", len(list), MaxAddresses)
	}
	for _, a := range list {
		if a == "" || len(a) > MaxAddress || a[0] != '/' || strings.ContainsFunc(a, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return malformed("%+.80q is not an address", a)
		}
	}
	return nil
}
