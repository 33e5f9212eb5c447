package mesh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

func (m *Mesh) fetchFrom(ctx context.Context, p peer.ID, r *record.Record, part *Partial) error {
	body := &r.Header().Body
	n := record.Chunks(body.Length)
	if len(part.chunks) != n {
		*part = Partial{chunks: make([][]byte, n)}
	}
	for i := range n {
		if part.chunks[i] != nil {
			continue
		}
		c, err := m.fetchChunk(ctx, p, ask{id: r.ID(), n: i})
		if err != nil {
			return err
		}
		if part.leaves == nil {
			if err := body.CheckLeaves(c.leaves); err != nil {
				return fmt.Errorf("peer gave wrong leaves: %w", err)
			}
			part.leaves = c.leaves
		}
		if record.Leaf(c.bytes) != part.leaves[i] {
			return fmt.Errorf("peer gave a wrong chunk %d", i)
		}
		part.chunks[i] = c.bytes
	}
	return nil
}

func (m *Mesh) fetchChunk(ctx context.Context, p peer.ID, a ask) (c chunk, err error) {
	_, w, err := m.dial(ctx, p, bodyProtocol, bodyTimeout)
	if err != nil {
		return chunk{}, err
	}
	defer func() { w.end(err) }()
	if err = w.send(a.encode()); err != nil {
		return chunk{}, err
	}
	w.idle.Reset(bodyTimeout) // one message, which may be long
	msg, err := readMessage(w.stream, maxBodyMessage)
	if err != nil {
		return chunk{}, err
	}
	if c, err = decodeChunk(msg); err != nil {
		return chunk{}, fmt.Errorf("read chunk: %w", err)
	}
	if !c.found {
		return chunk{}, ErrNoBody
	}
	return c, nil
}

// answerBody gives one chunk, if the peer may read the record's channel.
func (m *Mesh) answerBody(_ context.Context, p peer.ID, w *wire) error {
	msg, err := w.receive(64)
	if err != nil {
		return err
	}
	a, err := decodeAsk(msg)
	if err != nil {
		return err
	}
	w.idle.Reset(bodyTimeout)
	return writeMessage(w.stream, m.chunkFor(p, a).encode())
}

// chunkFor does not say whether the body is not here or not for the peer.
func (m *Mesh) chunkFor(p peer.ID, a ask) chunk {
	s := m.stands(p)
	if s.stranger() {
		return chunk{}
	}
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
	if err != nil || len(b) == 0 {
		return chunk{}
	}
	c := chunk{found: true, bytes: b}
	if a.n == 0 {
		c.leaves = leaves
	}
	return c
}
