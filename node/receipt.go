package node

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

const (
	// receiptSettle lets what comes together be answered together.
	receiptSettle = time.Second
	// receiptGrace is how long a machine's receipt may take before a team shows as unreachable: longer
	// than a restart and a night's line maintenance is not needed, since the sender tries for hours.
	receiptGrace = 15 * time.Minute
	// maxReceipt is how many records one receipt names: its body then rides in the frame.
	maxReceipt = 500
	// lookBack is how old a record may be that a receipt is still sent for; also how far back a start
	// looks for requests that nobody took.
	lookBack = 7 * 24 * time.Hour
	// maxRecall is how many of the newest alerts are looked through at a start for drills without a
	// receipt. Each is read from disk, and few are drills.
	maxRecall = 1000
	// maxLooks bounds what waits to be looked at. Beyond it a record gets no receipt before the next
	// start of the daemon, which looks through the last days.
	maxLooks = 1 << 16
)

// receipts remembers the records that may want a receipt.
type receipts struct {
	woken chan struct{} // room for one

	mu    sync.Mutex
	looks []record.ID
}

func newReceipts() *receipts { return &receipts{woken: make(chan struct{}, 1)} }

func (r *receipts) look(id record.ID) {
	r.keep(id)
	rouse(r.woken)
}

// keep is look that waits for the next record to come.
func (r *receipts) keep(id record.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.looks) < maxLooks {
		r.looks = append(r.looks, id)
	}
}

func (r *receipts) take() []record.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	looks := r.looks
	r.looks = nil
	return looks
}

// runReceipts sends receipts until ctx ends. It begins with what an earlier life left undone.
func (n *Node) runReceipts(ctx context.Context) error {
	sent, err := n.recallReceipts()
	if err != nil {
		// Some may go out twice. Their readers take the earliest.
		n.log.WarnContext(ctx, "could not look for receipts that are due", slog.Any("err", err))
	}
	for {
		if err := n.sendReceipts(ctx, sent); err != nil {
			n.log.WarnContext(ctx, "could not send receipts", slog.Any("err", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-n.receipts.woken:
		}
		settle := time.NewTimer(receiptSettle)
		select {
		case <-ctx.Done():
			settle.Stop()
			return nil
		case <-settle.C:
		}
	}
}

// receipted is what receipts were sent for: records that are here, and bodies that were removed, each with
// when it was noted. It forgets what is too old to be looked at again.
type receipted struct{ here, erased map[record.ID]time.Time }

func newReceipted() *receipted {
	return &receipted{here: map[record.ID]time.Time{}, erased: map[record.ID]time.Time{}}
}

// forget drops what was noted before a time: no record that old gets a receipt any more.
func (s *receipted) forget(before time.Time) {
	old := func(_ record.ID, at time.Time) bool { return at.Before(before) }
	maps.DeleteFunc(s.here, old)
	maps.DeleteFunc(s.erased, old)
}

func (s *receipted) note(r *notice.Receipt, at time.Time) {
	for _, id := range r.Records {
		s.here[id] = at
	}
	for _, id := range r.Erased {
		s.erased[id] = at
	}
}

// recallReceipts queues the records of the last days and returns those that have their receipt.
func (n *Node) recallReceipts() (*receipted, error) {
	sent := newReceipted()
	since := n.now().Add(-lookBack)
	note := func(e *replica.Entry) (bool, error) {
		if r, ok := e.Notice.(*notice.Receipt); ok && n.isOwn(e.Record.Team()) {
			sent.note(r, n.now())
		}
		return true, nil
	}
	if err := n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindReceipt}, Since: since}, note); err != nil {
		return sent, err
	}
	look := func(e *replica.Entry) (bool, error) {
		if !n.isOwn(e.Record.Team()) {
			n.receipts.look(e.Record.ID())
		}
		return true, nil
	}
	if err := n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindRequest, notice.KindErase}, Since: since}, look); err != nil {
		return sent, err
	}
	return sent, n.replica.Each(replica.Query{Kinds: []notice.Kind{notice.KindAlert}, Since: since, Limit: maxRecall}, look)
}

// sendReceipts publishes one receipt for each author that wants one.
func (n *Node) sendReceipts(ctx context.Context, sent *receipted) error {
	due, gone := map[identity.TeamID][]record.ID{}, map[identity.TeamID][]record.ID{}
	since := n.now().Add(-lookBack)
	sent.forget(since)
	looks := n.receipts.take()
	for _, id := range looks {
		e, err := n.replica.Brief(id)
		if err != nil || n.isOwn(e.Record.Team()) || !n.wantsReceipt(e.Record, e.Notice) || e.Record.Header().Created.Before(since) {
			continue
		}
		author := e.Record.Team()
		if what, ok := e.Notice.(*notice.Erase); ok {
			if _, told := sent.erased[what.Record]; !told && n.erased(what.Record, author) {
				gone[author] = append(gone[author], what.Record)
			}
			continue
		}
		if _, told := sent.here[id]; !told {
			due[author] = append(due[author], id)
		}
	}
	out := slices.Concat(
		n.receiptsFor(due, func(ids []record.ID) *notice.Receipt { return &notice.Receipt{Records: ids} }),
		n.receiptsFor(gone, func(ids []record.ID) *notice.Receipt { return &notice.Receipt{Erased: ids} }))
	if len(out) == 0 {
		return nil
	}
	published, err := n.publish(ctx, out)
	if err != nil {
		for _, id := range looks {
			n.receipts.look(id)
		}
		return err
	}
	var errs []error
	for i, p := range published {
		r, ok := out[i].Notice.(*notice.Receipt)
		if p.Err != nil || !ok {
			errs = append(errs, p.Err)
			continue
		}
		sent.note(r, n.now())
	}
	if len(errs) > 0 { // looked at again with what comes next; what was sent is known
		for _, id := range looks {
			n.receipts.keep(id)
		}
	}
	return errors.Join(errs...)
}

func (n *Node) receiptsFor(due map[identity.TeamID][]record.ID, say func([]record.ID) *notice.Receipt) (out []replica.Outgoing) {
	for author, ids := range due {
		ch, err := record.Between(n.replica.Self(), author)
		if err != nil {
			continue
		}
		for part := range slices.Chunk(ids, maxReceipt) {
			out = append(out, replica.Outgoing{Channel: ch, Class: record.Control, Notice: say(slices.Clone(part))})
		}
	}
	return out
}

// erased reports whether a record of the team's is here and its body is not, as the team asked.
func (n *Node) erased(id record.ID, author identity.TeamID) bool {
	e, err := n.replica.Brief(id)
	if err != nil {
		return false
	}
	_, gone := erasedBy(&e)
	r := n.replica.Roster()
	return gone && r.Canonical(e.Record.Team()) == r.Canonical(author)
}

// wantsReceipt: requests that ask this team by name or privately, erasures, and drills, which are there to see
// who is reached. It is the machine's word that the record is on disk and opened, so what could not be
// opened gets none.
func (n *Node) wantsReceipt(r *record.Record, what notice.Notice) bool {
	switch what := what.(type) {
	case *notice.Request:
		return r.Header().Channel.Private() || slices.ContainsFunc(what.To, n.isOwn) || what.Status.Drill()
	case *notice.Alert:
		return what.Status.Drill()
	case *notice.Erase:
		return true // its author lists who did as it asked
	}
	return false
}
