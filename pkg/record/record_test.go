package record_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

func TestSignedRecordOpens(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	private, err := record.Between(a.root.Team(), b.root.Team())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*record.Header)
		body   string
	}{
		{"plain", func(*record.Header) {}, "body"},
		{"empty body", func(*record.Header) {}, ""},
		{"later in its lane", func(h *record.Header) { h.Seq, h.Prev = 1<<53-1, record.ID{7} }, "body"},
		{"expires", func(h *record.Header) { h.Expires = epoch.Add(time.Second) }, "body"},
		{"private", func(h *record.Header) { h.Channel = private }, "body"},
		{"sealed", func(h *record.Header) { h.Body.KeyID = make([]byte, 32) }, "body"},
		{"unknown kind", func(h *record.Header) { h.Kind = "x.tea-time" }, "body"},
		{"control", func(h *record.Header) { h.Class = record.Control }, "body"},
		{"longest inline body", func(*record.Header) {}, strings.Repeat("x", record.MaxInlineBody)},
		{"just not inline", func(*record.Header) {}, strings.Repeat("x", record.MaxInlineBody+1)},
		{"longest body", func(*record.Header) {}, strings.Repeat("x", record.MaxBody)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := a.header()
			tt.change(&h)
			r := a.sign(t, h, tt.body)
			var v record.Verifier
			frame := r.Frame()
			if len(frame) > record.MaxFrame {
				t.Errorf("a frame of %d bytes", len(frame))
			}
			got, err := v.Open(frame)
			if err != nil {
				t.Fatal(err)
			}
			if inline := len(tt.body) <= record.MaxInlineBody; got.Inline() != inline || got.HasBody() != inline {
				t.Errorf("inline %v, has its body %v", got.Inline(), got.HasBody())
			}
			if !got.HasBody() {
				if got, err = got.WithBody([]byte(tt.body)); err != nil {
					t.Fatal(err)
				}
			}
			if got.ID() != r.ID() || string(got.Body()) != tt.body || got.Body() == nil || got.Lane() != r.Lane() || got.Signature() != r.Signature() {
				t.Errorf("opened another record")
			}
			if got.Team() != a.root.Team() || got.Node() != a.node.Node() {
				t.Errorf("by %v, %v", got.Team(), got.Node())
			}
			g, w := got.Header(), r.Header()
			if g.Kind != w.Kind || g.Seq != w.Seq || g.Prev != w.Prev || !g.Created.Equal(w.Created) || !g.Expires.Equal(w.Expires) ||
				g.Channel != w.Channel || g.Class != w.Class || !bytes.Equal(g.Body.KeyID, w.Body.KeyID) || g.Body.Length != w.Body.Length {
				t.Errorf("header %+v, want %+v", g, w)
			}
			if !bytes.Equal(got.Frame(), frame) {
				t.Error("its frame is another")
			}
			if id, err := record.PeekID(frame); err != nil || id != r.ID() {
				t.Errorf("peeked %v, %v", id, err)
			}
			if bare, err := v.Open(got.WithoutBody().Frame()); err != nil || bare.HasBody() != (tt.body == "") {
				t.Errorf("without its body: %v", err)
			}
			exported, err := got.Envelope().Marshal()
			if err != nil {
				t.Fatal(err)
			}
			e, err := dsse.ParseEnvelope(exported)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := v.FromEnvelope(e); err != nil || back.ID() != r.ID() || string(back.Body()) != tt.body {
				t.Errorf("exported and back: %v", err)
			}
			e = got.WithoutBody().Envelope()
			if back, err := v.FromEnvelope(e); err != nil || back.ID() != r.ID() {
				t.Errorf("exported without its body: %v", err)
			}
		})
	}
}

func TestTimesAreCut(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	h := a.header()
	h.Created = epoch.Add(123_456_789).In(time.FixedZone("", 3600))
	h.Expires = h.Created.Add(time.Hour)
	r := a.sign(t, h, "")
	if want := epoch.Add(123 * time.Millisecond); !r.Header().Created.Equal(want) || !r.Header().Expires.Equal(want.Add(time.Hour)) {
		t.Errorf("created %v, expires %v", r.Header().Created, r.Header().Expires)
	}
}

