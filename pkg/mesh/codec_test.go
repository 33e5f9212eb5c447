package mesh

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"tocsin/pkg/identity"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// spellings has for each message a decoder and an encoder; what one accepts, the other must write back.
func respell(msg []byte) map[string][]byte {
	out := map[string][]byte{}
	if g, err := decodeGreeting(msg); err == nil {
		out["greeting"] = g.encode()
	}
	if g, err := decodeGift(msg); err == nil {
		out["gift"] = g.encode()
	}
	if b, err := decodeBatch(msg); err == nil {
		out["batch"] = b.encode()
	}
	if m, err := decodeWant(msg); err == nil {
		out["want"] = m.encode()
	}
	if answer, err := decodeAnswer(msg); err == nil {
		out["answer"] = encodeAnswer(answer)
	}
	if door, err := decodeTaken(msg); err == nil {
		out["taken"] = encodeTaken(door)
	}
	if ch, err := decodeOpen(msg); err == nil {
		out["open"] = appendChannel(begin(syncOpen), ch)
	}
	if j, err := decodeJudgements(msg); err == nil {
		out["judgements"] = encodeJudgements(j)
	}
	if a, err := decodeAsk(msg); err == nil {
		out["ask"] = a.encode()
	}
	if c, err := decodeChunk(msg); err == nil {
		out["chunk"] = c.encode()
	}
	if a, err := decodeKeysAsk(msg); err == nil {
		out["keys ask"] = a.encode()
	}
	if a, err := decodeKeysAnswer(msg); err == nil {
		out["keys answer"] = a.encode()
	}
	return out
}

func samples(tb testing.TB) map[string][]byte {
	tb.Helper()
	pair, err := record.Between(identity.TeamID{1}, identity.TeamID{2})
	if err != nil {
		tb.Fatal(err)
	}
	w := window{shelves: shelves{3}, partial: true, ids: []record.StatementID{{1}, {2}}}
	return map[string][]byte{
		"greeting":   greeting{delegation: []byte("d"), sealing: make([]byte, sealingSize), address: []byte("a"), digest: [32]byte{3}, process: process{4}, company: Twin, ahead: 5, peers: true, salt: salt{1}, sums: sums{5}, have: w}.encode(),
		"gift":       gift{have: w, more: true, frames: [][]byte{[]byte("one"), {}}, addresses: [][]byte{[]byte("x")}}.encode(),
		"batch":      batch{frames: [][]byte{[]byte("frame")}, last: true}.encode(),
		"want":       want{ids: []record.ID{{1}, {9}}, here: []record.ID{{2}}}.encode(),
		"answer":     encodeAnswer(answerLater),
		"taken":      encodeTaken(3 * time.Second),
		"open":       appendChannel(begin(syncOpen), pair),
		"judgements": encodeJudgements([]policy.Judgement{{Verdict: policy.Accept, Reason: policy.OK}, {Reason: policy.Full}}),
		"keys ask": keysAsk{
			asks: []replica.KeyAsk{{Channel: pair, Key: [32]byte{6}}, {Channel: record.InCommunity(identity.CommunityID{3}), Key: [32]byte{7}}}, wanted: [][32]byte{{1}, {2}}, gives: [][]byte{{1, 2}},
		}.encode(),
		"keys answer": keysAnswer{taken: 1, wraps: [][]byte{[]byte("wrap")}, keys: [][]byte{make([]byte, sealingSize)}}.encode(),
		"ask":         ask{id: record.ID{4}, n: 3, from: 5, most: 6, leaves: true}.encode(),
		"chunk":       chunk{found: true, leaves: [][32]byte{{5}}, bytes: []byte("bytes")}.encode(),
	}
}

func TestMessagesComeBack(t *testing.T) {
	for name, msg := range samples(t) {
		if got, ok := respell(msg)[name]; !ok || !bytes.Equal(got, msg) {
			t.Errorf("%s: %x became %x", name, msg, got)
		}
		for i := range msg {
			if _, ok := respell(msg[:i])[name]; ok {
				t.Errorf("%s cut to %d of %d bytes was read", name, i, len(msg))
			}
		}
		if _, ok := respell(append(bytes.Clone(msg), 0))[name]; ok {
			t.Errorf("%s with a byte more was read", name)
		}
	}
}

