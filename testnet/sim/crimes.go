package sim

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// Lift signs a record of the team's own around the sealed body of another, with the key that it names.
func (t *Team) Lift(id record.ID) ([]byte, error) {
	e, err := t.rep.Entry(id)
	if err != nil {
		return nil, err
	}
	from := e.Record.Header()
	h := t.header(t, from.Channel, from.Kind)
	h.Body = record.Body{MediaType: from.Body.MediaType, KeyID: bytes.Clone(from.Body.KeyID)}
	r, err := record.SignSealed(t.key, h, from.Body.Length, func([]byte) ([]byte, error) { return e.Record.Body(), nil })
	if err != nil {
		return nil, err
	}
	t.w.forged(r)
	return r.Frame(), nil
}

// Strip signs, as the team's own and in clear, what it read under a stricter marking.
func (t *Team) Strip(id record.ID) ([]byte, error) {
	e, err := t.rep.Entry(id)
	if err != nil {
		return nil, err
	}
	a, ok := e.Notice.(*notice.Alert)
	if !ok {
		return nil, fmt.Errorf("%s is no alert that %s can read", t.w.labels[id], t.Name)
	}
	b := *a
	b.Marking = clearTLP()
	for _, s := range b.Texts {
		if rest, secret := bytes.CutPrefix([]byte(s.Summary), []byte(canary)); secret {
			t.w.spilled[number(rest)] = true // from now on it is no secret any more
		}
	}
	return t.utter(t, e.Record.Header().Channel, &b, t.now())
}

func clearTLP() notice.Marking { return notice.Marking{TLP: notice.TLPClear} }

// utter signs a notice in a run of its own, with the delegation and the key of a team's node, at a time of
// one's choice.
func (t *Team) utter(as *Team, ch record.Channel, n notice.Notice, at time.Time) ([]byte, error) {
	return t.w.utter(&Stolen{as.key, as.opt.Delegation}, ch, n, at)
}

func (w *World) utter(as *Stolen, ch record.Channel, n notice.Notice, at time.Time) ([]byte, error) {
	body, err := notice.Encode(n)
	if err != nil {
		return nil, err
	}
	h := record.Header{
		Kind: n.Kind(), Channel: ch, Class: record.Routine, Delegation: as.delegation,
		Seq: 1, Created: at, Body: record.Body{MediaType: notice.MediaType},
	}
	_, _ = w.src.Read(h.Run[:]) // never fails
	r, err := record.Sign(as.key, h, body)
	if err != nil {
		return nil, err
	}
	w.forged(r)
	return r.Frame(), nil
}

// Flood makes teams out of nothing, each with a root of its own, and lets t sponsor the application of each.
// The statements are handed to t's own machine, which tells them on.
func (t *Team) Flood(community string, count int) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	charter := record.StatementID(c)
	var frames [][]byte
	for i := range count {
		root, err := identity.NewRootKey(t.w.src)
		if err != nil {
			return err
		}
		key, err := identity.NewNodeKey(t.w.src)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("shell %d", i+1)
		d, err := root.Delegate(key, name, t.w.now.Add(-time.Hour), t.w.now.AddDate(1, 0, 0))
		if err != nil {
			return err
		}
		says, err := notice.Encode(&notice.Apply{Community: c, Name: name})
		if err != nil {
			return err
		}
		a, err := assemble(record.Draft{
			Kind: roster.KindApply, Created: t.now(), Says: says, Heads: []record.StatementID{charter},
			Signers: []record.Signer{{Team: root.Team(), Delegation: d}},
		}, key)
		if err != nil {
			return err
		}
		if says, err = notice.Encode(&notice.Sponsor{Community: c, Application: a.ID()}); err != nil {
			return err
		}
		s, err := t.signAlone(roster.KindSponsor, says, t.rep.Roster().Heads(c)...)
		if err != nil {
			return err
		}
		frames = append(frames, a.Frame(), s.Frame())
	}
	t.w.tell("%s sponsors %d teams that nobody has heard of", t.Name, count)
	t.handed(frames...)
	t.announceSoon()
	return nil
}

// Scatter whispers all statements that a team has about a community to another, one by one, each many times
// and in an order of its own, over whatever the network is.
func (t *Team) Scatter(community string, to *Team, times int) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	ids := t.w.about(t, c)
	var frames [][]byte
	for range times {
		for _, id := range ids {
			s, _ := t.rep.Roster().Statement(id)
			frames = append(frames, s.Frame())
		}
	}
	t.w.rnd.Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
	t.w.tell("%s scatters %d statements to %s, each %d times", t.Name, len(ids), to.Name, times)
	for _, f := range frames {
		t.w.datagram(t, to, func() { to.hearStatement(t, f) })
	}
	return nil
}

// hearStatement takes one statement that came alone.
func (t *Team) hearStatement(from *Team, frame []byte) {
	for _, o := range t.rep.AddStatements(t.now(), [][]byte{frame}) {
		if t.dying {
			return
		}
		t.w.note("%s hears statement %x alone from %s: %s", t.Name, o.ID[:4], from.Name, o.Reason)
	}
	t.tend()
}

// Demand asks a team for every key of a community that there is, whether anybody may have it or not.
func (t *Team) Demand(community string, from *Team) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	var asks []replica.KeyAsk
	for id := range t.w.oracle.keys.epochs {
		asks = append(asks, replica.KeyAsk{Channel: record.InCommunity(c), Key: id})
	}
	slices.SortFunc(asks, func(a, b replica.KeyAsk) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	before := t.held()
	t.exchange(from, asks, nil)
	t.w.after(time.Minute, func() {
		t.w.tell("%s asked %s for %d keys of %s and has %d more", t.Name, from.Name, len(asks), community, t.held()-before)
	})
	return nil
}

// held counts the keys on a team's disk.
func (t *Team) held() (n int) {
	_ = t.store.Scan([]byte{'k'}, true, func([]byte, []byte) error {
		n++
		return nil
	})
	return n
}

// Entice brings another team the charter of a community that it never joined, and a founder's word that it
// is a member there.
func (t *Team) Entice(community string, victim *Team) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	says, err := notice.Encode(&notice.Member{Community: c, Team: victim.ID, Name: victim.Name})
	if err != nil {
		return err
	}
	m, err := t.signAlone(roster.KindMember, says, record.StatementID(c))
	if err != nil {
		return err
	}
	charter, _ := t.rep.Roster().Statement(record.StatementID(c))
	frames := [][]byte{charter.Frame(), m.Frame()}
	t.w.stream(t, victim, func() {
		for _, o := range victim.rep.AddStatements(victim.now(), frames) {
			t.w.tell("%s is told of %s by %s: %s", victim.Name, community, t.Name, o.Reason)
		}
	})
	return nil
}
