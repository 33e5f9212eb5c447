package sim

import (
	"slices"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// How keys are asked for.
const (
	askAfter = 400 * time.Millisecond // wants are collected for so long
	askAgain = 30 * time.Second       // after which an asking that was not answered counts as over
)

// keyround is what a node remembers of asking for keys. It goes with the machine.
type keyround struct {
	authors map[replica.KeyAsk]*Team
	tried   map[replica.KeyAsk]map[*Team]bool // since the last round
	asking  map[*Team]bool
	soon    bool
}

func newKeyround() keyround {
	return keyround{
		authors: map[replica.KeyAsk]*Team{}, tried: map[replica.KeyAsk]map[*Team]bool{}, asking: map[*Team]bool{},
	}
}

// wrote remembers who wrote a sealed record that was kept: its key is asked of the author first.
func (t *Team) wrote(r *record.Record) {
	h := r.Header()
	if len(h.Body.KeyID) != 32 {
		return
	}
	k := replica.KeyAsk{Channel: h.Channel, Key: [32]byte(h.Body.KeyID)}
	if _, known := t.authors[k]; !known {
		t.authors[k] = t.w.ids[r.Team()]
	}
	t.askSoon()
}

// askSoon has the keys that are wanted asked for.
func (t *Team) askSoon() {
	if t.soon {
		return
	}
	t.soon = true
	t.later(askAfter, func() {
		t.soon = false
		t.ask()
	})
}

// ask asks, for each key that is wanted, the first who was not asked since the last round of visits: its
// author, then the others in the order of their making. Whoever gave a wrong key for it is not asked again.
func (t *Team) ask() {
	asks := map[*Team][]replica.KeyAsk{}
	var order []*Team
	for _, k := range t.rep.WantedKeys() {
		to := t.whom(k)
		if to == nil {
			continue
		}
		if t.tried[k] == nil {
			t.tried[k] = map[*Team]bool{}
		}
		t.tried[k][to] = true
		if asks[to] == nil {
			order = append(order, to)
		}
		asks[to] = append(asks[to], k)
	}
	if len(order) == 0 && len(t.rep.MissingSealingKeys()) > 0 {
		for _, to := range t.fellows() {
			if t.w.reach(t, to) && !t.asking[to] {
				order = append(order, to)
				break
			}
		}
	}
	for _, to := range order {
		t.exchange(to, asks[to], nil)
	}
}

func (t *Team) whom(k replica.KeyAsk) *Team {
	bad := t.rep.BadGivers(k)
	may := func(o *Team) bool {
		if o == nil || o == t || t.tried[k][o] || t.asking[o] || !t.w.reach(t, o) || slices.Contains(bad, o.ID) {
			return false
		}
		now := t.rep.Roster()
		if k.Channel.Private() {
			return t.w.ids[k.Channel.Pair[0]] == o || t.w.ids[k.Channel.Pair[1]] == o
		}
		return now.Member(k.Channel.Community, o.ID) && now.Member(k.Channel.Community, t.ID)
	}
	if o := t.authors[k]; may(o) {
		return o
	}
	for _, o := range t.w.teams {
		if may(o) {
			return o
		}
	}
	return nil
}

// pushKeys hands keys that were made just now to the members that are reached.
func (t *Team) pushKeys(keys []replica.KeyAsk) {
	for _, k := range keys {
		if k.Channel.Private() {
			continue
		}
		for _, to := range t.peers(k.Channel, nil) {
			t.exchange(to, nil, []replica.KeyAsk{k})
		}
	}
}

// exchange is one errand of the protocol for keys: it asks, gives, and asks for public sealing keys that
// are not here.
func (t *Team) exchange(to *Team, asks, gives []replica.KeyAsk) {
	if !t.w.reach(t, to) {
		return
	}
	wanted := t.rep.MissingSealingKeys()
	given := t.wrapsFor(to, gives)
	if len(asks)+len(given)+len(wanted) == 0 {
		return
	}
	over := len(asks) == 0
	end := func() {
		if !over {
			over = true
			delete(t.asking, to)
			t.askSoon() // of somebody else, what this one did not have
		}
	}
	if !over {
		t.asking[to] = true
		t.later(askAgain, end)
	}
	life := t.life
	t.w.watch(t, given...)
	t.w.stream(t, to, func() {
		to.show(t)
		to.takeWraps(t, given)
		var keys [][]byte
		for _, digest := range wanted {
			if key, ok := to.rep.SealingKey(digest); ok {
				keys = append(keys, key)
			}
		}
		wraps := to.wrapsFor(t, asks)
		to.w.watch(to, wraps...)
		to.w.stream(to, t, func() {
			if t.life != life {
				return
			}
			t.show(to)
			for _, key := range keys {
				t.putSealingKey(key)
			}
			t.takeWraps(to, wraps)
			end()
		})
	})
}

func (t *Team) public() []byte { return t.key.Sealing().PublicKey().Bytes() }

// show takes the sealing key that a team shows when it is met.
func (t *Team) show(other *Team) { t.putSealingKey(other.public()) }

func (t *Team) putSealingKey(key []byte) {
	if err := t.rep.PutSealingKey(key); err != nil {
		t.w.note("%s cannot keep a sealing key: %v", t.Name, err)
	}
}

// wrapsFor wraps those of the keys that a team may have, or what a hostile giver makes of that.
func (t *Team) wrapsFor(to *Team, asks []replica.KeyAsk) [][]byte {
	if len(asks) == 0 || t.starves[to] {
		return nil
	}
	frames := t.rep.WrapsFor(t.now(), to.opt.Delegation, to.public(), asks)
	for i, f := range frames {
		w := wrapOf(f)
		if t.lies[to] {
			frames[i] = t.falsify(w)
			continue
		}
		t.w.oracle.handed(t, to, w)
	}
	if len(frames) > 0 {
		t.w.note("%s hands %d keys to %s", t.Name, len(frames), to.Name)
	}
	return frames
}

func wrapOf(frame []byte) *notice.Wrap {
	s, err := (&record.Verifier{}).OpenStatement(frame)
	if err != nil {
		return nil
	}
	w, err := notice.DecodeWrap(s.Says)
	if err != nil {
		return nil
	}
	return w
}

func (t *Team) takeWraps(from *Team, frames [][]byte) {
	if len(frames) == 0 {
		return
	}
	n := t.rep.TakeWraps(t.now(), from.ID, frames)
	if t.dying {
		return
	}
	if n > 0 {
		t.w.note("%s gets %d keys from %s", t.Name, n, from.Name)
	}
	bad := 0
	for _, f := range frames {
		w := wrapOf(f)
		for _, k := range t.rep.WantedKeys() {
			if w != nil && k.Key == [32]byte(w.Key) && slices.Contains(t.rep.BadGivers(k), from.ID) {
				bad++
			}
		}
	}
	if bad > 0 {
		t.w.tell("%s keeps %d wrong keys of %s as evidence", t.Name, bad, from.Name)
	}
	t.openedNow(from)
}

// openedNow tells what a key that came has opened, and writes the receipts that are owed for it.
func (t *Team) openedNow(from *Team) {
	for _, id := range t.rep.Opened() {
		t.w.tell("%s can read %s (key from %s)", t.Name, t.w.labels[id], from.Name)
		t.oweFor(id)
	}
}

// falsify makes a wrap that says it holds one key, and holds another.
func (t *Team) falsify(w *notice.Wrap) []byte {
	w.Sealed = slices.Clone(w.Sealed)
	w.Sealed[0] ^= 1
	says, err := notice.Encode(w)
	if err != nil {
		return nil
	}
	s, err := t.signAlone(roster.KindWrap, says)
	if err != nil {
		return nil
	}
	return s.Frame()
}

// signAlone signs a statement with the node's key, past the replica.
func (t *Team) signAlone(kind string, says []byte, heads ...record.StatementID) (*record.Statement, error) {
	slices.SortFunc(heads, func(a, b record.StatementID) int { return slices.Compare(a[:], b[:]) })
	return assemble(record.Draft{
		Kind: kind, Created: t.now(), Heads: heads, Says: says,
		Signers: []record.Signer{{Team: t.ID, Delegation: t.opt.Delegation}},
	}, t.key)
}

func assemble(d record.Draft, keys ...*identity.NodeKey) (*record.Statement, error) {
	payload, err := record.DraftStatement(d)
	if err != nil {
		return nil, err
	}
	var sigs []signature
	for _, k := range keys {
		sigs = append(sigs, k.Sign(identity.StatementType, payload))
	}
	return (&record.Verifier{}).AssembleStatement(payload, sigs)
}
