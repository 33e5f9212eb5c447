package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

var (
	me    = teamID("me")
	ana   = teamID("ana")
	ben   = teamID("ben")
	cleo  = teamID("cleo")
	apex  = record.InCommunity(identity.CommunityID(sha256.Sum256([]byte("apex"))))
	other = record.InCommunity(identity.CommunityID(sha256.Sum256([]byte("other"))))
)

func teamID(name string) identity.TeamID { return sha256.Sum256([]byte("team " + name)) }

func recordID(name string) record.ID { return sha256.Sum256([]byte("record " + name)) }

func pair(a, b identity.TeamID) record.Channel {
	ch, err := record.Between(a, b)
	if err != nil {
		panic(err)
	}
	return ch
}

func ids(teams ...identity.TeamID) []identity.TeamID { return teams }

// at is h hours after the start of the story.
func at(h float64) time.Time {
	return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(h * float64(time.Hour)))
}

// seen is a sighting by an observer who is in step: it was in step a minute before.
func seen(h float64) ledger.Sighting {
	return ledger.Sighting{Seen: at(h), InStep: at(h).Add(-time.Minute)}
}

func event(id string, ch record.Channel, author identity.TeamID, h float64, n notice.Notice) ledger.Event {
	e := ledger.Event{ID: recordID(id), Channel: ch, Author: author, Claimed: at(h), Notice: n, Sighting: seen(h)}
	switch n.(type) {
	case *notice.Alert:
		e.Kind = notice.KindAlert
	case *notice.Request:
		e.Kind = notice.KindRequest
	case *notice.Receipt:
		e.Kind = notice.KindReceipt
	case *notice.Reply:
		e.Kind = notice.KindReply
	case *notice.Close:
		e.Kind = notice.KindClose
	case *notice.Withdraw:
		e.Kind = notice.KindWithdraw
	}
	if author == me {
		e.Sighting.Left = at(h)
	}
	return e
}

// ask is the request "r", sent at 0, reply asked by 24.
func ask(ch record.Channel, author identity.TeamID, to ...identity.TeamID) ledger.Event {
	return event("r", ch, author, 0, &notice.Request{Status: notice.StatusActual, To: to, ReplyBy: at(24)})
}

func receipt(author identity.TeamID, h float64, of ...string) ledger.Event {
	var ids []record.ID
	for _, id := range of {
		ids = append(ids, recordID(id))
	}
	return event("receipt "+string(author[:])+at(h).String()+fmt.Sprint(of), pair(author, me), author, h, &notice.Receipt{Records: ids})
}

func reply(ch record.Channel, author identity.TeamID, h float64, s notice.ReplyState) ledger.Event {
	n := &notice.Reply{Request: recordID("r"), State: s}
	if s == notice.Declined {
		n.Reason = "capacity"
	}
	return event("reply "+string(author[:])+string(s)+at(h).String(), ch, author, h, n)
}

func closing(ch record.Channel, author identity.TeamID, h float64) ledger.Event {
	return event("close", ch, author, h, &notice.Close{Request: recordID("r")})
}

func withdrawal(ch record.Channel, author identity.TeamID, h float64) ledger.Event {
	return event("withdraw", ch, author, h, &notice.Withdraw{Request: recordID("r")})
}

func told(opt ledger.Options, events ...ledger.Event) *ledger.Ledger {
	l := ledger.New(me, opt)
	for _, e := range events {
		l.Apply(e)
	}
	return l
}

// onlyRow returns the row of the request "r" with the team, which must exist.
func onlyRow(t *testing.T, l *ledger.Ledger, now time.Time, name identity.TeamID) ledger.Row {
	t.Helper()
	for _, r := range l.Request(now, recordID("r")) {
		if r.Team == name {
			return r
		}
	}
	t.Fatal("no row")
	return ledger.Row{}
}

func onlyTeam(t *testing.T, l *ledger.Ledger, now time.Time, f ledger.Filter) ledger.Team {
	t.Helper()
	teams := l.Teams(now, f)
	if len(teams) != 1 {
		t.Fatalf("%d teams, want 1: %+v", len(teams), teams)
	}
	return teams[0]
}
