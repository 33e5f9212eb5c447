package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
)

// checkLedger folds what the team keeps in another order, twice over and in two halves, and asks
// for the same rows. After a write of unknown outcome the store may know more than the views.
func (w *World) checkLedger(t *Team, list []replica.Entry) {
	if t.murky {
		return
	}
	now := t.rep.Roster()
	opt := ledger.Options{ReceiptGrace: receiptGrace, Canonical: now.Canonical, Floor: func(ch record.Channel) time.Duration {
		if c, ok := now.Community(ch.Community); ok && !ch.Private() {
			return c.Charter.Floor()
		}
		return notice.DefaultReplyByFloor
	}}
	events := make([]ledger.Event, 0, len(list))
	for i := range list {
		e := &list[i]
		h := e.Record.Header()
		events = append(events, ledger.Event{
			ID: e.Record.ID(), Channel: h.Channel, Kind: h.Kind, Author: e.Record.Team(),
			Claimed: h.Created, Notice: e.Notice, Sighting: e.Sighting,
		})
	}
	// The order is drawn apart, so that looking does not change what happens.
	order := w.steps
	slices.SortStableFunc(events, func(a, b ledger.Event) int {
		i := order % len(a.ID)
		return int(a.ID[i]) - int(b.ID[i])
	})
	whole, half := ledger.New(t.ID, opt), ledger.New(t.ID, opt)
	for i, e := range events {
		into := whole
		if i%2 == 0 {
			into = half
		}
		into.Apply(e)
		into.Apply(e)
	}
	whole.Merge(half)
	for _, drills := range []bool{false, true} {
		f := ledger.Filter{Drills: drills}
		want, got := w.rowText(whole.Rows(t.now(), f)), w.rowText(t.Rows(f))
		if want != got {
			w.oracle.broken("the ledger of %s is not the fold over its records: it has\n%sand should have\n%s", t.Name, got, want)
		}
	}
}

func (w *World) rowText(rows []ledger.Row) string {
	var b strings.Builder
	for i := range rows {
		r := &rows[i]
		fmt.Fprintf(&b, "%s %s %s %s %s own %v voluntary %v", w.labels[r.Request], w.nameOf(r.Team), r.State, r.Timing, r.Waited, r.Own, r.Voluntary)
		for _, at := range []time.Time{
			r.Created, r.Sent, r.Receipt, r.Acknowledged, r.Decided, r.Result, r.Closed, r.Withdrawn, r.ReplyBy, r.Due,
		} {
			fmt.Fprintf(&b, " %d", at.UnixMilli())
		}
		fmt.Fprintf(&b, " %s %s\n", r.LastReply, r.Reason)
	}
	return b.String()
}

// checkRestart opens a copy of the team's store, and asks for the same views as the running node
// has. A node that had a write of unknown outcome may find more.
func (w *World) checkRestart(t *Team, list []replica.Entry) {
	if t.murky {
		return
	}
	o := &w.oracle
	opt := t.opt
	store := t.store.Clone()
	store.SetFault(nil)
	opt.Store = store
	other, err := replica.Open(opt, t.now())
	if err != nil {
		o.broken("%s could not start again: %w", t.Name, err)
		return
	}
	again, err := other.List(replica.Query{})
	if err != nil {
		o.broken("%s could not list after a start: %w", t.Name, err)
		return
	}
	same := slices.EqualFunc(list, again, func(a, b replica.Entry) bool {
		return a.Record.ID() == b.Record.ID() && a.Day == b.Day && a.Via == b.Via && a.Unread == b.Unread &&
			a.Sighting.Seen.Equal(b.Sighting.Seen) && a.Sighting.InStep.Equal(b.Sighting.InStep) &&
			a.Sighting.Left.Equal(b.Sighting.Left)
	})
	if !same {
		o.broken("%s would list %d records after a start, it lists %d, or they differ", t.Name, len(again), len(list))
	}
	if a, b := rosterText(w, t.rep.Roster()), rosterText(w, other.Roster()); a != b {
		o.broken("%s would have another roster after a start:\n%s\nnot\n%s", t.Name, b, a)
	}
	var rows []ledger.Row
	other.Ledger(func(l *ledger.Ledger) { rows = l.Rows(t.now(), ledger.Filter{}) })
	if a, b := w.rowText(t.Rows(ledger.Filter{})), w.rowText(rows); a != b {
		o.broken("%s would have another ledger after a start:\n%snot\n%s", t.Name, b, a)
	}
	if a, b := fmt.Sprint(t.rep.Outbox()), fmt.Sprint(other.Outbox()); a != b {
		o.broken("%s would have another outbox after a start:\n%s\nnot\n%s", t.Name, b, a)
	}
	if !slices.Equal(t.rep.WantedBodies(), other.WantedBodies()) {
		o.broken("%s would miss other bodies after a start", t.Name)
	}
	for _, name := range w.regions {
		ch := record.InCommunity(w.communities[name])
		if !slices.Equal(t.rep.Set(ch, t.now()).Days(), other.Set(ch, t.now()).Days()) {
			o.broken("%s would hand out another set of %s after a start", t.Name, name)
		}
		for _, m := range t.rep.Roster().Members(ch.Community) {
			if !t.rep.InStepWith(ch, m).Equal(other.InStepWith(ch, m)) {
				o.broken("%s would be in step with a team of %s since another time after a start", t.Name, name)
			}
		}
	}
}

