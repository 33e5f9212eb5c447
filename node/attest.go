package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"time"

	"tocsin/node/config"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Turns keep a community from attesting one application as often as it has members: each witness waits
// for those before it, as a hash ranks them.
const (
	leastTurn = time.Second
	mostTurn  = 10 * time.Minute
	turnShare = 64 // of the window
)

// window returns when the window of an application has run by this node's clock: the charter's time after
// this node had the application and as many sponsorings as are needed, by members of different parent
// organisations. Zero if they are not here.
func (n *Node) window(c *roster.Community, a *roster.Application) time.Time {
	return n.windowOf(c, a, n.sponsorsOf(c, a))
}

// windowOf is window where it rests on some of the sponsorings, the first of them in the order in which they
// came here.
func (n *Node) windowOf(c *roster.Community, a *roster.Application, sponsorings []record.StatementID) time.Time {
	rule := c.Charter.Admission
	if rule.Rule != notice.RuleSponsors || rule.Sponsors < 1 || len(sponsorings) < rule.Sponsors {
		return time.Time{}
	}
	ends, _ := n.replica.WindowEnds(c.ID, a.ID, sponsorings[:rule.Sponsors]) // zero while one of them is not here
	return ends
}

// turn returns how long this team waits after the window before it attests by itself: the first witnesses in
// the order of a hash not at all, the next as many a turn longer, and so on. Others that are away only cost
// time; what they attest is then no business of ours.
func turn(c *roster.Community, a *roster.Application, self identity.TeamID) time.Duration {
	rank := func(t identity.TeamID) [32]byte { return sha256.Sum256(append(bytes.Clone(a.ID[:]), t[:]...)) }
	own, before := rank(self), 0
	for _, t := range c.Members() {
		if of := rank(t); !sponsors(a, t) && bytes.Compare(of[:], own[:]) < 0 {
			before++
		}
	}
	rule := c.Charter.Admission
	each := min(max(rule.Duration()/turnShare, leastTurn), mostTurn)
	return time.Duration(before/max(1, rule.Witnesses)) * each
}

func sponsors(a *roster.Application, t identity.TeamID) bool {
	return slices.ContainsFunc(a.Sponsors, func(v roster.Voice) bool { return v.Team == t })
}

// attestDue attests what this node may attest now, where the operator leaves that to it, and returns when
// it should look again at the latest; zero if nothing runs.
func (n *Node) attestDue(ctx context.Context) (next time.Time) {
	if n.opt.Config.Community.Attest != config.AttestAuto {
		return time.Time{}
	}
	now, r := n.now(), n.replica.Roster()
	for _, id := range r.Communities() {
		c, ok := r.Community(id)
		if !ok || c.Charter.Admission.Rule != notice.RuleSponsors || !c.Member(n.replica.Self()) {
			continue
		}
		for _, a := range c.Applications() {
			due := n.attestAt(c, &a)
			switch {
			case due.IsZero():
			case due.After(now):
				next = soonest(next, due)
			default:
				if _, err := n.attest(c, &a); err != nil {
					n.log.WarnContext(ctx, "could not attest an application", slog.String("application", a.ID.String()), slog.Any("err", err))
					next = soonest(next, now.Add(tendEvery))
					continue
				}
				n.log.InfoContext(ctx, "attested an application", slog.String("application", a.ID.String()), slog.String("team", a.Team.String()))
			}
		}
	}
	return next
}

// soonest returns the earlier of two times, where zero is none.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// attestAt returns when this node should attest an application by itself, or zero if it may not.
func (n *Node) attestAt(c *roster.Community, a *roster.Application) time.Time {
	self := n.replica.Self()
	if a.State != roster.Open {
		return time.Time{}
	}
	if _, err := c.Attest(a.ID, self); err != nil {
		return time.Time{}
	}
	until := n.windowOf(c, a, n.nameable(c, a))
	if until.IsZero() {
		return until
	}
	return until.Add(turn(c, a, self))
}

// attest signs that the window ran unopposed. The caller has seen that it did, and that this team may. It names
// the sponsorings that came first: with those the window began.
func (n *Node) attest(c *roster.Community, a *roster.Application) (*record.Statement, error) {
	named := n.nameable(c, a)
	k := c.Charter.Admission.Sponsors
	if len(named) < k {
		return nil, roster.ErrSponsors
	}
	return n.state(roster.KindAdmit, &notice.Admit{Community: c.ID, Application: a.ID, Sponsors: named[:k]})
}

// state signs a statement as this node, and tells everybody who should know. It is durable when it
// returns nil.
func (n *Node) state(kind string, says notice.Content) (*record.Statement, error) {
	b, err := notice.Encode(says)
	if err != nil {
		return nil, err
	}
	s, err := n.replica.SignStatement(n.now(), kind, b)
	if err != nil {
		return nil, err
	}
	n.net.Refresh()
	n.tellMembers()
	rouse(n.members)
	return s, nil
}

// heard returns when this node first held a statement; zero if it does not.
func (n *Node) heard(id record.StatementID) time.Time {
	at, _ := n.replica.StatementHeard(id)
	return at
}
