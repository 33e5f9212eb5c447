package record_test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/record"
)

// reference is RFC 6962's Merkle tree hash as its text defines it.
func reference(chunks [][]byte) [32]byte {
	switch n := len(chunks); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, chunks[0]...))
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		left, right := reference(chunks[:k]), reference(chunks[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

func TestDigestTree(t *testing.T) {
	const c = record.ChunkSize
	for _, n := range []int{0, 1, c - 1, c, c + 1, 2 * c, 2*c + 1, 3 * c, 5*c - 1, 7 * c, 8 * c, record.MaxBody - 1, record.MaxBody} {
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(i>>18 + i)
		}
		var chunks [][]byte
		for rest := body; len(rest) > 0; rest = rest[min(c, len(rest)):] {
			chunks = append(chunks, rest[:min(c, len(rest))])
		}
		if record.Digest(body) != reference(chunks) {
			t.Errorf("%d bytes: another digest than RFC 6962's", n)
		}
		if got := record.Chunks(int64(n)); got != len(chunks) || got != len(record.Leaves(body)) {
			t.Errorf("%d bytes: %d chunks, want %d", n, got, len(chunks))
		}
	}
}

func TestCheckLeaves(t *testing.T) {
	body := bytes.Repeat([]byte("tocsin"), record.ChunkSize/2)
	b := record.Body{Digest: record.Digest(body), Length: int64(len(body))}
	leaves := record.Leaves(body)
	if err := b.CheckLeaves(leaves); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string][][32]byte{"one less": leaves[1:], "none": nil, "one more": append(slices.Clip(leaves), leaves[0])} {
		if err := b.CheckLeaves(bad); record.FaultOf(err) != record.FaultBodyLength {
			t.Errorf("%s: %v", name, err)
		}
	}
	leaves[0], leaves[1] = leaves[1], leaves[0]
	if err := b.CheckLeaves(leaves); record.FaultOf(err) != record.FaultBodyDigest {
		t.Errorf("swapped: %v", err)
	}
	empty := record.Body{Digest: record.Digest(nil)}
	if err := empty.CheckLeaves(nil); err != nil {
		t.Errorf("the empty body: %v", err)
	}
}

// TestTreeTellsBodiesApart: a body that is the concatenation of two leaf hashes is not their node.
func TestTreeTellsBodiesApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := make([][32]byte, rapid.IntRange(2, 9).Draw(t, "leaves"))
		for i := range leaves {
			leaves[i] = record.Leaf([]byte{byte(i)})
		}
		i := rapid.IntRange(0, len(leaves)-2).Draw(t, "i")
		root := record.Root(leaves)
		leaves[i], leaves[i+1] = leaves[i+1], leaves[i]
		if record.Root(leaves) == root {
			t.Fatal("the order of chunks does not matter")
		}
		pair := append(append([]byte{}, leaves[0][:]...), leaves[1][:]...)
		if record.Leaf(pair) == record.Root(leaves[:2]) {
			t.Fatal("a node is a leaf")
		}
	})
}
