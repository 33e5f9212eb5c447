package local

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// floors are what the machine can do at this moment: no figure of ours can be better than they allow.
type floors struct {
	verify float64       // Ed25519 verifications of 1 kB in a second on one core
	sync   time.Duration // median of writing 2 kB and fdatasync
	trip   time.Duration // median TCP round trip on loopback
}

func measureFloors(tb testing.TB) floors {
	tb.Helper()
	f := floors{verify: verifyRate(tb), sync: syncTime(tb), trip: tripTime(tb)}
	tb.Logf("floors: %.0f Ed25519 verifications/s on one core, fdatasync of 2 kB %s, loopback TCP round trip %s", f.verify, f.sync, f.trip)
	return f
}

func verifyRate(tb testing.TB) float64 {
	tb.Helper()
	verify := rawVerification(tb)
	n, began := 0, time.Now()
	for ; time.Since(began) < 500*time.Millisecond; n++ {
		verify()
	}
	return float64(n) / time.Since(began).Seconds()
}

// rawVerification returns one verification of a signature over a message of a header's size.
func rawVerification(tb testing.TB) func() {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	message := make([]byte, 1000)
	signature := ed25519.Sign(private, message)
	return func() {
		if !ed25519.Verify(public, message, signature) {
			tb.Fatal("a good signature does not verify")
		}
	}
}

func syncTime(tb testing.TB) time.Duration {
	tb.Helper()
	f, err := os.Create(filepath.Join(tb.TempDir(), "sync"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	return median(200, func() {
		if _, err := f.Write(make([]byte, 2048)); err != nil {
			tb.Fatal(err)
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			tb.Fatal(err)
		}
	})
}

func tripTime(tb testing.TB) time.Duration {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(conn, conn)
			_ = conn.Close()
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close()
	message := make([]byte, 2048)
	return median(500, func() {
		if _, err := conn.Write(message); err != nil {
			tb.Fatal(err)
		}
		if _, err := io.ReadFull(conn, message); err != nil {
			tb.Fatal(err)
		}
	})
}

// median times do n times.
func median(n int, do func()) time.Duration {
	times := make([]time.Duration, n)
	for i := range times {
		began := time.Now()
		do()
		times[i] = time.Since(began)
	}
	return quantile(times, 0.5)
}

// quantile returns the value below which the share q of the times lies. It sorts them.
func quantile(times []time.Duration, q float64) time.Duration {
	slices.Sort(times)
	return times[min(int(q*float64(len(times))), len(times)-1)]
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
