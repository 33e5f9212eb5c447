package sim

import (
	"fmt"
	"slices"
	"time"
)

// Network is how messages travel. Gossip messages are alone: each has its own delay, so they
// overtake each other, and what is lost is lost. Streams behave as TCP does: what is lost comes
// later, nothing comes twice or out of order, and a cut ends them.
type Network struct {
	Latency   time.Duration // one way, at least; default 40 ms
	Jitter    time.Duration // at most this on top
	Loss      int           // of a thousand messages
	Duplicate int           // of a thousand gossip messages
}

func (n *Network) defaults() {
	if n.Latency == 0 {
		n.Latency = 40 * time.Millisecond
	}
}

// What a stream does about loss.
const (
	resendAfter = 200 * time.Millisecond // doubled each time
	resends     = 6
)

// SetNetwork changes how messages travel from now on.
func (w *World) SetNetwork(n Network) {
	n.defaults()
	w.cfg.Network = n
	w.standing = w.standing && n.Loss == 0
	w.note("network %+v", n)
}

// reach reports whether two teams are up and on the same side of any partition.
func (w *World) reach(a, b *Team) bool { return a.Up() && b.Up() && w.group[a] == w.group[b] }

// datagram sends a message that may be lost, doubled and overtaken.
func (w *World) datagram(from, to *Team, take func()) {
	if from.dying || !w.reach(from, to) {
		return
	}
	copies := 1
	if w.chance(w.cfg.Network.Duplicate) {
		copies = 2
	}
	for range copies {
		if !w.chance(w.cfg.Network.Loss) {
			w.carry(w.cfg.Network.Latency+w.upTo(w.cfg.Network.Jitter), from, to, take)
		}
	}
}

// stream sends a message of a stream, of which only one is ever on its way.
func (w *World) stream(from, to *Team, take func()) {
	if from.dying || !w.reach(from, to) {
		return
	}
	delay := w.cfg.Network.Latency + w.upTo(w.cfg.Network.Jitter)
	for i := range resends {
		if !w.chance(w.cfg.Network.Loss) {
			w.carry(delay, from, to, take)
			return
		}
		delay += resendAfter << i
	}
}

// carry delivers, unless a cut or the receiver's end comes before.
func (w *World) carry(delay time.Duration, from, to *Team, take func()) {
	var arrive func()
	arrive = func() {
		switch {
		case !to.Up() || w.group[from] != w.group[to]:
		case to.paused:
			to.queued = append(to.queued, arrive)
		default:
			take()
		}
	}
	w.after(delay, arrive)
}

// Partition cuts the network: only teams in the same group reach each other. Teams that are not
// named are alone together.
func (w *World) Partition(groups ...[]*Team) {
	before := w.links()
	for _, t := range w.teams {
		w.group[t] = 0
	}
	var text []string
	for i, g := range groups {
		var names []string
		for _, t := range g {
			w.group[t] = i + 1
			names = append(names, t.Name)
		}
		text = append(text, fmt.Sprint(names))
	}
	w.tell("the network is cut: %s", fmt.Sprint(text))
	w.meetNew(before)
}

// Heal makes the network whole.
func (w *World) Heal() {
	before := w.links()
	for _, t := range w.teams {
		w.group[t] = 0
	}
	w.tell("the network is whole")
	w.meetNew(before)
}

type link struct{ a, b *Team }

func (w *World) links() []link {
	var out []link
	for i, a := range w.teams {
		for _, b := range w.teams[i+1:] {
			if w.reach(a, b) {
				out = append(out, link{a, b})
			}
		}
	}
	return out
}

// meetNew lets teams that reach each other again notice it, as a reconnector does, within seconds.
func (w *World) meetNew(before []link) {
	for _, l := range w.links() {
		if !slices.Contains(before, l) {
			l.a.meet(l.b)
		}
	}
}
