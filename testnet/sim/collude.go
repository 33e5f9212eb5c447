package sim

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Collude has two members say many things that refer to each other, and whispers them to others, one by one: to the first
// as they were made, to the next backwards, and so on.
func (t *Team) Collude(community string, with *Team, count int, to []*Team) error {
	c, ok := t.w.communities[community]
	if !ok {
		return fmt.Errorf("there is no community %s", community)
	}
	heads := t.rep.Roster().Heads(c)
	var frames [][]byte
	for i := range count {
		by := []*Team{t, with}[i%2]
		says, err := notice.Encode(&notice.Apply{Community: c, Name: fmt.Sprint("filler ", i+1)})
		if err != nil {
			return err
		}
		s, err := assemble(record.Draft{
			Kind: roster.KindApply, Created: t.now(), Says: says, Heads: heads,
			Signers: []record.Signer{{Team: by.ID, Delegation: by.opt.Delegation}},
		}, by.key)
		if err != nil {
			return err
		}
		heads = []record.StatementID{s.ID()}
		frames = append(frames, s.Frame())
	}
	t.w.tell("%s and %s say %d things that refer to each other", t.Name, with.Name, count)
	for _, v := range to {
		for i, f := range frames {
			t.w.after(time.Duration(i)*time.Second, func() { v.hearStatement(t, f) })
		}
		frames = slices.Clone(frames)
		slices.Reverse(frames)
	}
	return nil
}

// Stays tells how many statements about a community a team keeps, and what they weigh, and whether another keeps the same.
func (w *World) Stays(community string, t, other *Team) ([]string, error) {
	c, ok := w.communities[community]
	if !ok {
		return nil, fmt.Errorf("there is no community %s", community)
	}
	kept := func(t *Team) (ids []record.StatementID, weight int64) {
		now := t.rep.Roster()
		for _, id := range now.Statements() {
			s, _ := now.Statement(id)
			if about, ok := roster.CommunityOf(s); ok && about == c {
				ids, weight = append(ids, id), weight+roster.Weight(s)
			}
		}
		return ids, weight
	}
	ids, weight := kept(t)
	there, _ := kept(other)
	same := "the same"
	if !slices.Equal(ids, there) {
		same = "others"
	}
	return []string{fmt.Sprintf("%s keeps %d statements of %d kB about %s, %s %s", t.Name, len(ids), weight>>10, community, other.Name, same)}, nil
}