// rosterText writes down who belongs where, what is to be decided, and whose keys count.
func rosterText(w *World, now *roster.Roster) string {
	var b strings.Builder
	for _, id := range now.Communities() {
		c, _ := now.Community(id)
		fmt.Fprintf(&b, "%s keeps %s, view %x:", c.Charter.Name, c.Retention(), now.View(id))
		for _, m := range c.Members() {
			fmt.Fprintf(&b, " %x", m[:4])
		}
		for _, t := range w.teams {
			switch {
			case c.Member(t.ID):
				used, limit := c.Budget(t.ID)
				fmt.Fprintf(&b, " %s (%d/%d)", t.Name, used, limit)
			case c.Removed(t.ID):
				fmt.Fprintf(&b, " -%s", t.Name)
			case c.Left(t.ID):
				fmt.Fprintf(&b, " ~%s", t.Name)
			case c.Observer(t.ID):
				fmt.Fprintf(&b, " ?%s", t.Name)
			}
		}
		b.WriteString("\n")
		for _, a := range c.Applications() {
			fmt.Fprintf(&b, "application %x %s %s %d %d\n", a.ID[:4], a.State, a.Why, counting(a.Sponsors), counting(a.Objections))
		}
		for _, p := range c.Proposals() {
			fmt.Fprintf(&b, "proposal %x %d of %d %v\n", p.ID[:4], p.Counting, p.Needed, p.Effective)
		}
		for _, id := range now.Heads(id) {
			fmt.Fprintf(&b, "head %x\n", id[:4])
		}
	}
	for _, t := range w.teams {
		fmt.Fprintf(&b, "%s %q %d nodes, now %x, %v %v\n", t.Name, now.Name(t.ID), len(now.Nodes(t.ID, w.now)), now.Canonical(t.ID),
			now.Frozen(t.ID, t.key.Node()), now.Revoked(t.ID, t.key.Node()))
	}
	return b.String()
}

// checkFold folds the statements that a team has from nothing, in another order and one by one.
func (w *World) checkFold(t *Team) {
	now := t.rep.Roster()
	ids := now.Statements()
	key := fmt.Sprint(ids)
	if w.oracle.folded[key] || len(ids) > manyStatements {
		return
	}
	w.oracle.folded[key] = true
	// The order is drawn apart, so that looking does not change what happens.
	order := rand.New(rand.NewPCG(uint64(w.steps), 1)) //nolint:gosec // no secret
	order.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	again := roster.New()
	for _, id := range ids {
		s, _ := now.Statement(id)
		again = again.With(s)
	}
	if a, b := rosterText(w, now), rosterText(w, again); a != b {
		w.oracle.broken("%s would have another roster had its statements come in another order:\n%s\nnot\n%s", t.Name, b, a)
	}
}

// manyStatements is how many are folded again; pkg/roster tests more of them for itself.
const manyStatements = 400

// checkRosters asks that teams with the same statements see the same roster.
func (w *World) checkRosters() {
	seen := map[string]*Team{}
	for _, t := range w.teams {
		if !t.Up() {
			continue
		}
		w.checkFold(t)
		key := fmt.Sprint(t.rep.Roster().Statements())
		other := seen[key]
		if other == nil {
			seen[key] = t
			continue
		}
		if a, b := rosterText(w, t.rep.Roster()), rosterText(w, other.rep.Roster()); a != b {
			w.oracle.broken("%s and %s have the same statements and other rosters:\n%s\n%s", t.Name, other.Name, a, b)
		}
	}
}

