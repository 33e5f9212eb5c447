package keyfile

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	ascii "filippo.io/age/armor"

	"tocsin/pkg/identity"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const passphrase = "correct horse battery staple"

func options(seed byte) CreateOptions {
	return CreateOptions{
		Name: "Example CSIRT", Passphrase: passphrase, Now: now, ScryptWorkFactor: 4,
		Rand: rand.NewChaCha8([32]byte{seed}),
	}
}

// home makes an identity and returns its directory.
func home(t *testing.T) (string, Created) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	c, err := Create(dir, options(1))
	if err != nil {
		t.Fatal(err)
	}
	return dir, c
}

// listing returns the names and contents of a directory's files.
func listing(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(in(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

func checkError(t *testing.T, err, reason error, path, hint string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, reason) {
		t.Fatalf("error %v, want %v", err, reason)
	}
	if e.Path != path || !strings.Contains(e.Hint, hint) {
		t.Errorf("path %q and hint %q, want %q and %q", e.Path, e.Hint, path, hint)
	}
	if strings.Contains(strings.ReplaceAll(err.Error(), "AGE-SECRET-KEY-1...", ""), "AGE-SECRET") {
		t.Errorf("the error holds a secret: %v", err)
	}
}

func TestCreatedIdentityOpens(t *testing.T) {
	dir, c := home(t)
	n, err := Load(dir, UnlockSource{})
	if err != nil {
		t.Fatal(err)
	}
	if n.Key.Node() != c.Node || n.Delegation.ID() != c.Delegation.ID() || n.Delegation.Team != c.Team {
		t.Errorf("loaded node %v of team %v, want %v of %v", n.Key.Node(), n.Delegation.Team, c.Node, c.Team)
	}
	if len(n.StoreKey) != StoreKeySize || bytes.Equal(n.StoreKey, make([]byte, StoreKeySize)) {
		t.Errorf("store key %x", n.StoreKey)
	}
	if !n.Delegation.Covers(now) || n.Delegation.Covers(now.Add(DefaultValidity)) {
		t.Errorf("the delegation runs from %v until %v", n.Delegation.From, n.Delegation.Until)
	}
	root, err := OpenRoot(in(dir, RootFile), passphrase)
	if err != nil {
		t.Fatal(err)
	}
	if root.Team() != c.Team {
		t.Errorf("root of %v, want %v", root.Team(), c.Team)
	}
	for name := range listing(t, dir) {
		info, err := os.Stat(in(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if accessKnown && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if info, err := os.Stat(dir); err != nil || accessKnown && info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v, %v", info.Mode(), err)
	}
	if n := len(listing(t, dir)); n != 3 {
		t.Errorf("%d files, want 3", n)
	}
}

// TestPlainAgeOpensThem does what "age -d root.key" and "age -d -i unlock.key node.key" do.
func TestPlainAgeOpensThem(t *testing.T) {
	dir, c := home(t)
	files := listing(t, dir)
	ids, err := age.ParseIdentities(strings.NewReader(files[UnlockFile]))
	if err != nil {
		t.Fatal(err)
	}
	pass, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]age.Identity{NodeFile: ids[0], RootFile: pass} {
		r, err := age.Decrypt(ascii.NewReader(strings.NewReader(files[name])), id)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nteam "+c.Team.String()+"\n") {
			t.Errorf("%s does not name the team", name)
		}
		if strings.Contains(files[name], "tocsin") {
			t.Errorf("%s is not encrypted", name)
		}
	}
}

func TestUnlockFromElsewhere(t *testing.T) {
	dir, c := home(t)
	moved := in(t.TempDir(), "elsewhere")
	if err := os.Rename(in(dir, UnlockFile), moved); err != nil {
		t.Fatal(err)
	}
	credential, err := os.ReadFile(moved)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []UnlockSource{{Path: moved}, {Identity: credential}, {Identity: credential, Path: "nowhere"}} {
		n, err := Load(dir, u)
		if err != nil {
			t.Fatal(err)
		}
		if n.Key.Node() != c.Node {
			t.Errorf("node %v", n.Key.Node())
		}
	}
	_, err = Load(dir, UnlockSource{})
	checkError(t, err, ErrMissing, in(dir, UnlockFile), "identity")
}

func TestNothingIsOverwritten(t *testing.T) {
	for _, name := range order() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(in(dir, name), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Create(dir, options(2))
			checkError(t, err, ErrExists, in(dir, name), "another directory")
			if got := listing(t, dir); len(got) != 1 || got[name] != "mine" {
				t.Errorf("the directory holds %v", got)
			}
		})
	}
	dir, _ := home(t)
	before := listing(t, dir)
	_, err := Create(dir, options(2))
	checkError(t, err, ErrExists, in(dir, RootFile), "another directory")
	for name, b := range listing(t, dir) {
		if before[name] != b {
			t.Errorf("%s was changed", name)
		}
	}
}

