package replica

import (
	"errors"
	"fmt"
)

// MarkRestored notes in a store, before it is opened, that it is a copy from an earlier time: the node may
// have signed more since than it remembers. The next Open begins new runs.
func MarkRestored(s Store) error {
	if err := s.Apply([]Op{{Key: metaKey("fresh")}}); err != nil {
		return fmt.Errorf("mark restored store: %w", err)
	}
	return nil
}

// leaveCopied forgets the lanes of a restored store, on stable storage, before anything can be signed.
func (r *Replica) leaveCopied() error {
	_, err := r.opt.Store.Get(metaKey("fresh"))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.leaveLanes(); err != nil {
		return err
	}
	return r.opt.Store.Apply([]Op{{Key: metaKey("fresh"), Delete: true}})
}
