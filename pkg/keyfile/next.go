package keyfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"tocsin/pkg/identity"
)

// Next is a node key that waits for the root's delegation.
type Next struct {
	Key      *identity.NodeKey
	Team     identity.TeamID // whose delegation it waits for
	StoreKey []byte          // StoreKeySize bytes: that of the node it replaces, else its own
	Replaces identity.NodeID // the node key in use; zero where there is none yet
	Again    bool            // it was there already
}

// NextOptions say what to make.
type NextOptions struct {
	// Team is whose delegation the key waits for. Zero: the team of the node that is there.
	Team identity.TeamID
	// Rand is where the keys come from; nil means crypto/rand.
	Rand io.Reader
}

// Prepare makes a node key beside the one in use, or the first one of a machine that the root key was
// never on, and leaves everything in use as it is. A key that waits already is returned as it is, so that
// its request can be written again. When it returns nil the key is on stable storage.
func Prepare(dir string, unlock UnlockSource, o NextOptions) (*Next, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }() // nothing was written through it
	id, node, err := openOrBegin(dir, unlock)
	if err != nil {
		return nil, err
	}
	if node != nil && o.Team == (identity.TeamID{}) {
		o.Team = node.Delegation.Team
	}
	next, err := loadNext(dir, id, node)
	if err != nil {
		return nil, err
	}
	if next != nil {
		if next.Team != o.Team && o.Team != (identity.TeamID{}) {
			return nil, &Error{
				Reason: ErrExists, Path: in(dir, NextFile), Err: fmt.Errorf("its request was for team %s", next.Team),
				Hint: "to ask another team's root, move the file away first",
			}
		}
		return next, nil
	}
	if o.Team == (identity.TeamID{}) {
		return nil, errors.New("prepare a node key: no team is named")
	}
	if next, err = o.make(node); err != nil {
		return nil, err
	}
	text, err := nextText(next)
	if err != nil {
		return nil, err
	}
	file, err := seal(text, id.Recipient())
	if err != nil {
		return nil, err
	}
	return next, replace(dir, NextFile, file)
}

func (o NextOptions) make(node *Node) (*Next, error) {
	from := o.Rand
	if from == nil {
		from = rand.Reader
	}
	key, err := identity.NewNodeKey(from)
	if err != nil {
		return nil, err
	}
	next := &Next{Key: key, Team: o.Team}
	if node != nil {
		next.StoreKey, next.Replaces = node.StoreKey, node.Key.Node()
		return next, nil
	}
	next.StoreKey = make([]byte, StoreKeySize)
	if _, err := io.ReadFull(from, next.StoreKey); err != nil {
		return nil, fmt.Errorf("make store key: %w", err)
	}
	return next, nil
}

// openOrBegin opens the unlock key and the node in use. On a machine that has neither it makes an unlock
// key; with an unlock key alone the node is nil.
func openOrBegin(dir string, unlock UnlockSource) (*age.X25519Identity, *Node, error) {
	_, err := os.Lstat(in(dir, NodeFile))
	if err == nil {
		id, _, err := unlock.open(dir)
		if err != nil {
			return nil, nil, err
		}
		node, err := Load(dir, unlock)
		return id, node, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, cannotRead(in(dir, NodeFile), err)
	}
	id, _, err := unlock.open(dir)
	atHome := unlock.Identity == nil && (unlock.Path == "" || unlock.Path == in(dir, UnlockFile))
	if !errors.Is(err, ErrMissing) || !atHome {
		return id, nil, err
	}
	if id, err = age.GenerateX25519Identity(); err != nil {
		return nil, nil, fmt.Errorf("make unlock key: %w", err)
	}
	return id, nil, replace(dir, UnlockFile, unlockText(id))
}

// LoadNext returns the node key that waits for a delegation, or nil if there is none.
func LoadNext(dir string, unlock UnlockSource) (*Next, error) {
	if _, err := os.Lstat(in(dir, NextFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	id, node, err := openBoth(dir, unlock)
	if err != nil {
		return nil, err
	}
	return loadNext(dir, id, node)
}

// openBoth opens the unlock key, and the node if there is one.
func openBoth(dir string, unlock UnlockSource) (*age.X25519Identity, *Node, error) {
	id, _, err := unlock.open(dir)
	if err != nil {
		return nil, nil, err
	}
	node, err := Load(dir, unlock)
	if errors.Is(err, ErrMissing) {
		return id, nil, nil
	}
	return id, node, err
}

// loadNext reads NextFile; nil if there is none, or if it holds the key in use, which an install that was
// cut short has left.
func loadNext(dir string, id *age.X25519Identity, node *Node) (*Next, error) {
	path := in(dir, NextFile)
	text, err := unsealFile(path, id)
	if errors.Is(err, ErrMissing) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	next, err := parseNextText(text)
	if err != nil {
		return nil, damaged(path, err)
	}
	next.Again = true
	if node != nil {
		if next.Key.Node() == node.Key.Node() {
			return nil, nil //nolint:nilnil // it is in use already
		}
		next.Replaces = node.Key.Node()
	}
	return next, nil
}

// unsealFile opens a key file that the unlock key is for.
func unsealFile(path string, id *age.X25519Identity) ([]byte, error) {
	file, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	text, err := unseal(file, id)
	if wrong := new(age.NoIdentityMatchError); errors.As(err, &wrong) {
		return nil, &Error{
			Reason: ErrWrongUnlockKey, Path: path, Err: errors.New("the unlock key does not open it"),
			Hint: "use the unlock key that was made together with " + path,
		}
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	return text, nil
}

func in(dir, name string) string { return filepath.Join(dir, name) }

// replace puts a file in the place of another, or where none was, at once. It is durable on return.
func replace(dir, name string, file []byte) error {
	stage := in(dir, name+".tmp")
	if err := removeIfThere(stage); err != nil {
		return err
	}
	if err := writeSynced(stage, file); err != nil {
		return err
	}
	if err := os.Rename(stage, in(dir, name)); err != nil {
		return fmt.Errorf("publish key file: %w", err)
	}
	return syncDir(dir)
}
