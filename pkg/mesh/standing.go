package mesh

import (
	"bytes"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// standing is what the roster says of a transport key.
type standing struct {
	team       identity.TeamID
	node       identity.NodeID
	delegation *identity.Delegation   // that names the key; nil where none in force does
	known      bool                   // some delegation in force names the key
	own        bool                   // another node of our own team
	shared     []identity.CommunityID // of which we both are members, ascending
	observes   []identity.CommunityID // of which we are a member and it an observer, ascending
	observed   []identity.CommunityID // of which it is a member and we an observer, ascending
}

// fellow reports whether the peer may use more than hello and an observer's sync.
func (s standing) fellow() bool { return s.own || len(s.shared) > 0 }

// observer reports whether the peer is no fellow, but there is a community that one of us observes and
// the other is a member of. Such peers stay connected, after the fellows.
func (s standing) observer() bool { return !s.fellow() && len(s.observes)+len(s.observed) > 0 }

// stranger reports whether hello is all that is open to the peer.
func (s standing) stranger() bool { return !s.fellow() && !s.observer() }

// weight is what the connection manager makes of a peer when it has too many.
func (s standing) weight() int {
	switch {
	case s.own:
		return weightOwn
	case s.fellow():
		return weightFellow
	case s.observer():
		return weightObserver
	}
	return 0
}

// lacks reports whether something that the peer had by before is gone.
func (s standing) lacks(before standing) bool {
	gone := func(now, then []identity.CommunityID) bool {
		return slices.ContainsFunc(then, func(c identity.CommunityID) bool { return !among(now, c) })
	}
	return before.fellow() && !s.fellow() || before.own && !s.own || gone(s.shared, before.shared) ||
		before.observer() && s.stranger()
}

// exceeds reports whether the peer has something that it had not before.
func (s standing) exceeds(before standing) bool {
	return len(s.shared) > len(before.shared) || s.own && !before.own ||
		len(s.observes) > len(before.observes) || len(s.observed) > len(before.observed)
}

// part is what a peer and this node do with one channel.
type part uint8

const (
	apart     part = iota // it is not theirs, or not ours
	both                  // a session moves records both ways
	theyWatch             // the peer observes: it is given what observers may have, and gives nothing
	weWatch               // we observe: we take what we are given
)

// partIn says what a peer of that standing and this node do with a channel. An observer's limits within
// the channel are the Copy's to keep; see Copy.SetFor.
func (m *Mesh) partIn(s standing, ch record.Channel) part {
	switch {
	case ch.Private() && s.fellow(), among(s.shared, ch.Community):
		if m.opt.Copy.MayRead(s.team, ch) && m.opt.Copy.MayRead(m.self, ch) {
			return both
		}
	case among(s.observes, ch.Community):
		return theyWatch
	case among(s.observed, ch.Community):
		return weWatch
	}
	return apart
}

func among(list []identity.CommunityID, c identity.CommunityID) bool {
	_, ok := slices.BinarySearchFunc(list, c, compareCommunities)
	return ok
}

func compareCommunities(a, b identity.CommunityID) int { return bytes.Compare(a[:], b[:]) }

// digestOf returns what delegations call the transport key of a peer. It is false for a peer whose
// key is not Ed25519; no delegation can name it.
func digestOf(p peer.ID) ([32]byte, bool) {
	key, err := p.ExtractPublicKey()
	if err != nil || key.Type() != crypto.Ed25519 {
		return [32]byte{}, false
	}
	raw, err := key.Raw()
	if err != nil {
		return [32]byte{}, false
	}
	return identity.TransportDigest(raw), true
}

// stands asks the roster of now about a peer. Where several teams name the peer's key it is of the team
// whose delegation it showed in hello itself, and of none before that: else a member that names the key
// of another would take its place.
func (m *Mesh) stands(p peer.ID) standing {
	all := m.claims(p)
	m.mu.Lock()
	var shown identity.TeamID
	if l := m.links[p]; l != nil {
		shown = l.shown
	}
	m.mu.Unlock()
	if shown == (identity.TeamID{}) {
		if len(all) == 1 {
			return all[0]
		}
		return standing{}
	}
	for _, s := range all {
		if s.team == shown {
			return s
		}
	}
	return standing{}
}

// claims returns what the roster says of a peer by each team that names its key. It is for peers that
// are not connected, whose word is not to be had: whether to dial them, or to know their addresses.
func (m *Mesh) claims(p peer.ID) (all []standing) {
	digest, ok := digestOf(p)
	if !ok {
		return nil
	}
	r := m.opt.Roster()
	self := r.Canonical(m.self)
	mine := r.CommunitiesOf(self)
	watched := r.ObservedBy(self)
	for _, d := range r.Claims(digest, m.opt.Now()) {
		s := standing{team: d.Team, node: d.Node, delegation: d, known: true, own: d.Team == self}
		for _, c := range mine {
			switch {
			case r.Member(c, d.Team):
				s.shared = append(s.shared, c)
			case r.Observer(c, d.Team):
				s.observes = append(s.observes, c)
			}
		}
		for _, c := range watched {
			if r.Member(c, d.Team) {
				s.observed = append(s.observed, c)
			}
		}
		all = append(all, s)
	}
	return all
}

// mayBeFellow reports whether some team that names the peer's key is a fellow.
func (m *Mesh) mayBeFellow(p peer.ID) bool { return slices.ContainsFunc(m.claims(p), standing.fellow) }

// teamsOf returns the teams that name the peer's key and are more than strangers.
func (m *Mesh) teamsOf(p peer.ID) (teams []identity.TeamID) {
	for _, s := range m.claims(p) {
		if !s.stranger() {
			teams = append(teams, s.team)
		}
	}
	return teams
}

// mayBeOf reports whether the team names the peer's key.
func (m *Mesh) mayBeOf(p peer.ID, team identity.TeamID) bool {
	return slices.ContainsFunc(m.claims(p), func(s standing) bool { return s.team == team })
}

// mayBeOurs reports whether our own team names the peer's key.
func (m *Mesh) mayBeOurs(p peer.ID) bool {
	return slices.ContainsFunc(m.claims(p), func(s standing) bool { return s.own })
}

// mayShare returns the communities that we share with some team that names the peer's key, ascending.
func (m *Mesh) mayShare(p peer.ID) (shared []identity.CommunityID) {
	for _, s := range m.claims(p) {
		shared = append(shared, s.shared...)
	}
	slices.SortFunc(shared, compareCommunities)
	return slices.Compact(shared)
}

// showed notes what the peer showed of itself: the delegation that names its transport key, and the
// sealing key that the delegation names. So its hello is under way, and has time: over a thin line the rest takes
// longer than the silent are waited for.
func (m *Mesh) showed(p peer.ID, by *identity.Delegation, sealing []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil {
		l.shown, l.showed, l.sealing = by.Team, by, bytes.Clone(sealing)
		if l.stranger() {
			l.deadline = l.since.Add(helloTimeout)
		} else {
			l.deadline = time.Now().Add(2 * helloTimeout)
		}
	}
}

// linger ends the time that a stranger had for a hello, which is over.
func (m *Mesh) linger(p peer.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.links[p]; l != nil && l.stranger() {
		l.deadline = l.since.Add(strangerLinger)
		m.rouse()
	}
}
