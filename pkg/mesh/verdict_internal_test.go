package mesh

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	mocknet "github.com/libp2p/go-libp2p/p2p/net/mock"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// doorSaying answers each arrival alike.
type doorSaying struct {
	Door
	outcome replica.Outcome
	err     error
	asked   int
}

func (d *doorSaying) Ingest(context.Context, []replica.Arrival) ([]replica.Outcome, error) {
	d.asked++
	if d.err != nil {
		return nil, d.err
	}
	return []replica.Outcome{d.outcome}, nil
}

// outlet lets every record go, or none.
type outlet struct {
	Copy
	closed bool
}

func (o outlet) FrameFor(record.ID, identity.TeamID, policy.Action) ([]byte, error) {
	if o.closed {
		return nil, replica.ErrNotFound
	}
	return []byte("frame"), nil
}

// The door's verdict is gossip's, one to one; who is no member is not even taken to the door. What
// gossip marks as seen though the door never had it, or what a gap tells of, is compared soon.
func TestVerdictsOfTheDoorAreGossips(t *testing.T) {
	net := mocknet.New()
	defer net.Close()
	h, err := net.GenPeer()
	if err != nil {
		t.Fatal(err)
	}
	c, stranger := identity.CommunityID{1}, identity.CommunityID{2}
	judged := func(v policy.Verdict, gap bool) replica.Outcome {
		return replica.Outcome{Judgement: policy.Judgement{Verdict: v}, Gap: gap}
	}
	for _, tt := range []struct {
		name  string
		in    identity.CommunityID
		door  doorSaying
		want  pubsub.ValidationResult
		asked int
		syncs int
		held  bool // the policy lets it go no further
	}{
		{"accept", c, doorSaying{outcome: judged(policy.Accept, false)}, pubsub.ValidationAccept, 1, 0, false},
		{"what may not be passed on", c, doorSaying{outcome: judged(policy.Accept, false)}, pubsub.ValidationIgnore, 1, 0, true},
		{"ignore", c, doorSaying{outcome: judged(policy.Ignore, false)}, pubsub.ValidationIgnore, 1, 0, false},
		{"reject", c, doorSaying{outcome: judged(policy.Reject, false)}, pubsub.ValidationReject, 1, 0, false},
		{"a gap", c, doorSaying{outcome: judged(policy.Accept, true)}, pubsub.ValidationAccept, 1, 1, false},
		{"a door that is closed", c, doorSaying{err: errors.New("closed")}, pubsub.ValidationIgnore, 1, 1, false},
		{"another community", stranger, doorSaying{outcome: judged(policy.Accept, false)}, pubsub.ValidationIgnore, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &Mesh{
				host: h, log: slog.New(slog.DiscardHandler), opt: Options{Door: &tt.door, Copy: outlet{closed: tt.held}, Now: time.Now}, wake: make(chan struct{}, 1),
				syncs: map[syncKey]time.Time{}, rand: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // nothing secret
				links: map[peer.ID]*link{"p": {standing: standing{team: identity.TeamID{1}, known: true, shared: []identity.CommunityID{c}}}},
			}
			g := &gossip{mesh: m}
			topic := topicOf(tt.in)
			got := g.validate(t.Context(), "p", &pubsub.Message{Message: &pb.Message{Topic: &topic, Data: []byte("frame")}})
			if got != tt.want || tt.door.asked != tt.asked || len(m.syncs) != tt.syncs {
				t.Errorf("verdict %v, the door was asked %d times, %d comparisons are due", got, tt.door.asked, len(m.syncs))
			}
		})
	}
}
