package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestALogThatIsNotReadStopsNobody: writing a line returns at once whatever its reader does, and how many lines were lost is said.
func TestALogThatIsNotReadStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var out bytes.Buffer
		l := newDaemonLog(writerFunc(func(p []byte) (int, error) {
			<-gate
			return out.Write(p)
		}))
		l.lost = func(n int) { fmt.Fprintf(l, "lost %d\n", n) }
		for i := range logQueue + 10 {
			fmt.Fprintf(l, "%d\n", i)
			synctest.Wait()
		}
		close(gate)
		l.close()
		// One line was being written, a queue of them waited.
		if got := out.String(); !strings.HasPrefix(got, "0\n1\n") || !strings.Contains(got, "\nlost 9\n") || strings.Count(got, "\n") != logQueue+2 {
			t.Errorf("written: %d lines, %q", strings.Count(got, "\n"), got[max(0, len(got)-40):])
		}
	})
}

// TestALogThatBreaks: what a reader that went away would have been told is dropped; the next one is told how much.
func TestALogThatBreaks(t *testing.T) {
	var out bytes.Buffer
	broken := true
	l := newDaemonLog(writerFunc(func(p []byte) (int, error) {
		if broken {
			broken = bytes.Contains(p, []byte("one"))
			return 0, errors.New("broken pipe")
		}
		return out.Write(p)
	}))
	l.lost = func(n int) { fmt.Fprintf(l, "lost %d\n", n) }
	fmt.Fprintf(l, "one\n")
	fmt.Fprintf(l, "two\n")
	fmt.Fprintf(l, "three\n")
	l.close()
	if got := out.String(); got != "three\nlost 2\n" {
		t.Errorf("written: %q", got)
	}
}

// TestALogThatStandsStillEnds: the end of the daemon does not wait for it.
func TestALogThatStandsStillEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		l := newDaemonLog(writerFunc(func(p []byte) (int, error) {
			<-gate
			return len(p), nil
		}))
		fmt.Fprintf(l, "one\n")
		synctest.Wait()
		start := time.Now()
		l.close()
		if took := time.Since(start); took != logEnd {
			t.Errorf("took %s", took)
		}
		fmt.Fprintf(l, "nobody hears\n")
		close(gate)
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
