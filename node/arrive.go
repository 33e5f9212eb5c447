package node

import (
	"context"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// meshDoor is the way in for what peers send.
type meshDoor struct{ n *Node }

// Ingest implements mesh.Door.
func (d meshDoor) Ingest(ctx context.Context, arrivals []replica.Arrival) ([]replica.Outcome, error) {
	return d.n.door.Ingest(ctx, arrivals)
}

// AddStatements implements mesh.Door. Statements are few, and go to the replica as they come.
func (d meshDoor) AddStatements(_ context.Context, _ identity.TeamID, frames [][]byte) (news int, err error) {
	for _, o := range d.n.replica.AddStatements(d.n.now(), frames) {
		if o.Verdict == policy.Accept {
			news++
		}
	}
	return news, nil
}

// committed is told by the door what a commit kept. It only leaves word with those who follow it up.
func (n *Node) committed(outcomes []replica.Outcome, published []replica.Published) {
	now := n.now()
	for i := range outcomes {
		o := &outcomes[i]
		n.sawClock(o, now)
		n.steps.Missed(o)
		if o.Verdict != policy.Accept || o.Record == nil {
			continue
		}
		n.kept(o.Record, o.Notice)
		// In a topic records overtake each other all the time, and the mesh compares a moment later if one
		// stays away; on a direct stream they come in order, so that a gap is a loss.
		if o.Gap && o.Record.Header().Channel.Private() {
			n.net.Sync(o.Record.Header().Channel, identity.TeamID{})
		}
	}
	n.logTwin()
	for _, p := range published {
		if p.Err == nil {
			n.kept(p.Record, nil)
		}
	}
	if keys := n.replica.NewKeys(); len(keys) > 0 {
		n.net.GiveKeys(keys...)
	}
}

// keysCame is told by the mesh that keys came which were not here. What they open is told of as if it had
// come just now: before, nobody here could read it.
func (n *Node) keysCame(identity.TeamID, int) {
	for _, id := range n.replica.Opened() {
		e, err := n.replica.Brief(id)
		if err != nil {
			continue // dropped since
		}
		n.kept(e.Record, e.Notice)
	}
}

// kept is told of each record that is on disk now, with what it says where that is known already.
func (n *Node) kept(r *record.Record, what notice.Notice) {
	n.hub.tell(api.Event{Type: api.EventRecord, At: n.now(), Record: r.ID()})
	if !r.HasBody() {
		n.bodies.wake()
		if r.Inline() && !n.isOwn(r.Team()) {
			n.cameErased(r)
		}
	}
	if !n.isOwn(r.Team()) && n.wantsReceipt(r, what) {
		n.receipts.look(r.ID())
	}
}

// peerCame is told by the mesh that a member's node has said hello.
func (n *Node) peerCame(p mesh.PeerInfo) {
	n.outbox.kick(p.Team)
	n.bodies.wake()
	n.tellPeer(p, true)
}

func (n *Node) peerWent(p mesh.PeerInfo) { n.tellPeer(p, false) }

func (n *Node) tellPeer(p mesh.PeerInfo, online bool) {
	team := n.team(p.Team)
	n.hub.tell(api.Event{Type: api.EventPeer, At: n.now(), Team: &team, Online: online})
}

func (n *Node) statementsCame(from identity.TeamID, _ int) {
	rouse(n.members)
	team := api.Team{ID: from, Name: n.replica.Roster().Name(from)} // not n.team, which looks at all names anew after each statement
	n.hub.tell(api.Event{Type: api.EventMember, At: n.now(), Team: &team})
}

// inStep is told by the mesh that a comparison with a member found no difference: what this node has
// written into the channel is with that member too.
func (n *Node) inStep(ch record.Channel, team identity.TeamID, at time.Time) {
	n.look(n.now())
	n.replica.Confirm(ch, at)
	if n.isOwn(team) {
		return
	}
	n.unsent.gone(ch)
	n.steps.Reached(replica.Step{Channel: ch, Team: team, At: at})
	rouse(n.compared)
}

// Watch implements httpapi.Service. Entries are read when they are sent: the ring holds no content.
func (n *Node) Watch(ctx context.Context, from string, fn func(api.Event) error) error {
	return n.hub.watch(ctx, from, func(e api.Event) error {
		if e.Type == api.EventRecord {
			kept, err := n.replica.Brief(e.Record)
			if err != nil {
				return fn(e) // dropped since; its ID still says that it was
			}
			view := n.entry(&kept)
			e.Entry = &view
		}
		return fn(e)
	})
}
