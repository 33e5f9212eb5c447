package store

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"tocsin/pkg/replica"
)

const killedDir = "TOCSIN_TEST_STORE_DIR"

// TestMain writes records until killed when it finds itself the child of TestKill.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killedDir); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func writeForever(dir string) error {
	s, err := Open(testOptions(dir))
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		k, v := record(n)
		index := append([]byte("i/"), k...)
		if err := s.Apply([]replica.Op{{Key: k, Value: v}, {Key: index}}); err != nil {
			return err
		}
		if _, err := fmt.Println(n); err != nil {
			return err
		}
	}
}

func TestKill(t *testing.T) {
	for _, after := range []int{1, 700, 9000} { // within a log, after the first flushes, after compactions
		t.Run(strconv.Itoa(after), func(t *testing.T) {
			if after > 1000 && testing.Short() {
				t.Skip("long")
			}
			dir := t.TempDir()
			acked := killWriter(t, dir, after)
			s := mustOpen(t, testOptions(dir))
			if got := checkRecords(t, s, acked); got != acked {
				t.Fatalf("%d of %d acknowledged records are there", got, acked)
			}
			if err := s.Verify(); err != nil {
				t.Fatal(err)
			}
			checkIndex(t, s, acked)
		})
	}
}

// checkIndex sees that record and index entry of each write are both there or both not.
func checkIndex(t *testing.T, s *Store, acked int) {
	t.Helper()
	n := map[string]int{}
	for _, prefix := range []string{"d/", "i/d/"} {
		if err := s.Scan([]byte(prefix), true, func(_, _ []byte) error { n[prefix]++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if n["d/"] != n["i/d/"] || n["d/"] < acked {
		t.Fatalf("records and index entries %v, acknowledged %d", n, acked)
	}
}

// killWriter starts a writer, kills it after it acknowledged some records, and tells how many.
func killWriter(t *testing.T, dir string, after int) int {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe) //nolint:gosec // this very test
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		acked++
		if acked == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || acked < after {
		t.Fatalf("writer ended by itself after %d records: %v\n%s", acked, err, stderr.Bytes())
	}
	return acked
}
