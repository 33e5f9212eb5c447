package mesh

import (
	"slices"

	"tocsin/pkg/replica"
)

// keysAsk asks a fellow for keys and gives it some. The answer is one keysAnswer.
type keysAsk struct {
	asks   []replica.KeyAsk // keys wanted, each once, wrapped for the one who asks
	wanted [][32]byte       // digests of sealing public keys, ascending
	gives  [][]byte         // wraps for the one who is asked
}

// keysAnswer is what the one asked has of that.
type keysAnswer struct {
	taken int      // of the wraps given, how many are kept now
	wraps [][]byte // statements
	keys  [][]byte // sealing public keys, in no order
}

func (a keysAsk) encode() []byte {
	b := appendCount([]byte{messageVersion}, len(a.asks))
	for _, k := range a.asks {
		b = appendChannel(b, k.Channel)
		b = append(b, k.Key[:]...)
	}
	b = appendHashes(b, a.wanted)
	return appendList(b, a.gives)
}

func decodeKeysAsk(msg []byte) (keysAsk, error) {
	s := scanner{rest: msg}
	s.version()
	var a keysAsk
	for range s.count(maxKeys, 1+32+32) {
		k := replica.KeyAsk{Channel: s.channel(), Key: s.hash()}
		if s.err == nil && slices.Contains(a.asks, k) {
			s.err = errSpelling
		}
		a.asks = append(a.asks, k)
	}
	a.wanted = s.ascending(maxKeys)
	a.gives = s.list(maxKeys, maxWrap)
	return a, s.end()
}

func (a keysAnswer) encode() []byte {
	b := appendCount([]byte{messageVersion}, a.taken)
	b = appendList(b, a.wraps)
	b = appendCount(b, len(a.keys))
	for _, k := range a.keys {
		b = append(b, k...)
	}
	return b
}

func decodeKeysAnswer(msg []byte) (keysAnswer, error) {
	s := scanner{rest: msg}
	s.version()
	a := keysAnswer{taken: s.count(maxKeys, 0), wraps: s.list(maxKeys, maxWrap)}
	for range s.count(maxKeys, sealingSize) {
		a.keys = append(a.keys, s.take(sealingSize))
	}
	return a, s.end()
}

// fitting returns as many of the frames as one message may carry.
func fitting(frames [][]byte) [][]byte {
	for i, f := range frames {
		if len(f) > maxWrap || i == maxKeys {
			return frames[:i]
		}
	}
	return frames
}
