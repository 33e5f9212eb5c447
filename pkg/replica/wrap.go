package replica

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
	"tocsin/pkg/seal"
)

// Bounds of what is asked, and of what comes unasked.
const (
	// maxAsks is how many keys one call hands out: each costs an encapsulation and a signature.
	maxAsks = 256
	// maxIdleKeys is how many keys of a channel are kept that open no record here: members that are cut off
	// from each other mint one each when the membership changes, and no more.
	maxIdleKeys = 256
	// maxBadWraps is how many wrong keys of one team are kept as evidence.
	maxBadWraps = 64
)

// KeyAsk asks for a key of a channel.
type KeyAsk struct {
	Channel record.Channel
	Key     seal.KeyID
}

// NewKeys returns the keys that this node made since the last call: to be pushed to the members that are
// connected. Nothing is lost with one that is not: its readers ask.
func (r *Replica) NewKeys() []KeyAsk {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.minted
	r.minted = nil
	return out
}

// WrapsFor returns those of the keys asked for that a node may have and that are here, each as the frame
// of a statement by this node. sealing is the node's public sealing key. What the node may not have is
// left out silently: that it is held here is nobody's business either.
func (r *Replica) WrapsFor(now time.Time, to *identity.Delegation, sealing []byte, asks []KeyAsk) [][]byte {
	if identity.SealingDigest(sealing) != to.Sealing {
		return nil
	}
	r.mu.RLock()
	stands := slices.ContainsFunc(r.nodes(r.canonical(to.Team), now), func(d *identity.Delegation) bool {
		return d.Node == to.Node && d.Sealing == to.Sealing
	})
	var may []KeyAsk
	for _, a := range asks[:min(len(asks), maxAsks)] {
		if stands && r.entitled(to.Team, a) {
			may = append(may, a)
		}
	}
	r.mu.RUnlock()
	frames := make([][]byte, len(may))
	r.opt.Parallel(len(may), func(i int) { frames[i] = r.wrap(now, to, sealing, may[i]) })
	return slices.DeleteFunc(frames, func(f []byte) bool { return f == nil })
}

// entitled reports whether a team may have a key. In a community it must be a member now, and the key one
// of a view in which it was, unless the charter opens the past to new members. In a private channel it
// must be one of the two. The caller holds the lock.
func (r *Replica) entitled(t identity.TeamID, a KeyAsk) bool {
	t = r.canonical(t)
	held, ok := r.keys.get(keyRef{a.Channel.Tag(), a.Key})
	if !ok {
		return false
	}
	if a.Channel.Private() {
		return r.inPair(a.Channel, t) && r.inPair(a.Channel, r.self)
	}
	c, known := r.roster.Community(a.Channel.Community)
	if !known || !c.Member(t) || !c.Member(r.canonical(r.self)) {
		return false
	}
	if c.Charter.History != notice.HistoryAdmission || held.minter == t {
		return true
	}
	members, _ := r.keys.members(held.view)
	return slices.ContainsFunc(members, func(m identity.TeamID) bool { return r.canonical(m) == t })
}

// wrap returns the frame that hands a key over, or nil where this node cannot sign it.
func (r *Replica) wrap(now time.Time, to *identity.Delegation, sealing []byte, a KeyAsk) []byte {
	tag := a.Channel.Tag()
	held, _ := r.keys.get(keyRef{tag, a.Key})
	if held.from != (giver{}) {
		held.view = [32]byte{} // a word that this node cannot vouch for is not passed on in its name
	}
	w, err := seal.Wrap(held.key, notice.Wrap{
		Channel: tag, Key: dsse.Hash(a.Key), To: to.Node, Minter: held.minter, View: held.view,
	}, sealing)
	if err != nil {
		return nil
	}
	says, err := notice.Encode(w)
	if err != nil {
		return nil
	}
	s, err := r.signed(record.Draft{Kind: roster.KindWrap, Created: now, Says: says})
	if err != nil {
		return nil
	}
	return s.Frame()
}

// signed signs a statement as this node.
func (r *Replica) signed(d record.Draft) (*record.Statement, error) {
	d.Signers = []record.Signer{{Team: r.self, Delegation: r.opt.Delegation}}
	payload, err := record.DraftStatement(d)
	if err != nil {
		return nil, err
	}
	return r.verifier.AssembleStatement(payload, []dsse.Signature{r.opt.Key.Sign(identity.StatementType, payload)})
}

// TakeWraps takes the keys that a team hands over, and opens what waited for them. It returns how many
// keys are here that were not before; they are on stable storage. A wrap that does not open here, or holds another key
// than it says, is kept as evidence against the team that signed it, and the key stays wanted: ask another member,
// see BadGivers.
func (r *Replica) TakeWraps(now time.Time, from identity.TeamID, frames [][]byte) (taken int) {
	for _, frame := range frames[:min(len(frames), maxAsks)] {
		s, err := r.verifier.OpenStatement(frame)
		if err != nil || s.Kind != roster.KindWrap || len(s.Signers) != 1 {
			continue
		}
		w, err := notice.DecodeWrap(s.Says)
		if err != nil || w.To != r.Node() {
			continue
		}
		key, err := seal.Unwrap(r.opt.Key, w)
		r.mu.Lock()
		if ch, ok := r.mayGive(giverOf(s), from, w); ok {
			if r.takeWrap(now, ch, &given{s, w, key, err}) {
				taken++
			}
		}
		r.mu.Unlock()
	}
	return taken
}

