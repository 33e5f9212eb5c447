package ledger_test

import (
	"bytes"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// The table of states in docs/spec/ledger.md, row by row. The request is sent at hour 0 and asks for
// an answer by hour 24.
func TestStates(t *testing.T) {
	private := pair(me, ana)
	own := ask(private, me, ana)
	seenAsked := ask(apex, ben, ana)
	unsent := own
	unsent.Sighting.Left = time.Time{}
	got := receipt(ana, 1, "r")
	tests := []struct {
		name   string
		events []ledger.Event
		now    float64
		state  ledger.State
		timing ledger.Timing
		waited float64
	}{
		{"within grace", []ledger.Event{own}, .4, ledger.Waiting, ledger.Pending, .4},
		{"nothing back", []ledger.Event{own}, 5, ledger.Unreachable, ledger.Pending, 5},
		{"nothing back, past due", []ledger.Event{own}, 30, ledger.Unreachable, ledger.Overdue, 30},
		{"not sent, within grace", []ledger.Event{unsent}, .4, ledger.Waiting, ledger.Pending, 0},
		{"not sent", []ledger.Event{unsent}, 30, ledger.Unreachable, ledger.Pending, 0},
		{"receipt proves sending", []ledger.Event{unsent, got}, 30, ledger.Silent, ledger.Overdue, 30},
		{"receipt, not due", []ledger.Event{own, got}, 24, ledger.Waiting, ledger.Pending, 24},
		{"receipt, past due", []ledger.Event{own, got}, 24.1, ledger.Silent, ledger.Overdue, 24.1},
		{"acknowledged without receipt", []ledger.Event{own, reply(private, ana, 2, notice.Acknowledged)}, 30, ledger.Acknowledged, ledger.InTime, 2},
		{"needs information", []ledger.Event{own, got, reply(private, ana, 2, notice.NeedInfo)}, 30, ledger.Acknowledged, ledger.InTime, 2},
		{"progress", []ledger.Event{own, got, reply(private, ana, 2, notice.Progress)}, 30, ledger.Acknowledged, ledger.InTime, 2},
		{"accepted on the dot", []ledger.Event{own, got, reply(private, ana, 24, notice.Accepted)}, 30, ledger.Accepted, ledger.InTime, 24},
		{"accepted late", []ledger.Event{own, got, reply(private, ana, 25, notice.Accepted)}, 30, ledger.Accepted, ledger.Late, 25},
		{"declined", []ledger.Event{own, got, reply(private, ana, 3, notice.Declined)}, 30, ledger.Declined, ledger.InTime, 3},
		{"declined, then accepted", []ledger.Event{own, reply(private, ana, 3, notice.Declined), reply(private, ana, 4, notice.Accepted)}, 30, ledger.Accepted, ledger.InTime, 3},
		{"accepted, progress", []ledger.Event{own, reply(private, ana, 3, notice.Accepted), reply(private, ana, 4, notice.Progress)}, 30, ledger.Accepted, ledger.InTime, 3},
		{"done", []ledger.Event{own, got, reply(private, ana, 3, notice.Accepted), reply(private, ana, 50, notice.Done)}, 60, ledger.Done, ledger.InTime, 3},
		{"done and closed", []ledger.Event{own, reply(private, ana, 3, notice.Done), closing(private, me, 5)}, 60, ledger.Done, ledger.InTime, 3},
		{"accepted and closed", []ledger.Event{own, reply(private, ana, 3, notice.Accepted), closing(private, me, 5)}, 60, ledger.Closed, ledger.InTime, 3},
		{"closed unanswered before due", []ledger.Event{own, got, closing(private, me, 5)}, 60, ledger.Closed, ledger.Released, 5},
		{"closed unanswered after due", []ledger.Event{own, got, closing(private, me, 25)}, 60, ledger.Closed, ledger.Missed, 25},
		{"withdrawn", []ledger.Event{own, got, withdrawal(private, me, 30)}, 60, ledger.Withdrawn, ledger.Exempt, 30},
		{"withdrawn after an answer", []ledger.Event{own, reply(private, ana, 3, notice.Accepted), withdrawal(private, me, 5)}, 60, ledger.Withdrawn, ledger.Exempt, 3},
		{"others', not due", []ledger.Event{seenAsked}, 5, ledger.Waiting, ledger.Pending, 5},
		{"others', past due", []ledger.Event{seenAsked}, 25, ledger.NoAnswerSeen, ledger.Overdue, 25},
		{"others', answered", []ledger.Event{seenAsked, reply(apex, ana, 6, notice.Accepted)}, 25, ledger.Accepted, ledger.InTime, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := told(ledger.Options{ReceiptGrace: 30 * time.Minute}, tt.events...)
			r := onlyRow(t, l, at(tt.now), ana)
			if r.State != tt.state || r.Timing != tt.timing {
				t.Errorf("%v, %v; want %v, %v", r.State, r.Timing, tt.state, tt.timing)
			}
			if want := at(tt.waited).Sub(at(0)); r.Waited != want {
				t.Errorf("waited %v, want %v", r.Waited, want)
			}
			if (r.Reason == "capacity") != (r.State == ledger.Declined) {
				t.Errorf("reason %q", r.Reason)
			}
		})
	}
}

