package replica_test

import (
	"fmt"
	"strings"
	"testing"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/store/memstore"
)

// A member fills the store and then claims an emergency with each word. Another's emergency is kept all the same, and
// this node goes on publishing.
func TestNobodyUsesUpTheLastRoom(t *testing.T) {
	us, p, ch := village(t)
	q := newParty(t, 5)
	admit(t, us, ch.Community, q)
	const quota = 8 << 20
	small := memstore.New(memstore.Options{Quota: quota})
	if err := us.store.Scan(nil, false, func(k, v []byte) error {
		return small.Apply([]replica.Op{{Key: k, Value: v}})
	}); err != nil {
		t.Fatal(err)
	}
	us.store = small
	us.opt.Store = small
	us.restart(t, noon)
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
	if n := fill(p, record.Routine, 30<<10); n < 150 {
		t.Fatalf("%d are kept before the last room", n)
	}
	urgent := fill(p, record.Urgent, 1000)
	if emergencies := fill(p, record.Emergency, 1000); urgent == 0 || emergencies == 0 {
		t.Errorf("%d urgent, %d emergencies of one team", urgent, emergencies)
	}
	us.restart(t, noon)
	if say(p, record.Emergency, 1000) == policy.OK {
		t.Error("a restart gives the share again")
	}
	if why := say(q, record.Emergency, 1000); why != policy.OK {
		t.Error("another's emergency is not kept:", why)
	}
	for i := range 100 {
		us.publish(t, noon, ch, alert(fmt.Sprint(i)))
	}
	if st, err := us.Stats(); err != nil || !st.LastRoom {
		t.Error(st.Store, err)
	}
}
