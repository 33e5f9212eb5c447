package local

import (
	"crypto/rand"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/store"
)

func cores() float64 { return float64(runtime.GOMAXPROCS(0)) }

// inParallel spreads work over the cores, as the daemon does.
func inParallel(n int, do func(i int)) {
	var all sync.WaitGroup
	workers := min(n, runtime.GOMAXPROCS(0))
	for w := range workers {
		all.Go(func() {
			for i := w; i < n; i += workers {
				do(i)
			}
		})
	}
	all.Wait()
}

// open opens the team's copy as its daemon does, on its real store.
func open(b *testing.B, t *Team) (*replica.Replica, *store.Store) {
	b.Helper()
	node, err := keyfile.Load(t.Home, keyfile.UnlockSource{})
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(store.Options{Dir: filepath.Join(t.Home, "store"), Key: node.StoreKey})
	if err != nil {
		b.Fatal(err)
	}
	r, err := replica.Open(replica.Options{
		Store: s, Key: node.Key, Delegation: node.Delegation, Rand: rand.Reader, Parallel: inParallel,
		Limits: policy.Limits{PerAuthorDay: map[record.Class]int{record.Routine: -1}},
	}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return r, s
}

// foundHere signs a charter with the team as its founder.
func foundHere(b *testing.B, r *replica.Replica) record.Channel {
	b.Helper()
	says, err := notice.Encode(&notice.Charter{Name: "bench", Founders: []identity.TeamID{r.Self()}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := r.SignStatement(time.Now(), roster.KindCharter, says)
	if err != nil {
		b.Fatal(err)
	}
	return record.InCommunity(identity.CommunityID(s.ID()))
}

// outgoing are n alerts of the size of the benchmarks.
func outgoing(ch record.Channel, n int) []replica.Outgoing {
	out := make([]replica.Outgoing, n)
	for i := range out {
		a := sample("one of many", textSize)
		out[i] = replica.Outgoing{Channel: ch, Notice: &a}
	}
	return out
}

// fill puts n alerts into the store of a team whose daemon does not run.
func fill(b *testing.B, t *Team, n int) {
	b.Helper()
	r, s := open(b, t)
	ch := foundHere(b, r)
	for ; n > 0; n -= 200 {
		for _, p := range r.Publish(time.Now(), outgoing(ch, min(n, 200))) {
			if p.Err != nil {
				b.Fatal(p.Err)
			}
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIngest measures the door on a real store: batches of 100 records of another team. After each
// batch as many raw verifications are timed on one core, so that both see the machine at the same speed.
func BenchmarkIngest(b *testing.B) {
	measureFloors(b)
	verify := rawVerification(b)
	c, err := New(Options{Schema: Numbered("bench", 2), Binary: binary(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := c.Each((*Team).MakeIdentity); err != nil {
		b.Fatal(err)
	}
	author, authorStore := open(b, c.Teams()[0])
	reader, readerStore := open(b, c.Teams()[1])
	defer authorStore.Close()
	defer readerStore.Close()
	ch := bringTogether(b, author, reader)
	for b.Loop() {
		batches := arrivals(b, author, ch) // new ones: what is known already is not verified again
		var ours, raw time.Duration
		for _, batch := range batches {
			began := time.Now()
			for _, o := range reader.Ingest(began, batch) {
				if o.Verdict != policy.Accept {
					b.Fatalf("%+v", o.Judgement)
				}
			}
			ours += time.Since(began)
			began = time.Now()
			for range batch {
				verify()
			}
			raw += time.Since(began)
		}
		rate := float64(100*len(batches)) / ours.Seconds()
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(rate, "records/s")
		b.ReportMetric(100*raw.Seconds()/ours.Seconds(), "%floor")
		b.Logf("verified and durable ingest in batches of 100: %.0f records/s, %.0f %% of the raw verification rate of one core (to reach: 50 %%)", rate,
			100*raw.Seconds()/ours.Seconds())
	}
}

// arrivals are 60 batches of 100 records that the author has just published.
func arrivals(b *testing.B, author *replica.Replica, ch record.Channel) [][]replica.Arrival {
	b.Helper()
	var batches [][]replica.Arrival
	for range 60 {
		var batch []replica.Arrival
		for _, p := range author.Publish(time.Now(), outgoing(ch, 100)) {
			if p.Err != nil {
				b.Fatal(p.Err)
			}
			batch = append(batch, replica.Arrival{Frame: p.Record.Frame(), Via: replica.Sync, From: author.Self()})
		}
		batches = append(batches, batch)
	}
	return batches
}

// bringTogether makes the reader a member of a community of the author's.
func bringTogether(b *testing.B, author, reader *replica.Replica) record.Channel {
	b.Helper()
	ch := foundHere(b, author)
	says, err := notice.Encode(&notice.Member{Community: ch.Community, Team: reader.Self(), Name: "reader"})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := author.SignStatement(time.Now(), roster.KindMember, says); err != nil {
		b.Fatal(err)
	}
	for _, o := range reader.Join(time.Now(), author.StatementFrames(author.Statements(), reader.Self())) {
		if o.Verdict != policy.Accept {
			b.Fatalf("statement %v: %v", o.ID, o.Judgement)
		}
	}
	return ch
}