// A machine that never said that it has the request makes nobody silent, however long it may still take.
func TestOverdueWithoutReceiptIsNotSilence(t *testing.T) {
	l := told(ledger.Options{ReceiptGrace: 100 * time.Hour}, ask(pair(me, ana), me, ana))
	if r := onlyRow(t, l, at(30), ana); r.State != ledger.Unreachable || r.Timing != ledger.Overdue {
		t.Errorf("%v, %v", r.State, r.Timing)
	}
}

func TestRowTimes(t *testing.T) {
	ch := pair(me, ana)
	l := told(ledger.Options{}, ask(ch, me, ana), receipt(ana, 1, "other", "r"), receipt(ana, 2, "r"),
		reply(ch, ana, 3, notice.Acknowledged), reply(ch, ana, 4, notice.Accepted),
		reply(ch, ana, 9, notice.Done), closing(ch, me, 10))
	r := onlyRow(t, l, at(100), ana)
	for _, tt := range []struct {
		name string
		got  time.Time
		want float64
	}{
		{"created", r.Created, 0},
		{"sent", r.Sent, 0},
		{"receipt", r.Receipt, 1},
		{"acknowledged", r.Acknowledged, 3},
		{"decided", r.Decided, 4},
		{"result", r.Result, 9},
		{"closed", r.Closed, 10},
		{"due", r.Due, 24},
		{"reply by", r.ReplyBy, 24},
	} {
		if !tt.got.Equal(at(tt.want)) {
			t.Errorf("%s %v, want %v", tt.name, tt.got, at(tt.want))
		}
	}
	if r.Requester != me || !r.Own || r.Voluntary || r.Channel != ch || r.LastReply != notice.Done || l.Len() != 1 {
		t.Errorf("row %+v", r)
	}
}

// A request to everybody asks nobody by name: whoever answers helped, whoever does not is not named.
func TestWholeCommunity(t *testing.T) {
	for _, author := range []identity.TeamID{me, cleo} {
		l := told(ledger.Options{}, ask(apex, author), reply(apex, ana, 50, notice.Accepted), reply(apex, ben, 3, notice.Declined))
		if rows := l.Request(at(100), recordID("r")); len(rows) != 2 {
			t.Fatalf("%d rows, want those of the two that answered", len(rows))
		}
		r := onlyRow(t, l, at(100), ana)
		if !r.Voluntary || r.Timing != ledger.Exempt || r.State != ledger.Accepted {
			t.Errorf("row %+v", r)
		}
		got := onlyTeam(t, l, at(100), ledger.Filter{})
		if got.Team != ana || got.Voluntary != 1 || !got.Own.Empty() || !got.Others.Empty() {
			t.Errorf("team %+v", got)
		}
		if s := got.Sentence(); s != "helped unasked once" {
			t.Errorf("sentence %q", s)
		}
	}
}

