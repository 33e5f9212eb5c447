package store

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"tocsin/pkg/replica"
)

// floorSync writes n bytes to a file and syncs it, as the least a durable write can cost, and gives
// the mean time.
func floorSync(b *testing.B, n int) time.Duration {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	// As a log does: the room is there before, only data is synced.
	if err := allocate(f, 64<<20); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, n)
	const rounds = 100
	start := time.Now()
	for range rounds {
		if _, err := f.Write(buf); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start) / rounds
}

// BenchmarkApply prints beside the time of a write of so many 2 kB records, each with an index entry,
// how many times the floor it is.
func BenchmarkApply(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s := mustOpen(b, testOptions(b.TempDir()))
			floor := floorSync(b, batch*2000)
			n := 0
			for b.Loop() {
				ops := make([]replica.Op, 0, 2*batch)
				for range batch {
					k, v := record(n)
					ops = append(ops, replica.Op{Key: k, Value: v}, replica.Op{Key: append([]byte("i/"), k...)})
					n++
				}
				if err := s.Apply(ops); err != nil {
					b.Fatal(err)
				}
			}
			per := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(per)/float64(floor), "floors")
			b.ReportMetric(float64(floor.Microseconds()), "floor-us")
			b.ReportMetric(float64(batch)*float64(time.Second)/float64(per), "records/s")
		})
	}
}

// BenchmarkOpen prints what the heap is after opening, too.
func BenchmarkOpen(b *testing.B) {
	for _, records := range []int{0, 100_000} {
		dir := b.TempDir()
		s, err := Open(testOptions(dir))
		if err != nil {
			b.Fatal(err)
		}
		fillStore(b, s, records)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		for _, skip := range []bool{false, true} {
			b.Run(fmt.Sprintf("records=%d/skipVerify=%v", records, skip), func(b *testing.B) {
				o := testOptions(dir)
				o.SkipVerify = skip
				var heap uint64
				for b.Loop() {
					s, err := Open(o)
					if err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					heap = m.HeapAlloc
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
			})
		}
	}
}

func BenchmarkScan(b *testing.B) {
	s := mustOpen(b, testOptions(b.TempDir()))
	fillStore(b, s, 10_000)
	for _, keysOnly := range []bool{true, false} {
		b.Run(fmt.Sprintf("10000/keysOnly=%v", keysOnly), func(b *testing.B) {
			for b.Loop() {
				n := 0
				if err := s.Scan([]byte("d/"), keysOnly, func(_, _ []byte) error { n++; return nil }); err != nil || n != 10_000 {
					b.Fatal(n, err)
				}
			}
		})
	}
}
