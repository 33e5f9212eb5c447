package replica

import (
	"bytes"
	"cmp"
	"slices"

	"tocsin/pkg/record"
)

// PrivateChannels returns the channels of two teams of which records are here, ascending.
func (r *Replica) PrivateChannels() []record.Channel {
	var out []record.Channel
	r.mu.RLock()
	for ch := range r.index.days {
		if ch.Private() {
			out = append(out, ch)
		}
	}
	r.mu.RUnlock()
	slices.SortFunc(out, func(a, b record.Channel) int {
		return cmp.Or(bytes.Compare(a.Pair[0][:], b.Pair[0][:]), bytes.Compare(a.Pair[1][:], b.Pair[1][:]))
	})
	return out
}
