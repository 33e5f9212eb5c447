package local

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

const textSize = 1500 // of a benchmark alert: with its header some 2.5 kB

// BenchmarkPublish measures alerts through ten node processes, each keeping them durably. Method: the
// harness follows the event feed of all ten nodes. A node announces a record after it is on stable
// storage, so that the moment at which the last of ten feeds has named an ID, less the moment at which
// the publish was begun, bounds the time from above: decoding ten feeds is in it. Clear alerts and sealed
// ones take turns; a feed shows the text of a record, so that a sealed one counts once it was opened.
func BenchmarkPublish(b *testing.B) {
	floor := measureFloors(b)
	c := start(b, Numbered("bench", 10))
	for b.Loop() {
		times, sealed := publishOneByOne(b, c, 400)
		p50, p99 := quantile(times, 0.5), quantile(times, 0.99)
		amber := quantile(sealed, 0.5)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(millis(p50), "p50-ms")
		b.ReportMetric(millis(p99), "p99-ms")
		b.Logf("publish to durable on all 10 nodes, p50: %.1f ms (to reach: 7), %.1f times the floor of two fdatasyncs and a round trip", millis(p50),
			float64(p50)/float64(2*floor.sync+floor.trip))
		b.Logf("publish to durable on all 10 nodes, p99: %.1f ms (to reach: 20)", millis(p99))
		b.ReportMetric(millis(amber), "sealed-p50-ms")
		b.ReportMetric(float64(amber)/float64(p50), "sealed/clear")
		b.Logf("the same sealed (TLP:AMBER), durable and opened on all 10 nodes, p50: %.1f ms, p99: %.1f ms; %.2f times a clear one", millis(amber),
			millis(quantile(sealed, 0.99)), float64(amber)/float64(p50))

		rate := publishMany(b, c, 3000)
		b.ReportMetric(rate, "alerts/s")
		all := floor.verify * cores() / 10
		b.Logf("sustained, all 10 durable: %.0f alerts/s (to reach: 400), %.0f %% of the %.0f/s that ten verifications each allow", rate, 100*rate/all, all)
	}
}

// publishOneByOne returns the time from publish to the last of all nodes' feeds, for each of n clear alerts
// and n sealed ones.
func publishOneByOne(b *testing.B, c *Cluster, n int) (clear, sealed []time.Duration) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	seen := make(chan record.ID, 4096) // one publish at a time: never more than the nodes
	var feeds sync.WaitGroup
	for _, t := range c.Teams() {
		feeds.Go(func() {
			_ = t.Client().Watch(ctx, "", func(e api.Event) error {
				if e.Type == api.EventRecord && e.Entry != nil && e.Entry.Alert != nil {
					seen <- e.Entry.ID
				}
				return nil
			})
		})
	}
	defer feeds.Wait()
	defer cancel()
	waitForFeeds(b, c, seen)
	spreadKey(b, c)
	for range n {
		clear = append(clear, publishAndWait(b, c, draft("one at a time"), seen))
		sealed = append(sealed, publishAndWait(b, c, amber("one at a time"), seen))
	}
	return clear, sealed
}

// publishAndWait returns how long an alert takes until every feed has named it.
func publishAndWait(b *testing.B, c *Cluster, d api.AlertDraft, seen <-chan record.ID) time.Duration {
	b.Helper()
	began := time.Now()
	p, err := c.Teams()[0].Client().PublishAlert(b.Context(), d)
	if err != nil {
		b.Fatal(err)
	}
	for waiting := len(c.Teams()); waiting > 0; {
		select {
		case id := <-seen:
			if id == p.ID {
				waiting--
			}
		case <-time.After(patience):
			b.Fatalf("%d of %d nodes did not announce alert %s", waiting, len(c.Teams()), p.ID)
		}
	}
	return time.Since(began)
}

// spreadKey waits until every node has the key that the sealed alerts of the measurement are under.
func spreadKey(b *testing.B, c *Cluster) {
	b.Helper()
	p, err := c.Teams()[0].Client().PublishAlert(b.Context(), amber("first"))
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Until(b.Context(), patience, func(ctx context.Context) error {
		for _, t := range c.Teams() {
			if r, err := t.Client().Record(ctx, p.ID.String()); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			} else if r.Alert == nil {
				return fmt.Errorf("%s cannot read it: %s", t.Name, r.Unread)
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}

// waitForFeeds publishes until every feed is seen to be open.
func waitForFeeds(b *testing.B, c *Cluster, seen <-chan record.ID) {
	b.Helper()
	for range 100 {
		p, err := c.Teams()[0].Client().PublishAlert(b.Context(), draft("first"))
		if err != nil {
			b.Fatal(err)
		}
		heard := 0
		timeout := time.After(300 * time.Millisecond)
		for open := true; open && heard < len(c.Teams()); {
			select {
			case id := <-seen:
				if id == p.ID {
					heard++
				}
			case <-timeout:
				open = false
			}
		}
		if heard == len(c.Teams()) {
			return
		}
	}
	b.Fatal("the feeds do not open")
}

// publishMany returns how many alerts a second become durable on all nodes, with 16 clients of one of
// them. It asks every node for its count.
func publishMany(b *testing.B, c *Cluster, n int) float64 {
	b.Helper()
	const clients = 16
	before := alertsAt(b, c.Teams()[0])
	began := time.Now()
	var publishing sync.WaitGroup
	for range clients {
		publishing.Go(func() {
			author := c.Teams()[0].Client()
			for range n / clients {
				if _, err := author.PublishAlert(b.Context(), draft("sustained")); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	publishing.Wait()
	published := time.Since(began)
	want := before + n/clients*clients
	if err := c.Until(b.Context(), patience, func(ctx context.Context) error {
		for _, t := range c.Teams() {
			s, err := t.Client().Status(ctx)
			if err != nil {
				return err
			}
			if s.Records["alert"] < want {
				return fmt.Errorf("%s has %d of %d alerts", t.Name, s.Records["alert"], want)
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	b.Logf("sustained: %d alerts published in %.2f s, the last node had them %.2f s later", want-before, published.Seconds(), (took - published).Seconds())
	return float64(want-before) / took.Seconds()
}

func alertsAt(b *testing.B, t *Team) int {
	b.Helper()
	s, err := t.Client().Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return s.Records["alert"]
}

func draft(title string) api.AlertDraft {
	return api.AlertDraft{Community: "bench", Alert: sample(title, textSize)}
}

func amber(title string) api.AlertDraft {
	d := draft(title)
	d.Alert.Marking.TLP = notice.TLPAmber
	return d
}
