package node

import (
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// A laptop sleeps for five minutes, and what the other wrote meanwhile comes when it wakes up, before or
// after the first tick.
func TestASleepIsNotChargedToAnotherTeam(t *testing.T) {
	for name, tick := range map[string]time.Duration{"at once": 0, "after ticks": 90 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a, b := w.member("Alpha"), w.member("Bravo")
				defer a.stop()
				defer b.stop()
				together(t, a, b)
				time.Sleep(time.Minute)
				sent := must(a.PublishRequest(t.Context(), ask("bravo")))(t).Published[0].ID
				time.Sleep(time.Second)
				ch, err := record.Between(a.id(), b.id())
				if err != nil {
					t.Fatal(err)
				}
				a.inStep(ch, b.id(), a.now())
				time.Sleep(3 * time.Minute)
				if a.replica.InStepWith(ch, b.id()).IsZero() {
					t.Fatal("it is not in step with a team that it has compared with")
				}
				asleep := a.now()

				answer := b.replica.Publish(asleep.Add(34*time.Second), []replica.Outgoing{{Channel: ch, Notice: &notice.Reply{
					Request: sent, State: notice.Acknowledged, Marking: notice.Marking{TLP: notice.TLPClear},
				}}})[0]
				if answer.Err != nil {
					t.Fatal(answer.Err)
				}
				for _, m := range []*member{a, b} {
					m.ahead.Store(int64(5 * time.Minute))
				}
				time.Sleep(tick)
				if _, err := a.door.Ingest(t.Context(), []replica.Arrival{{Frame: answer.Record.Frame(), Via: replica.Sync, From: b.id()}}); err != nil {
					t.Fatal(err)
				}
				var rows []ledger.Row
				a.replica.Ledger(func(l *ledger.Ledger) { rows = l.Rows(a.now(), ledger.Filter{}) })
				if len(rows) != 1 || !rows[0].Acknowledged.Equal(answer.Record.Header().Created) {
					t.Errorf("written at %s, counted as of %s", answer.Record.Header().Created, rows[0].Acknowledged)
				}
			})
		})
	}
}
