package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tocsin/pkg/api"
	"tocsin/pkg/record"
)

// withMounts runs the test once more in a process that has mounts of its own, and answers true there. Where the system does not
// allow that the test is skipped, unless TOCSIN_TEST_MOUNTS says "must", as in CI.
func withMounts(t *testing.T, onlyRoot bool) bool {
	t.Helper()
	const key = "TOCSIN_TEST_MOUNTS"
	must := os.Getenv(key) == "must"
	if os.Getenv(key) == t.Name() {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		return true
	}
	cannot := func(why any) {
		if must {
			t.Fatalf("mounts are not possible: %v", why)
		}
		t.Skipf("mounts are not possible here: %v", why)
	}
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if uid := os.Getuid(); uid != 0 {
		if onlyRoot {
			cannot("not root")
		}
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m") //nolint:gosec // this very test
	cmd.SysProcAttr = attr
	cmd.Env = append(os.Environ(), key+"="+t.Name(), "TOCSIN_TEST_BINARY="+binary(t))
	out, err := cmd.CombinedOutput()
	switch {
	case cmd.Process == nil:
		cannot(err)
	case err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()):
		t.Fatalf("%v\n%s", err, out)
	default:
		t.Logf("in a process with mounts of its own:\n%s", out)
	}
	return false
}

// mounted mounts a file system in memory at a new directory, which goes with this process.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir, err := tempDir() // short, for sockets
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(unix.Unmount(dir, unix.MNT_DETACH), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// alone boots one node, with a community of its own, whose home lies in dir.
func alone(t *testing.T, dir string) *Team {
	t.Helper()
	c, err := Start(t.Context(), Options{Schema: Numbered("alone", 1), Binary: binary(t), Dir: dir, Env: []string{"TOCSIN_STORE_FLOOR=128MiB"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			fmt.Fprint(os.Stderr, c.Dump(context.Background()))
		}
		c.Teams()[0].Kill()
		_ = c.Close()
	})
	return c.Teams()[0]
}

// fillDisk writes a file until the disk has no room, and answers its path.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		block := make([]byte, size)
		for err == nil {
			_, err = f.Write(block)
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}

// publisher publishes without end, as long as it is not stopped, and remembers how it was answered.
type publisher struct {
	mu           sync.Mutex
	acknowledged []record.ID
	refused      int
	unexpected   error
	start, stop  func()
}

func publish(t *testing.T, team *Team, expected ...api.Code) *publisher {
	t.Helper()
	p := &publisher{}
	p.start = func() {
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		p.stop = func() { cancel(); done.Wait() }
		for n := range 2 {
			done.Go(func() {
				for ctx.Err() == nil {
					answer, err := team.Client().PublishAlert(ctx, api.AlertDraft{Community: "alone", Alert: sample("alert", n*3000)})
					p.note(ctx, answer, err, expected)
				}
			})
		}
	}
	p.start()
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *publisher) note(ctx context.Context, answer *api.Published, err error, expected []api.Code) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.acknowledged = append(p.acknowledged, answer.ID)
		return
	}
	for _, code := range expected {
		if api.Is(err, code) {
			p.refused++
			return
		}
	}
	if ctx.Err() == nil {
		p.unexpected = err
	}
}

// counts waits until so many more were acknowledged and refused.
func (p *publisher) until(t *testing.T, team *Team, acknowledged, refused int) {
	t.Helper()
	p.mu.Lock()
	acknowledged, refused = acknowledged+len(p.acknowledged), refused+p.refused
	p.mu.Unlock()
	err := team.cluster.Until(t.Context(), time.Minute, func(context.Context) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.unexpected != nil || len(p.acknowledged) < acknowledged || p.refused < refused {
			return fmt.Errorf("%d of %d acknowledged, %d of %d refused, unexpected: %w", len(p.acknowledged), acknowledged, p.refused, refused, p.unexpected)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (p *publisher) ids() []record.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]record.ID(nil), p.acknowledged...)
}

// wantAll asks for each record.
func wantAll(t *testing.T, team *Team, ids []record.ID) {
	t.Helper()
	v := &victim{Team: team}
	if err := v.find(t.Context(), ids); err != nil {
		t.Fatalf("of %d: %v", len(ids), err)
	}
}