// TestCrashInCreate cuts Create short after each of its steps, then makes the identity again.
func TestCrashInCreate(t *testing.T) {
	_, files, err := options(3).make()
	if err != nil {
		t.Fatal(err)
	}
	// What is on disk after a crash: which stages were written, and which of them were linked. Links
	// may become durable in any order.
	for stages := range 4 {
		names := order()
		for links := range 1 << stages {
			if links == 7 {
				continue // complete, see below
			}
			dir := t.TempDir()
			for i, name := range names[:stages] {
				if err := os.WriteFile(in(dir, name+staged), files[i], 0o600); err != nil {
					t.Fatal(err)
				}
				if links&(1<<i) == 0 {
					continue
				}
				if err := os.Link(in(dir, name+staged), in(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			c, err := Create(dir, options(4))
			if err != nil {
				t.Fatalf("%d staged, linked %03b: %v", stages, links, err)
			}
			if n, err := Load(dir, UnlockSource{}); err != nil || n.Key.Node() != c.Node || len(listing(t, dir)) != 3 {
				t.Errorf("%d staged, linked %03b: loaded %v, %v", stages, links, n, err)
			}
		}
	}
}

// TestCrashAfterCreate cuts Create short while it removes its stages: the identity is complete.
func TestCrashAfterCreate(t *testing.T) {
	for left := range 4 {
		dir, c := home(t)
		names := order()
		for _, name := range names[3-left:] {
			if err := os.Link(in(dir, name), in(dir, name+staged)); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Create(dir, options(4))
		checkError(t, err, ErrExists, in(dir, RootFile), "")
		if n, err := Load(dir, UnlockSource{}); err != nil || n.Key.Node() != c.Node || len(listing(t, dir)) != 3 {
			t.Errorf("%d stages left: loaded %v, %v", left, n, err)
		}
	}
}

func TestFailedCreateLeavesNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func(*CreateOptions)
	}{
		{"no passphrase", func(o *CreateOptions) { o.Passphrase = "" }},
		{"no name", func(o *CreateOptions) { o.Name = "" }},
		{"ends before it begins", func(o *CreateOptions) { o.Validity = -2 * time.Hour }},
		{"work factor", func(o *CreateOptions) { o.ScryptWorkFactor = 40 }},
		{"no randomness", func(o *CreateOptions) { o.Rand = strings.NewReader("short") }},
		{"little randomness", func(o *CreateOptions) { o.Rand = strings.NewReader(strings.Repeat("x", 40)) }},
		{"not enough randomness", func(o *CreateOptions) { o.Rand = strings.NewReader(strings.Repeat("x", 130)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			o := options(5)
			tt.change(&o)
			if _, err := Create(dir, o); err == nil {
				t.Error("it was made")
			}
			if got := listing(t, dir); len(got) != 0 {
				t.Errorf("left %v", got)
			}
		})
	}
	// A name that appears between the check and the link is not replaced, and all of ours goes.
	dir := t.TempDir()
	_, files, err := options(5).make()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in(dir, NodeFile), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := publish(dir, files); err == nil {
		t.Error("published over an existing file")
	}
	if err := removeStaged(dir); err != nil {
		t.Fatal(err)
	}
	if got := listing(t, dir); len(got) != 1 || got[NodeFile] != "mine" {
		t.Errorf("left %v", got)
	}
}

func TestTwoCreatesAtOnce(t *testing.T) {
	if !accessKnown {
		t.Skip("no lock on this system")
	}
	dir := t.TempDir()
	lock, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(dir, options(6))
	checkError(t, err, ErrBusy, dir, "")
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err = Create(dir, options(6)); err != nil {
		t.Error(err)
	}
}

func TestPermissions(t *testing.T) {
	if !accessKnown {
		t.Skip("file modes say nothing on this system")
	}
	dir, _ := home(t)
	load := func() error { _, err := Load(dir, UnlockSource{}); return err }
	open := func() error { _, err := OpenRoot(in(dir, RootFile), passphrase); return err }
	for name, try := range map[string]func() error{RootFile: open, UnlockFile: load, NodeFile: load} {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o601, 0o666} {
			if err := os.Chmod(in(dir, name), mode); err != nil {
				t.Fatal(err)
			}
			checkError(t, try(), ErrPermissions, in(dir, name), "chmod 600 "+in(dir, name))
		}
		if err := os.Chmod(in(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := try(); err != nil {
			t.Errorf("%s with its mode back: %v", name, err)
		}
	}

	t.Run("unreadable", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root reads everything")
		}
		if err := os.Chmod(in(dir, NodeFile), 0); err != nil {
			t.Fatal(err)
		}
		checkError(t, load(), ErrPermissions, in(dir, NodeFile), "chmod 600")
	})
	t.Run("somebody else's", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can give files away")
		}
		if err := os.Chown(in(dir, NodeFile), 12345, -1); err != nil {
			t.Fatal(err)
		}
		checkError(t, load(), ErrPermissions, in(dir, NodeFile), "run as the user")
	})
	t.Run("a directory that others can change", func(t *testing.T) {
		open := t.TempDir()
		if err := os.Chmod(open, 0o777); err != nil { //nolint:gosec // the fault to be found
			t.Fatal(err)
		}
		_, err := Create(open, options(7))
		checkError(t, err, ErrPermissions, open, "chmod 700 "+open)
	})
}

