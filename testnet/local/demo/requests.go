package main

import (
	"context"
	"fmt"
	"time"

	"tocsin/pkg/api"
)

// replyBy is how long the teams have for an answer, in a demo: long enough for four commands on a slow
// machine, short enough to be waited for.
const replyBy = 6 * time.Second

// request asks the five others for help; what they make of it differs.
func (s *stage) request(ctx context.Context) error {
	s.out.scene("A request, and five kinds of answer")
	s.out.say("%s asks the five others to keep their logs, and for an answer within %s (days, in real life).", national, replyBy)
	args := []string{
		"request", "send", "--community", community, "--tlp", "clear", "--action", "log-preservation", "--reply-by", replyBy.String(),
		"--title", "Keep the gateway logs of 18 to 21 November",
	}
	for _, name := range without(s.names(), national) {
		args = append(args, "--to", name)
	}
	id, err := s.do(ctx, national, args...)
	if err != nil {
		return err
	}
	s.asked, s.due = id, time.Now().Add(replyBy)
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		for _, name := range []string{helpful, declining, slow, silent} {
			if _, err := s.Team(name).Client().Request(ctx, id); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return s.answers(ctx, head(id))
}

// answers gives the three human answers, the last of them late.
func (s *stage) answers(ctx context.Context, id string) error {
	s.out.say("%s takes it on and says what became of the data. %s declines, which is an answer like any other.", helpful, declining)
	for _, step := range []struct {
		team string
		args []string
	}{
		{helpful, []string{"reply", id, "ack"}},
		{helpful, []string{"reply", id, "accept"}},
		{helpful, []string{"reply", "--result", "Logs of both hospitals are secured.", "--use-of-data", "Addresses used for the search, then deleted.", id, "done"}},
		{declining, []string{"reply", "--reason", "out-of-constituency", "--text", "The gateways are in the next country; ask its team.", id, "decline"}},
	} {
		if _, err := s.do(ctx, step.team, step.args...); err != nil {
			return err
		}
	}
	if time.Now().After(s.due) {
		return fmt.Errorf("this machine took longer than %s for four answers, so the demo cannot show who was in time", replyBy)
	}
	s.out.say("%s answers when the time is over. %s has the request on its machine and nobody looks. %s has no power.", slow, silent, unreachable)
	s.out.say("(waiting %.0f s)", time.Until(s.due).Seconds()+1)
	if err := pause(ctx, time.Until(s.due)+500*time.Millisecond); err != nil {
		return err
	}
	_, err := s.do(ctx, slow, "reply", "--text", "Sorry, ferry day.", id, "ack")
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// standing is what the ledger must say of a team, to the word.
type standing struct {
	team, state, timing, reason string
	counts                      func(*api.LedgerSummary) bool
}

// account reads the ledger.
func (s *stage) account(ctx context.Context) error {
	s.out.scene("The ledger")
	s.out.say("%s's own node has watched the clock; nothing of this leaves it. It tells the five apart:", national)
	want := []standing{
		{helpful, "done", "in time", "", func(m *api.LedgerSummary) bool { return m.InTime == 1 && m.Overdue == 0 }},
		{declining, "declined", "in time", "out-of-constituency", func(m *api.LedgerSummary) bool { return m.InTime == 1 && m.Declined == 1 }},
		{slow, "acknowledged", "late", "", func(m *api.LedgerSummary) bool { return m.Late == 1 && m.InTime == 0 }},
		{silent, "silent", "overdue", "", func(m *api.LedgerSummary) bool { return m.Overdue == 1 && m.Silent == 1 }},
		{unreachable, "unreachable", "overdue", "", func(m *api.LedgerSummary) bool { return m.Overdue == 1 && m.Unreachable == 1 && m.Silent == 0 }},
	}
	if err := s.Until(ctx, settle, func(ctx context.Context) error { return s.compare(ctx, want) }); err != nil {
		return err
	}
	if _, err := s.do(ctx, national, "ledger", "--detail"); err != nil {
		return err
	}
	s.out.saw("one done, one declined, one late, one silent, one unreachable: the ledger says exactly that")
	return nil
}

// compare holds the ledger to what happened.
func (s *stage) compare(ctx context.Context, want []standing) error {
	l, err := ask[api.Ledger](ctx, s, national, "ledger", "--detail")
	if err != nil {
		return err
	}
	rows, teams := map[string]api.Standing{}, map[string]api.LedgerTeam{}
	for _, r := range l.Rows {
		rows[r.Team.Name] = r
	}
	for _, t := range l.Teams {
		teams[t.Team.Name] = t
	}
	if len(l.Rows) != len(want) || len(l.Teams) != len(want) {
		return fmt.Errorf("the ledger has %d rows of %d teams", len(l.Rows), len(l.Teams))
	}
	for _, w := range want {
		r, t := rows[w.team], teams[w.team]
		if r.Request.String() != s.asked || !r.Own || r.State != w.state || r.Timing != w.timing || r.Reason.String() != w.reason {
			return fmt.Errorf("the ledger says of %s: %s, %s, %q", w.team, r.State, r.Timing, r.Reason)
		}
		if t.Own.Asked != 1 || !w.counts(&t.Own) {
			return fmt.Errorf("the ledger counts of %s: %+v", w.team, t.Own)
		}
	}
	return nil
}

// comeBack starts the lost node again, which catches up.
func (s *stage) comeBack(ctx context.Context) error {
	s.out.scene("The lost node comes back")
	s.out.say("Power returns to the far island. The node starts on what it had on disk and asks the others for what it missed.")
	s.out.typed(unreachable, "tocsin daemon &")
	if err := s.Team(unreachable).Start(ctx); err != nil {
		return err
	}
	began := time.Now()
	if err := s.everywhere(ctx, s.story[len(s.story)-1].id, s.names()); err != nil {
		return err
	}
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		_, err := s.Team(unreachable).Client().Request(ctx, s.asked)
		return err
	}); err != nil {
		return err
	}
	caught := time.Since(began)
	if err := s.tellWhoHas(ctx, s.names()); err != nil {
		return err
	}
	if _, err := s.do(ctx, unreachable, "request", "list"); err != nil {
		return err
	}
	s.out.saw("%s caught up after %.1f s, the request too", unreachable, caught.Seconds())
	return s.noLongerUnreachable(ctx)
}

