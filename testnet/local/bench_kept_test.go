package local

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkPublishKept publishes 60,000 alerts with 16 clients of one node and tells the rate of each 5,000, so that a cost
// which grows with what is kept is seen. The processor time of the daemon is the figure to compare: other load on the
// machine changes the rate, and hardly the time.
func BenchmarkPublishKept(b *testing.B) {
	const (
		step  = 5000
		steps = 12
	)
	c := start(b, Numbered("bench", 1))
	t := c.Teams()[0]
	for b.Loop() {
		b.ReportMetric(0, "ns/op")
		var first, last time.Duration
		var rates, times strings.Builder
		for i := range steps {
			before, began := processorTime(b, t.Pid()), time.Now()
			publishAll(b, t, step)
			took := time.Since(began)
			last = (processorTime(b, t.Pid()) - before) / step
			if i == 0 {
				first = last
			}
			fmt.Fprintf(&rates, " %.0f", step/took.Seconds())
			fmt.Fprintf(&times, " %d", last.Microseconds())
		}
		b.Logf("alerts/s of each %d until %d are kept:%s", step, alertsAt(b, t), rates.String())
		b.Logf("processor time of the daemon for each of them, in us:%s", times.String())
		b.ReportMetric(float64(last.Microseconds()), "us-cpu/alert")
		b.ReportMetric(float64(last)/float64(first), "last/first")
	}
}

// publishAll publishes n alerts with 16 clients at once.
func publishAll(b *testing.B, t *Team, n int) {
	b.Helper()
	const clients = 16
	var publishing sync.WaitGroup
	for i := range clients {
		publishing.Go(func() {
			author := t.Client()
			for range (n + i) / clients { // together n
				if _, err := author.PublishAlert(b.Context(), draft("kept")); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	publishing.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

// processorTime is what a process has used so far, of all its threads.
func processorTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skipf("no processor time on this system: %v", err)
	}
	// The name in parentheses may hold anything; utime and stime are the 12th and 13th fields behind it, in hundredths.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
