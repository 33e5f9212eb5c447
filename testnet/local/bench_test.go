package local

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The benchmarks measure real processes on this machine, all of them and the harness sharing its cores.
// One iteration is one whole measurement; the figures are the custom metrics, and the log lines set
// them beside what is to be reached and beside the floors of the same run.

// BenchmarkSend measures the command alert send as a whole process, in turn with a program that links
// the same libraries and does nothing.
func BenchmarkSend(b *testing.B) {
	measureFloors(b)
	empty := filepath.Join(b.TempDir(), "empty")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", empty, "./testdata/empty").CombinedOutput(); err != nil {
		b.Fatalf("build empty: %v\n%s", err, out)
	}
	c := start(b, Numbered("bench", 1))
	t := c.Teams()[0]
	for b.Loop() {
		const runs = 150
		ours, nothing := make([]time.Duration, runs), make([]time.Duration, runs)
		for i := range runs {
			began := time.Now()
			r, err := t.Run(b.Context(), "alert", "send", "--community", "bench", "--tlp", "clear", "--title", "Whole process")
			if err != nil || r.Code != 0 {
				b.Fatalf("exit code %d, %v: %s", r.Code, err, r.Stderr)
			}
			ours[i] = time.Since(began)
			began = time.Now()
			if err := exec.CommandContext(b.Context(), empty).Run(); err != nil {
				b.Fatal(err)
			}
			nothing[i] = time.Since(began)
		}
		p50, base := quantile(ours, 0.5), quantile(nothing, 0.5)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(millis(p50), "p50-ms")
		b.ReportMetric(millis(base), "empty-p50-ms")
		b.Logf("tocsin alert send, whole process, p50: %.1f ms (to reach: 10), p90 %.1f; %.2f times an empty program with the same libraries (%.1f ms)",
			millis(p50), millis(quantile(ours, 0.9)), float64(p50)/float64(base), millis(base))
	}
}

// BenchmarkReady measures how long a daemon takes from its start until it answers.
func BenchmarkReady(b *testing.B) {
	for _, size := range []struct {
		records int
		reach   time.Duration
	}{{0, 150 * time.Millisecond}, {100_000, 500 * time.Millisecond}} {
		b.Run(strconv.Itoa(size.records), func(b *testing.B) {
			c, err := New(Options{Schema: Numbered("bench", 1), Binary: binary(b)})
			if err != nil {
				b.Fatal(err)
			}
			t := c.Teams()[0]
			defer func() {
				if err := c.Close(); err != nil {
					b.Error(err)
				}
			}()
			if err := t.MakeIdentity(); err != nil {
				b.Fatal(err)
			}
			fill(b, t, size.records)
			for b.Loop() {
				times, own := make([]time.Duration, 15), int64(0)
				for i := range times {
					began := time.Now()
					if err := t.Start(b.Context()); err != nil {
						b.Fatal(err)
					}
					times[i] = time.Since(began)
					s, err := t.Client().Status(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					own = s.ReadyMillis
					if n := s.Records["alert"]; n != size.records {
						b.Fatalf("%d alerts, want %d", n, size.records)
					}
					if err := t.Stop(); err != nil {
						b.Fatal(err)
					}
				}
				p50, worst := quantile(times, 0.5), quantile(times, 1)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(millis(p50), "p50-ms")
				b.Logf("daemon ready on %d records, p50: %.0f ms (to reach: %.0f), worst of %d %.0f ms; the last says of itself %d ms", size.records, millis(p50),
					millis(size.reach), len(times), millis(worst), own)
			}
		})
	}
}

// BenchmarkIdle measures the memory of daemons with ten idle peers each.
func BenchmarkIdle(b *testing.B) {
	c := start(b, Numbered("bench", 11))
	for b.Loop() {
		if err := c.Connected(b.Context()); err != nil {
			b.Fatal(err)
		}
		time.Sleep(15 * time.Second) // idle is what is measured
		var most, sum int
		for _, t := range c.Teams() {
			s, err := t.Client().Status(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			kib := residentKiB(b, t.Pid())
			if len(s.Peers) < 10 {
				b.Fatalf("%s has %d peers", t.Name, len(s.Peers))
			}
			most, sum = max(most, kib), sum+kib
		}
		mean := float64(sum) / float64(len(c.Teams())) / 1024
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(mean, "mean-MiB")
		b.ReportMetric(float64(most)/1024, "max-MiB")
		b.Logf("RSS of a daemon with 10 idle peers: mean %.1f, most %.1f MiB (to reach: 48; host, pubsub and Badger alone: 33)", mean, float64(most)/1024)
	}
}

// residentKiB reads VmRSS.
func residentKiB(b *testing.B, pid int) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skipf("no VmRSS on this system: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return kib
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
