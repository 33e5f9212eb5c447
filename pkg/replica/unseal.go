package replica

import (
	"errors"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// opening is a frame that was opened, with what its body says. The zero opening is a frame that was not.
type opening struct {
	record *record.Record
	notice notice.Notice // nil where unread says why
	unread string
	closed bool     // its body waits for a key
	key    *heldKey // that came with the body, and is not in the ring
}

func (o *opening) code() code {
	c := codeOf(o.record, o.notice)
	if o.closed {
		c |= codeClosed
	}
	return c
}

func refOf(rec *record.Record) keyRef {
	h := rec.Header()
	return keyRef{h.Channel.Tag(), seal.KeyID(h.Body.KeyID)}
}

func sealed(rec *record.Record) bool { return len(rec.Header().Body.KeyID) > 0 }

// openingOf opens the body as a notice. It says why where it cannot; a record stays what it is. It needs
// no lock.
func (r *Replica) openingOf(rec *record.Record) opening {
	o := opening{record: rec}
	h := rec.Header()
	switch {
	case len(h.Crit) > 0:
		o.unread = "it asks for something that this release does not know: " + h.Crit[0]
		return o
	case !rec.HasBody() && rec.Inline():
		o.unread = "its body was removed"
		return o
	case !rec.HasBody():
		o.unread = "its body is not here yet"
		o.closed = sealed(rec) && !h.Channel.Private() && !r.holds(rec)
		return o
	case sealed(rec):
		r.unseal(&o)
		return o
	}
	n, err := notice.Decode(h.Kind, rec.Body())
	if o.unread = unreadable(rec, err); o.unread == "" {
		o.notice = n
	} else if err != nil && !errors.Is(err, notice.ErrUnknownKind) {
		o.unread = err.Error() // it was in clear for everybody
	}
	return o
}

// unreadable says why a body is not a notice, in words that hold nothing of it.
func unreadable(rec *record.Record, err error) string {
	switch {
	case errors.Is(err, notice.ErrUnknownKind):
		return "this release does not know the kind " + rec.Header().Kind
	case err != nil:
		return "what it holds is not a notice of the kind " + rec.Header().Kind
	case rec.Header().Body.MediaType != notice.MediaType:
		return "its body is not a notice but " + rec.Header().Body.MediaType
	}
	return ""
}

func (r *Replica) holds(rec *record.Record) bool {
	_, ok := r.keys.get(refOf(rec))
	return ok
}

// unseal opens a sealed body with a key of the ring, or with the one that it carries for this node.
// Nothing of what it held gets into the reason, which may be shown where the notice may not.
func (r *Replica) unseal(o *opening) {
	plain, err := r.plain(o)
	switch {
	case errors.Is(err, errNoKey):
		o.closed, o.unread = true, "its key is not here yet"
		return
	case err != nil:
		o.unread = "its body does not open: " + reasonUnopened(err)
		return
	}
	n, err := notice.Decode(o.record.Header().Kind, plain)
	if o.unread = unreadable(o.record, err); o.unread == "" {
		o.notice = n
	}
}

// errNoKey says that a sealed body may open once somebody hands over its key.
var errNoKey = errors.New("the key is not here")

func (r *Replica) plain(o *opening) ([]byte, error) {
	rec := o.record
	if len(rec.Header().Body.KeyID) != len(seal.KeyID{}) {
		return nil, seal.ErrForm
	}
	c, err := seal.Of(rec)
	if err != nil {
		return nil, err
	}
	form, err := seal.FormOf(rec.Body())
	if err != nil {
		return nil, err
	}
	if held, ok := r.keys.get(refOf(rec)); ok {
		return seal.Open(held.key, c, epochPart(form, rec.Body()))
	}
	if form == seal.Epoch {
		return nil, errNoKey
	}
	plain, key, err := r.openTo(c, rec.Body())
	if errors.Is(err, seal.ErrRecipient) || errors.Is(err, seal.ErrWrap) {
		return nil, errNoKey // another node that it was sealed to can hand the key on
	}
	if err == nil {
		o.key = &heldKey{key: key, minter: rec.Team()}
	}
	return plain, err
}

// openTo opens an addressed body with this node's key, or one that it had before.
func (r *Replica) openTo(c seal.Context, body []byte) ([]byte, seal.Key, error) {
	plain, key, err := seal.OpenTo(r.opt.Key, c, body)
	for _, before := range r.opt.Retired {
		if !errors.Is(err, seal.ErrRecipient) {
			break
		}
		plain, key, err = seal.OpenTo(before, c, body)
	}
	return plain, key, err
}

// epochPart returns what the key itself opens of a body.
func epochPart(form seal.Form, body []byte) []byte {
	if form != seal.Addressed || len(body) < 2 {
		return body
	}
	at := seal.AddressedSize(int(body[1]), 0) - seal.Overhead
	return body[min(at, len(body)):]
}

func reasonUnopened(err error) string {
	for _, known := range []error{seal.ErrForm, seal.ErrCommitment, seal.ErrBinding, seal.ErrMismatch} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "it is not sealed as this release knows it"
}
