package roster_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// Whoever names a transport key is told of, once for each team: a name proves nothing by itself.
func TestClaimsNameEveryTeam(t *testing.T) {
	from := rand.NewChaCha8([32]byte{1})
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	victim, err := identity.NewNodeKey(from)
	if err != nil {
		t.Fatal(err)
	}
	r := roster.New()
	var digest [32]byte
	for _, spans := range [][]time.Duration{{time.Hour}, {3 * time.Hour, 2 * time.Hour}, {-time.Hour}} {
		root, err := identity.NewRootKey(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, ago := range spans {
			d, err := root.Delegate(victim, "somebody", now.Add(-ago), now.Add(-ago).AddDate(1, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			digest = d.Transport
			r = r.With(record.DelegationStatement(d))
		}
	}
	claims := r.Claims(digest, now)
	if len(claims) != 2 || claims[0].Team == claims[1].Team || !claims[0].From.Before(claims[1].From) {
		t.Errorf("%d claims: %v", len(claims), claims)
	}
}
