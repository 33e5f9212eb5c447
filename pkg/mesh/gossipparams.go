package mesh

import (
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

func gossipFeatures(f pubsub.GossipSubFeature, _ protocol.ID) bool {
	return f == pubsub.GossipSubFeatureMesh || f == pubsub.GossipSubFeatureIdontwant
}

// gossipParams are for few, precious messages: a long history to ask from, and IDONTWANT only for
// what is larger than the packets it would cost.
func gossipParams(profile Profile) pubsub.GossipSubParams {
	p := pubsub.DefaultGossipSubParams()
	switch profile {
	case Wide:
		p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout, p.Dlazy = 8, 6, 12, 6, 3, 8
	case Leaf:
		p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout, p.Dlazy, p.GossipFactor = 2, 1, 3, 1, 0, 2, 0
	case Balanced:
		p.D, p.Dlo, p.Dhi, p.Dscore, p.Dout, p.Dlazy = 4, 3, 8, 3, 1, 6
	}
	p.HistoryLength, p.HistoryGossip = 12, 6
	p.IDontWantMessageThreshold = 16 << 10
	p.IWantFollowupTime = 5 * time.Second
	return p
}

// The score makes a peer that sends what every node rejects lose gossip, then publications, then
// attention, for about an hour each. Penalties for delivering little are off: topics are quiet. There
// is none for sharing an address either: every peer here is an authenticated member.
const (
	scoreInvalid   = -1000
	scoreGossip    = -500
	scorePublish   = -1000
	scoreGraylist  = -2500
	scoreStranger  = -10000
	scoreDecay     = 10 * time.Second
	scoreHalf      = time.Hour
	scoreRetain    = 6 * time.Hour
	scoreMisbehave = -10
)

func scoreThresholds() *pubsub.PeerScoreThresholds {
	return &pubsub.PeerScoreThresholds{
		GossipThreshold: scoreGossip, PublishThreshold: scorePublish, GraylistThreshold: scoreGraylist,
		AcceptPXThreshold: 1000, OpportunisticGraftThreshold: 1,
	}
}

func scoreParams(app func(peer.ID) float64) *pubsub.PeerScoreParams {
	return &pubsub.PeerScoreParams{
		SkipAtomicValidation:   true,
		Topics:                 map[string]*pubsub.TopicScoreParams{},
		AppSpecificScore:       app,
		AppSpecificWeight:      1,
		BehaviourPenaltyWeight: scoreMisbehave, BehaviourPenaltyThreshold: 6,
		BehaviourPenaltyDecay: pubsub.ScoreParameterDecayWithBase(scoreHalf, scoreDecay, 0.01),
		DecayInterval:         scoreDecay, DecayToZero: 0.01,
		RetainScore: scoreRetain,
	}
}

func topicScore() *pubsub.TopicScoreParams {
	decay := pubsub.ScoreParameterDecayWithBase(scoreHalf, scoreDecay, 0.01)
	return &pubsub.TopicScoreParams{
		SkipAtomicValidation: true,
		TopicWeight:          1,
		TimeInMeshWeight:     0.00027, TimeInMeshQuantum: time.Second, TimeInMeshCap: 3600,
		FirstMessageDeliveriesWeight: 5, FirstMessageDeliveriesDecay: decay, FirstMessageDeliveriesCap: 25,
		InvalidMessageDeliveriesWeight: scoreInvalid, InvalidMessageDeliveriesDecay: decay,
	}
}

func (g *gossip) score(p peer.ID) float64 {
	if g.mesh.lastStands(p).fellow() {
		return 0
	}
	return scoreStranger
}

// lossTracer notes what gossip drops because it is too much at once, since it says so nowhere else.
type lossTracer struct{ gossip *gossip }

// RejectMessage has the topic synced if a frame was dropped unread: it is marked as seen, so gossip
// will not bring it again.
func (t *lossTracer) RejectMessage(msg *pubsub.Message, reason string) {
	switch reason {
	case pubsub.RejectValidationQueueFull, pubsub.RejectValidationThrottled:
		t.gossip.missed(msg.ReceivedFrom, msg.GetTopic())
	}
}

// The rest of pubsub.RawTracer is of no interest here.

// OnNewOutboundStream does nothing.
func (t *lossTracer) OnNewOutboundStream(peer.ID, protocol.ID) {}

// OnClosedOutboundStream does nothing.
func (t *lossTracer) OnClosedOutboundStream(peer.ID) {}

// Join does nothing.
func (t *lossTracer) Join(string) {}

// Leave does nothing.
func (t *lossTracer) Leave(string) {}

// Graft does nothing.
func (t *lossTracer) Graft(peer.ID, string) {}

// Prune does nothing.
func (t *lossTracer) Prune(peer.ID, string) {}

// ValidateMessage does nothing.
func (t *lossTracer) ValidateMessage(*pubsub.Message) {}

// DeliverMessage does nothing.
func (t *lossTracer) DeliverMessage(*pubsub.Message) {}

// DuplicateMessage does nothing.
func (t *lossTracer) DuplicateMessage(*pubsub.Message) {}

// ThrottlePeer does nothing.
func (t *lossTracer) ThrottlePeer(peer.ID) {}

// RecvRPC does nothing.
func (t *lossTracer) RecvRPC(*pubsub.RPC) {}

// SendRPC does nothing.
func (t *lossTracer) SendRPC(*pubsub.RPC, peer.ID) {}

// DropRPC does nothing.
func (t *lossTracer) DropRPC(*pubsub.RPC, peer.ID) {}

// UndeliverableMessage does nothing.
func (t *lossTracer) UndeliverableMessage(*pubsub.Message) {}
