package replica

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Step says that at At this node had everything that the team had said in the channel by then. It is
// about one team, not about the channel: being level with one member says nothing of another that
// neither of the two could hear, and that other must not be charged for it.
type Step struct {
	Channel record.Channel
	Team    identity.TeamID
	At      time.Time
}

type stepKey struct {
	channel record.Channel
	team    identity.TeamID
}

// InStep notes steps. They are on stable storage when it returns nil. A clock that was set back takes
// its marks with it, or every time would be doubted until the clock is there again.
func (r *Replica) InStep(steps ...Step) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for part := range slices.Chunk(steps, MaxApplyOps) {
		var ops []Op
		for _, s := range part {
			if s.At.Equal(r.step[stepKey{s.Channel, s.Team}]) {
				continue
			}
			key := append(idKey(spaceStep, s.Channel.Tag()), s.Team[:]...)
			ops = append(ops, Op{Key: key, Value: binary.BigEndian.AppendUint64(nil, uint64(nanos(s.At)))}) //nolint:gosec // see encodeSighting
		}
		if len(ops) == 0 {
			continue
		}
		if err := r.opt.Store.Apply(ops); err != nil {
			return fmt.Errorf("note that the node is in step: %w", err)
		}
		for _, s := range part {
			r.step[stepKey{s.Channel, s.Team}] = s.At
		}
	}
	return nil
}

// InStepWith returns when this node last had all that a team had said in a channel; zero for never.
func (r *Replica) InStepWith(ch record.Channel, team identity.TeamID) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.step[stepKey{ch, team}]
}

// InStepAt returns when this node was last in step with any other team of a channel; zero for never.
func (r *Replica) InStepAt(ch record.Channel) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var last time.Time
	for key, at := range r.step {
		if key.channel == ch && at.After(last) {
			last = at
		}
	}
	return last
}