func TestSignRefuses(t *testing.T) {
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	tests := []struct {
		name   string
		change func(*record.Header)
		fault  record.Fault
	}{
		{"no delegation", func(h *record.Header) { h.Delegation = nil }, record.FaultDelegation},
		{"another node's delegation", func(h *record.Header) { h.Delegation = b.delegation }, record.FaultDelegation},
		{"too early", func(h *record.Header) { h.Created = epoch.Add(-2 * time.Hour) }, record.FaultDelegation},
		{"seq 0", func(h *record.Header) { h.Seq = 0 }, record.FaultMember},
		{"seq 2^53", func(h *record.Header) { h.Seq, h.Prev = 1<<53, record.ID{1} }, record.FaultMember},
		{"no prev", func(h *record.Header) { h.Seq = 2 }, record.FaultMember},
		{"prev at the beginning", func(h *record.Header) { h.Prev = record.ID{1} }, record.FaultMember},
		{"no run", func(h *record.Header) { h.Run = record.Run{} }, record.FaultMember},
		{"no channel", func(h *record.Header) { h.Channel = record.Channel{} }, record.FaultMember},
		{"two channels", func(h *record.Header) { h.Channel.Pair = [2]identity.TeamID{{1}, {2}} }, record.FaultMember},
		{"expires in the year 10000", func(h *record.Header) { h.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, record.FaultMember},
		{"expires at once after the cut", func(h *record.Header) { h.Expires = h.Created.Add(1) }, record.FaultMember},
		{"crit for nothing", func(h *record.Header) { h.Crit = []string{"kind"} }, record.FaultMember},
		{"no class", func(h *record.Header) { h.Class = "" }, record.FaultMember},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := a.header()
			tt.change(&h)
			if r, err := record.Sign(a.node, h, nil); record.FaultOf(err) != tt.fault || r != nil {
				t.Errorf("fault %q (%v), want %q", record.FaultOf(err), err, tt.fault)
			}
		})
	}
	if _, err := record.Sign(a.node, a.header(), make([]byte, record.MaxBody+1)); record.FaultOf(err) != record.FaultOversized {
		t.Errorf("a body too long: %v", err)
	}
}

func TestEveryTruncation(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	frame := a.sign(t, a.header(), "body").Frame()
	var v record.Verifier
	for n := range frame {
		if _, err := v.Open(frame[:n]); record.FaultOf(err) != record.FaultTruncated {
			t.Errorf("%d of %d bytes: %v", n, len(frame), err)
		}
		if id, err := record.PeekID(frame[:n]); err == nil && id == (record.ID{}) {
			t.Errorf("%d of %d bytes have the ID %v", n, len(frame), id)
		}
	}
}

// TestEveryChangedByte: a frame has one spelling, so no changed byte goes unseen, and what was opened
// shares no memory with the frame.
func TestEveryChangedByte(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	r := a.sign(t, a.header(), "body")
	frame := r.Frame()
	var v record.Verifier
	got, err := v.Open(frame)
	if err != nil {
		t.Fatal(err)
	}
	for i := range frame {
		frame[i] ^= 1
		if _, err := v.Open(frame); err == nil {
			t.Errorf("byte %d changed and not seen", i)
		}
		frame[i] ^= 1
	}
	clear(frame)
	if !bytes.Equal(got.Payload(), r.Payload()) || string(got.Body()) != "body" {
		t.Error("the record shares the frame's memory")
	}
}

