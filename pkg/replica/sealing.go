package replica

import (
	"fmt"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/seal"
)

// plan is how the next body in a channel is sealed.
type plan struct {
	id  seal.KeyID
	key seal.Key
	to  []seal.Recipient // of a body that carries its key; none: its readers hold the key
}

// mustSeal reports whether what a notice says may not be read on the way.
func mustSeal(n notice.Notice) bool {
	m := n.MarkingOf()
	return m != nil && m.TLP != notice.TLPClear
}

// planFor chooses the key of the next sealed body in a channel. In a community a key is minted only here:
// when something is about to be written and no key for the membership as it is seen now is held. A minted
// key is on stable storage before anything is sealed with it; a crash in between leaves a key that the
// next record takes.
func (r *Replica) planFor(now time.Time, ch record.Channel) (*plan, error) {
	if ch.Private() {
		return r.addressedPlan(now, ch)
	}
	view, tag := r.roster.View(ch.Community), ch.Tag()
	var held []seal.Minted
	r.keys.of(tag, func(id seal.KeyID, h heldKey) {
		if h.view == view && h.from == (giver{}) && r.roster.Member(ch.Community, h.minter) {
			held = append(held, seal.Minted{ID: id, View: h.view, Minter: h.minter})
		}
	})
	first, ok := seal.Choose(view, held)
	if !ok {
		return r.mint(now, ch, view)
	}
	h, _ := r.keys.get(keyRef{tag, first.ID})
	return &plan{id: first.ID, key: h.key}, nil
}

func (r *Replica) mint(now time.Time, ch record.Channel, view [32]byte) (*plan, error) {
	key, err := seal.NewKey(r.opt.Rand)
	if err != nil {
		return nil, err
	}
	p := &plan{id: key.ID(ch.Tag()), key: key}
	h := heldKey{key: key, view: view, minter: r.self, seen: now}
	if err := r.holdKey(keyRef{ch.Tag(), p.id}, h, r.roster.Members(ch.Community)); err != nil {
		return nil, storeRefusal(err)
	}
	r.minted = append(r.minted, KeyAsk{ch, p.id})
	return p, nil
}

// holdKey takes a key into the ring, on stable storage first. members are those of its view, nil where
// they are not known.
func (r *Replica) holdKey(ref keyRef, h heldKey, members []identity.TeamID) error {
	ops := []Op{h.op(ref)}
	if _, ok := r.keys.members(h.view); !ok && members != nil {
		ops = append(ops, membersOp(h.view, members))
	}
	if err := r.opt.Store.Apply(ops); err != nil {
		return fmt.Errorf("store key: %w", err)
	}
	if len(ops) > 1 {
		r.keys.setMembers(h.view, members)
	}
	r.keys.put(ref, h)
	return nil
}

// learnViews looks at the keys whose views are the membership as it is seen now: a key may come before the
// statements that led to its view. It notes who the members are, and whether the word on the view holds. What
// a write fails to note is noted another time, or the key is handed on by others.
func (r *Replica) learnViews(touched map[identity.CommunityID]struct{}) {
	for id := range touched {
		view, tag := r.roster.View(id), record.InCommunity(id).Tag()
		of := map[seal.KeyID]heldKey{}
		r.keys.of(tag, func(key seal.KeyID, h heldKey) {
			if h.view == view {
				of[key] = h
			}
		})
		if len(of) == 0 {
			continue
		}
		for key, h := range of {
			r.confirm(keyRef{tag, key}, h, id)
		}
		if _, known := r.keys.members(view); known {
			continue
		}
		members := r.roster.Members(id)
		if r.opt.Store.Apply([]Op{membersOp(view, members)}) == nil {
			r.keys.setMembers(view, members)
		}
	}
}

// confirm believes the word on the view of a key, now that this node sees that membership, if its giver is
// part of it. Who is not could tell beforehand what the membership without it would be, and hand round a key
// for that: such a key opens what it opens, and is for no view.
func (r *Replica) confirm(ref keyRef, h heldKey, in identity.CommunityID) {
	if h.from == (giver{}) {
		return
	}
	if !r.roster.Member(in, h.from.team) || r.takenBack(h.from) {
		h.view = [32]byte{}
	}
	h.from = giver{}
	if r.opt.Store.Apply([]Op{h.op(ref)}) == nil {
		r.keys.believe(ref, h)
	}
}

func (r *Replica) takenBack(g giver) bool {
	return r.roster.Frozen(g.team, g.node) || r.roster.Revoked(g.team, g.node)
}

// addressedPlan seals to every node of the two teams that is in force now and whose sealing key is here.
// Our own other nodes read what this one writes; those whose keys are not here ask for it later.
func (r *Replica) addressedPlan(now time.Time, ch record.Channel) (*plan, error) {
	other := r.other(ch)
	theirs := r.recipients(now, other)
	if len(theirs) == 0 {
		return nil, &Refusal{
			Reason: policy.Unavailable, Detail: "no sealing key of a node of team " + other.String() + " is here",
			Hint: "it comes when one of the two nodes reaches the other, or a member that has it; try again then",
		}
	}
	ours := r.recipients(now, r.canonical(r.self))
	if other == r.canonical(r.self) {
		ours = nil
	}
	const most = seal.MaxRecipients / 2
	to := append(theirs[:min(len(theirs), most)], ours[:min(len(ours), most)]...)
	key, err := seal.NewKey(r.opt.Rand)
	if err != nil {
		return nil, err
	}
	return &plan{id: key.ID(ch.Tag()), key: key, to: to}, nil
}

// recipients returns the nodes of a team that a body can be sealed to, this one first.
func (r *Replica) recipients(now time.Time, t identity.TeamID) (out []seal.Recipient) {
	if r.isSelf(t) {
		out = append(out, seal.Recipient{Node: r.Node(), Sealing: r.publicKey()})
	}
	for _, d := range r.nodes(t, now) {
		if d.Node == r.Node() {
			continue
		}
		if key, ok := r.SealingKey(d.Sealing); ok {
			out = append(out, seal.Recipient{Node: d.Node, Sealing: key})
		}
	}
	return out
}

// length is that of a sealed body.
func (p *plan) length(plain int) int64 {
	if len(p.to) > 0 {
		return int64(seal.AddressedSize(len(p.to), plain))
	}
	return int64(seal.Overhead + plain)
}

// signSealed makes the record of a body that only those in the plan can read.
func (r *Replica) signSealed(now time.Time, h record.Header, p *plan, body []byte) (*record.Record, error) {
	h.Body.KeyID = p.id[:]
	c := seal.Context{Channel: h.Channel.Tag(), Key: p.id}
	rec, err := record.SignSealed(r.opt.Key, h, p.length(len(body)), func(binding []byte) ([]byte, error) {
		c.Binding = binding
		if len(p.to) > 0 {
			return seal.SealTo(r.opt.Rand, seal.Fresh{Key: p.key, To: p.to}, c, body)
		}
		return seal.Seal(r.opt.Rand, p.key, c, body)
	})
	if err == nil && len(p.to) > 0 {
		// It goes to stable storage with the record.
		r.keys.put(refOf(rec), heldKey{key: p.key, minter: r.self, seen: now})
	}
	return rec, err
}
