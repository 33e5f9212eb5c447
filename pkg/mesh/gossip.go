package mesh

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p-pubsub/timecache"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	topicPrefix = "/tocsin/1/"
	maxTopic    = len(topicPrefix) + identity.TextLen
)

// ErrNotJoined is returned by Publish for a channel that has no topic here.
var ErrNotJoined = errors.New("this node is in no topic of that channel")

func topicOf(c identity.CommunityID) string { return topicPrefix + c.String() }

func communityOf(topic string) (identity.CommunityID, bool) {
	text, ok := strings.CutPrefix(topic, topicPrefix)
	if !ok {
		return identity.CommunityID{}, false
	}
	c, err := identity.ParseCommunity(text)
	return c, err == nil && topicOf(c) == topic
}

// gossipProtocols returns the names of our own: a node of another network on libp2p is never joined.
// What they speak is gossipsub 1.2.
func gossipProtocols() []protocol.ID { return []protocol.ID{"/tocsin/gossip/1"} }

// gossip is the topics of this node.
type gossip struct {
	mesh   *Mesh
	pubsub *pubsub.PubSub
	host   *gatedHost
	filter *filter

	mu     sync.Mutex
	topics map[identity.CommunityID]joined // guarded by mu
}

// joined is a topic that this node relays: what arrives has gone through the door in the validator,
// so that there is nothing to read from a subscription.
type joined struct {
	topic *pubsub.Topic
	leave pubsub.RelayCancelFunc
}

// newGossip starts the goroutines of gossip; they end soon after ctx.
func newGossip(ctx context.Context, m *Mesh) (*gossip, error) {
	h, err := newGatedHost(m.host)
	if err != nil {
		return nil, fmt.Errorf("gate gossip: %w", err)
	}
	g := &gossip{mesh: m, host: h, topics: map[identity.CommunityID]joined{}}
	g.filter = &filter{may: g.may, again: m.again, denied: map[peer.ID]map[string]bool{}}
	quiet := slog.New(slog.DiscardHandler) // it logs by topic and peer at every turn; ours say what matters
	g.pubsub, err = pubsub.NewGossipSub(ctx, h,
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), // records are signed by themselves
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithGossipSubProtocols(gossipProtocols(), gossipFeatures),
		pubsub.WithGossipSubParams(gossipParams(m.opt.Profile)),
		pubsub.WithFloodPublish(m.opt.Profile != Leaf),
		pubsub.WithPeerScore(scoreParams(g.score), scoreThresholds()),
		pubsub.WithSubscriptionFilter(g.filter),
		pubsub.WithPeerOutboundQueueSize(gossipQueue),
		pubsub.WithValidateQueueSize(gossipValidate),
		pubsub.WithValidateThrottle(gossipValidate),
		pubsub.WithMaxMessageSize(gossipMessage),
		pubsub.WithMaxControlMessageSize(gossipControl),
		pubsub.WithSeenMessagesTTL(gossipSeen),
		pubsub.WithSeenMessagesStrategy(timecache.Strategy_LastSeen),
		pubsub.WithRawTracer(&lossTracer{gossip: g}),
		pubsub.WithLogger(quiet), pubsub.WithRPCLogger(quiet),
	)
	if err != nil {
		return nil, fmt.Errorf("start gossip: %w", err)
	}
	return g, nil
}

// messageID covers the whole frame, signature and body included. Gossip marks an ID as seen before it
// validates: an ID of the payload alone would let a peer race a broken copy in front of the true one.
func messageID(msg *pb.Message) string {
	h := sha256.New()
	h.Write([]byte(msg.GetTopic()))
	h.Write([]byte{0})
	h.Write(msg.GetData())
	return string(h.Sum(nil))
}

// may reports whether the peer may have to do with the topic.
func (g *gossip) may(p peer.ID, topic string) bool {
	c, ok := communityOf(topic)
	if !ok {
		return false
	}
	_, ok = slices.BinarySearchFunc(g.mesh.lastStands(p).shared, c, compareCommunities)
	return ok
}

func (g *gossip) admit(p peer.ID) { g.host.admit(p) }

func (g *gossip) expel(p peer.ID) {
	g.host.expel(p)
	g.filter.forget(p)
}

