package replica

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// What a team may say about communities at once, and in a day, in the weight of statements. The pace delays and
// never decides: what comes faster is taken when it is offered again.
const (
	paceBurst = 4 << 20
	paceDay   = 4 << 20
)

// pace is how fast teams say things here, by this node's own clock. It is forgotten at a restart.
type pace struct {
	teams map[identity.TeamID]spent
}

// spent is the weight that a team used at a time, less what time gave back.
type spent struct {
	weight int64
	at     time.Time
}

func (p *pace) of(t identity.TeamID, now time.Time) spent {
	s := p.teams[t]
	if since := now.Sub(s.at); since > 0 {
		s.weight -= min(s.weight, int64(min(since, 24*time.Hour).Seconds()*paceDay/86_400))
		s.at = now
	}
	return s
}

// may reports whether a team can say another thing now. It may go beyond by one, with all that this rests on.
func (p *pace) may(t identity.TeamID, now time.Time) bool { return p.of(t, now).weight < paceBurst }

func (p *pace) spend(t identity.TeamID, now time.Time, weight int64) {
	s := p.of(t, now)
	s.weight += weight
	p.teams[t] = s
}

// charge counts what was kept: to its author, where that is a member, of now or before, and else to one that rests
// on it, for nobody else brought it in.
func (v *sieve) charge(kept []*record.Statement) {
	above := map[record.StatementID][]*record.Statement{}
	for _, s := range kept {
		for _, ref := range roster.Refers(s) {
			above[ref] = append(above[ref], s)
		}
	}
	paid := map[record.StatementID]identity.TeamID{}
	var payer func(c *roster.Community, s *record.Statement) identity.TeamID
	payer = func(c *roster.Community, s *record.Statement) identity.TeamID {
		if len(s.Signers) == 1 && v.signedByMember(c, s) {
			return v.r.canonical(s.Signers[0].Team)
		}
		t, known := paid[s.ID()]
		for i := 0; !known && i < len(above[s.ID()]); i++ {
			t = payer(c, above[s.ID()][i])
			known = t != identity.TeamID{}
		}
		paid[s.ID()] = t
		return t
	}
	for _, s := range kept {
		id, about := roster.CommunityOf(s)
		if c, known := v.next.Community(id); about && known && s.Kind != roster.KindCharter {
			v.r.pace.spend(payer(c, s), v.now, roster.Weight(s))
		}
	}
}
