package node

import (
	"context"
	"os"
	"path/filepath"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/replica"
)

// Status implements httpapi.Service.
func (n *Node) Status(ctx context.Context) (*api.Status, error) {
	st, err := n.replica.Stats()
	if err != nil {
		return nil, err
	}
	communities, err := n.Communities(ctx)
	if err != nil {
		return nil, err
	}
	d := n.replica.Delegation()
	out := &api.Status{
		Version: n.opt.Version, Team: n.team(d.Team), Node: d.Node, Until: d.Until, Started: n.started.UTC(),
		ReadyMillis: n.ready.Milliseconds(), Addresses: orEmpty(n.net.Addrs()), Peers: []api.Peer{}, Trying: []api.Try{},
		Communities: communities.Communities, Records: map[string]int{}, Statements: st.Statements, Outbox: st.Waiting,
		Store:    storeOf(st.Store),
		Warnings: []string{},
	}
	if _, err := os.Lstat(filepath.Join(n.opt.Home, keyfile.RootFile)); err == nil {
		out.RootKeyHere = true
	}
	for kind, count := range st.Records {
		if kind == "" {
			kind = "other"
		}
		out.Records[kind] = count
	}
	for _, p := range n.net.Peers() {
		peer := api.Peer{Since: utc(p.Since)}
		if p.Known {
			peer.Team = n.team(p.Team)
		}
		if len(p.Addrs) > 0 {
			peer.Address = p.Addrs[0]
		}
		out.Peers = append(out.Peers, peer)
	}
	for _, d := range n.net.Dials() {
		try := api.Try{Address: d.Addr, Next: utc(d.Next), Failed: d.Failed, Why: d.Why}
		if d.Team != (identity.TeamID{}) {
			try.Team = n.team(d.Team)
		}
		out.Trying = append(out.Trying, try)
	}
	out.Warnings = append(out.Warnings, n.warnings(out.Store)...)
	if st.LastRoom {
		out.Warnings = append(out.Warnings, "the store has only its last room left: of other teams it keeps what is urgent, of each up to a share; "+
			"make room on the disk, or raise store.quota")
	}
	out.Warnings = append(out.Warnings, n.standingWarnings(communities.Communities)...)
	out.Warnings = append(out.Warnings, n.doubleTalk(st.Equivocations)...)
	out.Warnings = append(out.Warnings, laneWarnings(st.Lanes, st.Beside)...)
	return out, nil
}

func storeOf(u replica.Usage) api.Store {
	out := api.Store{Used: u.Used, Quota: u.Quota, Free: u.Free, Floor: u.Floor}
	if f := u.Failure; !f.At.IsZero() {
		out.Failure = &api.StoreFailure{At: f.At.UTC(), Cause: f.Cause, Lasts: f.Lasts, Broken: f.Broken}
	}
	return out
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// warnings says what an operator should look at.
func (n *Node) warnings(room api.Store) []string {
	out := n.expiryWarnings()
	switch f := room.Failure; {
	case f != nil && f.Broken:
		out = append(out, "the store takes no writes until it has opened itself again, which it tries every few seconds; nothing new is kept or sent: "+f.Cause)
	case f != nil && f.Lasts:
		out = append(out, "the last write to the store failed, and none was made since: "+f.Cause)
	case room.Free < room.Floor:
		out = append(out, "the disk has no room left above store.floor: nothing new is kept")
	}
	if room.Quota > 0 && room.Used > room.Quota-room.Quota/10 {
		out = append(out, "the store has used nine tenths of its quota (store.quota)")
	}
	out = append(out, n.clockWarnings()...)
	if w, _ := n.twinWarning(); w != "" {
		out = append(out, w)
	}
	return out
}

// Identity implements httpapi.Service.
func (n *Node) Identity(context.Context) (*api.Identity, error) { return n.identify(n.ownParent()) }

// identify says who this node is, with a card that names its parent organisation.
func (n *Node) identify(parent string) (*api.Identity, error) {
	d := n.replica.Delegation()
	addresses := n.callingAddresses()
	card := invite.Card{Delegation: d, Addresses: addresses, Created: n.now(), Parent: parent}
	file, err := card.Seal(n.key)
	if err != nil {
		return nil, err
	}
	return &api.Identity{
		Team: n.team(d.Team), Words: identity.Groups(d.Team.String()), Node: d.Node,
		Addresses: orEmpty(n.net.Addrs()), Card: file,
	}, nil
}