// TestBrokenCopyFirst opens a good payload under a broken signature, then the true record: the copy
// must leave nothing behind. Both have one ID.
func TestBrokenCopyFirst(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	r := a.sign(t, a.header(), "body")
	var v record.Verifier
	sig := r.Signature()
	sig[63] ^= 1
	broken := frameOf("TCR1", string(r.Payload()), []dsse.Signature{sig}, "body")
	if _, err := v.Open(broken); record.FaultOf(err) != record.FaultSignature {
		t.Fatal(err)
	}
	if id, err := record.PeekID(broken); err != nil || id != r.ID() {
		t.Errorf("peeked %v, %v", id, err)
	}
	if _, err := v.Open(r.Frame()); err != nil {
		t.Error(err)
	}
	// The same with a broken copy of the delegation after the true one was remembered.
	text, _ := a.delegation.Signature().MarshalText()
	payload := strings.Replace(string(r.Payload()), string(text), "AAAA"+string(text[4:]), 1)
	if _, err := v.Open(a.signedFrame(payload, "body")); record.FaultOf(err) != record.FaultDelegation {
		t.Error(err)
	}
}

func TestUnknownMembersAreKept(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	payload := string(a.sign(t, a.header(), "body").Payload())
	payload = strings.Replace(payload, `"channel"`, `"case":{"id":"a"},"channel"`, 1)
	payload = strings.Replace(payload, `"delegation"`, `"crit":["case"],"delegation"`, 1)
	payload = strings.Replace(payload, `"digest"`, `"codec":"zstd","digest"`, 1)
	var v record.Verifier
	r, err := v.Open(a.signedFrame(payload, "body"))
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Payload()) != payload || len(r.Header().Crit) != 1 || r.Header().Crit[0] != "case" {
		t.Errorf("crit %v, payload %s", r.Header().Crit, r.Payload())
	}
	if again, err := v.Open(r.Frame()); err != nil || again.ID() != r.ID() {
		t.Errorf("passed on: %v", err)
	}
}

func TestWithBody(t *testing.T) {
	a := newAuthor(t, 1, "Example CSIRT")
	bare := a.sign(t, a.header(), "body").WithoutBody()
	for body, want := range map[string]record.Fault{
		"bod": record.FaultBodyLength, "BODY": record.FaultBodyDigest, "": record.FaultBodyLength, "body": "",
	} {
		if _, err := bare.WithBody([]byte(body)); record.FaultOf(err) != want {
			t.Errorf("%q: %v", body, err)
		}
	}
	if bare.HasBody() {
		t.Error("the record was changed")
	}
}

func TestChannels(t *testing.T) {
	a, b := identity.TeamID{1}, identity.TeamID{2}
	ab, err := record.Between(a, b)
	if err != nil {
		t.Fatal(err)
	}
	ba, err := record.Between(b, a)
	if err != nil || ab != ba {
		t.Errorf("%v and %v, %v", ab, ba, err)
	}
	if _, err := record.Between(a, a); err == nil {
		t.Error("a team with itself")
	}
	c := record.InCommunity(identity.CommunityID{3})
	if !ab.Private() || c.Private() || !ab.Has(a) || ab.Has(identity.TeamID{}) || c.Has(a) || ab.Other(a) != b || ab.Other(b) != a {
		t.Error("a channel is not what it is")
	}
	if ab.Tag() == c.Tag() || c.Tag() != [32]byte{3} || !(record.Channel{}).IsZero() {
		t.Error("tags")
	}
	if !strings.Contains(ab.String(), a.String()) || c.String() != (identity.CommunityID{3}).String() {
		t.Errorf("%v, %v", ab, c)
	}
}

func TestIDsAsText(t *testing.T) {
	id, statement := record.ID{1}, record.StatementID{2}
	b, err := id.MarshalText()
	if err != nil || string(b) != id.String() {
		t.Errorf("%s, %v", b, err)
	}
	var id2 record.ID
	if err := id2.UnmarshalText(b); err != nil || id2 != id {
		t.Errorf("%v, %v", id2, err)
	}
	var statement2 record.StatementID
	if err := statement2.UnmarshalText(b); err == nil {
		t.Error("a record ID was read as a statement's")
	}
	b, err = statement.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := statement2.UnmarshalText(b); err != nil || statement2 != statement {
		t.Errorf("%v, %v", statement2, err)
	}
	if _, err := record.ParseID(statement.String()); err == nil {
		t.Error("a statement ID was read as a record's")
	}
}

