package sim

import (
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// epoch is what the oracle knows of a key that seals bodies in a community.
type epoch struct {
	minter  *Team
	members []*Team        // as the minter saw the membership
	holders map[*Team]bool // who made it or was handed it
}

// keyLaw knows who may have which key, from what was seen being made, written and handed over.
type keyLaw struct {
	epochs  map[[32]byte]*epoch
	readers map[record.ID][]*Team // members of the community, as the author of a sealed record saw it
}

func newKeyLaw() keyLaw {
	return keyLaw{epochs: map[[32]byte]*epoch{}, readers: map[record.ID][]*Team{}}
}

func (w *World) teamsOf(ids []identity.TeamID) (out []*Team) {
	for _, id := range ids {
		if t := w.ids[id]; t != nil {
			out = append(out, t)
		}
	}
	return out
}

// minted is told of keys that a team made.
func (o *oracle) minted(t *Team, made []replica.KeyAsk) {
	for _, k := range made {
		o.epoch(t, k.Channel, k.Key)
	}
}

func (o *oracle) epoch(t *Team, ch record.Channel, key [32]byte) *epoch {
	e := o.keys.epochs[key]
	if e == nil {
		e = &epoch{minter: t, members: t.w.teamsOf(t.rep.Roster().Members(ch.Community)), holders: map[*Team]bool{t: true}}
		o.keys.epochs[key] = e
	}
	return e
}

// sealed is told of a record that a team wrote. Nobody of whose removal its author knows may hold the key.
func (o *oracle) sealed(t *Team, r *record.Record) {
	h := r.Header()
	if len(h.Body.KeyID) != 32 || h.Channel.Private() {
		return
	}
	c, ok := t.rep.Roster().Community(h.Channel.Community)
	if !ok {
		return
	}
	e := o.epoch(t, h.Channel, [32]byte(h.Body.KeyID))
	o.keys.readers[r.ID()] = t.w.teamsOf(c.Members())
	if t.Hostile {
		return
	}
	for _, x := range t.w.teams {
		if e.holders[x] && !c.Member(x.ID) && (c.Removed(x.ID) || c.Left(x.ID)) {
			o.broken("%s seals %s with a key that %s holds, of whose removal it knows", t.Name, t.w.label(r), x.Name)
		}
	}
}

// handed is told that a team hands a key over, and asks whether it may.
func (o *oracle) handed(from, to *Team, w *notice.Wrap) {
	now := from.rep.Roster()
	for _, name := range from.w.regions {
		id := from.w.communities[name]
		if record.InCommunity(id).Tag() != [32]byte(w.Channel) {
			continue
		}
		e := o.epoch(from, record.InCommunity(id), [32]byte(w.Key))
		c, ok := now.Community(id)
		if !from.Hostile && (!ok || !c.Member(to.ID)) {
			o.broken("%s hands a key of %s to %s, which it does not hold for a member", from.Name, name, to.Name)
		}
		if ok && !from.Hostile && c.Charter.History == notice.HistoryAdmission && e.minter != to && !slices.Contains(e.members, to) {
			o.broken("%s hands a key of %s to %s, which was no member when it was made", from.Name, name, to.Name)
		}
		e.holders[to] = true
		return
	}
	for _, other := range from.w.teams { // a private channel of the two
		if ch, err := record.Between(from.ID, other.ID); err == nil && ch.Tag() == [32]byte(w.Channel) && other != to {
			o.broken("%s hands a key of its channel with %s to %s", from.Name, other.Name, to.Name)
		}
	}
}

// checkKeys looks on a team's disk for keys that nobody gave it.
func (w *World) checkKeys(t *Team) {
	if t.Hostile {
		return
	}
	o := &w.oracle
	err := t.store.Scan([]byte{'k'}, true, func(key, _ []byte) error {
		if len(key) != 65 {
			return nil
		}
		if e := o.keys.epochs[[32]byte(key[33:])]; e != nil && !e.holders[t] {
			o.broken("%s holds a key that %s made and nobody who may handed over", t.Name, e.minter.Name)
		}
		return nil
	})
	if err != nil {
		o.broken("%s cannot list its keys: %w", t.Name, err)
	}
}

// checkSecrets holds what a team shows of a sealed record to what it may read.
func (w *World) checkSecrets(t *Team, e *replica.Entry) {
	w.unsecret(t, e.Unread)
	for _, m := range e.Marks {
		w.unsecret(t, m.Detail)
	}
	h := e.Record.Header()
	if len(h.Body.KeyID) != 32 || e.Notice == nil || h.Channel.Private() {
		return
	}
	x := w.oracle.keys.epochs[[32]byte(h.Body.KeyID)]
	if x != nil && !x.holders[t] && !t.Hostile {
		w.oracle.broken("%s reads %s, whose key nobody handed it", t.Name, w.label(e.Record))
	}
}

// checkReadable asks that the members of a community can read what is sealed for them, as far as any
// honest one that is up may hand them the key.
func (w *World) checkReadable(community string) {
	members := w.members(community)
	for _, t := range members {
		list, err := t.rep.List(replica.Query{Channel: record.InCommunity(w.communities[community])})
		if err != nil {
			w.oracle.broken("%s cannot list its records: %w", t.Name, err)
			return
		}
		for i := range list {
			w.checkReads(t, &list[i], members)
		}
	}
}

func (w *World) checkReads(t *Team, e *replica.Entry, members []*Team) {
	h := e.Record.Header()
	author := w.ids[e.Record.Team()]
	if len(h.Body.KeyID) != 32 || e.Notice != nil || erased(e) || author == nil || w.oracle.forged[e.Record.ID()] {
		return
	}
	c, ok := t.rep.Roster().Community(h.Channel.Community)
	if !ok {
		return
	}
	x := w.oracle.keys.epochs[[32]byte(h.Body.KeyID)]
	giver := slices.ContainsFunc(members, func(m *Team) bool {
		if m == t || m.Hostile || !w.reach(m, t) {
			return false
		}
		if c.Charter.History == notice.HistoryAdmission && x != nil && x.minter != m {
			return false // it need not know who was a member then
		}
		other, err := m.rep.Entry(e.Record.ID())
		return err == nil && other.Notice != nil
	})
	entitled := c.Charter.History != notice.HistoryAdmission || slices.Contains(w.oracle.keys.readers[e.Record.ID()], t)
	if giver && entitled {
		w.oracle.broken("%s cannot read %s, and could have its key: %s", t.Name, w.label(e.Record), e.Unread)
	}
}

func erased(e *replica.Entry) bool {
	return slices.ContainsFunc(e.Marks, func(m replica.Mark) bool { return m.Word == replica.MarkErased })
}
