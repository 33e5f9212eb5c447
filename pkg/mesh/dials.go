package mesh

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"

	"tocsin/pkg/identity"
)

// DialInfo tells of a peer that this node wants to be connected to and is not.
type DialInfo struct {
	Team   identity.TeamID // zero: not known whose node it is
	PeerID string
	Addr   string    // one of its addresses, the one that failed last if any did; empty: none is known
	Next   time.Time // when it is dialled next; zero: at this moment
	Failed int       // tries in a row
	Why    string    // why there is no connection; empty: it was not tried yet, or was connected and well
}

// Dials returns whom this node tries to reach, those first that are due first, at most maxDialsTold.
func (m *Mesh) Dials() []DialInfo {
	all, _ := m.wishes()
	all = all[:min(len(all), maxDialsTold)]
	out := make([]DialInfo, 0, len(all))
	for _, w := range all {
		info := DialInfo{Team: m.onlyTeam(w.peer), PeerID: w.peer.String(), Failed: w.failures}
		if now := time.Now(); !w.dialling && w.at.Before(now) {
			info.Next = now
		} else if !w.dialling {
			info.Next = w.at
		}
		info.Addr, info.Why = whyNot(w.why)
		if addrs := m.host.Peerstore().Addrs(w.peer); info.Addr == "" && len(addrs) > 0 {
			info.Addr = addrs[0].String()
		}
		out = append(out, info)
	}
	return out
}

// onlyTeam returns the team that names the peer's key, if there is just one.
func (m *Mesh) onlyTeam(p peer.ID) identity.TeamID {
	if all := m.claims(p); len(all) == 1 {
		return all[0].team
	}
	return identity.TeamID{}
}

// whyNot says in few words why a dial failed, and at which address. libp2p's own text lists every layer.
func whyNot(err error) (addr, why string) {
	if err == nil {
		return "", ""
	}
	var dial *swarm.DialError
	if errors.As(err, &dial) && len(dial.DialErrors) > 0 {
		addr, err = dial.DialErrors[0].Address.String(), dial.DialErrors[0].Cause
	}
	var other sec.ErrPeerIDMismatch
	var timeout net.Error
	switch {
	case errors.As(err, &other):
		return addr, "another node answers there"
	case errors.Is(err, swarm.ErrNoAddresses):
		return addr, "no address is known"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return addr, "no answer in time"
	}
	return addr, rootOf(err)
}

// rootOf returns the innermost text of an error.
func rootOf(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.ToValidUTF8(text[:min(len(text), maxWhy)], "")
}