func TestFaults(t *testing.T) {
	var v record.Verifier
	_, err := v.Open(nil)
	var e *record.Error
	if !errors.As(err, &e) || e.Unwrap() == nil || !strings.HasPrefix(err.Error(), "frame: ") {
		t.Errorf("%v", err)
	}
	if f := record.FaultOf(errors.New("other")); f != "" {
		t.Errorf("fault %q of another error", f)
	}
	if _, err := v.FromEnvelope(dsse.Envelope{PayloadType: identity.StatementType}); record.FaultOf(err) != record.FaultFrame {
		t.Errorf("a statement's envelope: %v", err)
	}
	if _, err := v.Assemble(make([]byte, record.MaxHeader+1), nil, nil); record.FaultOf(err) != record.FaultOversized {
		t.Errorf("a payload too long: %v", err)
	}
	if _, err := v.Open(make([]byte, record.MaxFrame+1)); record.FaultOf(err) != record.FaultOversized {
		t.Errorf("a frame too long: %v", err)
	}
}

// TestManyDelegations fills what a Verifier remembers more than once.
func TestManyDelegations(t *testing.T) {
	if testing.Short() {
		t.Skip("signs 5,000 records")
	}
	a := newAuthor(t, 1, "Example CSIRT")
	var v record.Verifier
	for i := range 5000 {
		d, err := a.root.Delegate(a.node, "Example CSIRT", epoch, epoch.Add(time.Duration(i+1)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		h := a.header()
		h.Delegation = d
		r, err := record.Sign(a.node, h, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Open(r.Frame()); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	a := newAuthor(f, 1, "Example CSIRT")
	f.Add(a.sign(f, a.header(), "body").Frame())
	for _, m := range refused(f) {
		if len(m.frame) < 5000 {
			f.Add(m.frame)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var v record.Verifier
		if r, err := v.Open(frame); err == nil && !bytes.Equal(r.Frame(), frame) {
			t.Errorf("a frame with a second spelling: %x", frame)
		} else if err != nil && record.FaultOf(err) == "" {
			t.Errorf("an error without a fault: %v", err)
		}
		// The same bytes as a payload under a good signature, so that what lies behind it is reached.
		if len(frame) > record.MaxHeader {
			return
		}
		r, err := v.Open(a.signedFrame(string(frame), ""))
		if err != nil {
			return
		}
		if r.Team() != a.root.Team() || !r.Header().Delegation.Covers(r.Header().Created) || dsse.Canonical(r.Payload()) != nil {
			t.Errorf("opened %s", r.Payload())
		}
	})
}

// BenchmarkVerifyKnownDelegation opens a frame of a known node and prints what that costs beside the bare
// signature check over as many bytes, measured in the same run.
func BenchmarkVerifyKnownDelegation(b *testing.B) {
	a := newAuthor(b, 1, "Example CSIRT")
	r, err := record.Sign(a.node, a.header(), make([]byte, 1500))
	if err != nil {
		b.Fatal(err)
	}
	var v record.Verifier
	frame := r.Frame()
	if _, err := v.Open(frame); err != nil { // from now on the delegation is known
		b.Fatal(err)
	}
	public, message, sig := r.Node(), dsse.PAE(record.PayloadType, r.Payload()), r.Signature()
	// Timed by hand: a benchmark cannot run another.
	const checks = 3000
	start := time.Now()
	for range checks {
		if !ed25519.Verify(public[:], message, sig[:]) {
			b.Fatal("refused")
		}
	}
	raw := time.Since(start) / checks
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(frame); err != nil {
			b.Fatal(err)
		}
	}
	perOp := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(raw), "raw-verify-ns/op")
	b.ReportMetric(float64(perOp)/float64(raw), "times-raw")
}
