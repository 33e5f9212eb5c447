package node

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/record"
)

// stale is how long a channel may not have been compared before its open requests are judged as of
// then rather than now.
const stale = 15 * time.Minute

// Ledger implements httpapi.Service.
func (n *Node) Ledger(_ context.Context, q api.LedgerQuery) (*api.Ledger, error) {
	f := ledger.Filter{Drills: q.Drills, Since: q.Since}
	var err error
	if q.Community != "" {
		if f.Community, err = n.findCommunity(q.Community); err != nil {
			return nil, err
		}
	}
	if q.Team != "" {
		if f.Team, err = n.lookUpTeam(q.Team); err != nil {
			return nil, err
		}
	}
	now := n.now()
	f.Horizon = n.horizons(now)
	var teams []ledger.Team
	var rows []ledger.Row
	var own, others ledger.Curve
	n.replica.Ledger(func(l *ledger.Ledger) {
		teams = l.Teams(now, f)
		if !q.Detail {
			return
		}
		rows = l.Rows(now, f)
		if q.Team != "" {
			own, others = l.Curves(now, f)
		}
	})
	out := &api.Ledger{AsOf: now.UTC(), Teams: []api.LedgerTeam{}, Note: "what this node saw; no ranking"}
	for i := range teams {
		t := &teams[i]
		out.Teams = append(out.Teams, api.LedgerTeam{
			Team: n.team(t.Team), Sentence: t.Sentence(), Own: summary(&t.Own), Others: summary(&t.Others), Voluntary: t.Voluntary,
		})
	}
	slices.SortStableFunc(out.Teams, func(a, b api.LedgerTeam) int {
		return cmp.Compare(strings.ToLower(a.Team.Name), strings.ToLower(b.Team.Name))
	})
	if left := len(rows) - api.MaxRows; left > 0 {
		rows, out.OlderRows = rows[left:], left
	}
	for i := range rows {
		out.Rows = append(out.Rows, n.standing(&rows[i]))
	}
	if q.Detail && q.Team != "" {
		out.Curve = &api.LedgerCurves{Own: curve(own), Others: curve(others)}
	}
	return out, nil
}

// horizons returns until when this node is in step with each channel, as the ledger wants to know it.
// What it asks the replica is asked before the ledger holds the replica's lock.
func (n *Node) horizons(now time.Time) func(record.Channel) time.Time {
	last := map[identity.CommunityID]time.Time{}
	r := n.replica.Roster()
	for _, id := range r.Communities() {
		last[id] = n.replica.InStepAt(record.InCommunity(id))
	}
	return func(ch record.Channel) time.Time {
		at, ok := last[ch.Community]
		if ch.Private() || !ok || at.IsZero() || now.Sub(at) < stale {
			return now
		}
		return at
	}
}

func summary(s *ledger.Summary) api.LedgerSummary {
	out := api.LedgerSummary{
		Asked: s.Asked, InTime: s.InTime, Late: s.Late, Open: s.Open, Overdue: s.Overdue, Missed: s.Missed,
		Released: s.Released, Declined: s.Declined, Waiting: s.Waiting, Silent: s.Silent, Unreachable: s.Unreachable,
		Unseen: s.Unseen, Unsent: s.Unsent, Withdrawn: s.Withdrawn, Requesters: s.Requesters, MostByOne: s.MostByOne,
		Sample: s.Sample, Small: s.Small, Reached: s.Reached,
	}
	if s.Reached {
		out.Median = int64(s.Median / time.Second)
	}
	return out
}

func curve(c ledger.Curve) []api.LedgerStep {
	out := make([]api.LedgerStep, 0, len(c.Steps))
	for _, s := range c.Steps {
		out = append(out, api.LedgerStep{
			After: int64(s.At / time.Second), Open: s.Open, Low: s.Low, High: s.High, AtRisk: s.AtRisk,
		})
	}
	return out
}
