package main

import (
	"io"
	"sync"
	"time"
)

// The bounds of a daemonLog.
const (
	logQueue = 1024        // lines that wait
	logEnd   = time.Second // how long the end of the daemon waits for the last of them
)

// daemonLog writes the lines of the log without ever holding up who logs: a reader that stands still or went away (a pager, a
// stopped terminal, a collector that was ended) must not stop a daemon. What cannot be written is dropped and counted.
type daemonLog struct {
	lines chan []byte
	end   chan struct{}
	done  chan struct{}
	// lost is told once writing works again how many lines were dropped.
	lost func(lines int)

	mu      sync.Mutex
	dropped int
}

// newDaemonLog starts the goroutine that writes to w; close ends it.
func newDaemonLog(w io.Writer) *daemonLog {
	l := &daemonLog{lines: make(chan []byte, logQueue), end: make(chan struct{}), done: make(chan struct{})}
	go l.run(w)
	return l
}

func (l *daemonLog) run(w io.Writer) {
	defer close(l.done)
	for {
		select {
		case line := <-l.lines:
			l.put(w, line)
			continue
		case <-l.end:
		}
		select {
		case line := <-l.lines: // what was logged before the end
			l.put(w, line)
		default:
			return
		}
	}
}

func (l *daemonLog) put(w io.Writer, line []byte) {
	if _, err := w.Write(line); err != nil {
		l.drop()
		return
	}
	if len(l.lines) > 0 || l.lost == nil { // to tell it now could drop that line too
		return
	}
	if n := l.taken(); n > 0 {
		l.lost(n)
	}
}

// Write implements io.Writer for one line at a time. It never fails.
func (l *daemonLog) Write(line []byte) (int, error) {
	select {
	case l.lines <- append([]byte(nil), line...):
	default:
		l.drop()
	}
	return len(line), nil
}

func (l *daemonLog) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped++
}

// taken returns how many lines were dropped since it was last asked.
func (l *daemonLog) taken() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.dropped
	l.dropped = 0
	return n
}

// close waits a little for the last lines. What is logged afterwards goes nowhere.
func (l *daemonLog) close() {
	close(l.end)
	select {
	case <-l.done:
	case <-time.After(logEnd):
	}
}
