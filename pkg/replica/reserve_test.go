package replica_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/store/memstore"
)

// lastRoom gives a node whose store a member has filled down to the last room.
func lastRoom(t *testing.T) (*team, *party, record.Channel) {
	t.Helper()
	us, p, ch := village(t)
	small := memstore.New(memstore.Options{Quota: 8 << 20})
	if err := us.store.Scan(nil, false, func(k, v []byte) error {
		return small.Apply([]replica.Op{{Key: k, Value: v}})
	}); err != nil {
		t.Fatal(err)
	}
	us.store, us.opt.Store = small, small
	us.restart(t, noon)
	for i := range 1000 {
		a := alert("x")
		a.Texts[0].Summary = strings.Repeat("x", 30<<10)
		if us.offer(noon, p.say(t, ch, a, nil).Frame()).Reason == policy.Full {
			if i < 150 {
				t.Fatalf("%d are kept before the last room", i)
			}
			return us, p, ch
		}
	}
	t.Fatal("no end")
	return nil, nil, ch
}

func emergency(h *record.Header) { h.Class = record.Emergency }

// lastRoomStore is a store with its last room left, of which a team's share is 4 MiB.
type lastRoomStore struct{ *memstore.Store }

func (lastRoomStore) Usage() (replica.Usage, error) {
	return replica.Usage{Quota: 1 << 30, Used: 1<<30 - 1}, nil
}

// What could not be stored draws nothing.
func TestWhatIsNotStoredDrawsNothing(t *testing.T) {
	us, p, ch := village(t)
	us.opt.Store = lastRoomStore{us.store}
	r, err := replica.Open(us.opt, noon)
	if err != nil {
		t.Fatal(err)
	}
	offer := func(frame []byte) policy.Reason {
		return r.Ingest(noon, []replica.Arrival{{Frame: frame, Via: replica.Gossip}})[0].Reason
	}
	said, big := p.say(t, ch, alert("x"), emergency), p.say(t, ch, long("x"), emergency)
	wipe := p.say(t, ch, &notice.Erase{Record: said.ID(), Reason: "sent in error"}, emergency).Frame()
	if a, b := offer(said.Frame()), offer(big.Frame()); a != policy.OK || b != policy.OK {
		t.Fatal(a, b)
	}
	fails := "get"
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
		if op == fails {
			return false, errDisk
		}
		return false, nil
	})
	for range 8 << 20 / len(wipe) {
		if why := offer(wipe); why != policy.Unavailable {
			t.Fatalf("an erasure that cannot be made is answered with %q", why)
		}
	}
	fails = "apply"
	for range 8 << 20 / len(big.Body()) {
		if err := r.PutBody(big.ID(), big.Body()); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
	}
	us.store.SetFault(nil)
	if why := offer(wipe); why != policy.OK {
		t.Error(why)
	}
	if err := r.PutBody(big.ID(), big.Body()); err != nil {
		t.Error(err)
	}
}

// A member fills the store and then claims an emergency with each word. Another's emergency is kept all the same, and
// this node goes on publishing.
func TestNobodyUsesUpTheLastRoom(t *testing.T) {
	us, p, ch := lastRoom(t)
	q := newParty(t, 5)
	admit(t, us, ch.Community, q)
	say := func(by *party, class record.Class, size int) policy.Reason {
		a := alert("x")
		a.Texts[0].Summary = strings.Repeat("x", size)
		return us.offer(noon, by.say(t, ch, a, func(h *record.Header) { h.Class = class }).Frame()).Reason
	}
	fill := func(by *party, class record.Class, size int) (kept int) {
		for range 1000 {
			if why := say(by, class, size); why == policy.Full {
				return kept
			} else if why != policy.OK {
				t.Fatal(why)
			}
			kept++
		}
		t.Fatal("no end")
		return kept
	}
	urgent := fill(p, record.Urgent, 1000)
	if emergencies := fill(p, record.Emergency, 1000); urgent == 0 || emergencies == 0 {
		t.Errorf("%d urgent, %d emergencies of one team", urgent, emergencies)
	}
	us.restart(t, noon)
	if say(p, record.Emergency, 1000) == policy.OK {
		t.Error("a restart gives the share again")
	}
	if why := us.offer(noon, q.say(t, ch, alert("x"), emergency).Frame()).Reason; why != policy.OK {
		t.Error("another's emergency is not kept:", why)
	}
	for i := range 100 {
		us.publish(t, noon, ch, alert(fmt.Sprint(i)))
	}
	if st, err := us.Stats(); err != nil || !st.LastRoom {
		t.Error(st.Store, err)
	}
}

// Statements draw on the last room as records do: vouches by one member use up nobody else's share of it.
func TestVouchesLeaveOthersTheirLastRoom(t *testing.T) {
	us, p, ch := lastRoom(t)
	q := newParty(t, 5)
	admit(t, us, ch.Community, q)
	var vouches []*record.Statement
	for i := range 400 {
		vouches = append(vouches, p.state(t, roster.KindVouch, &notice.Vouch{Team: identity.TeamID{1, byte(i), byte(i >> 8)}, Name: "x"}))
	}
	offered := func() map[policy.Reason]int {
		n := map[policy.Reason]int{}
		for _, why := range reasons(us.AddStatements(noon, frames(vouches...))) {
			n[why]++
		}
		return n
	}
	struck := strike(us, 1, false)
	if n := offered(); !struck() || n[policy.Unavailable] == 0 {
		t.Fatal(n)
	}
	n := offered() // what was not stored used up nothing
	if n[policy.OK] == 0 || n[policy.Waits] == 0 || n[policy.OK]+n[policy.Waits] != len(vouches) {
		t.Error(n)
	}
	us.restart(t, noon)
	if n := offered(); n[policy.OK] > 0 {
		t.Errorf("after a restart %d more are kept", n[policy.OK])
	}
	if why := us.offer(noon, q.say(t, ch, alert("x"), emergency).Frame()).Reason; why != policy.OK {
		t.Errorf("another's emergency is not kept: %s", why)
	}
	if out := us.Publish(noon, []replica.Outgoing{{Channel: ch, Notice: alert("own")}})[0]; out.Err != nil {
		t.Errorf("this node's own alert is not kept: %v", out.Err)
	}
}
