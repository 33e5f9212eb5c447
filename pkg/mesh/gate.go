package mesh

import (
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p-pubsub"
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
	admitted map[peer.ID]bool // guarded by mu
}

type gatedNetwork struct {
	network.Network
	gate *gatedHost
}

func newGatedHost(h host.Host) (*gatedHost, error) {
	g := &gatedHost{Host: h, bus: eventbus.NewBus(), admitted: map[peer.ID]bool{}}
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

// SetStreamHandler resets streams of peers that are not admitted.
func (g *gatedHost) SetStreamHandler(proto protocol.ID, handle network.StreamHandler) {
	g.Host.SetStreamHandler(proto, func(s network.Stream) {
		if !g.has(s.Conn().RemotePeer()) {
			_ = s.Reset() // it asks again when a hello has made it known here
			return
		}
		handle(s)
	})
}

func (g *gatedHost) has(p peer.ID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.admitted[p]
}

// admit lets gossip see the peer. Repeating it does no harm, and makes gossip try again if it gave up
// on a peer that admitted us later than we did it.
func (g *gatedHost) admit(p peer.ID) {
	g.mu.Lock()
	g.admitted[p] = true
	g.mu.Unlock()
	protocols, err := g.Host.Peerstore().SupportsProtocols(p, gossipProtocols()...)
	if err != nil || len(protocols) == 0 {
		return // it speaks no gossip that we do
	}
	_ = g.announce.Emit(event.EvtPeerIdentificationCompleted{Peer: p, Protocols: protocols})
}

func (g *gatedHost) expel(p peer.ID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.admitted, p)
}

// filter decides which subscriptions gossip hears of: those to our topics by their members. Flood
// publishing goes to every subscriber it has heard of, so this is what keeps a topic among members.
//
// A peer announces its topics once per stream. One that was refused is remembered, and when it becomes
// allowed (a hello taught us of a member, or we joined later) its gossip stream is reset: the peer
// opens another and announces everything again.
type filter struct {
	may   func(peer.ID, string) bool // our topic, and the peer is a member
	again func()                     // has granted asked again, soon

	mu     sync.Mutex
	denied map[peer.ID]map[string]bool // guarded by mu; at most maxDenied topics a peer
	resets map[peer.ID][]time.Time     // guarded by mu; of the last reannounceAgain
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

// granted returns the peers of which a wish is allowed now, and forgets those wishes. again is false
// for a peer that was reset too often lately, and must be disconnected to begin anew.
func (f *filter) granted(now time.Time) map[peer.ID]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[peer.ID]bool{}
	for p, wishes := range f.denied {
		for topic := range wishes {
			if !f.may(p, topic) {
				continue
			}
			delete(wishes, topic)
			if _, counted := out[p]; counted {
				continue
			}
			recent := slices.DeleteFunc(f.resets[p], func(t time.Time) bool { return now.Sub(t) > reannounceAgain })
			f.resets[p] = append(recent, now)
			out[p] = len(recent) < maxReannounce
		}
	}
	return out
}

// forget drops what is known of a peer that is gone.
func (f *filter) forget(p peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.denied, p)
	delete(f.resets, p)
}
