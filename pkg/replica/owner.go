package replica

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"tocsin/pkg/identity"
)

// checkOwner refuses a store that another team's node wrote: its lanes are not ours to continue. A node
// whose key was replaced, or whose team's root key was, keeps its store, and all its lanes begin anew:
// what was signed under the one key or team is nothing that the other can carry on.
func (r *Replica) checkOwner() error {
	node := r.Node()
	mark := append(append([]byte{formatVersion}, node[:]...), r.self[:]...)
	got, err := r.opt.Store.Get(metaKey("owner"))
	switch {
	case errors.Is(err, ErrNotFound):
		return r.opt.Store.Apply([]Op{{Key: metaKey("owner"), Value: mark}})
	case err != nil:
		return err
	case string(got) == string(mark):
		return nil
	case len(got) != len(mark) || got[0] != formatVersion:
		return fmt.Errorf("the store has another format than this release's (%d)", formatVersion)
	}
	wrote, team := identity.NodeID(got[1:33]), identity.TeamID(got[33:])
	if wrote != node && team != r.self {
		return fmt.Errorf("the store belongs to node %s of team %s, this is node %s of team %s", wrote, team, node, r.self)
	}
	if err := r.leaveLanes(); err != nil {
		return err
	}
	// Last, so that a crash before it ends the lanes again.
	return r.opt.Store.Apply([]Op{{Key: metaKey("owner"), Value: mark}})
}

// leaveLanes forgets where this node's lanes stand, on stable storage first, so that each begins a new run
// with its next record: another key signs now. It comes before they are loaded.
func (r *Replica) leaveLanes() error {
	var ops []Op
	var err error
	for _, space := range []byte{spaceLane, spaceRun} {
		err = errors.Join(err, r.opt.Store.Scan([]byte{space}, true, func(key, _ []byte) error {
			ops = append(ops, Op{Key: bytes.Clone(key), Delete: true})
			return nil
		}))
	}
	for part := range slices.Chunk(ops, MaxApplyOps) {
		if err == nil {
			err = r.opt.Store.Apply(part)
		}
	}
	if err != nil {
		return fmt.Errorf("leave lanes: %w", err)
	}
	return nil
}