// Converged returns nil if the teams that are up hold the same, as far as the founders of their
// communities have them as members, if all that waited is delivered, and if each request that asked
// a team by name has its receipt. It is what must hold some minutes after a network has healed.
func (w *World) Converged() error {
	for _, name := range w.regions {
		w.checkAlike(name)
		w.checkReadable(name)
	}
	for _, t := range w.teams {
		if t.Up() {
			w.checkDelivered(t)
		}
	}
	return w.verdict()
}

func (w *World) checkAlike(community string) {
	id := w.communities[community]
	ch := record.InCommunity(id)
	var first *Team
	for _, t := range w.members(community) {
		if first == nil {
			first = t
			continue
		}
		a, b := w.set(first, ch), w.set(t, ch)
		if !slices.Equal(a, b) {
			w.oracle.broken("%s and %s differ in %s: only the first has%s, only the second%s",
				first.Name, t.Name, community, w.without(a, b), w.without(b, a))
		}
		if a, b := w.memberNames(first, id), w.memberNames(t, id); a != b {
			w.oracle.broken("%s holds%s for members of %s, and %s holds%s", first.Name, a, community, t.Name, b)
		}
		if !slices.Equal(w.spread(first, id), w.spread(t, id)) {
			w.oracle.broken("%s and %s have other statements about %s", first.Name, t.Name, community)
		}
	}
}

// members returns the teams that are up and that both they themselves and the first honest one of them hold
// for members; that one first.
func (w *World) members(community string) []*Team {
	id := w.communities[community]
	for _, t := range w.teams {
		if !t.Up() || t.Hostile || !t.rep.Roster().Member(id, t.ID) {
			continue
		}
		var out []*Team
		for _, m := range w.teams {
			if now := t.rep.Roster(); m.Up() && now.Member(id, m.ID) && m.rep.Roster().Member(id, m.ID) {
				out = append(out, m)
			}
		}
		return out
	}
	return nil
}

func (w *World) memberNames(t *Team, id identity.CommunityID) (out string) {
	for _, m := range w.teamsOf(t.rep.Roster().Members(id)) {
		out += " " + m.Name
	}
	return out + fmt.Sprintf(" (%d)", len(t.rep.Roster().Members(id)))
}

// spread returns what a team has about a community, but the applications that nobody sponsors: members do not
// take a stranger's word from each other.
func (w *World) spread(t *Team, id identity.CommunityID) []record.StatementID {
	alone := map[record.StatementID]bool{}
	if c, ok := t.rep.Roster().Community(id); ok {
		for _, a := range c.Applications() {
			alone[a.ID] = len(a.Sponsors) == 0
		}
	}
	return slices.DeleteFunc(w.about(t, id), func(id record.StatementID) bool { return alone[id] })
}

func (w *World) about(t *Team, c [32]byte) []record.StatementID {
	var out []record.StatementID
	now := t.rep.Roster()
	for _, id := range now.Statements() {
		if s, ok := now.Statement(id); ok {
			if of, ok := roster.CommunityOf(s); ok && of == c {
				out = append(out, id)
			}
		}
	}
	return out
}

// without lists the labels of a that b lacks.
func (w *World) without(a, b []record.ID) string {
	var s strings.Builder
	for _, id := range a {
		if !slices.Contains(b, id) {
			s.WriteString(" " + w.labels[id])
		}
	}
	return s.String()
}

func (w *World) checkDelivered(t *Team) {
	for _, d := range t.rep.Outbox() {
		to := w.ids[d.To]
		if to == nil || !w.reach(t, to) || !to.rep.Roster().Share(t.ID, to.ID) {
			continue // nobody there who would take it
		}
		switch {
		case d.Delivered.IsZero():
			w.oracle.broken("%s still keeps %s for %s: %s", t.Name, w.labels[d.ID], to.Name, d.Last)
		case !to.rep.Has(d.ID):
			w.oracle.broken("%s holds %s for delivered, and %s has it not", t.Name, w.labels[d.ID], to.Name)
		}
	}
	for _, r := range t.Rows(ledger.Filter{}) {
		asked := w.ids[r.Team]
		if r.Own && !r.Voluntary && r.Receipt.IsZero() && w.reach(t, asked) && asked.rep.Has(r.Request) &&
			t.rep.Roster().Share(t.ID, asked.ID) {
			w.oracle.broken("%s has no receipt of %s for %s", t.Name, asked.Name, w.labels[r.Request])
		}
	}
}