// follow joins and leaves topics so that they are those of the communities.
func (g *gossip) follow(ctx context.Context, communities []identity.CommunityID) {
	if len(communities) > gossipTopics {
		g.mesh.log.LogAttrs(ctx, slog.LevelWarn, "more communities than topics, the last ones are only synced",
			slog.Int("communities", len(communities)), slog.Int("topics", gossipTopics))
		communities = communities[:gossipTopics]
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for c, j := range g.topics {
		if !slices.Contains(communities, c) {
			g.part(c, j)
		}
	}
	for _, c := range communities {
		if _, ok := g.topics[c]; ok {
			continue
		}
		j, err := g.join(c)
		if err != nil {
			g.mesh.log.LogAttrs(ctx, slog.LevelError, "cannot join topic",
				slog.String("community", c.String()), slog.Any("err", err))
			continue
		}
		g.topics[c] = j
	}
}

func (g *gossip) join(c identity.CommunityID) (joined, error) {
	topic := topicOf(c)
	err := g.pubsub.RegisterTopicValidator(topic, pubsub.ValidatorEx(g.validate),
		pubsub.WithValidatorTimeout(gossipTimeout), pubsub.WithValidatorConcurrency(gossipValidate))
	if err != nil {
		return joined{}, err
	}
	j := joined{}
	if j.topic, err = g.pubsub.Join(topic); err == nil {
		if err = j.topic.SetScoreParams(topicScore()); err == nil {
			j.leave, err = j.topic.Relay()
		}
	}
	if err != nil {
		_ = g.pubsub.UnregisterTopicValidator(topic)
		if j.topic != nil {
			_ = j.topic.Close()
		}
	}
	return j, err
}

// part leaves a topic. The caller holds mu.
func (g *gossip) part(c identity.CommunityID, j joined) {
	j.leave()
	_ = j.topic.Close()
	_ = g.pubsub.UnregisterTopicValidator(topicOf(c))
	delete(g.topics, c)
}

// close forgets the topics; the goroutines end with the context given to newGossip.
func (g *gossip) close() {
	for _, p := range gossipProtocols() {
		g.mesh.host.RemoveStreamHandler(p)
	}
	g.host.release()
	_ = g.host.announce.Close()
}

// reconsider has the connections made anew of which a refused subscription is allowed now.
func (g *gossip) reconsider() {
	for _, p := range g.filter.granted() {
		g.mesh.renew(p, 0)
	}
}

// deaf returns the peers of a topic's community that gossip does not know as subscribers. Gossip can
// forget one that is connected, when one of two connections to it ends.
func (g *gossip) deaf(c identity.CommunityID, members []peer.ID) []peer.ID {
	g.mu.Lock()
	j, ok := g.topics[c]
	g.mu.Unlock()
	if !ok {
		return nil
	}
	heard := j.topic.ListPeers()
	return slices.DeleteFunc(members, func(p peer.ID) bool { return slices.Contains(heard, p) })
}

// validate is the way of a gossiped frame to the door. Where it returns, the frame is durable here or
// refused; gossip forwards it after that.
func (g *gossip) validate(ctx context.Context, from peer.ID, msg *pubsub.Message) pubsub.ValidationResult {
	if from == g.mesh.host.ID() {
		return pubsub.ValidationAccept // published here: it went through the door before
	}
	team, ok := g.memberIn(from, msg.GetTopic())
	if !ok {
		return pubsub.ValidationIgnore // our roster may lag behind that of the peer
	}
	outcomes, err := g.mesh.opt.Door.Ingest(ctx, []replica.Arrival{{Frame: msg.GetData(), Via: replica.Gossip, From: team}})
	if err != nil || len(outcomes) != 1 {
		g.missed(from, msg.GetTopic()) // gossip will not bring it again: it is marked as seen
		return pubsub.ValidationIgnore
	}
	o := outcomes[0]
	g.mesh.arrived(&o)
	if o.Gap {
		g.missed(from, msg.GetTopic())
	}
	if o.Record != nil && topicOf(o.Record.Header().Channel.Community) != msg.GetTopic() {
		return pubsub.ValidationReject // a record of another channel; it is kept, but not passed on here
	}
	switch o.Verdict {
	case policy.Accept:
		frame, err := g.mesh.opt.Copy.FrameFor(o.ID, identity.TeamID{}, policy.Forward)
		if err != nil || !bytes.Equal(frame, msg.GetData()) {
			return pubsub.ValidationIgnore // kept, but not ours to pass on as it came: its author should have sealed it
		}
		return pubsub.ValidationAccept
	case policy.Reject:
		g.mesh.log.LogAttrs(ctx, slog.LevelInfo, "peer gossiped a record that every node rejects",
			slog.String("peer", from.String()), slog.String("team", team.String()), slog.String("reason", string(o.Reason)))
		return pubsub.ValidationReject
	case policy.Ignore:
	}
	return pubsub.ValidationIgnore
}

func (g *gossip) memberIn(p peer.ID, topic string) (identity.TeamID, bool) {
	c, ok := communityOf(topic)
	if !ok {
		return identity.TeamID{}, false
	}
	s := g.mesh.lastStands(p)
	_, ok = slices.BinarySearchFunc(s.shared, c, compareCommunities)
	return s.team, ok
}

// missed has the channel compared with the peer soon: it has something that we lack.
func (g *gossip) missed(from peer.ID, topic string) {
	if c, ok := communityOf(topic); ok {
		g.mesh.wantSyncAgain(syncKey{peer: from, channel: record.InCommunity(c)})
	}
}

// Publish gossips a frame of this node in the topic of its channel. The frame must be durable here
// already. That Publish returns nil proves no delivery: who has it is what sync and receipts show.
func (m *Mesh) Publish(ctx context.Context, ch record.Channel, frame []byte) error {
	m.mu.Lock()
	g := m.gossip
	m.mu.Unlock()
	if g == nil {
		return ErrNotRunning
	}
	g.mu.Lock()
	j, ok := g.topics[ch.Community]
	g.mu.Unlock()
	if !ok || ch.Private() {
		return fmt.Errorf("publish in %s: %w", ch, ErrNotJoined)
	}
	if err := j.topic.Publish(ctx, frame); err != nil {
		return fmt.Errorf("publish in %s: %w", ch, err)
	}
	return nil
}
