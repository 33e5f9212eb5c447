package replica_test

import (
	"crypto/ed25519"
	"runtime"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// fill puts n records into the team's store, through the door: of ten, eight are alerts, one is a
// request and one its answer.
func fill(b *testing.B, us *team, p *party, ch record.Channel, n int) {
	b.Helper()
	us.opt.Limits.PerAuthorDay = map[record.Class]int{record.Routine: -1}
	us.restart(b, noon)
	var ask record.ID
	arrivals := make([]replica.Arrival, 0, 100)
	for i := range n {
		var say notice.Notice = alert("a title that is as long as titles are")
		switch i % 10 {
		case 0:
			say = request(us.Self())
		case 1:
			say = reply(ask)
		}
		rec := p.say(b, ch, say, func(h *record.Header) { h.Created = noon.Add(-time.Duration(i) * time.Minute) })
		if i%10 == 0 {
			ask = rec.ID()
		}
		arrivals = append(arrivals, replica.Arrival{Frame: rec.Frame(), Via: replica.Sync})
		if len(arrivals) == cap(arrivals) || i == n-1 {
			for _, o := range us.Ingest(noon, arrivals) {
				if o.Verdict != policy.Accept {
					b.Fatalf("%+v", o.Judgement)
				}
			}
			arrivals = arrivals[:0]
		}
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkOpenWith100000Records(b *testing.B) {
	const n = 100_000
	us, p, ch := village(b)
	fill(b, us, p, ch, n)
	us.Replica = nil
	var kept *replica.Replica
	before := heap()
	for b.Loop() {
		us.opt.Store = us.store
		r, err := replica.Open(us.opt, noon)
		if err != nil {
			b.Fatal(err)
		}
		kept = r
	}
	b.ReportMetric(float64(heap()-before)/n, "heap-B/record")
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/open")
	if st, err := kept.Stats(); err != nil || st.Records[notice.KindAlert] != n*8/10 {
		b.Fatal(st.Records, err)
	}
}

// What a batch of 100 costs at the door, against nothing but checking its signatures.
func BenchmarkIngestAgainstRawVerification(b *testing.B) {
	us, p, ch := village(b)
	us.opt.Limits.PerAuthorDay = map[record.Class]int{record.Routine: -1}
	us.restart(b, noon)
	var raw, door time.Duration
	n := 0
	for b.Loop() {
		b.StopTimer()
		arrivals := make([]replica.Arrival, 100)
		recs := make([]*record.Record, 100)
		for i := range arrivals {
			recs[i] = p.say(b, ch, alert("a title that is as long as titles are"), nil)
			arrivals[i] = replica.Arrival{Frame: recs[i].Frame(), Via: replica.Sync}
		}
		b.StartTimer()
		began := time.Now()
		for _, r := range recs {
			node, sig := r.Node(), r.Signature()
			if !ed25519.Verify(node[:], dsse.PAE(record.PayloadType, r.Payload()), sig[:]) {
				b.Fatal("bad signature")
			}
		}
		middle := time.Now()
		for _, o := range us.Ingest(noon, arrivals) {
			if o.Verdict != policy.Accept {
				b.Fatalf("%+v", o.Judgement)
			}
		}
		raw += middle.Sub(began)
		door += time.Since(middle)
		n += len(arrivals)
	}
	b.ReportMetric(float64(n)/door.Seconds(), "ingested/s")
	b.ReportMetric(float64(n)/raw.Seconds(), "verified/s")
	b.ReportMetric(100*raw.Seconds()/door.Seconds(), "%-of-raw")
}
