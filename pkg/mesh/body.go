package mesh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// ErrNoBody is wrapped when no connected member has the body.
var ErrNoBody = errors.New("no connected member gave the body")

// Partial is a body that is being fetched. The zero value is ready. Keep it after an error and the next
// FetchBody goes on where this one stopped. It is not safe for concurrent use.
type Partial struct {
	leaves [][32]byte
	chunks [][]byte // checked; nil where missing

	of    int     // the chunk that is being fetched
	piece []byte  // its beginning, not checked yet
	by    peer.ID // who gave the last of it
	mixed bool    // others gave some of it
}

// Bytes returns how much of the body is here.
func (p *Partial) Bytes() int64 {
	n := int64(len(p.piece))
	for _, c := range p.chunks {
		n += int64(len(c))
	}
	return n
}

// FetchBody fetches a record's detached body by chunks from the connected peers that may have it, each
// chunk checked by its leaf. A peer that fails or lies is left for the next one.
func (m *Mesh) FetchBody(ctx context.Context, r *record.Record, part *Partial) ([]byte, error) {
	h := r.Header()
	if h.Body.Length == 0 {
		return []byte{}, nil
	}
	err := ErrNoBody
	for _, p := range m.holders(r) {
		if err = m.fetchFrom(ctx, p, r, part); err == nil {
			body := bytes.Join(part.chunks, nil)
			*part = Partial{}
			return body, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("fetch body of %s: %w", r.ID(), err)
}

// holders returns the connected peers that may have the record, its author's nodes first.
func (m *Mesh) holders(r *record.Record) []peer.ID {
	m.mu.Lock()
	var first, then []peer.ID
	for p, l := range m.links {
		switch {
		case l.stranger():
		case l.team == r.Team():
			first = append(first, p)
		default:
			then = append(then, p)
		}
	}
	m.rand.Shuffle(len(then), func(i, j int) { then[i], then[j] = then[j], then[i] })
	m.mu.Unlock()
	return slices.DeleteFunc(append(first, then...), func(p peer.ID) bool {
		role := m.partIn(m.stands(p), r.Header().Channel)
		return role != both && role != weWatch
	})
}

// fetchFrom fetches what is missing from one peer, piece by piece over one stream.
func (m *Mesh) fetchFrom(ctx context.Context, p peer.ID, r *record.Record, part *Partial) (err error) {
	_, w, err := m.dial(ctx, p, bodyProtocol)
	if err != nil {
		return err
	}
	defer func() { w.end(err) }()
	body := &r.Header().Body
	n := record.Chunks(body.Length)
	if len(part.chunks) != n {
		*part = Partial{chunks: make([][]byte, n)}
	}
	for i := range n {
		for part.chunks[i] == nil {
			if err = m.fetchPiece(w, r, part, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// fetchPiece fetches the next piece of chunk n, as long as the line carries in portionTime.
func (m *Mesh) fetchPiece(w *wire, r *record.Record, part *Partial, n int) error {
	p, size := w.stream.Conn().RemotePeer(), int(min(record.ChunkSize, r.Header().Body.Length-int64(n)*record.ChunkSize))
	if part.of != n {
		part.of, part.piece, part.mixed = n, nil, false
	}
	a := ask{id: r.ID(), n: n, from: len(part.piece), leaves: part.leaves == nil}
	a.most = min(portionOf(m.lineOf(p).down, record.ChunkSize), size-a.from)
	if err := w.send(a.encode()); err != nil {
		return err
	}
	msg, err := w.receive(maxBodyMessage)
	if err != nil {
		return err
	}
	c, err := decodeChunk(msg)
	switch {
	case err != nil:
		return fmt.Errorf("read chunk: %w", err)
	case !c.found:
		return ErrNoBody
	case len(c.bytes) != a.most:
		return fmt.Errorf("peer gave %d bytes of a chunk, not %d", len(c.bytes), a.most)
	}
	if a.leaves {
		if err := r.Header().Body.CheckLeaves(c.leaves); err != nil {
			return fmt.Errorf("peer gave wrong leaves: %w", err)
		}
		part.leaves = c.leaves
	}
	part.mixed = part.mixed || len(part.piece) > 0 && part.by != p
	part.piece, part.by = append(part.piece, c.bytes...), p
	if len(part.piece) < size {
		return nil
	}
	return part.whole(n)
}

// whole checks a chunk that is here to its end. One of which several peers gave some, and that is wrong, is
// fetched again from the one who is asked now: who lied is not known.
func (p *Partial) whole(n int) error {
	chunk, mixed := p.piece, p.mixed
	p.piece, p.mixed = nil, false
	switch {
	case record.Leaf(chunk) == p.leaves[n]:
		p.chunks[n] = chunk
	case !mixed:
		return fmt.Errorf("peer gave a wrong chunk %d", n)
	}
	return nil
}

// answerBody gives pieces of bodies, each if the peer may read the record's channel.
func (m *Mesh) answerBody(ctx context.Context, p peer.ID, w *wire) error {
	for {
		msg, err := w.receive(64)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		a, err := decodeAsk(msg)
		if err != nil {
			return err
		}
		s := m.stands(p)
		if s.stranger() {
			return errRefused
		}
		// A whole chunk is read for a piece of it, so a small one costs no less than honest ones do.
		if err := m.afford(ctx, w, s.team, max(a.most, portionLeast)); err != nil {
			return err
		}
		if err := w.send(m.chunkFor(s, a).encode()); err != nil {
			return err
		}
	}
}

// chunkFor does not say whether the body is not here or not for the peer.
func (m *Mesh) chunkFor(s standing, a ask) chunk {
	frame, err := m.opt.Copy.FrameFor(a.id, s.team, policy.Sync)
	if err != nil {
		return chunk{}
	}
	l, err := peek(frame)
	if err != nil {
		return chunk{}
	}
	if role := m.partIn(s, l.channel); role != both && role != theyWatch {
		return chunk{}
	}
	leaves, b, err := m.opt.Copy.ChunkFor(a.id, a.n, s.team)
	if err != nil || len(b) <= a.from {
		return chunk{}
	}
	c := chunk{found: true, bytes: b[a.from:min(len(b), a.from+a.most)]}
	if a.leaves {
		c.leaves = leaves
	}
	return c
}
