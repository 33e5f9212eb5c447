package replica_test

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// weighed counts the bytes that are read.
type weighed struct {
	replica.Store
	read *int
}

func (w weighed) Get(key []byte) ([]byte, error) {
	v, err := w.Store.Get(key)
	*w.read += len(v)
	return v, err
}

// TestListsReadNoAttachments: what a list shows of a notice with a long attachment is read without its body, whether it
// came or was published here.
func TestListsReadNoAttachments(t *testing.T) {
	us, p, ch := village(t)
	rec := p.say(t, ch, long("from another"), nil)
	us.accept(t, noon, rec.Frame())
	before, err := us.Brief(rec.ID())
	if err != nil || before.Notice != nil || before.Unread == "" {
		t.Fatalf("before its body came: %+v %v", before, err)
	}
	if err := us.PutBody(rec.ID(), rec.Body()); err != nil {
		t.Fatal(err)
	}
	us.publish(t, noon, ch, long("from here"))
	sealed := long("sealed here")
	sealed.Marking.TLP = notice.TLPAmber
	us.publish(t, noon, ch, sealed)
	asked := request(us.Self())
	asked.Attachments = long("x").Attachments
	us.publish(t, noon, ch, asked)
	update := p.say(t, ch, long("x", rec.ID()), nil)
	us.accept(t, noon, update.Frame())
	if err := us.PutBody(update.ID(), update.Body()); err != nil {
		t.Fatal(err)
	}

	read := 0
	us.opt.Store = weighed{us.store, &read}
	r, err := replica.Open(us.opt, noon)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.List(replica.Query{})
	if err != nil || len(list) != 5 {
		t.Fatalf("%d entries, %v", len(list), err)
	}
	if revisions, err := r.Revisions(rec.ID()); err != nil || len(revisions) != 1 {
		t.Errorf("%d revisions, %v", len(revisions), err)
	}
	if read > 64<<10 {
		t.Errorf("a start, a list and revisions of five records read %d bytes", read)
	}
	data := long("").Attachments[0].Data
	if holds(t, us.store, "sealed here") {
		t.Error("the store holds the title of a sealed notice in clear")
	}
	for _, e := range list {
		want := replica.File{Name: "feed.json", MediaType: "application/json", Length: int64(len(data)), Digest: sha256.Sum256(data)}
		if e.Notice == nil || !slices.Equal(e.Files, []replica.File{want}) || len(filesOf(e.Notice)) != 0 || e.Record.HasBody() {
			t.Errorf("%s: %T %q, files %+v", e.Record.ID(), e.Notice, e.Unread, e.Files)
		}
		whole, err := r.Entry(e.Record.ID())
		if err != nil || len(filesOf(whole.Notice)) != 1 || string(filesOf(whole.Notice)[0].Data) != string(data) {
			t.Errorf("%s whole: %v", e.Record.ID(), err)
		}
	}
}

func filesOf(n notice.Notice) []notice.Attachment {
	switch n := n.(type) {
	case *notice.Alert:
		return n.Attachments
	case *notice.Request:
		return n.Attachments
	}
	return nil
}

// TestListsShowWhatHasNoBrief: a record that an earlier release stored, and one whose brief is damaged, are shown alike.
func TestListsShowWhatHasNoBrief(t *testing.T) {
	us, _, ch := village(t)
	us.publish(t, noon, ch, long("long"))
	show := func() string { return views(t, us.Replica, noon) }
	before := show()
	var keys [][]byte
	if err := us.store.Scan([]byte("b"), false, func(key, _ []byte) error {
		if key[5] == 'n' {
			keys = append(keys, slices.Clone(key))
		}
		return nil
	}); err != nil || len(keys) == 0 {
		t.Fatalf("%d parts of a brief, %v", len(keys), err)
	}
	for _, spoilt := range [][]byte{nil, {1}, {0, 0, 0, 9, '{'}, {0, 0, 0, 2, '{', '}'}, {255, 255, 255, 255, '{', '}'}} {
		ops := []replica.Op{{Key: keys[0], Value: spoilt, Delete: spoilt == nil}}
		if err := us.store.Apply(ops); err != nil {
			t.Fatal(err)
		}
		same(t, "a spoilt brief", before, show())
		list, err := us.List(replica.Query{})
		if err != nil || len(list) != 1 || len(list[0].Files) != 1 {
			t.Errorf("%v: %+v %v", spoilt, list, err)
		}
	}
}

