package keyfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
)

// What is inside an age file is a short text of fixed lines, so that a person who has nothing but the
// age tool and this comment can restore a key. The secrets are base64url without padding.
//
//	tocsin root key v1           tocsin node key v1
//	team TEAM-ID                 team TEAM-ID
//	seed 32-BYTES                node NODE-ID
//	                             secret 96-BYTES
//	                             store 32-BYTES
//	                             delegation PAYLOAD
//	                             signature 64-BYTES
//
// A node key that waits for its delegation has the title "tocsin next node key v1" and the first four lines.
const (
	rootTitle = "tocsin root key v1"
	nodeTitle = "tocsin node key v1"
	nextTitle = "tocsin next node key v1"
)

var errText = errors.New("not the text of a tocsin key")

func base64url() *base64.Encoding { return base64.RawURLEncoding.Strict() }

// decode reads base64url in its one spelling; encoding/base64 would pass over carriage returns.
func decode(s string) ([]byte, bool) {
	b, err := base64url().DecodeString(s)
	return b, err == nil && base64url().EncodeToString(b) == s
}

func rootText(k *identity.RootKey) []byte {
	return fmt.Appendf(nil, "%s\nteam %s\nseed %s\n", rootTitle, k.Team(), base64url().EncodeToString(k.Seed()))
}

func parseRootText(text []byte) (*identity.RootKey, error) {
	lines, err := fields(text, rootTitle, "team", "seed")
	if err != nil {
		return nil, err
	}
	seed, ok := decode(lines[1])
	if !ok {
		return nil, fmt.Errorf("%w: seed is not base64url", errText)
	}
	k, err := identity.RootKeyFromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errText, err)
	}
	if lines[0] != k.Team().String() {
		return nil, fmt.Errorf("%w: the seed is not that of the team it names", errText)
	}
	return k, nil
}

func nodeText(n *Node) ([]byte, error) {
	secret, err := n.Key.Secret()
	if err != nil {
		return nil, err
	}
	sig := n.Delegation.Signature()
	e := base64url()
	return fmt.Appendf(nil, "%s\nteam %s\nnode %s\nsecret %s\nstore %s\ndelegation %s\nsignature %s\n",
		nodeTitle, n.Delegation.Team, n.Key.Node(), e.EncodeToString(secret), e.EncodeToString(n.StoreKey),
		e.EncodeToString(n.Delegation.Payload()), e.EncodeToString(sig[:])), nil
}

func parseNodeText(text []byte) (*Node, error) {
	names := []string{"team", "node", "secret", "store", "delegation", "signature"}
	lines, err := fields(text, nodeTitle, names...)
	if err != nil {
		return nil, err
	}
	var raw [6][]byte
	for i := 2; i < len(lines); i++ {
		var ok bool
		if raw[i], ok = decode(lines[i]); !ok {
			return nil, fmt.Errorf("%w: %s is not base64url", errText, names[i])
		}
	}
	secret, store, delegation, signature := raw[2], raw[3], raw[4], raw[5]
	if len(store) != StoreKeySize || len(signature) != dsse.SignatureSize {
		return nil, fmt.Errorf("%w: store or signature has the wrong length", errText)
	}
	key, err := identity.NodeKeyFromSecret(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errText, err)
	}
	d, err := identity.OpenDelegation(delegation, dsse.Signature(signature))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errText, err)
	}
	switch {
	case lines[0] != d.Team.String(), lines[1] != d.Node.String(), !key.Is(d):
		return nil, fmt.Errorf("%w: the delegation is for another team or node", errText)
	}
	return &Node{Key: key, Delegation: d, StoreKey: store}, nil
}

func nextText(n *Next) ([]byte, error) {
	secret, err := n.Key.Secret()
	if err != nil {
		return nil, err
	}
	e := base64url()
	return fmt.Appendf(nil, "%s\nteam %s\nnode %s\nsecret %s\nstore %s\n",
		nextTitle, n.Team, n.Key.Node(), e.EncodeToString(secret), e.EncodeToString(n.StoreKey)), nil
}

func parseNextText(text []byte) (*Next, error) {
	lines, err := fields(text, nextTitle, "team", "node", "secret", "store")
	if err != nil {
		return nil, err
	}
	team, err := identity.ParseTeam(lines[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errText, err)
	}
	secret, ok := decode(lines[2])
	store, storeOK := decode(lines[3])
	if !ok || !storeOK || len(store) != StoreKeySize {
		return nil, fmt.Errorf("%w: secret or store is not base64url of the right length", errText)
	}
	key, err := identity.NodeKeyFromSecret(secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errText, err)
	}
	if lines[1] != key.Node().String() {
		return nil, fmt.Errorf("%w: the secret is not that of the node it names", errText)
	}
	return &Next{Key: key, Team: team, StoreKey: store}, nil
}

// fields reads a title line, then one line for each name, and nothing else. Errors never hold a value.
func fields(text []byte, title string, names ...string) ([]string, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: longer than %d bytes", errText, maxText)
	}
	rest, ok := bytes.CutPrefix(text, []byte(title+"\n"))
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with %q", errText, title)
	}
	values := make([]string, 0, len(names))
	for _, name := range names {
		line, after, ended := strings.Cut(string(rest), "\n")
		value, named := strings.CutPrefix(line, name+" ")
		if !ended || !named {
			return nil, fmt.Errorf("%w: want a line %q", errText, name)
		}
		values = append(values, value)
		rest = []byte(after)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: there is more after the line %q", errText, names[len(names)-1])
	}
	return values, nil
}
