package record

import "crypto/sha256"

// Digest returns the root of the body's digest tree: the Merkle tree hash of RFC 6962, section
// 2.1, with SHA-256 over leaves of ChunkSize bytes, the last one shorter. The root of the empty body
// is the SHA-256 of nothing.
func Digest(body []byte) [32]byte { return Root(Leaves(body)) }

// Leaves returns the hashes of the body's chunks.
func Leaves(body []byte) [][32]byte {
	leaves := make([][32]byte, 0, Chunks(int64(len(body))))
	for len(body) > 0 {
		n := min(len(body), ChunkSize)
		leaves = append(leaves, Leaf(body[:n]))
		body = body[n:]
	}
	return leaves
}

// Chunks returns how many chunks a body of the given length has.
func Chunks(length int64) int { return int((length + ChunkSize - 1) / ChunkSize) }

// Leaf returns the hash of one chunk.
func Leaf(chunk []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(chunk)
	var sum [32]byte
	h.Sum(sum[:0])
	return sum
}

// Root returns the root over leaf hashes.
func Root(leaves [][32]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		split := 1
		for split*2 < n {
			split *= 2
		}
		left, right := Root(leaves[:split]), Root(leaves[split:])
		var node [65]byte
		node[0] = 1
		copy(node[1:], left[:])
		copy(node[33:], right[:])
		return sha256.Sum256(node[:])
	}
}

// CheckLeaves reports an error unless the leaves are those of the body that b describes. A fetcher
// checks the leaves once and then each chunk by its Leaf.
func (b *Body) CheckLeaves(leaves [][32]byte) error {
	if want := Chunks(b.Length); len(leaves) != want {
		return fault(FaultBodyLength, "body", "%d leaves, want %d", len(leaves), want)
	}
	if Root(leaves) != b.Digest {
		return fault(FaultBodyDigest, "body", "its leaves are not the ones the header commits to")
	}
	return nil
}

func (b *Body) check(body []byte) error {
	if int64(len(body)) != b.Length {
		return fault(FaultBodyLength, "body", "%d bytes, the header says %d", len(body), b.Length)
	}
	if Digest(body) != b.Digest {
		return fault(FaultBodyDigest, "body", "its digest is not the one the header commits to")
	}
	return nil
}
