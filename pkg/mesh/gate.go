package mesh

import (
	"maps"
	"slices"
	"sync"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
)

// gatedHost is the host as gossip sees it: peers exist once they are admitted and not before, so that
// a stranger is never told which topics there are, and can open no gossip stream.
type gatedHost struct {
	host.Host
	bus      event.Bus // of our own; libp2p's would announce everybody
	announce event.Emitter

	mu       sync.Mutex
	admitted map[peer.ID]bool          // guarded by mu
	held     map[peer.ID]chan struct{} // guarded by mu; closed when the peer is admitted
}

type gatedNetwork struct {
	network.Network
	gate *gatedHost
}

func newGatedHost(h host.Host) (*gatedHost, error) {
	g := &gatedHost{Host: h, bus: eventbus.NewBus(), admitted: map[peer.ID]bool{}, held: map[peer.ID]chan struct{}{}}
	var err error
	g.announce, err = g.bus.Emitter(new(event.EvtPeerIdentificationCompleted))
	return g, err
}

// EventBus returns the bus on which only admissions are announced.
func (g *gatedHost) EventBus() event.Bus { return g.bus }

// Network returns the network of the admitted.
func (g *gatedHost) Network() network.Network { return gatedNetwork{g.Host.Network(), g} }

// Peers returns the peers that are admitted. Gossip asks once, after it began to listen to the bus, so
// that none is missed in between.
func (n gatedNetwork) Peers() []peer.ID {
	return slices.DeleteFunc(n.Network.Peers(), func(p peer.ID) bool { return !n.gate.has(p) })
}

// SetStreamHandler holds the stream of a peer that is not admitted yet: the two ends of a hello come to
// know each other at slightly different moments, and gossip forgets what a peer announced when a stream
// to it is reset. After gateHold, and at once where one is held already, the stream is reset.
func (g *gatedHost) SetStreamHandler(proto protocol.ID, handle network.StreamHandler) {
	g.Host.SetStreamHandler(proto, func(s network.Stream) {
		if !g.wait(s.Conn().RemotePeer()) {
			_ = s.Reset()
			return
		}
		handle(s)
	})
}

// wait returns whether the peer is admitted, within gateHold.
func (g *gatedHost) wait(p peer.ID) bool {
	g.mu.Lock()
	if g.admitted[p] {
		g.mu.Unlock()
		return true
	}
	if _, one := g.held[p]; one || len(g.held) >= maxStrangers {
		g.mu.Unlock()
		return false
	}
	open := make(chan struct{}) // nothing is sent on it
	g.held[p] = open
	g.mu.Unlock()
	timer := time.NewTimer(gateHold)
	defer timer.Stop()
	select {
	case <-open:
		return g.has(p)
	case <-timer.C:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held[p] == open {
		delete(g.held, p)
	}
	return g.admitted[p]
}

func (g *gatedHost) has(p peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.admitted[p]
}

// admit lets gossip see the peer. Repeating it does no harm, and makes gossip try again if it gave up
// on a peer that admitted us later than we did it. Whether the peer speaks gossip its stream shows: what identify
// told may be from before the peer had begun, and a later word of it may be overtaken by that.
func (g *gatedHost) admit(p peer.ID) {
	g.mu.Lock()
	g.admitted[p] = true
	if open, ok := g.held[p]; ok {
		close(open)
		delete(g.held, p)
	}
	g.mu.Unlock()
	_ = g.announce.Emit(event.EvtPeerIdentificationCompleted{Peer: p, Protocols: gossipProtocols()})
}

// release lets go of the streams that are held, whose peers are not admitted any more.
func (g *gatedHost) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p, open := range g.held {
		close(open)
		delete(g.held, p)
	}
}

func (g *gatedHost) expel(p peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.admitted, p)
}

// filter decides which subscriptions gossip hears of: those to our topics by their members. Flood
// publishing goes to every subscriber it has heard of, so this is what keeps a topic among members.
//
// A peer announces its topics once per connection. One that was refused is remembered, and when it
// becomes allowed (a hello taught us of a member, or we joined later) the connection is made anew. To
// reset the gossip stream alone is not enough: gossip then forgets what the other end had announced.
type filter struct {
	may   func(peer.ID, string) bool // our topic, and the peer is a member
	again func()                     // has granted asked again, soon

	mu     sync.Mutex
	denied map[peer.ID]map[string]bool // guarded by mu; at most maxDenied topics a peer
}

// CanSubscribe allows what this package joins: it never asks gossip for another topic.
func (f *filter) CanSubscribe(string) bool { return true }

// FilterIncomingSubscriptions implements pubsub.SubscriptionFilter.
func (f *filter) FilterIncomingSubscriptions(from peer.ID, subs []*pb.RPC_SubOpts) ([]*pb.RPC_SubOpts, error) {
	if len(subs) > gossipTopics {
		return nil, pubsub.ErrTooManySubscriptions
	}
	var allowed []*pb.RPC_SubOpts
	for _, s := range subs {
		may := f.may(from, s.GetTopicid())
		if may {
			allowed = append(allowed, s)
		}
		f.note(from, s, may)
	}
	return allowed, nil
}

// note remembers a wish that is not allowed.
func (f *filter) note(from peer.ID, s *pb.RPC_SubOpts, allowed bool) {
	topic := s.GetTopicid()
	f.mu.Lock()
	defer f.mu.Unlock()
	wishes := f.denied[from]
	if allowed || !s.GetSubscribe() || len(topic) > maxTopic || len(wishes) >= maxDenied {
		delete(wishes, topic)
		return
	}
	if wishes == nil {
		wishes = map[string]bool{}
		f.denied[from] = wishes
	}
	wishes[topic] = true
	if f.may(from, topic) {
		f.again() // allowed in between; whoever looked at the wishes then has missed this one
	}
}

// granted returns the peers of which a wish is allowed now, and forgets those wishes.
func (f *filter) granted() (peers []peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p, wishes := range f.denied {
		before := len(wishes)
		maps.DeleteFunc(wishes, func(topic string, _ bool) bool { return f.may(p, topic) })
		if len(wishes) < before {
			peers = append(peers, p)
		}
	}
	return peers
}

// forget drops what is known of a peer that is gone.
func (f *filter) forget(p peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.denied, p)
}
