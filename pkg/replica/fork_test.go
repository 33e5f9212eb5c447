package replica_test

import (
	"fmt"
	"slices"
	"testing"

	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// A node signs a thousand times two things at one place. Every case is proven, shown, and survives a
// restart; both records stay in the set.
func TestAThousandEquivocationsAreProvenAndShown(t *testing.T) {
	const n = 1000
	us, p, ch := village(t)
	var arrivals []replica.Arrival
	var ids []record.ID
	for i := range n {
		honest := p.say(t, ch, alert(fmt.Sprint("to one ", i)), nil)
		p.seq, p.prev = honest.Header().Seq-1, honest.Header().Prev
		other := p.say(t, ch, alert(fmt.Sprint("to another ", i)), nil)
		ids = append(ids, honest.ID(), other.ID())
		for _, r := range []*record.Record{honest, other} {
			arrivals = append(arrivals, replica.Arrival{Frame: r.Frame(), Via: replica.Sync})
		}
	}
	for _, o := range us.Ingest(noon, arrivals) {
		if o.Verdict != policy.Accept {
			t.Fatal(o.Reason)
		}
	}
	check := func() {
		t.Helper()
		st, err := us.Stats()
		if err != nil || st.Equivocations[p.team()] != n || len(st.Equivocations) != 1 {
			t.Fatal(st.Equivocations, err)
		}
		proven := map[record.ID]bool{}
		for _, q := range us.Equivocations() {
			a, err := us.Entry(q.Records[0])
			if err != nil {
				t.Fatal(err)
			}
			b, err := us.Entry(q.Records[1])
			if err != nil {
				t.Fatal(err)
			}
			if a.Record.Lane() != b.Record.Lane() || a.Record.Header().Seq != b.Record.Header().Seq || a.Record.ID() == b.Record.ID() {
				t.Fatal("two records that prove nothing")
			}
			proven[q.Records[0]], proven[q.Records[1]] = true, true
		}
		for _, id := range ids {
			e, err := us.Entry(id)
			if err != nil || !proven[id] || !slices.Contains(words(e), replica.MarkEquivocation) {
				t.Fatalf("%s: proven %t, %v, %v", id, proven[id], e.Marks, err)
			}
		}
		if days := us.Set(ch, noon).Days(); len(days) != 1 || days[0].Count != 2*n {
			t.Fatal("they are not all in the set")
		}
	}
	check()
	before := us.Equivocations()
	us.restart(t, noon)
	check()
	if !slices.Equal(before, us.Equivocations()) {
		t.Error("a restart changed what is proven")
	}
	if _, err := us.Prune(noon.Add(2000 * day)); err != nil {
		t.Fatal(err)
	}
	if len(us.Equivocations()) != 0 {
		t.Error("it is proven by what is gone")
	}
}

func TestThreeRecordsAtOnePlace(t *testing.T) {
	us, p, ch := village(t)
	for i := range 3 {
		us.accept(t, noon, p.say(t, ch, alert(fmt.Sprint(i)), func(h *record.Header) { h.Seq, h.Prev = 1, record.ID{} }).Frame())
	}
	p.say(t, ch, alert("no fork"), nil)
	for range 2 {
		if st, err := us.Stats(); err != nil || st.Equivocations[p.team()] != 2 || len(us.Equivocations()) != 2 {
			t.Error(st.Equivocations, err)
		}
		us.restart(t, noon)
	}
}
