package keyfile

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tocsin/pkg/identity"
)

func openRoot(t *testing.T, dir string) *identity.RootKey {
	t.Helper()
	root, err := OpenRoot(in(dir, RootFile), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func prepare(t *testing.T, dir string, o NextOptions) *Next {
	t.Helper()
	next, err := Prepare(dir, UnlockSource{}, o)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func delegate(t *testing.T, root *identity.RootKey, key *identity.NodeKey, from time.Time) *identity.Delegation {
	t.Helper()
	d, err := root.Delegate(key, "Example CSIRT", from, from.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func install(t *testing.T, dir string, d *identity.Delegation) Installed {
	t.Helper()
	done, err := Install(dir, UnlockSource{}, d, InstallOptions{Now: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestANodeWithoutRoot is a second machine of a team.
func TestANodeWithoutRoot(t *testing.T) {
	offline, c := home(t)
	root := openRoot(t, offline)
	dir := filepath.Join(t.TempDir(), "second")
	next := prepare(t, dir, NextOptions{Team: c.Team, Rand: rand.NewChaCha8([32]byte{2})})
	if next.Again || next.Replaces != (identity.NodeID{}) || len(next.StoreKey) != StoreKeySize {
		t.Errorf("next %+v", next)
	}
	if _, err := Load(dir, UnlockSource{}); !errors.Is(err, ErrMissing) {
		t.Errorf("a node before its delegation: %v", err)
	}
	again := prepare(t, dir, NextOptions{Team: c.Team})
	if !again.Again || again.Key.Node() != next.Key.Node() || !bytes.Equal(again.StoreKey, next.StoreKey) {
		t.Error("asking again makes other keys")
	}
	if _, err := Prepare(dir, UnlockSource{}, NextOptions{Team: identity.TeamID{1}}); !errors.Is(err, ErrExists) {
		t.Errorf("for another team: %v", err)
	}
	d := delegate(t, root, next.Key, now)
	if done := install(t, dir, d); done != (Installed{}) {
		t.Errorf("installed %+v", done)
	}
	n, err := Load(dir, UnlockSource{})
	if err != nil || n.Key.Node() != next.Key.Node() || n.Delegation.ID() != d.ID() || !bytes.Equal(n.StoreKey, next.StoreKey) {
		t.Fatalf("loaded %+v, %v", n, err)
	}
	if _, err := os.Stat(in(dir, NextFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the key still waits")
	}
	if done := install(t, dir, d); !done.Already {
		t.Errorf("again: %+v", done)
	}
}

func TestRenewal(t *testing.T) {
	dir, c := home(t)
	root := openRoot(t, dir)
	n, err := Load(dir, UnlockSource{})
	if err != nil {
		t.Fatal(err)
	}
	d := delegate(t, root, n.Key, now)
	install(t, dir, d)
	after, err := Load(dir, UnlockSource{})
	if err != nil || after.Key.Node() != c.Node || after.Delegation.ID() != d.ID() || !bytes.Equal(after.StoreKey, n.StoreKey) {
		t.Errorf("loaded %+v, %v", after, err)
	}
	if _, err := Install(dir, UnlockSource{}, c.Delegation, InstallOptions{Now: now}); !errors.Is(err, ErrOlder) {
		t.Errorf("the old one again: %v", err)
	}
	if files := listing(t, dir); len(files) != 3 {
		t.Errorf("%d files, want 3", len(files))
	}
}

func TestRotation(t *testing.T) {
	dir, c := home(t)
	root := openRoot(t, dir)
	before, err := Load(dir, UnlockSource{})
	if err != nil {
		t.Fatal(err)
	}
	next := prepare(t, dir, NextOptions{})
	if next.Replaces != c.Node || next.Team != c.Team || !bytes.Equal(next.StoreKey, before.StoreKey) {
		t.Errorf("next %+v", next)
	}
	if n, err := Load(dir, UnlockSource{}); err != nil || n.Key.Node() != c.Node {
		t.Errorf("the key in use is another: %v", err)
	}
	if waiting, err := LoadNext(dir, UnlockSource{}); err != nil || waiting.Key.Node() != next.Key.Node() {
		t.Errorf("waiting: %v", err)
	}
	done := install(t, dir, delegate(t, root, next.Key, now))
	if done.Replaced != c.Node || done.Kept == "" {
		t.Errorf("installed %+v", done)
	}
	old, err := LoadRetired(dir, UnlockSource{})
	if err != nil || len(old) != 1 || old[0].Node() != c.Node {
		t.Errorf("retired %v, %v", old, err)
	}
	if waiting, err := LoadNext(dir, UnlockSource{}); err != nil || waiting != nil {
		t.Errorf("still waiting: %+v, %v", waiting, err)
	}
	for name := range listing(t, dir) {
		if info, err := os.Stat(in(dir, name)); err != nil || accessKnown && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
}

// TestInstallCutShort: the new key is in use and its waiting copy was not cleared away.
func TestInstallCutShort(t *testing.T) {
	dir, _ := home(t)
	root := openRoot(t, dir)
	next := prepare(t, dir, NextOptions{})
	waiting, err := os.ReadFile(in(dir, NextFile))
	if err != nil {
		t.Fatal(err)
	}
	install(t, dir, delegate(t, root, next.Key, now))
	if err := os.WriteFile(in(dir, NextFile), waiting, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := LoadNext(dir, UnlockSource{}); err != nil || n != nil {
		t.Errorf("it waits: %+v, %v", n, err)
	}
	another := prepare(t, dir, NextOptions{})
	if another.Again || another.Key.Node() == next.Key.Node() || another.Replaces != next.Key.Node() {
		t.Errorf("rotating again: %+v", another)
	}
}

// TestInstallAttacks: nothing is changed by a delegation that is not for the keys here.
func TestInstallAttacks(t *testing.T) {
	dir, c := home(t)
	root := openRoot(t, dir)
	n, err := Load(dir, UnlockSource{})
	if err != nil {
		t.Fatal(err)
	}
	next := prepare(t, dir, NextOptions{})
	other, err := identity.NewRootKey(rand.NewChaCha8([32]byte{9}))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := identity.NewNodeKey(rand.NewChaCha8([32]byte{8}))
	if err != nil {
		t.Fatal(err)
	}
	mixed := n.Key.Public()
	mixed.Transport = stranger.Public().Transport
	mixedNext := next.Key.Public()
	mixedNext.Sealing = stranger.Public().Sealing
	term := identity.Term{Name: "Example CSIRT", From: now, Until: now.AddDate(1, 0, 0)}
	to := func(root *identity.RootKey, keys identity.NodePublic, term identity.Term) *identity.Delegation {
		d, err := root.DelegateTo(keys, term)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := listing(t, dir)
	for name, tt := range map[string]struct {
		d    *identity.Delegation
		want error
	}{
		"another team's, for the key in use":     {to(other, n.Key.Public(), term), ErrForeign},
		"another team's, for the key that waits": {to(other, next.Key.Public(), term), ErrForeign},
		"another node":                           {to(root, stranger.Public(), term), ErrForeign},
		"another node's transport key":           {to(root, mixed, term), ErrForeign},
		"another node's sealing key":             {to(root, mixedNext, term), ErrForeign},
		"ended":                                  {to(root, next.Key.Public(), identity.Term{Name: "x", From: now.AddDate(-1, 0, 0), Until: now}), ErrExpired},
	} {
		if _, err := Install(dir, UnlockSource{}, tt.d, InstallOptions{Now: now}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	for name, text := range listing(t, dir) {
		if before[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	// After a rotation of the root the operator says so.
	d := to(other, n.Key.Public(), term)
	if _, err := Install(dir, UnlockSource{}, d, InstallOptions{Now: now, Team: other.Team()}); err != nil {
		t.Errorf("under a new root: %v", err)
	}
	if after, err := Load(dir, UnlockSource{}); err != nil || after.Delegation.Team != other.Team() || after.Key.Node() != c.Node {
		t.Errorf("loaded %+v, %v", after, err)
	}
	if _, err := Install(t.TempDir(), UnlockSource{}, d, InstallOptions{Now: now}); !errors.Is(err, ErrMissing) {
		t.Errorf("without keys: %v", err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	empty := t.TempDir()
	if err := os.Chmod(empty, 0o700); err != nil { //nolint:gosec // a directory
		t.Fatal(err)
	}
	if _, err := Prepare(empty, UnlockSource{}, NextOptions{}); err == nil {
		t.Error("a key for no team")
	}
	if _, err := Prepare(t.TempDir(), UnlockSource{Path: in(empty, "elsewhere")}, NextOptions{Team: identity.TeamID{1}}); !errors.Is(err, ErrMissing) {
		t.Errorf("an unlock key that is elsewhere was made: %v", err)
	}
	dir, c := home(t)
	if err := os.WriteFile(in(dir, NextFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(dir, UnlockSource{}, NextOptions{Team: c.Team}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("over a damaged one: %v", err)
	}
}

func TestWriteRoot(t *testing.T) {
	root, err := identity.NewRootKey(rand.NewChaCha8([32]byte{5}))
	if err != nil {
		t.Fatal(err)
	}
	path := in(t.TempDir(), "copy.key")
	if err := WriteRoot(path, root, RootOptions{Passphrase: passphrase, ScryptWorkFactor: 4}); err != nil {
		t.Fatal(err)
	}
	if got, err := OpenRoot(path, passphrase); err != nil || got.Team() != root.Team() {
		t.Errorf("opened %v, %v", got, err)
	}
	if err := WriteRoot(path, root, RootOptions{Passphrase: passphrase, ScryptWorkFactor: 4}); !errors.Is(err, ErrExists) {
		t.Errorf("over a key: %v", err)
	}
	if err := WriteRoot(in(t.TempDir(), "x"), root, RootOptions{}); err == nil {
		t.Error("without a passphrase")
	}
}

func FuzzParseNextText(f *testing.F) {
	key, err := identity.NewNodeKey(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		f.Fatal(err)
	}
	text, err := nextText(&Next{Key: key, Team: identity.TeamID{1}, StoreKey: make([]byte, StoreKeySize)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := parseNextText(text)
		if err != nil {
			return
		}
		if again, err := nextText(n); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is read as %q, %v", text, again, err)
		}
	})
}
