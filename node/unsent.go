package node

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// maxUnsent bounds the own community records that wait to be seen leaving. Beyond it the oldest are
// forgotten: their requests then count as unsent until something answers them.
const maxUnsent = 65536

// unsent remembers records of this node's that no peer was there to take when they were published.
// They left when a comparison with a member finds no difference.
type unsent struct {
	woken chan struct{} // room for one

	mu   sync.Mutex
	ids  map[record.Channel][]record.ID
	left []record.ID // found to have left, not noted yet
}

func newUnsent() *unsent {
	return &unsent{woken: make(chan struct{}, 1), ids: map[record.Channel][]record.ID{}}
}

func (u *unsent) add(ch record.Channel, id record.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	list := append(u.ids[ch], id)
	u.ids[ch] = list[max(0, len(list)-maxUnsent):]
}

// gone is told that a member has all that this node wrote into the channel.
func (u *unsent) gone(ch record.Channel) {
	u.mu.Lock()
	u.left = append(u.left, u.ids[ch]...)
	some := len(u.left) > 0
	delete(u.ids, ch)
	u.mu.Unlock()
	if some {
		rouse(u.woken)
	}
}

// departed is told that a record was given to gossip while a member was connected.
func (u *unsent) departed(id record.ID) {
	u.mu.Lock()
	u.left = append(u.left, id)
	u.mu.Unlock()
	rouse(u.woken)
}

func (u *unsent) take() []record.ID {
	u.mu.Lock()
	defer u.mu.Unlock()
	left := u.left
	u.left = nil
	return left
}

// send publishes durable records to the mesh and leaves word of those that somebody was there to take.
// That they left is written down soon after, many in one write: it is not what the publisher waits for.
func (n *Node) send(ctx context.Context, records []*record.Record) {
	for _, r := range records {
		ch := r.Header().Channel
		if ch.Private() {
			n.outbox.kick(n.replica.Other(ch))
			n.net.Sync(ch, n.replica.Self()) // with the other nodes of this team
			continue
		}
		frame, err := n.replica.FrameFor(r.ID(), identity.TeamID{}, policy.Send)
		if err == nil {
			err = n.net.Publish(ctx, ch, frame)
		}
		if n.twinned() {
			n.net.Sync(ch, identity.TeamID{}) // gossip takes the two for one
		}
		if err != nil {
			n.log.WarnContext(ctx, "could not gossip a record; members will get it when they compare",
				slog.String("record", r.ID().String()), slog.Any("err", err))
		} else if n.connected(ch) {
			n.unsent.departed(r.ID())
			continue
		}
		n.unsent.add(ch, r.ID())
	}
}

func (n *Node) noteLeft(ctx context.Context, left []record.ID) {
	if len(left) == 0 {
		return
	}
	if err := n.replica.Left(n.now(), left); err != nil {
		n.log.WarnContext(ctx, "could not note a departure", slog.Any("err", err))
	}
}

// connected reports whether a member of the community is connected.
func (n *Node) connected(ch record.Channel) bool {
	return slices.ContainsFunc(n.net.Peers(), func(p mesh.PeerInfo) bool {
		return p.Known && p.Team != n.replica.Self() && slices.Contains(p.Communities, ch.Community)
	})
}

// connectedTo reports whether a node of the team is connected, with which the channel is shared.
func (n *Node) connectedTo(ch record.Channel, team identity.TeamID) bool {
	return slices.ContainsFunc(n.net.Peers(), func(p mesh.PeerInfo) bool {
		return p.Known && p.Team == team && (ch.Private() || slices.Contains(p.Communities, ch.Community))
	})
}

// recallUnsent finds the requests that an earlier life of this node published and nobody took. Only
// requests have a clock that their leaving starts.
func (n *Node) recallUnsent(ctx context.Context) {
	err := n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindRequest}, Since: n.now().Add(-lookBack)}, func(e *replica.Entry) (bool, error) {
		ch := e.Record.Header().Channel
		if n.isOwn(e.Record.Team()) && e.Sighting.Left.IsZero() && !ch.Private() {
			n.unsent.add(ch, e.Record.ID())
		}
		return true, nil
	})
	if err != nil {
		n.log.WarnContext(ctx, "could not look for unsent requests", slog.Any("err", err))
	}
}
