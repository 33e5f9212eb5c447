//go:build unix

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestNoCore asks a process of its own, since the limit cannot be raised again.
func TestNoCore(t *testing.T) {
	if os.Getenv("TOCSIN_TEST_CORE") == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoCore$", "-test.v") //nolint:gosec // this test itself
		cmd.Env = append(os.Environ(), "TOCSIN_TEST_CORE=1")
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS: TestNoCore") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := leaveNoCore(); err != nil {
		t.Fatal(err)
	}
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &l); err != nil || l.Cur != 0 || l.Max != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}
