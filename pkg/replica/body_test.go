package replica_test

import (
	"bytes"
	"errors"
	"testing"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

func TestADetachedBodyIsWantedFetchedAndServed(t *testing.T) {
	us, p, ch := village(t)
	old := p.say(t, ch, alert("old"), nil)
	update := p.say(t, ch, long("update", old.ID()), nil)
	us.accept(t, noon, old.Frame(), update.Frame())
	wanted := func(n int) {
		t.Helper()
		if got := us.WantedBodies(); len(got) != n || n > 0 && got[0] != update.ID() {
			t.Fatalf("%d bodies wanted, want %d", len(got), n)
		}
	}
	wanted(1)
	us.restart(t, noon)
	wanted(1)
	if e, err := us.Entry(update.ID()); err != nil || e.Notice != nil || e.Unread == "" {
		t.Fatalf("%v %v %q", err, e.Notice, e.Unread)
	}
	if _, _, err := us.Chunk(update.ID(), 0); !errors.Is(err, replica.ErrNotFound) {
		t.Fatal(err)
	}

	wrong := bytes.Clone(update.Body())
	wrong[len(wrong)-1] ^= 1
	if err := us.PutBody(update.ID(), wrong); record.FaultOf(err) != record.FaultBodyDigest {
		t.Fatal(err)
	}
	if err := us.PutBody(update.ID(), wrong[1:]); record.FaultOf(err) != record.FaultBodyLength {
		t.Fatal(err)
	}
	if err := us.PutBody(record.ID{1}, wrong); !errors.Is(err, replica.ErrNotFound) {
		t.Fatal(err)
	}
	wanted(1)

	for range 2 { // the second time it is there, and anything is passed over
		if err := us.PutBody(update.ID(), update.Body()); err != nil {
			t.Fatal(err)
		}
		wanted(0)
	}
	for range 2 { // before and after a restart
		if r, err := us.Revisions(old.ID()); err != nil || len(r) != 1 || r[0].Record.ID() != update.ID() {
			t.Fatalf("an update whose body came later: %d revisions, %v", len(r), err)
		}
		var body []byte
		for n := range record.Chunks(update.Header().Body.Length) {
			leaves, chunk, err := us.Chunk(update.ID(), n)
			if err != nil || update.Header().Body.CheckLeaves(leaves) != nil || record.Leaf(chunk) != leaves[n] {
				t.Fatalf("chunk %d: %v", n, err)
			}
			body = append(body, chunk...)
		}
		if !bytes.Equal(body, update.Body()) {
			t.Fatal("the chunks are not the body")
		}
		for _, n := range []int{-1, record.Chunks(update.Header().Body.Length), 1 << 20} {
			if _, _, err := us.Chunk(update.ID(), n); !errors.Is(err, replica.ErrNotFound) {
				t.Errorf("chunk %d: %v", n, err)
			}
		}
		before := views(t, us.Replica, noon)
		us.restart(t, noon)
		same(t, "restart", before, views(t, us.Replica, noon))
	}
	whole(t, us.store, noon)
}

func TestAPublishedDetachedBodyIsHereAndTravelsApart(t *testing.T) {
	us, _, ch := village(t)
	old := us.publish(t, noon, ch, alert("old"))
	rec := us.publish(t, noon, ch, long("update", old.ID()))
	if rec.Inline() || len(us.WantedBodies()) != 0 {
		t.Fatal("the body of our own record is wanted")
	}
	us.restart(t, noon)
	e, err := us.Entry(rec.ID())
	if err != nil || e.Notice == nil || !bytes.Equal(e.Record.Body(), rec.Body()) {
		t.Fatal(err, e.Unread)
	}
	if r, err := us.Revisions(old.ID()); err != nil || len(r) != 1 {
		t.Fatal(len(r), err)
	}
	frame, err := us.Frame(rec.ID())
	if err != nil || len(frame) > record.MaxHeader+200 {
		t.Fatalf("the frame has %d bytes, %v", len(frame), err)
	}
}

func TestADetachedRequestCountsWhenItsBodyIsHere(t *testing.T) {
	us, p, ch := village(t)
	ask := request(us.Self())
	ask.Attachments = long("x").Attachments
	rec := p.say(t, ch, ask, nil)
	us.accept(t, noon, rec.Frame())
	if views(t, us.Replica, noon); len(us.WantedBodies()) != 1 {
		t.Fatal("the body is not wanted")
	}
	if err := us.PutBody(rec.ID(), rec.Body()); err != nil {
		t.Fatal(err)
	}
	before := views(t, us.Replica, noon)
	if !bytes.Contains([]byte(before), []byte("\nrow ")) {
		t.Fatal("the request is in no row")
	}
	us.restart(t, noon)
	same(t, "restart", before, views(t, us.Replica, noon))
}

// A body that does not say what its header's kind promises is kept, and changes no view.
func TestADetachedBodyThatIsNoNoticeStaysUnread(t *testing.T) {
	us, p, ch := village(t)
	rec := p.sign(t, notice.KindAlert, ch, make([]byte, 100<<10), nil)
	us.accept(t, noon, rec.Frame())
	if err := us.PutBody(rec.ID(), rec.Body()); err != nil {
		t.Fatal(err)
	}
	before := views(t, us.Replica, noon)
	us.restart(t, noon)
	same(t, "restart", before, views(t, us.Replica, noon))
	if e, err := us.Entry(rec.ID()); err != nil || e.Notice != nil || !e.Record.HasBody() {
		t.Fatal(err)
	}
}

func TestABodyDoesNotFitIntoAFullStore(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, long("x"), nil)
	us.accept(t, noon, rec.Frame())
	us.store.SetFault(func(op string, _ []replica.Op) (bool, error) {
		if op == "apply" {
			return false, replica.ErrFull
		}
		return false, nil
	})
	if err := us.PutBody(rec.ID(), rec.Body()); reasonOf(err) != policy.Full {
		t.Fatal(err)
	}
	us.store.SetFault(nil)
	if err := us.PutBody(rec.ID(), rec.Body()); err != nil {
		t.Fatal(err)
	}
}
