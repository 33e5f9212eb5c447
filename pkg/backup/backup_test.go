package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"filippo.io/age"

	"tocsin/pkg/backup"
)

var made = backup.Manifest{Created: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), Program: "test", Team: "t1", Node: "n1"}

func identity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// pairs is a store of n values, long enough for several parts.
func pairs(n int) backup.Pairs {
	return func(fn func(key, value []byte) error) error {
		for i := range n {
			if err := fn(fmt.Appendf(nil, "key %06d", i), bytes.Repeat([]byte{byte(i)}, 40_000)); err != nil {
				return err
			}
		}
		return nil
	}
}

func write(t testing.TB, id *age.X25519Identity, files []backup.File, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := backup.Write(&b, []age.Recipient{id.Recipient()}, backup.Content{Manifest: made, Files: files, Pairs: pairs(n)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ignore takes everything.
func ignore() backup.Taker {
	return backup.Taker{
		Begin: func(backup.Manifest) error { return nil }, File: func(backup.File) error { return nil },
		Pair: func(_, _ []byte) error { return nil },
	}
}

func TestWhatGoesInComesOut(t *testing.T) {
	id := identity(t)
	files := []backup.File{{Name: "node.key", Data: []byte("secret")}, {Name: "config.toml", Data: nil}}
	const n = 130
	whole := write(t, id, files, n)
	if bytes.Contains(whole, []byte("secret")) || bytes.Contains(whole, []byte("key 000001")) {
		t.Fatal("the backup can be read without a key")
	}
	seen := 0
	take := ignore()
	take.Begin = func(m backup.Manifest) error {
		if m.Version != backup.FormatVersion || m.Team != "t1" || !m.Created.Equal(made.Created) {
			t.Errorf("manifest %+v", m)
		}
		return nil
	}
	var got []backup.File
	take.File = func(f backup.File) error { got = append(got, f); return nil }
	take.Pair = func(key, value []byte) error {
		if string(key) != fmt.Sprintf("key %06d", seen) || len(value) != 40_000 || value[0] != byte(seen) {
			t.Fatalf("pair %d is %q with %d bytes", seen, key, len(value))
		}
		seen++
		return nil
	}
	counts, err := backup.Read(bytes.NewReader(whole), id, take)
	if err != nil || counts != (backup.Counts{Files: 2, Pairs: n}) || seen != n {
		t.Fatalf("%+v, %d seen, %v", counts, seen, err)
	}
	if len(got) != 2 || string(got[0].Data) != "secret" || got[1].Name != "config.toml" {
		t.Errorf("files %v", got)
	}
}

func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	id := identity(t)
	whole := write(t, id, []backup.File{{Name: "a", Data: []byte("x")}}, 60)
	for _, cut := range []int{1, 16, 5_000, 70_000, len(whole) / 2} {
		if _, err := backup.Read(bytes.NewReader(whole[:len(whole)-cut]), id, ignore()); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("without its last %d bytes: %v", cut, err)
		}
	}
	turned := bytes.Clone(whole)
	turned[len(turned)/2] ^= 1
	if _, err := backup.Read(bytes.NewReader(turned), id, ignore()); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("one bit turned: %v", err)
	}
	if _, err := backup.Read(bytes.NewReader(whole), identity(t), ignore()); !errors.Is(err, backup.ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := backup.Read(bytes.NewReader([]byte("something else")), id, ignore()); !errors.Is(err, backup.ErrNotBackup) {
		t.Errorf("another file: %v", err)
	}
	var other bytes.Buffer
	w, err := age.Encrypt(&other, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, "not an archive")
	_ = w.Close()
	if _, err := backup.Read(&other, id, ignore()); !errors.Is(err, backup.ErrNotBackup) {
		t.Errorf("an encrypted note: %v", err)
	}
}

func TestWhatTheTakerSaysCounts(t *testing.T) {
	id := identity(t)
	whole := write(t, id, []backup.File{{Name: "a"}}, 3)
	full := errors.New("full")
	for name, spoil := range map[string]func(*backup.Taker){
		"begin": func(k *backup.Taker) { k.Begin = func(backup.Manifest) error { return full } },
		"file":  func(k *backup.Taker) { k.File = func(backup.File) error { return full } },
		"pair":  func(k *backup.Taker) { k.Pair = func(_, _ []byte) error { return full } },
	} {
		take := ignore()
		spoil(&take)
		if _, err := backup.Read(bytes.NewReader(whole), id, take); !errors.Is(err, full) || errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesAndSizesAreBounded(t *testing.T) {
	id := identity(t)
	for _, f := range []backup.File{
		{Name: "../x"}, {Name: ".hidden"}, {Name: "a/b"}, {Name: ""}, {Name: "long", Data: make([]byte, backup.MaxFile+1)},
	} {
		if _, err := backup.Write(io.Discard, []age.Recipient{id.Recipient()}, backup.Content{Manifest: made, Files: []backup.File{f}, Pairs: pairs(0)}); err == nil {
			t.Errorf("%q with %d bytes was written", f.Name, len(f.Data))
		}
	}
	long := func(fn func(key, value []byte) error) error { return fn([]byte("k"), make([]byte, backup.MaxPair)) }
	if _, err := backup.Write(io.Discard, []age.Recipient{id.Recipient()}, backup.Content{Manifest: made, Pairs: long}); err == nil {
		t.Error("a value that Read would refuse was written")
	}
}

func FuzzReadPairs(f *testing.F) {
	f.Add(backup.AppendPair(backup.AppendPair(nil, []byte("a"), []byte("b")), nil, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		if err := backup.ReadPairs(bytes.NewReader(b), func(key, value []byte) error {
			again = backup.AppendPair(again, key, value)
			return nil
		}); err == nil && len(again) > len(b) {
			t.Errorf("%d bytes became %d", len(b), len(again))
		}
	})
}
