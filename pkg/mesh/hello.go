package mesh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// A hello is five messages, begun by the one who dialled (D), answered by the other (A):
//
//	D greeting  who I am, my sealing key, a digest of my statements, and sums of them by shelves
//	A greeting  who I am, whether the digests are equal, else the IDs of my statements on shelves that differ
//	D gift      statements that A lacks, and the IDs of mine on those shelves
//	A gift      statements that D lacks, addresses of fellow members
//	D gift      statements that D may give now, addresses
//
// Each end takes in what it got before it computes what to give: a stranger whose gift makes it a
// member gets what members get in the same hello.

var errNotItself = errors.New("the peer showed a delegation that does not name its transport key, or not the sealing key beside it")

func (m *Mesh) greet(p peer.ID) (greeting, []record.StatementID) {
	ids := m.opt.Copy.Statements()
	return greeting{
		delegation: record.DelegationStatement(m.opt.Delegation).Frame(),
		sealing:    m.opt.Key.Sealing().PublicKey().Bytes(),
		address:    m.ownAddress(),
		digest:     digestIDs(ids),
		peers:      true,
		process:    m.process,
		company:    m.companyOf(p),
		ahead:      m.aheadOf(p),
	}, ids
}

// aheadOf is how far ahead records of a fellow are that are kept outside for it, in seconds.
func (m *Mesh) aheadOf(p peer.ID) uint32 {
	s := m.stands(p)
	if m.opt.AheadOf == nil || !s.fellow() {
		return 0
	}
	return uint32(min(max(0, m.opt.AheadOf(s.team).Seconds()), math.MaxUint32))
}

// Greet says hello to the nodes of a team that are connected, soon.
func (m *Mesh) Greet(team identity.TeamID) {
	due := time.Now().Add(helloSettle)
	team = m.opt.Roster().Canonical(team)
	m.mu.Lock()
	for p, l := range m.links {
		if l.fellow() && l.team == team {
			soonest(m.hellos, p, due)
		}
	}
	m.mu.Unlock()
	m.rouse()
}

func digestIDs(ids []record.StatementID) [32]byte {
	h := sha256.New()
	for i := range ids {
		h.Write(ids[i][:])
	}
	return [32]byte(h.Sum(nil))
}

func compareIDs(a, b record.StatementID) int { return bytes.Compare(a[:], b[:]) }

// findings are what a hello led to.
type findings struct {
	team identity.TeamID
	who  process
	news int  // statements that were new here
	left bool // some did not fit, this way or the other, or were not compared; another hello takes them
	none bool // and of what was compared nothing was to be moved
}

// hello begins one.
func (m *Mesh) hello(ctx context.Context, p peer.ID) (found findings, err error) {
	ctx, w, err := m.dial(ctx, p, helloProtocol)
	if err != nil {
		return found, err
	}
	defer func() { w.end(err) }()
	return m.helloOver(ctx, p, w)
}

// helloOver is hello on a stream that is open.
func (m *Mesh) helloOver(ctx context.Context, p peer.ID, w *wire) (found findings, err error) {
	w.budget = maxHello + maxHello/2 // two messages of theirs, of which one has the window
	mine, ids := m.greet(p)
	mine.salt = m.newSalt()
	mine.sums = sumsOf(ids, mine.salt)
	if err = w.send(mine.encode()); err != nil {
		return found, err
	}
	theirs, team, err := m.receiveGreeting(p, w)
	if err != nil {
		return found, err
	}
	found.team, found.who = team, theirs.process
	first := gift{}
	if !theirs.same {
		first.frames, first.more = m.presents(p, lacking(ids, theirs.have, mine.salt), team)
		first.have = m.windowOf(p, ids, mine.salt, theirs.have.shelves)
	}
	if err = w.send(first.encode()); err != nil {
		return found, err
	}
	got, err := receiveGift(w)
	if err != nil {
		return found, err
	}
	if found.news, err = m.takeIn(ctx, w, team, append([][]byte{theirs.delegation}, got.frames...)); err != nil {
		return found, err
	}
	m.keepAddresses(ctx, append(got.addresses, theirs.address))
	second := gift{addresses: m.addressesFor(ctx, p, theirs.peers)}
	if !theirs.same {
		second.frames, second.more = m.presents(p, without(lacking(ids, theirs.have, mine.salt), first.frames), team)
		found.left = first.more && len(second.frames) > 0 || second.more || got.more || theirs.have.partial || first.have.partial
		found.none = found.news+len(first.frames)+len(second.frames) == 0
	}
	err = w.send(second.encode())
	return found, err
}

