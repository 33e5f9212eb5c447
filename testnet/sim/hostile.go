package sim

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// What a hostile team does with its own key and with what it has seen. It sends to whom it likes by
// gossip; what becomes of it there is for the door.

// Whisper sends raw bytes to a team, as gossip, faster than any honest message goes.
func (t *Team) Whisper(to *Team, frame []byte) {
	t.w.note("%s whispers %d bytes to %s", t.Name, len(frame), to.Name)
	t.w.carry(time.Millisecond, t, to, func() { to.hear(t, frame) })
}

// Forge signs, with t's own key, a reply that says it is another team's: the header carries the
// victim's delegation.
func (t *Team) Forge(victim *Team, ch record.Channel, reply *notice.Reply) ([]byte, error) {
	body, err := notice.Encode(reply)
	if err != nil {
		return nil, err
	}
	r, err := record.Sign(victim.key, t.header(victim, ch, reply.Kind()), body)
	if err != nil {
		return nil, err
	}
	t.w.forged(r)
	// The victim's signature is what t does not have: its own takes the place.
	genuine, own := r.Signature(), t.key.Sign(record.PayloadType, r.Payload())
	return bytes.Replace(r.Frame(), genuine[:], own[:], 1), nil
}

// Equivocate signs two alerts for one place of one lane.
func (t *Team) Equivocate(ch record.Channel, a, b *notice.Alert) (frames [2][]byte, err error) {
	h := t.header(t, ch, notice.KindAlert)
	for i, n := range []*notice.Alert{a, b} {
		body, err := notice.Encode(n)
		if err != nil {
			return frames, err
		}
		r, err := record.Sign(t.key, h, body)
		if err != nil {
			return frames, err
		}
		t.w.forged(r)
		frames[i] = r.Frame()
	}
	return frames, nil
}

// Backdate signs a reply that claims to be older than it is.
func (t *Team) Backdate(ch record.Channel, reply *notice.Reply, by time.Duration) ([]byte, error) {
	body, err := notice.Encode(reply)
	if err != nil {
		return nil, err
	}
	h := t.header(t, ch, reply.Kind())
	h.Created = h.Created.Add(-by)
	r, err := record.Sign(t.key, h, body)
	if err != nil {
		return nil, err
	}
	t.w.forged(r)
	return r.Frame(), nil
}

// header is that of the first record of a run that nobody else uses.
func (t *Team) header(speaker *Team, ch record.Channel, kind string) record.Header {
	h := record.Header{
		Kind: kind, Channel: ch, Class: record.Routine, Delegation: speaker.opt.Delegation,
		Seq: 1, Created: t.now(), Body: record.Body{MediaType: notice.MediaType},
	}
	_, _ = t.w.src.Read(h.Run[:]) // never fails
	return h
}

// forged notes a record that honest software did not make, and names it.
func (w *World) forged(r *record.Record) {
	w.oracle.forged[r.ID()] = true
	w.label(r)
}

// Spoil returns a frame with one bit of its signature turned.
func Spoil(frame []byte) ([]byte, error) {
	r, err := (&record.Verifier{}).Open(frame)
	if err != nil {
		return nil, fmt.Errorf("spoil frame: %w", err)
	}
	sig := r.Signature()
	at := bytes.Index(frame, sig[:])
	bad := bytes.Clone(frame)
	bad[at] ^= 1
	return bad, nil
}

// Frames returns all that a team keeps, oldest first, as a thief of its disk would have it.
func (t *Team) Frames() [][]byte {
	list, err := t.rep.List(replica.Query{})
	if err != nil {
		return nil
	}
	var out [][]byte
	for _, e := range slices.Backward(list) {
		if f, err := t.rep.Frame(e.Record.ID()); err == nil {
			out = append(out, f)
		}
	}
	return out
}