// Answers, receipts and endings count only from the one who can give them, where it can be given.
func TestForged(t *testing.T) {
	private := pair(me, ana)
	tests := []struct {
		name   string
		ask    ledger.Event
		forged ledger.Event
	}{
		{"reply by a third team", ask(apex, me, ana), reply(apex, ben, 2, notice.Declined)},
		{"reply by the requester", ask(apex, me, ana), reply(apex, me, 2, notice.Accepted)},
		{"reply in another community", ask(apex, me, ana), reply(other, ana, 2, notice.Accepted)},
		{"private reply in a community", ask(private, me, ana), reply(apex, ana, 2, notice.Accepted)},
		{"reply in somebody's pair", ask(private, me, ana), reply(pair(ana, ben), ana, 2, notice.Accepted)},
		{"stranger in the pair", ask(private, me, ana), reply(private, ben, 2, notice.Accepted)},
		{"close by another", ask(apex, me, ana), closing(apex, ben, 2)},
		{"close by the asked", ask(apex, me, ana), closing(apex, ana, 2)},
		{"withdrawal by the asked", ask(apex, me, ana), withdrawal(apex, ana, 2)},
		{"withdrawal elsewhere", ask(apex, me, ana), withdrawal(other, me, 2)},
		{"receipt by another", ask(apex, me, ana), receipt(ben, 2, "r")},
		{"receipt to somebody else", ask(apex, me, ana), event("x", pair(ana, ben), ana, 2, &notice.Receipt{Records: []record.ID{recordID("r")}})},
		{"receipt in the open", ask(apex, me, ana), event("x", apex, ana, 2, &notice.Receipt{Records: []record.ID{recordID("r")}})},
		{"reply under another kind", ask(apex, me, ana), func() ledger.Event {
			e := reply(apex, ana, 2, notice.Accepted)
			e.Kind = notice.KindClose
			return e
		}()},
		{"reply never seen", ask(apex, me, ana), func() ledger.Event {
			e := reply(apex, ana, 2, notice.Accepted)
			e.Sighting = ledger.Sighting{}
			return e
		}()},
		{"alert", ask(apex, me, ana), event("x", apex, ana, 2, &notice.Alert{})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := onlyRow(t, told(ledger.Options{}, tt.ask), at(30), ana)
			for _, order := range [][]ledger.Event{{tt.ask, tt.forged}, {tt.forged, tt.ask}} {
				l := told(ledger.Options{}, order...)
				if got := onlyRow(t, l, at(30), ana); got != want {
					t.Errorf("row changed:\n got %+v\nwant %+v", got, want)
				}
				for _, r := range l.Rows(at(30), ledger.Filter{}) {
					if r.Team != ana && (r.Counts() || tt.ask.Channel != apex || r.Team == me) {
						t.Errorf("row from a forged answer: %+v", r)
					}
				}
			}
		})
	}
}

// Two answers that reached the observer together count in the order in which their author wrote
// them; written at the same time, in the order of their IDs, so that all ledgers agree.
func TestAnswersTogether(t *testing.T) {
	ch := pair(me, ana)
	no, yes := reply(ch, ana, 2, notice.Declined), reply(ch, ana, 3, notice.Accepted)
	no.Sighting = ledger.Sighting{Seen: at(20), InStep: at(10)}
	yes.Sighting = no.Sighting
	same := yes
	same.Claimed = no.Claimed
	last := ledger.Accepted
	if bytes.Compare(no.ID[:], same.ID[:]) > 0 {
		last = ledger.Declined
	}
	for _, tt := range []struct {
		a, b ledger.Event
		want ledger.State
	}{{no, yes, ledger.Accepted}, {yes, no, ledger.Accepted}, {no, same, last}, {same, no, last}} {
		if r := onlyRow(t, told(ledger.Options{}, ask(ch, me, ana), tt.a, tt.b), at(30), ana); r.State != tt.want {
			t.Errorf("state %v, want %v", r.State, tt.want)
		}
	}
}

// A request whose author is not of its private channel, or that names its own author, asks nobody.
func TestNobodyAsked(t *testing.T) {
	for _, e := range []ledger.Event{ask(pair(me, ana), ben, ana), ask(apex, ana, ana)} {
		if rows := told(ledger.Options{}, e).Rows(at(1), ledger.Filter{}); len(rows) != 0 {
			t.Errorf("rows %+v", rows)
		}
	}
}

// What is asked in the open may be answered in private by the asked, for the eyes of the asker.
func TestPrivateAnswer(t *testing.T) {
	l := told(ledger.Options{}, ask(apex, me, ana), reply(pair(me, ana), ana, 2, notice.Accepted))
	if r := onlyRow(t, l, at(30), ana); r.State != ledger.Accepted {
		t.Errorf("state %v", r.State)
	}
}
