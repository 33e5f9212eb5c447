package sim

import (
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Stolen is a node key in other hands, with what the root said of it.
type Stolen struct {
	key        *identity.NodeKey
	delegation *identity.Delegation
}

// Freeze publishes the revocation of the team's node key that was made in advance: it names no heads. at
// is the team that gets it first, from paper.
func (t *Team) Freeze(at *Team) error {
	s, err := ceremony.Revoke(t.root, &notice.Revoke{Node: t.key.Node(), Frozen: true}, ceremony.Made{At: t.w.now})
	if err != nil {
		return err
	}
	t.w.tell("%s freezes its node key, by way of %s", t.Name, at.Name)
	return t.bring(at, s)
}

// Replace lets the root delegate a new node key, which takes over the machine, and takes the old one back
// with the heads that are here, of the lanes alone in which the named records are, if there are any: only people can
// tell their own from a thief's. The machine starts anew. It returns what a thief may have of the old key.
func (t *Team) Replace(own ...record.ID) (*Stolen, error) {
	if !t.Up() {
		return nil, fmt.Errorf("replace the key of %s: %w", t.Name, errDown)
	}
	old := &Stolen{t.key, t.opt.Delegation}
	cuts, _, err := t.rep.NodeCuts(old.key.Node())
	if err != nil {
		return nil, err
	}
	if len(own) > 0 {
		var runs []record.Run
		for _, id := range own {
			e, err := t.rep.Entry(id)
			if err != nil {
				return nil, err
			}
			runs = append(runs, e.Record.Header().Run)
		}
		cuts[0].Heads = slices.DeleteFunc(cuts[0].Heads, func(c notice.Cut) bool { return !slices.Contains(runs, record.Run(c.Run)) })
	}
	s, err := ceremony.Revoke(t.root, &notice.Revoke{Node: cuts[0].Node, Heads: cuts[0].Heads}, ceremony.Made{At: t.w.now, After: t.rep.Stated()})
	if err != nil {
		return nil, err
	}
	key, err := identity.NewNodeKey(t.w.src)
	if err != nil {
		return nil, err
	}
	t.w.tell("%s has a new node key, and takes the old one back with %d lanes", t.Name, len(cuts[0].Heads))
	return old, t.install(key, s)
}

// Rotate replaces the team's root key, with continuity. The node keeps its key, which the new root
// delegates.
func (t *Team) Rotate() error {
	if !t.Up() {
		return fmt.Errorf("rotate the root of %s: %w", t.Name, errDown)
	}
	root, err := identity.NewRootKey(t.w.src)
	if err != nil {
		return err
	}
	cuts, _, err := t.rep.NodeCuts(t.key.Node())
	if err != nil {
		return err
	}
	s, err := ceremony.Rotate(t.root, root, cuts, ceremony.Made{At: t.w.now, After: t.rep.Stated()})
	if err != nil {
		return err
	}
	t.root, t.ID = root, root.Team()
	t.w.ids[t.ID] = t
	t.w.tell("%s has a new root key", t.Name)
	return t.install(t.key, s)
}

// install starts the node with a key that the root delegates now, and tells the world what the root said.
func (t *Team) install(key *identity.NodeKey, said ...*record.Statement) error {
	d, err := t.root.Delegate(key, t.Name, t.w.now.Add(-time.Hour), t.w.now.AddDate(5, 0, 0))
	if err != nil {
		return err
	}
	for _, s := range said {
		if err := t.bring(t, s); err != nil {
			return err
		}
	}
	t.rep, t.dying, t.fault = nil, false, nil
	t.life++
	t.key, t.opt.Key, t.opt.Delegation = key, key, d
	if err := t.start(); err != nil {
		return err
	}
	t.handed(record.DelegationStatement(d).Frame())
	if !t.Up() {
		return errDied
	}
	t.announceSoon()
	return nil
}

// bring hands a statement of the root to a team.
func (t *Team) bring(at *Team, s *record.Statement) error {
	if !at.Up() {
		return fmt.Errorf("bring a statement to %s: %w", at.Name, errDown)
	}
	at.handed(s.Frame())
	if !at.Up() {
		return errDied
	}
	at.announceSoon()
	return nil
}
