package local

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"tocsin/pkg/api"
)

// block is an ext4 file system on a loop device over a file. What is in the file is what a real disk would have: a copy of it is
// what is found after a loss of power.
type block struct {
	t             *testing.T
	file, mounted string
}

// newBlock makes the file in dir and mounts it. For root alone.
func newBlock(t *testing.T, dir string) *block {
	t.Helper()
	at, err := tempDir()
	if err != nil {
		t.Fatal(err)
	}
	b := &block{t: t, file: filepath.Join(dir, "disk"), mounted: at}
	f, err := os.Create(b.file)
	if err == nil {
		err = errors.Join(f.Truncate(768<<20), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	// What describes files, and the journal, lie in the first 16 MiB, which are there; the rest is a hole until it is written.
	b.run("mkfs.ext4", "-q", "-F", "-m", "0", "-N", "4096", "-J", "size=8,location=8M", "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", b.file)
	b.run("fallocate", "-l", "16M", b.file)
	b.mount()
	t.Cleanup(func() {
		if err := errors.Join(unix.Unmount(at, unix.MNT_DETACH), os.Remove(at)); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *block) run(name string, args ...string) {
	b.t.Helper()
	if out, err := exec.CommandContext(b.t.Context(), name, args...).CombinedOutput(); err != nil {
		b.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// mount mounts without writing back by time, so that nothing but a sync brings data to the disk.
func (b *block) mount() {
	b.t.Helper()
	b.run("mount", "-t", "ext4", "-o", "loop,commit=300,nodiscard", b.file, b.mounted)
}

// cutPower has the mounted file system be what is on the disk now, and nothing of what is in the page cache. The node is killed
// after that moment, since dead processes write nothing.
func (b *block) cutPower(team *Team) {
	b.t.Helper()
	left := filepath.Join(b.t.TempDir(), "left")
	if err := copySparse(left, b.file); err != nil {
		b.t.Fatal(err)
	}
	team.Kill()
	b.run("umount", b.mounted)
	b.file = left
	b.mount()
}

// copySparse copies what a file holds and leaves its holes.
func copySparse(to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	size, err := in.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for at := int64(0); ; {
		data, err := in.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return out.Truncate(size)
		}
		if err != nil {
			return err
		}
		if at, err = in.Seek(data, unix.SEEK_HOLE); err != nil {
			return err
		}
		if _, err := in.Seek(data, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(io.NewOffsetWriter(out, data), io.LimitReader(in, at-data)); err != nil {
			return err
		}
	}
}

// What was acknowledged is there after a loss of power, which kill -9 does not show.
func TestPowerCut(t *testing.T) {
	if !withMounts(t, true) {
		return
	}
	b := newBlock(t, t.TempDir())
	team := alone(t, b.mounted)
	p := publish(t, team)
	for range 3 {
		p.until(t, team, 30, 0)
		acknowledged := p.ids()
		p.stop()
		b.cutPower(team)
		start1(t, team)
		wantAll(t, team, acknowledged)
		p = publish(t, team)
	}
	p.until(t, team, 30, 0)
}

// The disk below the file system is full for a while, as a thin pool: syncs fail, and the kernel marks the pages clean all the
// same. What is acknowledged when there is room again is there after a loss of power.
func TestPowerCutAfterFailedSyncs(t *testing.T) {
	if !withMounts(t, true) {
		return
	}
	pool := mounted(t, "size=700m")
	b := newBlock(t, pool)
	team := alone(t, b.mounted)
	p := publish(t, team, api.Unavailable)
	p.until(t, team, 30, 0)
	unix.Sync() // the directories that there are; what fails is to be the log

	filler := filepath.Join(pool, "filler")
	fillDisk(t, filler)
	p.until(t, team, 0, 3) // few: if many went into a log that nobody looks after, it would be flushed for being full
	p.stop()
	wantWarning(t, team, "takes no writes until it has opened itself again")
	wantWarning(t, team, "no space left on device") // though the file system has hundreds of megabytes
	wantAll(t, team, p.ids())
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	q := publish(t, team, api.Unavailable)
	q.until(t, team, 30, 0)
	acknowledged := append(p.ids(), q.ids()...)
	q.stop()
	st, err := team.Client().Status(t.Context())
	if err != nil || st.Store.Failure == nil || st.Store.Failure.Lasts {
		t.Fatalf("the store after that: %+v, %v", st.Store, err)
	}
	b.cutPower(team)
	start1(t, team)
	wantAll(t, team, acknowledged)
}