func TestWrongKeys(t *testing.T) {
	dir, _ := home(t)
	other := t.TempDir()
	if _, err := Create(other, options(8)); err != nil {
		t.Fatal(err)
	}
	_, err := Load(dir, UnlockSource{Path: in(other, UnlockFile)})
	checkError(t, err, ErrWrongUnlockKey, in(dir, NodeFile), "unlock key")
	for _, p := range []string{"wrong", "", passphrase + " "} {
		_, err = OpenRoot(in(dir, RootFile), p)
		checkError(t, err, ErrWrongPassphrase, in(dir, RootFile), "try again")
	}
	_, err = OpenRoot(in(dir, NodeFile), passphrase) // an age file, but not of this sort
	checkError(t, err, ErrCorrupt, in(dir, NodeFile), "backup")
}

func TestDamagedFiles(t *testing.T) {
	dir, _ := home(t)
	good := listing(t, dir)
	load := func() error { _, err := Load(dir, UnlockSource{}); return err }
	open := func() error { _, err := OpenRoot(in(dir, RootFile), passphrase); return err }
	secret := good[UnlockFile][strings.Index(good[UnlockFile], "AGE-SECRET"):]
	tests := []struct {
		name, file, content string
		try                 func() error
	}{
		{"empty", RootFile, "", open},
		{"cut off", RootFile, good[RootFile][:len(good[RootFile])/2], open},
		{"something else", RootFile, "hello\n", open},
		{"too long", RootFile, strings.Repeat("a", maxFile+1), open},
		{"empty", NodeFile, "", load},
		{"cut off", NodeFile, good[NodeFile][:len(good[NodeFile])-200], load},
		{"another key file", NodeFile, good[UnlockFile], load},
		{"empty", UnlockFile, "", load},
		{"comments alone", UnlockFile, "# nothing\n\n", load},
		{"mistyped", UnlockFile, strings.Replace(secret, "AGE-SECRET-KEY-1Q", "AGE-SECRET-KEY-1P", 1)[:40], load},
		{"two keys", UnlockFile, secret + secret, load},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.name, func(t *testing.T) {
			write(t, in(dir, tt.file), tt.content)
			checkError(t, tt.try(), ErrCorrupt, in(dir, tt.file), "backup")
			write(t, in(dir, tt.file), good[tt.file])
		})
	}
	_, err := Load(dir, UnlockSource{Identity: []byte("no key")})
	checkError(t, err, ErrCorrupt, "", "")
	_, err = Load(dir, UnlockSource{Identity: make([]byte, maxFile+1)})
	checkError(t, err, ErrCorrupt, "", "")
	empty := t.TempDir()
	_, err = Load(empty, UnlockSource{Identity: []byte(good[UnlockFile])})
	checkError(t, err, ErrMissing, in(empty, NodeFile), "identity")
	_, err = OpenRoot(dir, passphrase)
	checkError(t, err, ErrCorrupt, dir, "")
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryChangedByte flips each byte of node.key: it must be found, whatever it is.
func TestEveryChangedByte(t *testing.T) {
	dir, _ := home(t)
	good := []byte(listing(t, dir)[NodeFile])
	ids, err := age.ParseIdentities(strings.NewReader(listing(t, dir)[UnlockFile]))
	if err != nil {
		t.Fatal(err)
	}
	want, err := unseal(good, ids[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if text, err := unseal(bad, ids[0]); err == nil && !bytes.Equal(text, want) {
			t.Fatalf("byte %d: changed and not found", i)
		}
	}
}

func texts(t testing.TB) (root, node []byte) {
	t.Helper()
	r := rand.NewChaCha8([32]byte{9})
	rootKey, err := identity.NewRootKey(r)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(r)
	if err != nil {
		t.Fatal(err)
	}
	d, err := rootKey.Delegate(key, "Example CSIRT", now, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	node, err = nodeText(&Node{Key: key, Delegation: d, StoreKey: bytes.Repeat([]byte{7}, StoreKeySize)})
	if err != nil {
		t.Fatal(err)
	}
	return rootText(rootKey), node
}

func TestTextForms(t *testing.T) {
	root, node := texts(t)
	if k, err := parseRootText(root); err != nil || !bytes.Equal(rootText(k), root) {
		t.Errorf("root text: %v", err)
	}
	n, err := parseNodeText(node)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := nodeText(n); err != nil || !bytes.Equal(again, node) {
		t.Errorf("node text: %v", err)
	}
	// Every byte of both matters, except in what the checks cannot know: another store key, other
	// transport or sealing seeds are as good as these.
	for i := range root {
		bad := bytes.Clone(root)
		bad[i] ^= 1
		if _, err := parseRootText(bad); !errors.Is(err, errText) {
			t.Errorf("root text with byte %d changed: %v", i, err)
		}
	}
	for i := range node {
		if _, err := parseNodeText(node[:i]); !errors.Is(err, errText) {
			t.Fatalf("node text cut at %d: %v", i, err)
		}
		bad := bytes.Clone(node)
		bad[i] = '!'
		if _, err := parseNodeText(bad); !errors.Is(err, errText) {
			t.Errorf("node text with byte %d changed: %v", i, err)
		}
	}
	other, err := identity.NewNodeKey(rand.NewChaCha8([32]byte{10}))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := nodeText(&Node{Key: other, Delegation: n.Delegation, StoreKey: n.StoreKey})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"another node's":                 foreign,
		"another node's under this name": bytes.Replace(foreign, []byte(other.Node().String()), []byte(n.Key.Node().String()), 1),
		"more":                           append(bytes.Clone(node), 'x'),
		"too long":                       append(bytes.Clone(node), make([]byte, maxText)...),
		"store":                          bytes.Replace(node, []byte("store "), []byte("store AAAA"), 1),
		"secret":                         bytes.Replace(node, []byte("secret "), []byte("secret AAAA"), 1),
		"root":                           root,
	} {
		if _, err := parseNodeText(bad); !errors.Is(err, errText) {
			t.Errorf("node text, %s: %v", name, err)
		}
	}
}

func FuzzKeyText(f *testing.F) {
	root, node := texts(f)
	f.Add(root)
	f.Add(node)
	f.Fuzz(func(t *testing.T, text []byte) {
		if k, err := parseRootText(text); err == nil && !bytes.Equal(rootText(k), text) {
			t.Errorf("a root key with a second spelling: %q", text)
		} else if err != nil && !errors.Is(err, errText) {
			t.Errorf("another kind of error: %v", err)
		}
		n, err := parseNodeText(text)
		if err != nil {
			if !errors.Is(err, errText) {
				t.Errorf("another kind of error: %v", err)
			}
			return
		}
		if again, err := nodeText(n); err != nil || !bytes.Equal(again, text) {
			t.Errorf("a node key with a second spelling: %q", text)
		}
	})
}

// FuzzKeyFile holds the outer decoders to the same: no panic, and no answer but a key or an error.
func FuzzKeyFile(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	_, node := texts(f)
	file, err := seal(node, id.Recipient())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(unlockText(id))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = unseal(b, id)
		_, _ = parseUnlock(b)
	})
}
