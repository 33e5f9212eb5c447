package node

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

// domainsFile holds what the operator's looks at the domains of communities found, the last of each. It
// proves nothing to anybody else, and is not worth a place in the store.
const (
	domainsFile  = "domains.txt"
	domainsTitle = "# What the domains of communities said when somebody looked: community, state, way, time, domain. The daemon writes this file.\n"
)

func newProofBook(home string) *book {
	return &book{
		path: filepath.Join(home, domainsFile), title: domainsTitle,
		valid: func(line string) bool { _, _, ok := readProof(line); return ok },
	}
}

func proofLine(c identity.CommunityID, p api.DomainProof) string {
	how := p.How
	if how == "" {
		how = "-"
	}
	return strings.Join([]string{c.String(), string(p.State), how, p.At.UTC().Format(time.RFC3339), p.Domain}, " ")
}

func readProof(line string) (c identity.CommunityID, p api.DomainProof, ok bool) {
	f := strings.Fields(line)
	if len(f) != 5 {
		return c, p, false
	}
	c, err := identity.ParseCommunity(f[0])
	if err != nil || !slices.Contains(proofStates(), api.ProofState(f[1])) {
		return c, p, false
	}
	p = api.DomainProof{State: api.ProofState(f[1]), How: strings.TrimPrefix(f[2], "-"), Domain: f[4]}
	p.At, err = time.Parse(time.RFC3339, f[3])
	return c, p, err == nil
}

func proofStates() []api.ProofState {
	return []api.ProofState{api.ProofFound, api.ProofMissing, api.ProofFailed}
}

// proof returns what the last look at a community's domain found, or nil.
func (n *Node) proof(ctx context.Context, c identity.CommunityID, domain string) *api.DomainProof {
	if domain == "" {
		return nil
	}
	lines, err := n.proofs.list()
	if err != nil {
		n.log.WarnContext(ctx, "could not read what domains said", slog.Any("err", err))
		return nil
	}
	for _, line := range slices.Backward(lines) {
		if id, p, ok := readProof(line); ok && id == c && p.Domain == domain {
			return &p
		}
	}
	return nil
}

// Prove implements httpapi.Service.
func (n *Node) Prove(ctx context.Context, id string, p api.DomainProof) (*api.Community, error) {
	c, err := n.known(id)
	switch {
	case err != nil:
		return nil, err
	case c.Charter.Domain == "":
		return nil, api.NewProblem(api.Conflict, "the charter names no domain", "")
	case p.Domain != c.Charter.Domain:
		return nil, api.Invalid("domain", "is not the one in the charter, which is "+c.Charter.Domain, "")
	case !slices.Contains(proofStates(), p.State):
		return nil, api.Invalid("state", "is not one", "proven, missing or failed")
	case p.How != "" && p.How != "dns" && p.How != "https":
		return nil, api.Invalid("how", "is not one", "dns or https")
	}
	if p.At.IsZero() || p.At.After(n.now()) {
		p.At = n.now()
	}
	err = n.proofs.replace([]string{proofLine(c.ID, p)}, func(line string) bool {
		other, _, ok := readProof(line)
		return !ok || other == c.ID
	})
	if err != nil {
		return nil, err
	}
	return n.Community(ctx, id)
}
