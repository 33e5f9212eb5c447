package store

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tocsin/pkg/replica"
)

// What is acknowledged is on the disk: when Apply has returned, no page of a log that this process has mapped waits to be
// written. (kill -9 does not show that: it leaves the page cache. A power cut does, see testnet/local.)
func TestAcknowledgedIsSynced(t *testing.T) {
	s := mustOpen(t, testOptions(onDisk(t)))
	for n := range 20 {
		k, v := record(n)
		if err := s.Apply([]replica.Op{{Key: k, Value: v}}); err != nil {
			t.Fatal(err)
		}
		if kb, logs := dirtyLogs(t, s.dir); kb > 0 || logs == 0 {
			t.Fatalf("write %d was acknowledged with %d kB of %d mapped logs not on the disk", n, kb, logs)
		}
	}
}

// The room of the log that comes next is there before it is needed: a mapping without room ends the process.
func TestRoomOfLogs(t *testing.T) {
	s := mustOpen(t, testOptions(onDisk(t)))
	for n := range 20 {
		fillStore(t, s, 300*(n+1))
		for range 2 { // the first may begin a log, and the second sees that
			if err := s.Apply(one("small")); err != nil {
				t.Fatal(err)
			}
		}
		fi, err := os.Stat(s.next)
		if err != nil || fi.Size() != 0 || allocated(fi) < logSize {
			t.Fatalf("the next log: %v, %v", fi, err)
		}
		for _, name := range glob(t, s.dir, "*"+logSuffix) {
			if fi, err := os.Stat(name); err == nil && fi.Size() > 0 && allocated(fi) < logSize { // of no length: it is just being removed
				t.Fatalf("%s has %d bytes of room", name, allocated(fi))
			}
		}
	}
}

// onDisk is a directory on a file system that writes pages back: in memory they stay dirty for ever.
func onDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	if st.Type != unix.TMPFS_MAGIC {
		return dir
	}
	dir, err := os.MkdirTemp(".", "testdata-") //nolint:usetesting // that one is in memory
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if dir, err = filepath.Abs(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// dirtyLogs tells how many kilobytes of the logs below dir this process has written to and the system has not written
// out, and how many logs it has mapped.
func dirtyLogs(t *testing.T, dir string) (kb, logs int) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ours := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if name, _, _ := strings.Cut(line, " "); strings.Contains(name, "-") { // the head of a mapping
			ours = strings.Contains(line, dir) && strings.HasSuffix(line, logSuffix)
			if ours {
				logs++
			}
			continue
		}
		var n int
		var field string
		if _, err := fmt.Sscan(line, &field, &n); err == nil && ours && strings.HasSuffix(field, "_Dirty:") {
			kb += n
		}
	}
	return kb, logs
}
