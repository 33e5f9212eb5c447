package replica

import (
	"errors"
	"fmt"

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
	if err := r.endLanes(); err != nil {
		return err
	}
	// Last, so that a crash before it ends the lanes again.
	return r.opt.Store.Apply([]Op{{Key: metaKey("owner"), Value: mark}})
}

// endLanes forgets where the lanes stand, so that each begins a new run with its next record.
func (r *Replica) endLanes() error {
	var ops []Op
	err := r.opt.Store.Scan([]byte{spaceLane}, true, func(key, _ []byte) error {
		ops = append(ops, Op{Key: append([]byte{}, key...), Delete: true})
		return nil
	})
	if err != nil {
		return fmt.Errorf("read lanes: %w", err)
	}
	for len(ops) > 0 {
		n := min(len(ops), MaxApplyOps)
		if err := r.opt.Store.Apply(ops[:n]); err != nil {
			return fmt.Errorf("end lanes: %w", err)
		}
		ops = ops[n:]
	}
	return nil
}