func TestMessagesAreBounded(t *testing.T) {
	many := make([]record.ID, syncWindow+1)
	if _, err := decodeWant(want{ids: many}.encode()); err == nil {
		t.Error("too many IDs were read")
	}
	if _, err := decodeWant(want{}.encode()); err == nil {
		t.Error("a want of nothing was read")
	}
	if _, err := decodeAnswer(encodeAnswer(answerLater + 1)); err == nil {
		t.Error("an unknown answer was read")
	}
	descending := window{ids: []record.StatementID{{2}, {1}}}
	if _, err := decodeGift(gift{have: descending}.encode()); err == nil {
		t.Error("IDs out of order were read")
	}
	if _, err := readMessage(bytes.NewReader([]byte{0xff, 0xff, 0xff, 0xff}), maxHello); err == nil {
		t.Error("a message of 4 GiB was begun")
	}
	asks := make([]replica.KeyAsk, maxKeys+1)
	if _, err := decodeKeysAsk(keysAsk{asks: asks}.encode()); err == nil {
		t.Error("too many keys were asked for")
	}
	if _, err := decodeKeysAsk(keysAsk{wanted: [][32]byte{{2}, {1}}}.encode()); err == nil {
		t.Error("digests out of order were read")
	}
	if _, err := decodeKeysAnswer(keysAnswer{wraps: [][]byte{make([]byte, maxWrap+1)}}.encode()); err == nil {
		t.Error("a wrap too long was read")
	}
	full := keysAsk{gives: make([][]byte, maxKeys)}
	answer := keysAnswer{wraps: make([][]byte, maxKeys), keys: make([][]byte, maxKeys)}
	for i := range maxKeys {
		full.asks = append(full.asks, replica.KeyAsk{Channel: record.Channel{Pair: [2]identity.TeamID{{1}, {2}}}})
		full.wanted = append(full.wanted, [32]byte{byte(i)})
		full.gives[i], answer.wraps[i], answer.keys[i] = make([]byte, maxWrap), make([]byte, maxWrap), make([]byte, sealingSize)
	}
	if n, m := len(full.encode()), len(answer.encode()); n > maxKeysMessage || m > maxKeysMessage {
		t.Errorf("full messages have %d and %d bytes, more than are read", n, m)
	}
	if _, err := decodeChunk(chunk{bytes: make([]byte, record.ChunkSize+1)}.encode()); err == nil {
		t.Error("a chunk too long was read")
	}
}

// A message of another release is refused in words, and the words are read.
func TestUnknownVersionsAreRefusedInWords(t *testing.T) {
	for name, msg := range samples(t) {
		later := bytes.Clone(msg)
		later[0] = messageVersion + 1
		if _, err := decodeGreeting(later); !errors.Is(err, errVersion) {
			t.Errorf("%s of another version: %v", name, err)
		}
	}
	_, err := decodeGreeting(refusal("message of another version: 3, this release reads 2"))
	if !errors.Is(err, errRefused) || !strings.Contains(err.Error(), "this release reads 2") {
		t.Errorf("a refusal is read as %v", err)
	}
}

func FuzzMessages(f *testing.F) {
	for _, msg := range samples(f) {
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for name, got := range respell(msg) {
			if !bytes.Equal(got, msg) {
				t.Errorf("%s: %x became %x", name, msg, got)
			}
		}
	})
}

func FuzzPeek(f *testing.F) {
	f.Add([]byte("TCR1\x00\x02{}\x00\x00"))
	f.Fuzz(func(_ *testing.T, frame []byte) {
		_, _ = peek(frame)
	})
}

func TestRankPutsEmergenciesFirst(t *testing.T) {
	order := []record.Class{record.Emergency, record.Control, record.Urgent, record.Routine}
	for i := 1; i < len(order); i++ {
		if rank(order[i-1]) >= rank(order[i]) {
			t.Errorf("%s does not go before %s", order[i-1], order[i])
		}
	}
}

// What one end has on a shelf that differs, and the other does not list, is lacking there; other shelves are not
// spoken of. Shelf by shelf everything is compared.
func TestWindowsCoverEverything(t *testing.T) {
	m := &Mesh{links: map[peer.ID]*link{}, rand: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // nothing secret
	var ours, theirs []record.StatementID
	for i := range 6000 {
		id := record.StatementID{byte(i >> 8), byte(i)}
		ours = append(ours, id)
		if i%1000 != 0 {
			theirs = append(theirs, id)
		}
	}
	by := salt{7}
	found := map[record.StatementID]bool{}
	differ := differing(sumsOf(ours, by), sumsOf(theirs, by))
	for range 100 {
		w := m.windowOf("p", theirs, by, differ)
		if len(w.ids) > portionLeast/32/windowShare {
			t.Fatalf("%d IDs are listed", len(w.ids))
		}
		for _, id := range lacking(ours, w, by) {
			found[id] = true
		}
	}
	if len(found) != 6 {
		t.Errorf("%d of 6 were found in parts", len(found))
	}
}
