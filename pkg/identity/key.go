package identity

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"tocsin/pkg/dsse"
)

// RootKey is a team's root key. It delegates node keys and can otherwise stay offline.
type RootKey struct{ private ed25519.PrivateKey }

// Format keeps the key out of every print.
func (*RootKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(root key)") }

// NewRootKey makes a root key from 32 bytes of rand.
func NewRootKey(rand io.Reader) (*RootKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	return RootKeyFromSeed(seed)
}

// RootKeyFromSeed restores a root key from the 32 bytes that Seed returned.
func RootKeyFromSeed(seed []byte) (*RootKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("root key has %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return &RootKey{private: ed25519.NewKeyFromSeed(seed)}, nil
}

// Seed returns the 32 secret bytes from which the key can be restored.
func (k *RootKey) Seed() []byte { return k.private.Seed() }

// Team returns the identifier that this key is the root of.
func (k *RootKey) Team() TeamID { return TeamID(k.private.Public().(ed25519.PublicKey)) }

// Sign signs a statement's payload as the team's root.
func (k *RootKey) Sign(payload []byte) dsse.Signature {
	return dsse.Sign(k.private, StatementType, payload)
}

// NodeKey is what a node holds: its signing, transport and sealing keys.
type NodeKey struct {
	signing   ed25519.PrivateKey
	transport ed25519.PrivateKey
	sealing   hpke.PrivateKey
}

// Format keeps the key out of every print.
func (*NodeKey) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(node key)") }

// NodeKeySize is the length of a node key's secret form, in bytes.
const NodeKeySize = 3 * 32

// NewNodeKey makes a node key from 96 bytes of rand.
func NewNodeKey(rand io.Reader) (*NodeKey, error) {
	secret := make([]byte, NodeKeySize)
	if _, err := io.ReadFull(rand, secret); err != nil {
		return nil, fmt.Errorf("make node key: %w", err)
	}
	return NodeKeyFromSecret(secret)
}

// NodeKeyFromSecret restores a node key from the bytes that Secret returned.
func NodeKeyFromSecret(secret []byte) (*NodeKey, error) {
	if len(secret) != NodeKeySize {
		return nil, fmt.Errorf("node key has %d bytes, want %d", len(secret), NodeKeySize)
	}
	sealing, err := hpke.MLKEM768X25519().NewPrivateKey(secret[64:])
	if err != nil {
		return nil, fmt.Errorf("restore sealing key: %w", err)
	}
	return &NodeKey{
		signing:   ed25519.NewKeyFromSeed(secret[:32]),
		transport: ed25519.NewKeyFromSeed(secret[32:64]),
		sealing:   sealing,
	}, nil
}

// Secret returns the secret bytes: the seeds of the signing, the transport and the sealing key.
func (k *NodeKey) Secret() ([]byte, error) {
	sealing, err := k.sealing.Bytes()
	if err != nil {
		return nil, fmt.Errorf("export sealing key: %w", err)
	}
	out := append(k.signing.Seed(), k.transport.Seed()...)
	return append(out, sealing...), nil
}

// Node returns the identifier of the node: its signing public key.
func (k *NodeKey) Node() NodeID { return NodeID(k.signing.Public().(ed25519.PublicKey)) }

// Transport returns the key that the node's network address is made from.
func (k *NodeKey) Transport() ed25519.PrivateKey { return k.transport }

// Sealing returns the key that bodies and wraps are sealed to.
func (k *NodeKey) Sealing() hpke.PrivateKey { return k.sealing }

// Public returns what of the key others may know, and a delegation is made for.
func (k *NodeKey) Public() NodePublic {
	return NodePublic{
		Node: k.Node(), Sealing: SealingDigest(k.sealing.PublicKey().Bytes()),
		Transport: TransportDigest(k.transport.Public().(ed25519.PublicKey)),
	}
}

// NodePublic names the three keys of a node.
type NodePublic struct {
	Node      NodeID
	Sealing   [32]byte // see SealingDigest
	Transport [32]byte // see TransportDigest
}

// Sign signs a payload of the given DSSE type as the node.
func (k *NodeKey) Sign(payloadType string, payload []byte) dsse.Signature {
	return dsse.Sign(k.signing, payloadType, payload)
}

// TransportDigest is what a delegation commits to for a transport public key (raw Ed25519).
func TransportDigest(public ed25519.PublicKey) [32]byte {
	return digest("tocsin transport key v1\x00", public)
}

// SealingDigest is what a delegation commits to for a sealing public key (HPKE, MLKEM768-X25519).
func SealingDigest(public []byte) [32]byte { return digest("tocsin sealing key v1\x00", public) }

func digest(domain string, b []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(domain))
	h.Write(b)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// Is reports whether the delegation is for this key: its signing, its transport and its sealing part.
func (k *NodeKey) Is(d *Delegation) bool {
	return k.Public() == NodePublic{Node: d.Node, Sealing: d.Sealing, Transport: d.Transport}
}

// Delegate lets the node key speak for the root's team under the given name from from until until.
// Both times are cut to the millisecond.
func (k *RootKey) Delegate(node *NodeKey, name string, from, until time.Time) (*Delegation, error) {
	return k.DelegateTo(node.Public(), Term{Name: name, From: from, Until: until})
}

// Term is what a delegation says beside the keys.
type Term struct {
	Name        string // see CheckName
	From, Until time.Time
}

// DelegateTo is Delegate for a node key that is on another machine.
func (k *RootKey) DelegateTo(node NodePublic, t Term) (*Delegation, error) {
	if err := CheckName(t.Name); err != nil {
		return nil, err
	}
	if !t.From.Before(t.Until) {
		return nil, errors.New("a delegation must end after it begins")
	}
	payload, err := dsse.Encode(delegationWire{
		Kind: KindDelegate, Name: t.Name, Suite: dsse.Ed25519, Version: StatementVersion,
		Team: dsse.Hash(k.Team()), Node: dsse.Hash(node.Node), Sealing: dsse.Hash(node.Sealing),
		Transport: dsse.Hash(node.Transport), From: t.From, Until: t.Until,
	})
	if err != nil {
		return nil, err
	}
	return OpenDelegation(payload, k.Sign(payload))
}