// TestAListGoesOnAfterAPlace: pages of a list hold each record once, also where the one that a place names is gone.
func TestAListGoesOnAfterAPlace(t *testing.T) {
	us, p, ch := village(t)
	for i := range 10 {
		at := noon.Add(-time.Duration(i/2) * time.Minute) // two of each time
		us.accept(t, noon, p.say(t, ch, alert("one of many"), func(h *record.Header) { h.Created = at }).Frame())
	}
	all, err := us.List(replica.Query{})
	if err != nil || len(all) != 10 {
		t.Fatalf("%d, %v", len(all), err)
	}
	var got []record.ID
	after := replica.Cursor{}
	for {
		page, err := us.List(replica.Query{Limit: 3, After: after})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for i := range page {
			got = append(got, page[i].Record.ID())
		}
		after = replica.CursorAt(&page[len(page)-1])
	}
	if !slices.EqualFunc(got, all, func(id record.ID, e replica.Entry) bool { return id == e.Record.ID() }) {
		t.Errorf("pages give %v", got)
	}
	gone := replica.Cursor{Created: all[4].Record.Header().Created, ID: record.ID{}}
	if rest, err := us.List(replica.Query{After: gone}); err != nil || len(rest) != 6 {
		t.Errorf("after a place without a record: %d, %v", len(rest), err)
	}
	stop := errors.New("stop")
	if err := us.Each(replica.Query{}, func(*replica.Entry) (bool, error) { return true, stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// TestNobodyHidesTheAnswersOfAnother: one member answers a request a thousand times and more.
func TestNobodyHidesTheAnswersOfAnother(t *testing.T) {
	us, p, ch := village(t)
	us.opt.Limits.PerAuthorDay = map[record.Class]int{record.Routine: -1}
	us.restart(t, noon)
	q := newParty(t, 7)
	admit(t, us, ch.Community, q)
	asked := us.publish(t, noon, ch, request(q.team()))
	quiet := q.say(t, ch, reply(asked.ID()), func(h *record.Header) { h.Created = noon.Add(-time.Hour) })
	us.accept(t, noon, quiet.Frame())
	var flood []replica.Arrival
	for range replica.MaxAnswers + 5 {
		r := p.say(t, ch, reply(asked.ID()), nil)
		flood = append(flood, replica.Arrival{Frame: r.Frame(), Via: replica.Sync})
	}
	us.Ingest(noon, flood)
	list, err := us.Answers(asked.ID())
	if err != nil || len(list) != replica.MaxAnswers || us.CountAnswers(asked.ID()) != replica.MaxAnswers+6 {
		t.Fatalf("%d of %d answers, %v", len(list), us.CountAnswers(asked.ID()), err)
	}
	if list[0].Record.ID() != quiet.ID() {
		t.Error("the quiet one's answer is not among them")
	}
}

// TestRevisionsAreTheNewest: of very many updates by the author the newest are listed, and those by others never push any out.
func TestRevisionsAreTheNewest(t *testing.T) {
	us, p, ch := village(t)
	q := newParty(t, 7)
	admit(t, us, ch.Community, q)
	first := p.say(t, ch, alert("first"), nil)
	us.accept(t, noon, first.Frame())
	var newest record.ID
	for i := range replica.MaxRevisions + 10 {
		at := noon.Add(time.Duration(i) * time.Second)
		mine := p.say(t, ch, revision(notice.AlertUpdate, first.ID()), func(h *record.Header) { h.Created = at })
		other := q.say(t, ch, revision(notice.AlertCancel, first.ID()), func(h *record.Header) { h.Created = at })
		us.accept(t, noon, mine.Frame(), other.Frame())
		newest = mine.ID()
	}
	list, err := us.Revisions(first.ID())
	if err != nil || len(list) != replica.MaxRevisions || list[len(list)-1].Record.ID() != newest {
		t.Errorf("%d revisions, %v", len(list), err)
	}
}
