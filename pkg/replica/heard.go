package replica

import (
	"encoding/binary"
	"fmt"
	"time"

	"tocsin/pkg/record"
)

// StatementHeard returns when this node first held a statement, by its own clock: from then the window of
// an application runs here. It is false for one that is not here, or came with an earlier release.
func (r *Replica) StatementHeard(id record.StatementID) (time.Time, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	at, ok := r.heard[id]
	return at, ok
}

func heardOp(id record.StatementID, at time.Time) Op {
	v := binary.BigEndian.AppendUint64(nil, uint64(nanos(at))) //nolint:gosec // see encodeSighting
	return Op{Key: idKey(spaceHeard, id), Value: v}
}

func (r *Replica) loadHeard() error {
	err := r.opt.Store.Scan([]byte{spaceHeard}, false, func(key, v []byte) error {
		if len(key) != 33 || len(v) != 8 {
			return fmt.Errorf("it has %d and %d bytes, want 33 and 8", len(key), len(v))
		}
		r.heard[record.StatementID(key[1:])] = fromNanos(int64(binary.BigEndian.Uint64(v))) //nolint:gosec // see encodeSighting
		return nil
	})
	if err != nil {
		return fmt.Errorf("read when a statement came: %w", err)
	}
	return nil
}