// answerHello answers one.
func (m *Mesh) answerHello(ctx context.Context, p peer.ID, w *wire) error {
	m.met(ctx, p) // it may speak before Run has heard of the connection
	defer m.linger(p)
	if !m.helloAllowed(p) {
		return errors.New("peer says hello too often, or there are too many strangers")
	}
	w.budget = 2 * maxHello // three messages of theirs, of which one has the window
	theirs, team, err := m.receiveGreeting(p, w)
	if err != nil {
		if errors.Is(err, errNotItself) {
			_ = m.host.Network().ClosePeer(p)
		}
		return err
	}
	mine, ids := m.greet(p)
	if mine.same = mine.digest == theirs.digest; !mine.same {
		mine.have = m.windowOf(p, ids, theirs.salt, differing(sumsOf(ids, theirs.salt), theirs.sums))
	}
	if err := m.sendAfforded(ctx, p, w, mine.encode()); err != nil {
		return err
	}
	got, err := receiveGift(w)
	if err != nil {
		return err
	}
	news, err := m.takeIn(ctx, w, team, append([][]byte{theirs.delegation}, got.frames...))
	if err != nil {
		return err
	}
	m.keepAddresses(ctx, [][]byte{theirs.address})
	back := gift{addresses: m.addressesFor(ctx, p, theirs.peers)}
	if !mine.same {
		back.frames, back.more = m.presents(p, lacking(m.opt.Copy.Statements(), got.have, theirs.salt), team)
	}
	if err := m.sendAfforded(ctx, p, w, back.encode()); err != nil {
		return err
	}
	last, err := receiveGift(w)
	if err != nil {
		return err
	}
	more, err := m.takeIn(ctx, w, team, append([][]byte{theirs.delegation}, last.frames...))
	if err != nil {
		return err
	}
	m.keepAddresses(ctx, last.addresses)
	m.greeted(ctx, p, findings{team: team, news: news + more}, false)
	return nil
}

// receiveGreeting checks that the peer is whom its delegation names.
func (m *Mesh) receiveGreeting(p peer.ID, w *wire) (greeting, identity.TeamID, error) {
	msg, err := w.receive(maxHello)
	if err != nil {
		return greeting{}, identity.TeamID{}, err
	}
	g, err := decodeGreeting(msg)
	if err != nil {
		return greeting{}, identity.TeamID{}, fmt.Errorf("read greeting: %w", err)
	}
	s, err := m.verifier.OpenStatement(g.delegation)
	if err != nil {
		return greeting{}, identity.TeamID{}, fmt.Errorf("read delegation: %w", err)
	}
	digest, ok := digestOf(p)
	if !ok || s.Delegation == nil || s.Delegation.Transport != digest || s.Delegation.Sealing != identity.SealingDigest(g.sealing) {
		return greeting{}, identity.TeamID{}, errNotItself
	}
	m.showed(p, s.Delegation, g.sealing)
	m.heard(p, w.stream.Conn(), g.process)
	if g.ahead > 0 && m.stands(p).fellow() && m.opt.Events.OnAhead != nil {
		m.opt.Events.OnAhead(s.Delegation.Team, time.Duration(g.ahead)*time.Second)
	}
	if g.company != Alone && m.stands(p).fellow() && m.opt.Events.OnTwin != nil {
		m.opt.Events.OnTwin(s.Delegation.Team, g.company)
	}
	return g, s.Delegation.Team, nil
}

func receiveGift(w *wire) (gift, error) {
	msg, err := w.receive(maxHello)
	if err != nil {
		return gift{}, err
	}
	g, err := decodeGift(msg)
	if err != nil {
		return gift{}, fmt.Errorf("read gift: %w", err)
	}
	return g, nil
}

// presents returns the frames of statements that the team may have, as many as the line carries in portionTime
// and one hello may, and whether some are left over for the next.
func (m *Mesh) presents(p peer.ID, ids []record.StatementID, to identity.TeamID) (frames [][]byte, more bool) {
	if len(ids) == 0 {
		return nil, false
	}
	most := max(portionOf(m.lineOf(p).up, helloBudget), helloLeast)
	frames = m.opt.Copy.StatementFrames(ids, to)
	size := 0
	for i, f := range frames {
		if size += len(f) + 4; size > most || i == maxHelloFrames {
			return frames[:i], true
		}
	}
	return frames, false
}

func (m *Mesh) newSalt() (s salt) {
	m.mu.Lock()
	defer m.mu.Unlock()
	binary.BigEndian.PutUint64(s[:], m.rand.Uint64())
	return s
}

// without returns the IDs less those of the frames.
func without(ids []record.StatementID, sent [][]byte) []record.StatementID {
	gone := make(map[record.StatementID]bool, len(sent))
	for _, f := range sent {
		if id, ok := statementID(f); ok {
			gone[id] = true
		}
	}
	return slices.DeleteFunc(ids, func(id record.StatementID) bool { return gone[id] })
}

// statementID returns the ID that the statement in a frame of our own has.
func statementID(frame []byte) (record.StatementID, bool) {
	payload, ok := payloadOf(frame)
	return sha256.Sum256(payload), ok
}

// takeIn offers statements to the door, the peer's delegation first: what follows may rest on it. As
// long as some are taken they are all offered again: the first may rest on the last.
func (m *Mesh) takeIn(ctx context.Context, w *wire, from identity.TeamID, frames [][]byte) (news int, err error) {
	defer w.pause()()
	for range takeInPasses {
		n, err := m.opt.Door.AddStatements(ctx, from, frames)
		news += n
		if err != nil {
			return news, fmt.Errorf("take in statements: %w", err)
		}
		if n == 0 || news >= len(frames) {
			break
		}
	}
	return news, nil
}