// noLongerUnreachable sees that the returned node's receipt reached the requester's ledger.
func (s *stage) noLongerUnreachable(ctx context.Context) error {
	s.out.say("Its machine has told %s so. Unreachable it is no more; from now on a human owes the answer.", national)
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		l, err := ask[api.Ledger](ctx, s, national, "ledger", "--team", unreachable)
		switch {
		case err != nil:
			return err
		case len(l.Rows) != 1 || l.Rows[0].State != "silent" || l.Rows[0].Receipt.IsZero():
			return fmt.Errorf("the ledger still says of %s: %+v", unreachable, l.Rows)
		}
		return nil
	}); err != nil {
		return err
	}
	if _, err := s.do(ctx, unreachable, "reply", "--text", "We were without power. Logs are kept.", head(s.asked), "accept"); err != nil {
		return err
	}
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		l, err := ask[api.Ledger](ctx, s, national, "ledger", "--team", unreachable)
		switch {
		case err != nil:
			return err
		case len(l.Rows) != 1 || l.Rows[0].State != "accepted" || l.Rows[0].Timing != "late" || len(l.Teams) != 1 || l.Teams[0].Own.Late != 1:
			return fmt.Errorf("the ledger says of %s: %+v", unreachable, l.Rows)
		}
		return nil
	}); err != nil {
		return err
	}
	_, err := s.do(ctx, national, "ledger", "--team", unreachable)
	s.out.saw("accepted, and late: the power was theirs to keep")
	return err
}
