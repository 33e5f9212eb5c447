package keyfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/identity"
)

// Reasons for which Install refuses a delegation, beside those of Load.
var (
	// ErrForeign: the delegation is for keys that are not here, or by another team.
	ErrForeign = errors.New("the delegation is not for this node")
	// ErrExpired: the delegation has ended.
	ErrExpired = errors.New("the delegation has ended")
	// ErrOlder: the one in use was made later.
	ErrOlder = errors.New("the delegation is older than the one in use")
)

// InstallOptions say what Install may do.
type InstallOptions struct {
	Now time.Time
	// Team is the team whose delegation is expected. Zero: that of the node in use or of the request.
	// Another one is given after the team's root key was rotated.
	Team identity.TeamID
}

// Installed is what Install has done.
type Installed struct {
	Already  bool            // it was in use; nothing was changed
	Replaced identity.NodeID // the node key that was in use before; zero if it is the same, or there was none
	Kept     string          // the file that still holds the replaced key; empty for none
}

// Install puts a delegation from the root to use: for the node key that waits, which then takes the place
// of the one in use, or for the one in use itself. A replaced key is kept under another name, since what
// was sealed to it can be opened with nothing else. Durable when it returns nil.
func Install(dir string, unlock UnlockSource, d *identity.Delegation, o InstallOptions) (Installed, error) {
	lock, err := lockDir(dir)
	if err != nil {
		return Installed{}, err
	}
	defer func() { _ = lock.Close() }() // nothing was written through it
	if !o.Now.Before(d.Until) {
		return Installed{}, &Error{Reason: ErrExpired, Hint: "ask for another one: tocsin key request"}
	}
	id, node, err := openBoth(dir, unlock)
	if err != nil {
		return Installed{}, err
	}
	next, err := loadNext(dir, id, node)
	if err != nil {
		return Installed{}, err
	}
	use, err := o.choose(d, node, next)
	if err != nil || use == nil {
		return Installed{Already: err == nil}, err
	}
	text, err := nodeText(use)
	if err != nil {
		return Installed{}, err
	}
	file, err := seal(text, id.Recipient())
	if err != nil {
		return Installed{}, err
	}
	var done Installed
	if node != nil && node.Key.Node() != use.Key.Node() {
		done.Replaced = node.Key.Node()
		if done.Kept, err = keepRetired(dir, done.Replaced); err != nil {
			return Installed{}, err
		}
	}
	if err := replace(dir, NodeFile, file); err != nil {
		return Installed{}, err
	}
	if next != nil && next.Key.Node() == use.Key.Node() {
		if err := removeIfThere(in(dir, NextFile)); err != nil {
			return done, err
		}
	}
	return done, syncDir(dir)
}

// choose returns the node as it is to be, or nil if it is so already.
func (o InstallOptions) choose(d *identity.Delegation, node *Node, next *Next) (*Node, error) {
	switch {
	case node == nil && next == nil:
		return nil, &Error{Reason: ErrForeign, Err: errors.New("there is no node key here"), Hint: "make one, and a request for it: tocsin key request"}
	case next != nil && next.Key.Is(d):
		return &Node{Key: next.Key, Delegation: d, StoreKey: next.StoreKey}, o.checkTeam(d, next.Team)
	case node != nil && node.Key.Is(d):
		was := node.Delegation
		if d.ID() == was.ID() {
			return nil, nil //nolint:nilnil // it is in use
		}
		if d.Team == was.Team && d.From.Before(was.From) {
			return nil, &Error{Reason: ErrOlder, Err: fmt.Errorf("it begins at %s, and that in use at %s", utc(d.From), utc(was.From))}
		}
		return &Node{Key: node.Key, Delegation: d, StoreKey: node.StoreKey}, o.checkTeam(d, was.Team)
	}
	return nil, &Error{Reason: ErrForeign, Err: errors.New(whoseKeys(d, node, next)), Hint: "use the answer to the request that was made here"}
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (o InstallOptions) checkTeam(d *identity.Delegation, team identity.TeamID) error {
	if o.Team != (identity.TeamID{}) {
		team = o.Team
	}
	if d.Team != team {
		return &Error{
			Reason: ErrForeign, Err: fmt.Errorf("it is by team %s, and this node speaks for team %s", d.Team, team),
			Hint: "if your team's root key was rotated, say so with the new ID: --team ID",
		}
	}
	return nil
}

// whoseKeys says in which of the three keys a delegation differs from what is here.
func whoseKeys(d *identity.Delegation, node *Node, next *Next) string {
	var here []string
	if node != nil {
		here = append(here, node.Key.Node().String())
		if node.Key.Node() == d.Node {
			return "it names this node with another sealing or transport key"
		}
	}
	if next != nil {
		here = append(here, next.Key.Node().String())
		if next.Key.Node() == d.Node {
			return "it names the node that waits here with another sealing or transport key"
		}
	}
	return fmt.Sprintf("it is for node %s, and here is %s", d.Node, here)
}

// RetiredFiles matches the names of the files of replaced node keys.
const RetiredFiles = "retired-*.key"

func keepRetired(dir string, node identity.NodeID) (string, error) {
	path := in(dir, strings.Replace(RetiredFiles, "*", node.String()[:12], 1))
	if err := os.Link(in(dir, NodeFile), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("keep the node key that was in use: %w", err)
	}
	return path, syncDir(dir)
}

// LoadRetired returns the node keys that were in use before, in no order: what was sealed to one of them
// opens with it. They sign nothing any more.
func LoadRetired(dir string, unlock UnlockSource) ([]*identity.NodeKey, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, cannotRead(dir, err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool {
		old, err := filepath.Match(RetiredFiles, e.Name())
		return err != nil || !old
	})
	if len(entries) == 0 {
		return nil, nil
	}
	id, _, err := unlock.open(dir)
	if err != nil {
		return nil, err
	}
	var out []*identity.NodeKey
	for _, e := range entries {
		path := in(dir, e.Name())
		text, err := unsealFile(path, id)
		if err != nil {
			return nil, err
		}
		n, err := parseNodeText(text)
		if err != nil {
			return nil, damaged(path, err)
		}
		out = append(out, n.Key)
	}
	return out, nil
}
