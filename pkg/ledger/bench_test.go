package ledger_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/ledger"
)

// tenThousand requests with their answers, unanswered ones among them.
func tenThousand() []ledger.Event { return history(rand.New(rand.NewPCG(7, 7)), 10_000) }

func BenchmarkApply(b *testing.B) {
	events := tenThousand()
	for b.Loop() {
		told(ledger.Options{}, events...)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}

// BenchmarkTeams is the query again and again, nothing learnt in between.
func BenchmarkTeams(b *testing.B) {
	l := told(ledger.Options{}, tenThousand()...)
	for b.Loop() {
		l.Teams(at(700), ledger.Filter{})
	}
}

// BenchmarkTeamsAfterNews is the query when each time one more record about one team was learnt.
func BenchmarkTeamsAfterNews(b *testing.B) {
	events := tenThousand()
	l := told(ledger.Options{}, events...)
	e := events[0]
	for b.Loop() {
		e.Sighting.Seen = e.Sighting.Seen.Add(-time.Nanosecond)
		l.Apply(e)
		l.Teams(at(700), ledger.Filter{})
	}
}

// BenchmarkTeamsFirst is the first query after a start: every row is made.
func BenchmarkTeamsFirst(b *testing.B) {
	events := tenThousand()
	for b.Loop() {
		b.StopTimer()
		l := told(ledger.Options{}, events...)
		b.StartTimer()
		l.Teams(at(700), ledger.Filter{})
	}
}
