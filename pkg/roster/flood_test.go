package roster_test

import (
	"fmt"
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// floods are what one author can sign any number of. Each gets a number that makes the statement another.
func floods(w *town, p []*party) map[string]func(i int, last record.StatementID) *record.Statement {
	t := w.t
	a := w.apply(p[5], "")
	s := []record.StatementID{w.sponsor(p[0], a), w.sponsor(p[1], a)}
	q := w.removeBy(p[4], nil, p[0], p[1], p[2])
	at := w.now()
	chain := func(last record.StatementID) []record.StatementID {
		if last == (record.StatementID{}) {
			return at
		}
		return []record.StatementID{last}
	}
	node := p[3]
	return map[string]func(int, record.StatementID) *record.Statement{
		"applications": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindApply, &notice.Apply{Community: w.c, Name: fmt.Sprint(i)}, chain(last), p[6])
		},
		"sponsorings": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindSponsor, &notice.Sponsor{Community: w.c, Application: a, Note: fmt.Sprint(i)}, chain(last), node)
		},
		"objections": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindObject, &notice.Object{Community: w.c, Application: a, Reason: fmt.Sprint(i)}, chain(last), node)
		},
		"admissions": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindAdmit, &notice.Admit{Community: w.c, Application: a, Sponsors: s}, chain(last), node)
		},
		"proposals": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindRemove, &notice.Remove{Community: w.c, Team: p[i%3].team(), Reason: fmt.Sprint(i)}, chain(last), node)
		},
		"votes": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindRemove, &notice.Remove{Community: w.c, Team: p[4].team(), Proposal: q, Reason: fmt.Sprint(i)}, chain(last), node)
		},
		"leavings": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindLeave, &notice.Leave{Community: w.c, Reason: fmt.Sprint(i)}, at, node)
		},
		"words of a removed team": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindSponsor, &notice.Sponsor{Community: w.c, Application: a, Note: fmt.Sprint(i)}, chain(last), p[4])
		},
		"what waits": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindSponsor, &notice.Sponsor{Community: w.c, Application: a, Note: fmt.Sprint(i)}, []record.StatementID{{9}}, node)
		},
		"revocations": func(i int, last record.StatementID) *record.Statement {
			return rooted(t, roster.KindRevoke, &notice.Revoke{Node: node.d.Node, Reason: fmt.Sprint(i)}, at, node.root)
		},
		"vouches": func(i int, last record.StatementID) *record.Statement {
			return state(t, roster.KindVouch, &notice.Vouch{Team: p[0].team(), Name: fmt.Sprint(i)}, nil, node)
		},
	}
}

// BenchmarkFlood folds what one author signs, and four times as much: "growth" is how much longer that takes.
func BenchmarkFlood(b *testing.B) {
	const n = 4000
	p := parties(b, 8)
	w := newTown(b, usual(), p[:5]...)
	for name, next := range floods(w, p) {
		b.Run(name, func(b *testing.B) {
			all := w.all
			var last record.StatementID
			for i := range 4 * n {
				s := next(i, last)
				all, last = append(all, s), s.ID()
			}
			few := all[:len(w.all)+n]
			began := time.Now()
			for range 4 {
				roster.New().With(few...)
			}
			each := time.Since(began) / 4
			for b.Loop() {
				roster.New().With(all...)
			}
			whole := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(whole)/float64(each), "growth-of-4")
			r := roster.New().With(all...)
			extra := next(4*n+1, last)
			began = time.Now()
			r.With(extra)
			b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/one-more")
		})
	}
}
