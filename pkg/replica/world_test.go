package replica_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/ledger"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
	"tocsin/pkg/roster"
	"tocsin/pkg/store/memstore"
)

const day = 24 * time.Hour

// party can sign anything, with no replica to hold it back.
type party struct {
	root *identity.RootKey
	key  *identity.NodeKey
	d    *identity.Delegation
	run  record.Run
	seq  uint64
	prev record.ID
}

func newParty(t testing.TB, seed uint64) *party {
	t.Helper()
	rnd := source(seed)
	root, err := identity.NewRootKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	p := &party{root: root, run: record.Run{0: byte(seed)}}
	p.key, p.d = p.node(t, seed+1000, fmt.Sprint("Party ", seed))
	return p
}

// node makes another node of the party's.
func (p *party) node(t testing.TB, seed uint64, name string) (*identity.NodeKey, *identity.Delegation) {
	t.Helper()
	key, err := identity.NewNodeKey(source(seed))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.root.Delegate(key, name, noon.AddDate(-2, 0, 0), noon.AddDate(2, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return key, d
}

func (p *party) team() identity.TeamID { return p.d.Team }

// sign signs a body under the next place of the party's lane; change may spoil the header.
func (p *party) sign(t testing.TB, kind string, ch record.Channel, body []byte, change func(*record.Header)) *record.Record {
	t.Helper()
	h := record.Header{
		Kind: kind, Channel: ch, Class: record.Routine, Delegation: p.d, Run: p.run, Seq: p.seq + 1, Prev: p.prev,
		Created: noon, Body: record.Body{MediaType: notice.MediaType},
	}
	if change != nil {
		change(&h)
	}
	rec, err := record.Sign(p.key, h, body)
	if err != nil {
		t.Fatal(err)
	}
	p.seq, p.prev = h.Seq, rec.ID()
	return rec
}

func (p *party) say(t testing.TB, ch record.Channel, n notice.Notice, change func(*record.Header)) *record.Record {
	t.Helper()
	return p.sign(t, n.Kind(), ch, encode(t, n), change)
}

func encode(t testing.TB, n notice.Content) []byte {
	t.Helper()
	body, err := notice.Encode(n)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// extend gives a record's header members that this release does not know, signed again.
func (p *party) extend(t testing.TB, rec *record.Record, members map[string]any) []byte {
	t.Helper()
	var header map[string]any
	if err := dsse.Decode(rec.Payload(), &header); err != nil {
		t.Fatal(err)
	}
	maps.Copy(header, members)
	// The time and the numbers went through generic JSON unchanged.
	header["v"], header["lane"].(map[string]any)["seq"] = record.Version, rec.Header().Seq
	header["body"].(map[string]any)["length"] = rec.Header().Body.Length
	delegation := header["delegation"].(map[string]any)["payload"].(map[string]any)
	delegation["v"] = identity.StatementVersion
	payload, err := dsse.Encode(header)
	if err != nil {
		t.Fatal(err)
	}
	sig := p.key.Sign(record.PayloadType, payload)
	frame := binary.BigEndian.AppendUint16([]byte("TCR1"), uint16(len(payload)))
	frame = append(append(append(frame, payload...), 1), sig[:]...)
	frame = binary.BigEndian.AppendUint32(append(frame, 1), uint32(len(rec.Body())))
	return append(frame, rec.Body()...)
}

// state signs a statement as the party's node.
func (p *party) state(t testing.TB, kind string, says notice.Content) *record.Statement {
	t.Helper()
	payload, err := record.DraftStatement(record.Draft{
		Kind: kind, Created: noon, Says: encode(t, says),
		Signers: []record.Signer{{Team: p.team(), Delegation: p.d}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var v record.Verifier
	s, err := v.AssembleStatement(payload, []dsse.Signature{p.key.Sign(identity.StatementType, payload)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// admit makes parties members of the founder's community.
func admit(t testing.TB, founder *team, c identity.CommunityID, parties ...*party) {
	t.Helper()
	for _, p := range parties {
		state(t, founder, roster.KindMember, &notice.Member{Community: c, Team: p.team(), Name: "party"})
		founder.AddStatements(noon, [][]byte{record.DelegationStatement(p.d).Frame()})
	}
}

func state(t testing.TB, tm *team, kind string, says notice.Content) *record.Statement {
	t.Helper()
	s, err := tm.SignStatement(noon, kind, encode(t, says))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// village is a team of ours with a store that can be made to fail, and a member that can sign
// anything.
func village(t testing.TB) (*team, *party, record.Channel) {
	t.Helper()
	a, p := newTeam(t, 1, "Alpha"), newParty(t, 2)
	c := found(t, a)
	admit(t, a, c, p)
	return a, p, record.InCommunity(c)
}

func pair(t testing.TB, a, b identity.TeamID) record.Channel {
	t.Helper()
	ch, err := record.Between(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func (tm *team) offer(now time.Time, frame []byte) replica.Outcome {
	return tm.Ingest(now, []replica.Arrival{{Frame: frame, Via: replica.Gossip}})[0]
}

func (tm *team) accept(t testing.TB, now time.Time, frames ...[]byte) {
	t.Helper()
	for _, frame := range frames {
		if o := tm.offer(now, frame); o.Verdict != policy.Accept {
			t.Fatalf("%s: %s %s", o.ID, o.Reason, o.Detail)
		}
	}
}

func (tm *team) publish(t testing.TB, now time.Time, ch record.Channel, n notice.Notice) *record.Record {
	t.Helper()
	out := tm.Publish(now, []replica.Outgoing{{Channel: ch, Notice: n}})[0]
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	return out.Record
}

func revision(kind notice.AlertType, of ...record.ID) *notice.Alert {
	a := alert("revised")
	a.Type, a.Replaces = kind, of
	return a
}

func request(to ...identity.TeamID) *notice.Request {
	return &notice.Request{
		Action: notice.ActionTakedown, Status: notice.StatusActual, Marking: notice.Marking{TLP: notice.TLPClear},
		Priority: notice.PriorityHigh, To: to, Case: "2026-17", ReplyBy: noon.Add(2 * day),
		Texts: []notice.Text{{Language: "en", Title: "please"}},
	}
}

func reply(to record.ID) *notice.Reply {
	return &notice.Reply{Request: to, State: notice.Accepted, Marking: notice.Marking{TLP: notice.TLPClear}}
}

// long is an alert that does not fit into a frame.
func long(title string, replaces ...record.ID) *notice.Alert {
	a := alert(title)
	if len(replaces) > 0 {
		a = revision(notice.AlertUpdate, replaces...)
	}
	data := make([]byte, 300<<10)
	for i := range data {
		data[i] = byte(i * 7)
	}
	a.Attachments = []notice.Attachment{{Name: "feed.json", MediaType: "application/json", Data: data}}
	return a
}

// views writes down all that the replica shows, so that two can be compared.
func views(t testing.TB, r *replica.Replica, now time.Time) string {
	t.Helper()
	var b strings.Builder
	entries, err := r.List(replica.Query{})
	if err != nil {
		t.Fatal(err)
	}
	channels := map[record.Channel]struct{}{}
	for _, c := range r.Roster().Communities() {
		channels[record.InCommunity(c)] = struct{}{}
	}
	for _, e := range entries {
		h := e.Record.Header()
		channels[h.Channel] = struct{}{}
		fmt.Fprintf(&b, "record %s %s via %s until %d, %v, notice %T %q, body %t\n", e.Record.ID(), h.Kind, e.Via, e.Day,
			e.Sighting, e.Notice, e.Unread, e.Record.HasBody())
		for what, ask := range map[string]func(record.ID) ([]replica.Entry, error){"a": r.Answers, "r": r.Revisions} {
			list, err := ask(e.Record.ID())
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				fmt.Fprintf(&b, "ref %s %s %s\n", e.Record.ID(), what, x.Record.ID())
			}
		}
	}
	for ch := range channels {
		set := r.Set(ch, now)
		for _, d := range set.Days() {
			fmt.Fprintf(&b, "set %s %d %d %x %d\n", ch, d.Day, d.Count, d.Digest, len(set.IDs(d.Day)))
		}
		fmt.Fprintf(&b, "step %s %v\n", ch, r.InStepAt(ch).UTC())
	}
	r.Ledger(func(l *ledger.Ledger) {
		for _, row := range l.Rows(now, ledger.Filter{}) {
			fmt.Fprintf(&b, "row %+v\n", row)
		}
	})
	for _, d := range r.Outbox() {
		fmt.Fprintf(&b, "delivery %+v\n", d)
	}
	for _, id := range r.WantedBodies() {
		fmt.Fprintf(&b, "wanted %s\n", id)
	}
	for _, id := range r.Statements() {
		fmt.Fprintf(&b, "statement %s\n", id)
	}
	st, err := r.Stats()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "stats %v %d %d %d %d\n", st.Records, st.Statements, st.Waiting, st.Bodies, st.Outside)
	lines := strings.Split(b.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// missing returns the lines of one text that another lacks.
func missing(from, in string) string {
	have := map[string]int{}
	for line := range strings.SplitSeq(in, "\n") {
		have[line]++
	}
	var out []string
	for line := range strings.SplitSeq(from, "\n") {
		if have[line]--; have[line] < 0 {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func same(t testing.TB, what, before, after string) {
	t.Helper()
	if before != after {
		t.Fatalf("%s: the views differ\nonly before:\n%s\nonly after:\n%s", what, missing(before, after), missing(after, before))
	}
}

// whole checks what must hold of every store at every instant: a record is there with its index key
// and its sighting or not at all, and no place of a lane is taken twice. Of days that have passed at
// now a Prune may have left the half.
func whole(t testing.TB, s *memstore.Store, now time.Time) {
	t.Helper()
	parts := map[byte]map[string]bool{'r': {}, 's': {}, 'i': {}}
	type place struct {
		lane record.Lane
		seq  uint64
	}
	taken := map[place]record.ID{}
	var v record.Verifier
	err := s.Scan([]byte("b"), false, func(key, value []byte) error {
		at := string(key[1:5]) + string(key[6:min(len(key), 38)])
		switch key[5] {
		case 's':
			parts['s'][at] = true
		case 'r':
			parts['r'][at] = true
			rec, err := v.Open(value)
			if err != nil {
				return err
			}
			p := place{rec.Lane(), rec.Header().Seq}
			if other, ok := taken[p]; ok && other != rec.ID() {
				return fmt.Errorf("%s and %s both take place %d of a lane", other, rec.ID(), p.seq)
			}
			taken[p] = rec.ID()
		}
		return nil
	})
	err = cmp.Or(err, s.Scan([]byte("i"), true, func(key, _ []byte) error {
		parts['i'][string(key[1:5])+string(key[79:79+sha256.Size])] = true
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for part := range parts {
		maps.DeleteFunc(parts[part], func(at string, _ bool) bool {
			return replica.Day(binary.BigEndian.Uint32([]byte(at))) < replica.DayOf(now)
		})
	}
	for at := range parts['r'] {
		if !parts['s'][at] || !parts['i'][at] {
			t.Fatalf("record %x is there without its sighting or its index key", at)
		}
	}
	if len(parts['r']) != len(parts['s']) || len(parts['r']) != len(parts['i']) {
		t.Fatalf("%d records, %d sightings, %d index keys", len(parts['r']), len(parts['s']), len(parts['i']))
	}
}

// count returns how many keys of the store begin with a prefix.
func count(t testing.TB, s *memstore.Store, prefix string) (n int) {
	t.Helper()
	if err := s.Scan([]byte(prefix), true, func(_, _ []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func reasonOf(err error) policy.Reason {
	if refusal, ok := errors.AsType[*replica.Refusal](err); ok {
		return refusal.Reason
	}
	return ""
}