// given is a wrap that was opened, or was not.
type given struct {
	statement *record.Statement
	wrap      *notice.Wrap
	key       seal.Key
	err       error
}

func giverOf(s *record.Statement) giver {
	g := giver{team: s.Signers[0].Team}
	if d := s.Signers[0].Delegation; d != nil {
		g.node = d.Node
	}
	return g
}

// mayGive returns the channel of a wrap, if whoever signed it brought it and belongs to the channel, as we
// do. The caller holds the lock.
func (r *Replica) mayGive(g giver, from identity.TeamID, w *notice.Wrap) (*record.Channel, bool) {
	signer := r.canonical(g.team)
	ch := r.channels()[w.Channel]
	if ch == nil || signer != r.canonical(from) || r.takenBack(g) {
		return nil, false
	}
	if ch.Private() {
		return ch, r.inPair(*ch, signer) && r.inPair(*ch, r.self)
	}
	return ch, r.roster.Member(ch.Community, signer) && r.roster.Member(ch.Community, r.canonical(r.self))
}

// takeWrap reports whether the ring has a key more. The caller holds the lock.
func (r *Replica) takeWrap(now time.Time, ch *record.Channel, g *given) bool {
	ref := keyRef{g.wrap.Channel, seal.KeyID(g.wrap.Key)}
	if _, ok := r.keys.get(ref); ok {
		return false
	}
	if g.err != nil {
		if errors.Is(g.err, seal.ErrMismatch) || errors.Is(g.err, seal.ErrWrap) {
			r.keepBadWrap(ref, g.statement)
		}
		return false
	}
	waiting := r.waiting[ref]
	if len(waiting) == 0 && r.idleKeys(ref.tag) >= maxIdleKeys {
		return false
	}
	h := heldKey{key: g.key, view: g.wrap.View, minter: g.wrap.Minter, from: giverOf(g.statement), seen: now}
	if len(waiting) > 0 {
		h.used = now
	}
	for id := range waiting {
		h.drop = max(h.drop, r.index.slots[id].drop)
	}
	var members []identity.TeamID
	if !ch.Private() && h.view == r.roster.View(ch.Community) {
		members, h.from = r.roster.Members(ch.Community), giver{}
	}
	if err := r.holdKey(ref, h, members); err != nil {
		return false
	}
	// What cannot be read now, for want of a working store, is read at the next start.
	_ = r.openWaiting(ref)
	return true
}

func (r *Replica) idleKeys(tag [32]byte) (n int) {
	r.keys.of(tag, func(_ seal.KeyID, h heldKey) {
		if h.used.IsZero() {
			n++
		}
	})
	return n
}

// keepBadWrap keeps the proof that a team handed out a wrong key. The caller holds the lock.
func (r *Replica) keepBadWrap(ref keyRef, s *record.Statement) {
	team := r.canonical(s.Signers[0].Team)
	kept := 0
	for _, teams := range r.badWraps {
		if _, ok := teams[team]; ok {
			kept++
		}
	}
	if _, ok := r.badWraps[ref][team]; ok || kept >= maxBadWraps {
		return
	}
	if err := r.opt.Store.Apply([]Op{{Key: idKey(spaceBadWrap, s.ID()), Value: s.Frame()}}); err != nil {
		return // without the proof nothing is said of the team
	}
	r.noteBadWrap(ref, team)
}

func (r *Replica) noteBadWrap(ref keyRef, team identity.TeamID) {
	if r.badWraps[ref] == nil {
		r.badWraps[ref] = map[identity.TeamID]struct{}{}
	}
	r.badWraps[ref][team] = struct{}{}
}

func (r *Replica) loadBadWraps() error {
	err := r.opt.Store.Scan([]byte{spaceBadWrap}, false, func(_, frame []byte) error {
		s, err := r.verifier.ReopenStatement(frame)
		if err != nil {
			return err
		}
		w, err := notice.DecodeWrap(s.Says)
		if err != nil {
			return err
		}
		r.noteBadWrap(keyRef{w.Channel, seal.KeyID(w.Key)}, r.canonical(s.Signers[0].Team))
		return nil
	})
	if err != nil {
		return fmt.Errorf("read wrong keys: %w", err)
	}
	return nil
}

// BadGivers returns the teams that handed out another key in place of this one, ascending. Ask others.
func (r *Replica) BadGivers(a KeyAsk) []identity.TeamID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.badGivers(keyRef{a.Channel.Tag(), a.Key})
}

func (r *Replica) badGivers(ref keyRef) (out []identity.TeamID) {
	for t := range r.badWraps[ref] {
		out = append(out, t)
	}
	slices.SortFunc(out, compareIDs)
	return out
}
