package node

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Keys implements httpapi.Service.
func (n *Node) Keys(context.Context) (*api.Keys, error) {
	self := n.replica.Self()
	return &api.Keys{Team: n.team(self), Keys: n.ownKeys(n.now())}, nil
}

// ownKeys lists the node keys of this team, each with its newest delegation.
func (n *Node) ownKeys(now time.Time) []api.Key {
	self, here := n.replica.Self(), n.replica.Delegation()
	newest := map[identity.NodeID]*identity.Delegation{here.Node: here}
	since := map[identity.NodeID]time.Time{here.Node: here.From}
	r := n.replica.Roster()
	for _, d := range r.Delegations(self) {
		if first, ok := since[d.Node]; !ok || d.From.Before(first) {
			since[d.Node] = d.From
		}
		if before := newest[d.Node]; d.Node != here.Node && (before == nil || d.From.After(before.From)) {
			newest[d.Node] = d
		}
	}
	var out []api.Key
	for node, d := range newest {
		k := api.Key{Node: node, Name: d.Name, From: d.From, Until: d.Until, Here: node == here.Node, State: api.KeyStateOf(d, now), Since: since[node]}
		switch {
		case r.Revoked(self, node):
			k.State = api.KeyRevoked
		case r.Frozen(self, node):
			k.State = api.KeyFrozen
		}
		if k.State == api.KeyInForce || k.Here && k.State != api.KeyRevoked && k.State != api.KeyFrozen {
			k.Warning = api.ExpiryWarning(nodeWords(&k), d.Until, now)
		}
		if k.Here && k.State == api.KeyInForce {
			k.Aged = api.AgeWarning(nodeWords(&k), k.Since, now)
		}
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b api.Key) int {
		if a.Here != b.Here {
			if a.Here {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Until.Compare(a.Until), bytes.Compare(a.Node[:], b.Node[:]))
	})
	return out
}

func nodeWords(k *api.Key) string {
	if k.Here {
		return "this node"
	}
	return "node " + k.Node.String()[:12] + " of this team"
}

// KeyHeads implements httpapi.Service.
func (n *Node) KeyHeads(_ context.Context, id string) (*api.KeyHeads, error) {
	nodes, err := n.ownNodes(id)
	if err != nil {
		return nil, err
	}
	cuts, left, err := n.replica.NodeCuts(nodes...)
	if err != nil {
		return nil, err
	}
	heads := ceremony.Heads{By: n.replica.Delegation(), Created: n.now(), Nodes: cuts, Statements: n.replica.Stated()}
	file, err := heads.Seal(n.key)
	if err != nil {
		return nil, err
	}
	out := &api.KeyHeads{Lanes: heads.Lanes(), Left: left, Request: file}
	for _, c := range cuts {
		out.Nodes = append(out.Nodes, c.Node)
	}
	return out, nil
}

// ownNodes finds node keys of this team: the one that a text names, or all.
func (n *Node) ownNodes(text string) ([]identity.NodeID, error) {
	var all []named[identity.NodeID]
	var ids []identity.NodeID
	for _, k := range n.ownKeys(n.now()) {
		all = append(all, named[identity.NodeID]{id: k.Node, text: k.Node.String()})
		ids = append(ids, k.Node)
	}
	if text == api.AllKeys {
		return ids, nil
	}
	id, err := choose(identity.KindNode, text, all)
	return []identity.NodeID{id}, err
}

// PublishKey implements httpapi.Service. It takes what root keys signed about this team's keys, and about
// those of teams that it shares a community with; whoever signed proves it, so anybody may bring it.
func (n *Node) PublishKey(ctx context.Context, f api.KeyFile) (*api.KeyPublished, error) {
	s, err := ceremony.ReadStatement(f.Statement)
	switch {
	case errors.Is(err, ceremony.ErrSignature):
		return nil, api.NewProblem(api.BadSignature, err.Error(), "")
	case err != nil:
		return nil, api.NewProblem(api.Malformed, err.Error(), "")
	}
	about, node, err := keyStatement(s)
	if err != nil {
		return nil, err
	}
	r, self := n.replica.Roster(), n.replica.Self()
	known := func(t identity.TeamID) bool { return t == self || r.Share(self, t) }
	i := slices.IndexFunc(about, known)
	if i < 0 {
		return nil, api.NewProblem(api.NotOurs, "the statement is about a team that shares no community with this one: "+nameOf(n.team(about[0])), "")
	}
	out := &api.KeyPublished{ID: s.ID(), Kind: s.Kind, Team: n.team(about[i]), Node: node, Already: r.Has(s.ID())}
	if out.Already {
		return out, nil
	}
	o := n.replica.AddStatements(n.now(), [][]byte{s.Frame()})[0]
	if o.Verdict != policy.Accept && o.Reason != policy.Duplicate {
		return nil, api.NewProblem(api.Code(o.Reason), "the statement was not taken: "+o.Detail, "")
	}
	n.log.InfoContext(ctx, "published a key statement", slog.String("kind", s.Kind), slog.String("id", s.ID().String()))
	n.net.Refresh()
	n.tellMembers()
	return out, nil
}

// keyStatement says which teams a root's statement is about, and which node, or refuses any other.
func keyStatement(s *record.Statement) (about []identity.TeamID, node identity.NodeID, err error) {
	if s.Delegation != nil {
		return []identity.TeamID{s.Delegation.Team}, s.Delegation.Node, nil
	}
	for _, signer := range s.Signers {
		if signer.Delegation != nil {
			return nil, node, api.NewProblem(api.NotAllowed, "it was signed by a node; what is published here was signed by a team's root key", "")
		}
	}
	switch s.Kind {
	case roster.KindRevoke:
		said, err := notice.DecodeRevoke(s.Says)
		if err != nil {
			return nil, node, err
		}
		return []identity.TeamID{s.Signers[0].Team}, said.Node, nil
	case roster.KindRotate:
		said, err := notice.DecodeRotate(s.Says)
		if err != nil {
			return nil, node, err
		}
		return []identity.TeamID{said.Old, said.New}, node, nil
	case roster.KindSucceed:
		said, err := notice.DecodeSucceed(s.Says)
		if err != nil {
			return nil, node, err
		}
		return []identity.TeamID{said.New, said.Old}, node, nil
	}
	return nil, node, api.NewProblem(api.NotAllowed, "it is a statement of kind "+s.Kind+"; published here are delegate, revoke, rotate and succeed", "")
}

// expiryWarnings says which delegations of this team end soon, this node's first, and whether this node's keys
// are old.
func (n *Node) expiryWarnings() []string {
	var out []string
	for _, k := range n.ownKeys(n.now()) {
		if k.Warning != "" {
			out = append(out, k.Warning)
		}
		if k.Aged != "" {
			out = append(out, k.Aged)
		}
		if k.Here && (k.State == api.KeyFrozen || k.State == api.KeyRevoked) {
			out = append(out, "the key of this node is "+string(k.State)+": others take nothing new of it; make another: tocsin key rotate")
		}
	}
	return out
}

// logExpiry writes them to the log.
func (n *Node) logExpiry(ctx context.Context) {
	for _, w := range n.expiryWarnings() {
		n.log.WarnContext(ctx, "keys", slog.String("warning", w))
	}
}
