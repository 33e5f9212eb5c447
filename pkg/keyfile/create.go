package keyfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"tocsin/pkg/identity"
)

// CreateOptions say what to make.
type CreateOptions struct {
	Name       string    // the team's name, see identity.CheckName
	Passphrase string    // of RootFile; must not be empty
	Now        time.Time // when the delegation is made
	// Validity is how long the delegation lasts; zero means DefaultValidity.
	Validity time.Duration
	// Rand is where the keys come from; nil means crypto/rand. What age itself draws (the unlock key,
	// salts) always comes from there.
	Rand io.Reader
	// ScryptWorkFactor is log2 of scrypt's N; zero means DefaultWorkFactor.
	ScryptWorkFactor int
}

// staged is the ending of a file that is not yet published.
const staged = ".new"

// order is the order of publishing. NodeFile is last: with it the identity is complete.
func order() [3]string { return [3]string{RootFile, UnlockFile, NodeFile} }

// Create makes a team's root key and its first node, and writes them to dir, which is made if needed.
// When it returns nil the files are on stable storage. It overwrites nothing. All files are staged
// under other names and then linked to their own, so that after a crash the next Create can tell what
// it left unfinished, which nobody has seen yet, and clears it away; nothing else is ever removed.
func Create(dir string, o CreateOptions) (Created, error) {
	if err := makeDir(dir); err != nil {
		return Created{}, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return Created{}, err
	}
	defer func() { _ = lock.Close() }() // nothing was written through it
	if err := clearUnfinished(dir); err != nil {
		return Created{}, err
	}
	if err := refuseExisting(dir); err != nil {
		return Created{}, err
	}
	created, files, err := o.make()
	if err != nil {
		return Created{}, err
	}
	if err := publish(dir, files); err != nil {
		return Created{}, errors.Join(err, removeStaged(dir))
	}
	return created, nil
}

// makeDir makes a directory that others cannot change; in one that they can, they could put their own
// keys in the place of ours.
func makeDir(dir string) error {
	_, err := os.Stat(dir)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := checkOwner(info); err != nil {
		return &Error{Reason: ErrPermissions, Path: dir, Err: err, Hint: "choose a directory of your own"}
	}
	if perm := info.Mode().Perm(); accessKnown && perm&0o022 != 0 {
		return &Error{
			Reason: ErrPermissions, Path: dir, Err: fmt.Errorf("its mode is %04o: others may change it", perm),
			Hint: "chmod 700 " + dir,
		}
	}
	if fresh {
		return syncDir(filepath.Dir(filepath.Clean(dir)))
	}
	return nil
}

func refuseExisting(dir string) error {
	for _, name := range order() {
		path := filepath.Join(dir, name)
		_, err := os.Lstat(path)
		if err == nil {
			return &Error{
				Reason: ErrExists, Path: path,
				Hint: "nothing was changed; to make another identity choose another directory",
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return cannotRead(path, err)
		}
	}
	return nil
}

// make makes the keys and the content of the files, in the order of publishing.
func (o CreateOptions) make() (Created, [3][]byte, error) {
	var files [3][]byte
	from := o.Rand
	if from == nil {
		from = rand.Reader
	}
	validity := o.Validity
	if validity == 0 {
		validity = DefaultValidity
	}
	toPassphrase, err := passphraseRecipient(o.Passphrase, o.ScryptWorkFactor)
	if err != nil {
		return Created{}, files, err
	}
	root, err := identity.NewRootKey(from)
	if err != nil {
		return Created{}, files, err
	}
	node := &Node{StoreKey: make([]byte, StoreKeySize)}
	if node.Key, err = identity.NewNodeKey(from); err != nil {
		return Created{}, files, err
	}
	if _, err := io.ReadFull(from, node.StoreKey); err != nil {
		return Created{}, files, fmt.Errorf("make store key: %w", err)
	}
	if node.Delegation, err = root.Delegate(node.Key, o.Name, o.Now.Add(-backdate), o.Now.Add(validity)); err != nil {
		return Created{}, files, fmt.Errorf("delegate node key: %w", err)
	}
	unlock, err := age.GenerateX25519Identity()
	if err != nil {
		return Created{}, files, fmt.Errorf("make unlock key: %w", err)
	}
	text, err := nodeText(node)
	if err != nil {
		return Created{}, files, err
	}
	if files[2], err = seal(text, unlock.Recipient()); err != nil {
		return Created{}, files, err
	}
	files[1] = unlockText(unlock)
	if files[0], err = seal(rootText(root), toPassphrase); err != nil {
		return Created{}, files, err
	}
	return Created{Team: root.Team(), Node: node.Key.Node(), Delegation: node.Delegation}, files, nil
}

// publish stages the files, makes them durable and links them to their names. A link never replaces.
func publish(dir string, files [3][]byte) error {
	for i, name := range order() {
		if err := writeSynced(filepath.Join(dir, name+staged), files[i]); err != nil {
			return err
		}
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	for _, name := range order() {
		path := filepath.Join(dir, name)
		if err := os.Link(path+staged, path); err != nil {
			return fmt.Errorf("publish key file: %w", err)
		}
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	for _, name := range order() {
		// What stays is a second name of a published file, which the next Create clears away.
		_ = os.Remove(filepath.Join(dir, name+staged))
	}
	return nil
}

// clearUnfinished removes what a Create that did not end has left. If all the files were published
// the identity is complete and stays: the links became durable before the first stage was removed.
// The directory's lock is held.
func clearUnfinished(dir string) error {
	complete := true
	for _, name := range order() {
		_, err := os.Lstat(filepath.Join(dir, name))
		complete = complete && err == nil
	}
	if !complete {
		return removeStaged(dir)
	}
	for _, name := range order() {
		if err := removeIfThere(filepath.Join(dir, name+staged)); err != nil {
			return err
		}
	}
	return nil
}

// removeStaged removes the staged files and those that were published from them.
func removeStaged(dir string) error {
	for _, name := range order() {
		path := filepath.Join(dir, name)
		if isStaged(path) {
			if err := removeIfThere(path); err != nil {
				return err
			}
		}
		if err := removeIfThere(path + staged); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("clear unfinished identity: %w", err)
	}
	return nil
}

// isStaged reports whether a published file is the very file that is staged for its name.
func isStaged(path string) bool {
	published, err := os.Lstat(path)
	if err != nil {
		return false
	}
	stage, err := os.Lstat(path + staged)
	return err == nil && os.SameFile(published, stage)
}
