package notice

import (
	"errors"
	"fmt"

	"tocsin/pkg/dsse"
)

// Notice is the body of a record of one of the kinds above: *Alert, *Request, *Receipt, *Reply,
// *Close, *Withdraw or *Erase.
type Notice interface {
	Content
	// Kind is the record kind under which the notice travels.
	Kind() Kind
	// MarkingOf returns the marking inside the notice; nil for a receipt and an erasure, which say
	// nothing that is not in the headers they refer to.
	MarkingOf() *Marking
}

// Content is what Encode writes: a Notice, or what a statement says (*Charter, *Apply, *Revoke and so on).
type Content interface {
	// Normalise gives the value its one form.
	Normalise()
	// Validate returns FieldErrors with everything that must be put right before sending, or nil.
	Validate() error
	check(f *findings)
}

// ErrUnreadable says that bytes are not a notice that this release can read: broken, beyond a limit,
// without a member its kind requires, or with a TLP label it does not know. The record stays what it
// is; only its content cannot be shown.
var ErrUnreadable = errors.New("unreadable notice")

// ErrUnknownKind says that a record kind is not one of a notice. Such a record is kept and passed on.
var ErrUnknownKind = errors.New("unknown kind of notice")

// Encode normalises v, validates it and returns its canonical JSON (RFC 8785). Errors are
// FieldErrors, or say that the whole is too large.
func Encode(v Content) ([]byte, error) {
	v.Normalise()
	if err := v.Validate(); err != nil {
		return nil, err
	}
	body, err := dsse.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("encode notice: %w", err)
	}
	if err := bounded(body); err != nil {
		return nil, fmt.Errorf("encode notice: %w", err)
	}
	return body, nil
}

// Decode reads the body of a record of the given kind. Members that this release does not know are
// passed over, words that it does not know are kept (see docs/spec/notice.md, "Reading a newer
// notice"). Errors wrap ErrUnreadable or ErrUnknownKind. To learn what is odd about a peer's notice
// that is readable, call Validate on it.
func Decode(kind Kind, body []byte) (Notice, error) {
	n, err := blank(kind)
	if err != nil {
		return nil, err
	}
	if err := decode(body, n); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return n, nil
}

func blank(kind Kind) (Notice, error) {
	switch kind {
	case KindAlert:
		return &Alert{}, nil
	case KindRequest:
		return &Request{}, nil
	case KindReceipt:
		return &Receipt{}, nil
	case KindReply:
		return &Reply{}, nil
	case KindClose:
		return &Close{}, nil
	case KindWithdraw:
		return &Withdraw{}, nil
	case KindErase:
		return &Erase{}, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknownKind, quote(kind))
}

func decode(body []byte, v Content) error {
	if err := bounded(body); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if err := dsse.Decode(body, v); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	v.Normalise()
	f := findings{}
	v.check(&f)
	if err := f.err(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return nil
}

// bounded checks MaxBody and MaxMarks before anything allocates in proportion to the input.
func bounded(body []byte) error {
	if len(body) > MaxBody {
		return fmt.Errorf("body has %d bytes, at most %d are allowed", len(body), MaxBody)
	}
	marks, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++
		case '{', '[', ',':
			if quoted {
				continue
			}
			if marks++; marks > MaxMarks {
				return fmt.Errorf("body has more than %d values", MaxMarks)
			}
		}
	}
	return nil
}

func validate(v Content) error {
	f := findings{strict: true}
	v.check(&f)
	return f.err()
}

// Kind returns KindAlert.
func (*Alert) Kind() Kind { return KindAlert }

// Kind returns KindRequest.
func (*Request) Kind() Kind { return KindRequest }

// Kind returns KindReceipt.
func (*Receipt) Kind() Kind { return KindReceipt }

// Kind returns KindReply.
func (*Reply) Kind() Kind { return KindReply }

// Kind returns KindClose.
func (*Close) Kind() Kind { return KindClose }

// Kind returns KindWithdraw.
func (*Withdraw) Kind() Kind { return KindWithdraw }

// MarkingOf returns the alert's marking.
func (a *Alert) MarkingOf() *Marking { return &a.Marking }

// MarkingOf returns the request's marking.
func (r *Request) MarkingOf() *Marking { return &r.Marking }

// MarkingOf returns nil: a receipt has no content to protect.
func (*Receipt) MarkingOf() *Marking { return nil }

// MarkingOf returns the reply's marking.
func (r *Reply) MarkingOf() *Marking { return &r.Marking }

// MarkingOf returns the marking of the close.
func (c *Close) MarkingOf() *Marking { return &c.Marking }

// MarkingOf returns the marking of the withdrawal.
func (w *Withdraw) MarkingOf() *Marking { return &w.Marking }

// Validate returns what must be put right before sending; see Content.
func (a *Alert) Validate() error { return validate(a) }

// Validate returns what must be put right before sending; see Content.
func (r *Request) Validate() error { return validate(r) }

// Validate returns what must be put right before sending; see Content.
func (r *Receipt) Validate() error { return validate(r) }

// Validate returns what must be put right before sending; see Content.
func (r *Reply) Validate() error { return validate(r) }

// Validate returns what must be put right before sending; see Content.
func (c *Close) Validate() error { return validate(c) }

// Validate returns what must be put right before sending; see Content.
func (w *Withdraw) Validate() error { return validate(w) }

// Kind returns KindErase.
func (*Erase) Kind() Kind { return KindErase }

// MarkingOf returns nil: an erasure names a header.
func (*Erase) MarkingOf() *Marking { return nil }

// Validate returns what must be put right before sending; see Content.
func (e *Erase) Validate() error { return validate(e) }
