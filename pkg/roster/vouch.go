package roster

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Vouching is one team's word that it met another.
type Vouching struct {
	ID  record.StatementID
	By  identity.TeamID // as its root was when it signed
	For identity.TeamID
	// Name, Parent and Met are text from a peer.
	Name, Parent, Met string
	Succeeds          identity.TeamID // the ID under which the signer knew the team before; mostly zero
	Withdrawn         bool
}

// Succession is a team's claim that it goes on under a new root, the old one being lost. It moves nothing.
type Succession struct {
	ID       record.StatementID
	Old, New identity.TeamID
}

// vouches are the vouches and successions that are here.
type vouches struct {
	of         cow[identity.TeamID, list[vouch]] // by whom they are for
	by         cow[identity.TeamID, list[vouch]] // by their signer
	withdrawn  cow[[64]byte, struct{}]           // signer and vouch
	succession cow[identity.TeamID, list[Succession]]
}

type vouch struct {
	Vouching
	signer record.Signer
	made   *record.Statement
}

func (v *vouches) add(e *edit, s *record.Statement) {
	if len(s.Signers) != 1 {
		return
	}
	by := s.Signers[0]
	switch s.Kind {
	case KindVouch:
		says, err := notice.DecodeVouch(s.Says)
		if err != nil || says.Team == by.Team {
			return
		}
		w := vouch{signer: by, made: s, Vouching: Vouching{
			ID: s.ID(), By: by.Team, For: says.Team, Name: says.Name, Parent: says.Parent, Met: says.Met, Succeeds: says.Succeeds,
		}}
		put(e, &v.of, says.Team, w)
		put(e, &v.by, by.Team, w)
	case KindWithdrawVouch:
		if says, err := notice.DecodeWithdrawVouch(s.Says); err == nil {
			v.withdrawn.put(e, pairKey(by.Team, says.Vouch), struct{}{})
		}
	case KindSucceed:
		if says, err := notice.DecodeSucceed(s.Says); err == nil && by == (record.Signer{Team: says.New}) {
			put(e, &v.succession, says.Old, Succession{s.ID(), says.Old, says.New})
			put(e, &v.succession, says.New, Succession{s.ID(), says.Old, says.New})
		}
	}
}

// put appends to the list of k.
func put[K ~[32]byte, V any](e *edit, m *cow[K, list[V]], k K, v V) {
	l := m.get(k)
	l.add(e, v)
	m.put(e, k, l)
}

// Vouches returns the vouches for a team under any of its roots, of each signer the newest, by ID. A vouch
// of a key that was revoked since counts only where the revocation names it among its heads.
func (r *Roster) Vouches(t identity.TeamID) []Vouching {
	newest := map[identity.TeamID]vouch{}
	for _, root := range r.keys.class(t) {
		of := r.vouches.of.get(root)
		for _, v := range of.all() {
			by := r.keys.canonical(v.By)
			if !r.stands(v.signer, v.ID) || by == r.keys.canonical(t) {
				continue
			}
			v.Withdrawn = r.withdrawn(v.By, v.ID)
			if was, ok := newest[by]; !ok || newer(v, was) {
				newest[by] = v
			}
		}
	}
	out := make([]Vouching, 0, len(newest))
	for _, v := range newest {
		out = append(out, v.Vouching)
	}
	slices.SortFunc(out, func(a, b Vouching) int { return compareIDs(a.ID, b.ID) })
	return out
}

// newer prefers a vouch that stands, then the later one, then the one with the least ID.
func newer(a, b vouch) bool {
	if a.Withdrawn != b.Withdrawn {
		return b.Withdrawn
	}
	return later(a.made, b.made)
}

func later(a, b *record.Statement) bool {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c > 0
	}
	return compareIDs(a.ID(), b.ID()) < 0
}

// withdrawn reports whether the signer of a vouch took it back, under that root or one that followed it.
func (r *Roster) withdrawn(by identity.TeamID, id record.StatementID) (yes bool) {
	r.keys.chain(by, func(t identity.TeamID) { yes = yes || r.vouches.withdrawn.has(pairKey(t, id)) })
	return yes
}

// stands reports whether what a key signed about no community still counts: where the key was revoked or its
// root replaced, only if every statement that did so names it.
func (r *Roster) stands(by record.Signer, id record.StatementID) bool {
	for _, s := range r.keys.limits(by) {
		if !slices.Contains(s.Heads, id) {
			return false
		}
	}
	return true
}

// Successions returns the claims that a team goes on from or as another, by ID.
func (r *Roster) Successions(t identity.TeamID) []Succession {
	var out []Succession
	of := r.vouches.succession.get(t)
	for _, s := range of.all() {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Succession) int { return compareIDs(a.ID, b.ID) })
	return out
}
