package node

import (
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/mesh"
	"tocsin/pkg/policy"
	"tocsin/pkg/reconcile"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// meshCopy is the replica as the mesh reads it.
type meshCopy struct{ *replica.Replica }

// SetFor implements mesh.Records.
func (c meshCopy) SetFor(ch record.Channel, _ identity.TeamID, now time.Time) reconcile.Set {
	return c.Set(ch, now)
}

// FrameFor implements mesh.Records.
func (c meshCopy) FrameFor(id record.ID, _ identity.TeamID, _ policy.Action) ([]byte, error) {
	return c.Frame(id)
}

// WantedKeys implements mesh.Keys.
func (meshCopy) WantedKeys() []mesh.KeyAsk { return nil }

// WrapsFor implements mesh.Keys.
func (meshCopy) WrapsFor(time.Time, *identity.Delegation, []byte, []mesh.KeyAsk) [][]byte { return nil }

// TakeWraps implements mesh.Keys.
func (meshCopy) TakeWraps(time.Time, identity.TeamID, [][]byte) int { return 0 }

// SealingKey implements mesh.Keys.
func (meshCopy) SealingKey([32]byte) ([]byte, bool) { return nil, false }

// PutSealingKey implements mesh.Keys.
func (meshCopy) PutSealingKey([]byte) error { return nil }

// MissingSealingKeys implements mesh.Keys.
func (meshCopy) MissingSealingKeys() [][32]byte { return nil }

// meshRoster is a roster as the mesh asks it.
type meshRoster struct{ *roster.Roster }

// Observer implements mesh.Roster.
func (meshRoster) Observer(identity.CommunityID, identity.TeamID) bool { return false }

// ObservedBy implements mesh.Roster.
func (meshRoster) ObservedBy(identity.TeamID) []identity.CommunityID { return nil }

// Barred implements mesh.Roster.
func (meshRoster) Barred(identity.NodeID) bool { return false }