// wantWarning looks for words in what the node says that an operator should look at.
func wantWarning(t *testing.T, team *Team, words string) {
	t.Helper()
	st, err := team.Client().Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(st.Warnings, "\n"); !strings.Contains(all, words) {
		t.Fatalf("no %q in the warnings %q", words, all)
	}
}

func start1(t *testing.T, team *Team) {
	t.Helper()
	if err := team.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Others fill the disk while a node publishes. It lives and refuses with a reason, starts on the full disk and answers what it
// has, and goes on by itself when there is room.
func TestAFullDisk(t *testing.T) {
	if !withMounts(t, false) {
		return
	}
	dir := mounted(t, "size=330m")
	team := alone(t, dir)
	filler := filepath.Join(dir, "filler")
	p := publish(t, team, api.Full)
	for n := range 4 {
		p.until(t, team, 20+n, 0)
		if n%2 == 0 { // while nobody publishes: what was measured before is not true any more
			p.stop()
			fillDisk(t, filler)
			p.start()
		} else {
			fillDisk(t, filler)
		}
		p.until(t, team, 0, 50)
		wantWarning(t, team, "no room left above store.floor")
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	p.until(t, team, 20, 0)
	fillDisk(t, filler)
	p.until(t, team, 0, 5)
	p.stop()
	wantAll(t, team, p.ids())

	for _, end := range []func(){team.Kill, func() { _ = team.Stop() }} {
		end()
		if err := os.RemoveAll(filepath.Join(team.Home, "store", "ballast")); err != nil {
			t.Fatal(err)
		}
		fillDisk(t, filler)
		start1(t, team)
		wantAll(t, team, p.ids())
		wantWarning(t, team, "takes no writes until it has opened itself again")
		r, err := team.Run(t.Context(), "alert", "list")
		if err != nil || r.Code != 0 || !strings.Contains(r.Stdout, "alert") {
			t.Fatalf("list on a full disk: exit %d, %v\n%s%s", r.Code, err, r.Stdout, r.Stderr)
		}
	}
	q := publish(t, team, api.Full)
	q.until(t, team, 0, 5)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	q.until(t, team, 20, 0)
	q.stop()
	wantAll(t, team, append(p.ids(), q.ids()...))
}

// A disk that can hold no more files has bytes left.
func TestADiskWithoutInodes(t *testing.T) {
	if !withMounts(t, false) {
		return
	}
	dir := mounted(t, "size=330m,nr_inodes=600")
	team := alone(t, dir)
	p := publish(t, team, api.Full)
	p.until(t, team, 20, 0)
	fillers := filepath.Join(dir, "fillers")
	if err := os.Mkdir(fillers, 0o700); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		err := os.WriteFile(filepath.Join(fillers, fmt.Sprint(n)), nil, 0o600)
		if errors.Is(err, unix.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p.until(t, team, 0, 50)
	wantWarning(t, team, "inodes")
	if err := os.RemoveAll(fillers); err != nil {
		t.Fatal(err)
	}
	p.until(t, team, 20, 0)
	p.stop()
	wantAll(t, team, p.ids())
}

// A limit on the size of files is named, and nothing is called damaged.
func TestALimitOnFiles(t *testing.T) {
	dir, err := tempDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	team := alone(t, dir)
	p := publish(t, team)
	p.until(t, team, 20, 0)
	p.stop()
	if err := team.Stop(); err != nil {
		t.Fatal(err)
	}
	limited := func(daemon string) string {
		binary := filepath.Join(dir, "limited")
		if err := os.WriteFile(binary, []byte("#!/bin/sh\nulimit -f 16 && exec "+daemon+" \"$@\"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return binary
	}
	whole := team.cluster.binary
	team.cluster.binary = limited(whole)
	start1(t, team)
	wantAll(t, team, p.ids())
	wantWarning(t, team, "file too large")
	if err := team.Stop(); err != nil {
		t.Fatal(err)
	}

	if err := os.RemoveAll(filepath.Join(team.Home, "store")); err != nil { // one that has to be made cannot
		t.Fatal(err)
	}
	r, err := team.Run(t.Context(), "daemon")
	if err != nil || r.Code == 0 || !strings.Contains(r.Stderr, "file too large") || strings.Contains(r.Stderr, "damaged") {
		t.Fatalf("daemon: exit %d, %v\n%s", r.Code, err, r.Stderr)
	}
	team.cluster.binary = whole
	start1(t, team)
}
