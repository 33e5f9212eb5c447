package roster

import (
	"cmp"
	"slices"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Heads returns the statements about a community that no other of them names, ascending, at most
// record.MaxHeads: what the next statement about it says it saw. Under RuleSponsors only what is complete
// can be named, for whoever names another waits for what it waits for. Of too many heads those come first
// that members signed, one of each before a second of any, so that a flood by one hides nobody else's.
func (r *Roster) Heads(id identity.CommunityID) []record.StatementID {
	c := r.communities.get(id)
	if c == nil {
		return nil
	}
	heads := c.unnamed()
	if len(heads) > record.MaxHeads {
		heads = c.fairly(heads)[:record.MaxHeads]
	}
	out := make([]record.StatementID, len(heads))
	for i, x := range heads {
		out[i] = x.ID()
	}
	slices.SortFunc(out, compareIDs)
	return out
}

// HeadsOf returns the heads with which a team's own next statement is judged as a member's: Heads, and
// where there are too many of them its own last words or what admitted it among them.
func (r *Roster) HeadsOf(id identity.CommunityID, t identity.TeamID) []record.StatementID {
	heads := r.Heads(id)
	c, ok := r.Community(id)
	if !ok || c.Charter.Admission.Rule != notice.RuleSponsors || len(heads) < record.MaxHeads {
		return heads
	}
	now := c.keys.canonical(t)
	needed := []record.StatementID{}
	if own := c.lastWord(now); own != nil {
		needed = append(needed, own.ID())
	} else if a := c.apps.get(c.members.get(now)); a != nil {
		for _, b := range a.admits {
			needed = append(needed, c.graph.nodes.at(int(b.node)).ID())
		}
	}
	for _, id := range needed {
		if !slices.Contains(heads, id) && len(needed) < len(heads) {
			heads = append(heads[1:len(heads):len(heads)], id)
		}
	}
	slices.SortFunc(heads, compareIDs)
	return slices.Compact(heads)
}

// lastWord returns the last statement of a team that counts, but for applications, in the order of judging.
func (c *Community) lastWord(now identity.TeamID) (own *node) {
	for i, n := range c.graph.nodes.all() {
		m := c.marks.at(i)
		if m.by == now && m.why == Counts && n.Kind != KindApply && (own == nil || earlier(own, n) < 0) {
			own = n
		}
	}
	return own
}

// LastWord returns a team's last statement about a community that its members rule, if it made any that counts. Who
// names it names all that the team said before, whatever becomes of what others wrote.
func (r *Roster) LastWord(id identity.CommunityID, t identity.TeamID) (record.StatementID, bool) {
	c, ok := r.Community(id)
	if !ok || c.Charter.Admission.Rule != notice.RuleSponsors {
		return record.StatementID{}, false
	}
	if own := c.lastWord(c.keys.canonical(t)); own != nil {
		return own.ID(), true
	}
	return record.StatementID{}, false
}

// unnamed returns what no other statement names.
func (c *Community) unnamed() (out []*said) {
	complete := c.Charter != nil && c.Charter.Admission.Rule == notice.RuleSponsors
	named := map[record.StatementID]struct{}{}
	each := func(yield func(*said)) {
		if complete {
			for _, n := range c.graph.nodes.all() {
				yield(n.said)
			}
			return
		}
		for _, x := range c.graph.all.all() {
			yield(x)
		}
	}
	each(func(x *said) {
		for _, id := range x.Heads {
			named[id] = struct{}{}
		}
		for _, id := range [][]record.StatementID{x.sponsors, {x.application, x.proposal}} {
			for _, id := range id {
				named[id] = struct{}{}
			}
		}
	})
	each(func(x *said) {
		if _, ok := named[x.ID()]; !ok {
			out = append(out, x)
		}
	})
	return out
}

// fairly orders heads by whether a member signed them, then by how many of the same signer go before, the
// one with the longest past first.
func (c *Community) fairly(heads []*said) []*said {
	depth := func(x *said) int32 {
		if n, _, ok := c.graph.at(x.ID()); ok {
			return n.depth
		}
		return 0
	}
	stranger := func(x *said) int {
		if c.Charter != nil && c.Member(x.Signers[0].Team) {
			return 0
		}
		return 1
	}
	slices.SortFunc(heads, func(a, b *said) int {
		return cmp.Or(cmp.Compare(depth(b), depth(a)), compareIDs(a.ID(), b.ID()))
	})
	seen := map[identity.TeamID]int{}
	turn := make(map[*said]int, len(heads))
	for _, x := range heads {
		turn[x] = seen[x.Signers[0].Team]
		seen[x.Signers[0].Team]++
	}
	slices.SortStableFunc(heads, func(a, b *said) int {
		return cmp.Or(cmp.Compare(stranger(a), stranger(b)), cmp.Compare(turn[a], turn[b]))
	})
	return heads
}
