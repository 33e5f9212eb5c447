package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// maxRotations bounds how many root keys in a row are followed. A team that needs more is a loop.
const maxRotations = 64

// maxEnds bounds how many revocations of one key, or rotations of one root, say which statements of it count:
// those with the least IDs. Where records end all of them say.
const maxEnds = 8

// least returns a copy of all with s among them, ascending by ID and not more than maxEnds.
func least(all []*record.Statement, s *record.Statement) []*record.Statement {
	out := append(slices.Clone(all), s)
	slices.SortFunc(out, func(a, b *record.Statement) int { return compareIDs(a.ID(), b.ID()) })
	return out[:min(len(out), maxEnds)]
}

// keys are the revocations and rotations that are here. Revocations are those of the team that signed them:
// what a root says of another root's node key concerns nobody.
type keys struct {
	revocations cow[[64]byte, *revocation]
	rotations   cow[identity.TeamID, *rotation]
	formers     cow[identity.TeamID, []identity.TeamID] // old roots of a new one, followed or not
	owner       *edit
}

// revocation joins what a team said of one node key.
type revocation struct {
	frozen bool
	sharp  []*record.Statement
	tails  map[cutLane]tail // of the lanes that all sharp ones name
}

type cutLane struct {
	channel [32]byte
	run     record.Run
}

// rotation joins what the rotations of one old root say.
type rotation struct {
	to       identity.TeamID
	disputed bool // they name different new roots
	all      []*record.Statement
	nodes    map[identity.NodeID]map[cutLane]tail
}

func pairKey(a, b [32]byte) (k [64]byte) {
	copy(k[:32], a[:])
	copy(k[32:], b[:])
	return k
}

func cutTails(cuts []notice.Cut) map[cutLane]tail {
	out := make(map[cutLane]tail, len(cuts))
	for _, c := range cuts {
		out[cutLane{c.Channel, record.Run(c.Run)}] = tail{seq: c.Seq, id: c.ID, by: 1}
	}
	return out
}

// common joins the lanes that both name.
func common(a, b map[cutLane]tail) map[cutLane]tail {
	out := map[cutLane]tail{}
	for lane, t := range a {
		if other, ok := b[lane]; ok {
			out[lane] = strictest(t, other)
		}
	}
	return out
}

// add takes a revocation or a rotation, and returns the teams that it turns.
func (k *keys) add(e *edit, s *record.Statement) []identity.TeamID {
	if s.Kind == KindRotate {
		return k.addRotation(e, s)
	}
	says, err := notice.DecodeRevoke(s.Says)
	if err != nil || len(s.Signers) != 1 || s.Signers[0].Delegation != nil {
		return nil
	}
	team := s.Signers[0].Team
	key, next := pairKey(team, says.Node), revocation{}
	if before := k.revocations.get(key); before != nil {
		next = *before
	}
	if says.Frozen {
		next.frozen = true
		k.revocations.put(e, key, &next)
		return nil
	}
	if len(next.sharp) == 0 {
		next.tails = cutTails(says.Heads)
	} else {
		next.tails = common(next.tails, cutTails(says.Heads))
	}
	next.sharp = least(next.sharp, s)
	k.revocations.put(e, key, &next)
	return []identity.TeamID{team}
}

func (k *keys) addRotation(e *edit, s *record.Statement) []identity.TeamID {
	says, err := notice.DecodeRotate(s.Says)
	if err != nil || len(s.Signers) != 2 || s.Signers[0] != (record.Signer{Team: says.Old}) || s.Signers[1] != (record.Signer{Team: says.New}) {
		return nil
	}
	next := rotation{to: says.New, nodes: map[identity.NodeID]map[cutLane]tail{}}
	if before := k.rotations.get(says.Old); before != nil {
		next.disputed, next.all = before.disputed || before.to != says.New, before.all
		if compareIDs(before.to, next.to) < 0 {
			next.to = before.to
		}
		for _, n := range says.Nodes {
			if was, ok := before.nodes[n.Node]; ok {
				next.nodes[n.Node] = common(was, cutTails(n.Heads))
			}
		}
	} else {
		for _, n := range says.Nodes {
			next.nodes[n.Node] = cutTails(n.Heads)
		}
	}
	next.all = least(next.all, s)
	k.rotations.put(e, says.Old, &next)
	if formers := k.formers.get(says.New); !slices.Contains(formers, says.Old) {
		formers = append(slices.Clone(formers), says.Old)
		slices.SortFunc(formers, compareIDs)
		k.formers.put(e, says.New, formers)
	}
	return []identity.TeamID{says.Old, says.New}
}

// canonical returns the newest root of a team: t itself where it was not rotated, where that is disputed,
// or where the rotations run in a circle.
func (k *keys) canonical(t identity.TeamID) identity.TeamID {
	if k.rotations.len() == 0 {
		return t
	}
	at := t
	for range maxRotations {
		next := k.rotations.get(at)
		if next == nil || next.disputed {
			return at
		}
		at = next.to
	}
	return t
}

// chain calls yield for t and the roots that followed it.
func (k *keys) chain(t identity.TeamID, yield func(identity.TeamID)) {
	end := k.canonical(t)
	for yield(t); t != end; yield(t) {
		t = k.rotations.get(t).to
	}
}

// class returns a team's roots, the newest first.
func (k *keys) class(t identity.TeamID) []identity.TeamID {
	out := []identity.TeamID{k.canonical(t)}
	for i := 0; i < len(out); i++ {
		for _, old := range k.formers.get(out[i]) {
			if k.canonical(old) == out[0] && !slices.Contains(out, old) {
				out = append(out, old)
			}
		}
	}
	return out
}

// limits returns the statements that say up to where a signer's own statements count; none where all do.
func (k *keys) limits(s record.Signer) (out []*record.Statement) {
	if k.revocations.len() == 0 && k.rotations.len() == 0 {
		return nil
	}
	k.chain(s.Team, func(t identity.TeamID) {
		if r := k.rotations.get(t); r != nil && t != k.canonical(t) {
			out = append(out, r.all...)
		}
		if s.Delegation == nil {
			return
		}
		if r := k.revocations.get(pairKey(t, s.Delegation.Node)); r != nil {
			out = append(out, r.sharp...)
		}
	})
	return out
}

// holds reports whether a record is not beyond what a revocation or a rotation names.
func (k *keys) holds(team identity.TeamID, lane record.Lane, seq uint64, id record.ID) bool {
	if k.revocations.len() == 0 && k.rotations.len() == 0 {
		return true
	}
	at, ok := cutLane{lane.Channel.Tag(), lane.Run}, true
	within := func(lanes map[cutLane]tail) {
		t, named := lanes[at]
		ok = ok && named && t.holds(seq, id)
	}
	k.chain(team, func(t identity.TeamID) {
		// A rotation bounds what was signed under the root that it replaces, and that alone: what is older is
		// bounded by the one before, and its nodes need not be known any more.
		if r := k.rotations.get(t); r != nil && t == team && t != k.canonical(t) {
			within(r.nodes[lane.Node])
		}
		if r := k.revocations.get(pairKey(t, lane.Node)); r != nil && len(r.sharp) > 0 {
			within(r.tails)
		}
	})
	return ok
}

// revoked says what the team's roots, from t on, say of a node key.
func (k *keys) revoked(t identity.TeamID, n identity.NodeID) (frozen, sharp bool) {
	k.chain(t, func(t identity.TeamID) {
		if r := k.revocations.get(pairKey(t, n)); r != nil {
			frozen, sharp = frozen || r.frozen, sharp || len(r.sharp) > 0
		}
	})
	return frozen && !sharp, sharp
}
