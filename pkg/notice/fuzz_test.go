package notice_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
)

// fuzzDecode holds Decode to its invariant: no panic; an error that says unreadable; and a value that
// normalising again does not change, that encodes to a form which decodes to the same value.
func fuzzDecode(f *testing.F, kind notice.Kind) {
	for _, e := range examples(f) {
		if e.kind == kind {
			f.Add(e.body)
		}
	}
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := notice.Decode(kind, body)
		if err != nil {
			if n != nil || !errors.Is(err, notice.ErrUnreadable) {
				t.Fatalf("got %v, %v", n, err)
			}
			return
		}
		if m := n.MarkingOf(); m != nil && !m.TLP.Known() {
			t.Fatalf("unmarked: %s", body)
		}
		again, err := dsse.Encode(n)
		if err != nil {
			t.Fatalf("encode what was decoded: %v", err)
		}
		back, err := notice.Decode(kind, again)
		if err != nil {
			t.Fatalf("decode it again: %v\n%s", err, again)
		}
		if !reflect.DeepEqual(n, back) {
			t.Fatalf("not in normal form:\n%+v\n%+v", n, back)
		}
		if n.Validate() == nil {
			if b, err := notice.Encode(n); err != nil || !bytes.Equal(b, again) {
				t.Fatalf("valid, but encodes to\n%s, %v\nnot\n%s", b, err, again)
			}
		}
	})
}

func FuzzDecodeAlert(f *testing.F)    { fuzzDecode(f, notice.KindAlert) }
func FuzzDecodeRequest(f *testing.F)  { fuzzDecode(f, notice.KindRequest) }
func FuzzDecodeReceipt(f *testing.F)  { fuzzDecode(f, notice.KindReceipt) }
func FuzzDecodeReply(f *testing.F)    { fuzzDecode(f, notice.KindReply) }
func FuzzDecodeClose(f *testing.F)    { fuzzDecode(f, notice.KindClose) }
func FuzzDecodeWithdraw(f *testing.F) { fuzzDecode(f, notice.KindWithdraw) }

func FuzzDecodeErase(f *testing.F) { fuzzDecode(f, notice.KindErase) }

// FuzzDecodeStatement offers the same bytes to the decoder of every kind of statement.
func FuzzDecodeStatement(f *testing.F) {
	for _, e := range examples(f) {
		f.Add(e.body)
	}
	wrap, err := notice.Encode(goodWrap())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wrap)
	f.Fuzz(func(t *testing.T, b []byte) {
		for kind, decode := range statementDecoders() {
			v, err := decode(b)
			if err != nil {
				if !reflect.ValueOf(v).IsNil() || !errors.Is(err, notice.ErrUnreadable) {
					t.Fatalf("%s: got %v, %v", kind, v, err)
				}
				continue
			}
			again, err := dsse.Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := decode(again); err != nil || !reflect.DeepEqual(v, back) {
				t.Fatalf("%s: got back %+v, %v; want %+v", kind, back, err, v)
			}
		}
	})
}

func FuzzParseWords(f *testing.F) {
	f.Add("TLP:AMBER+STRICT")
	f.Add(`rsit:fraud="phishing"`)
	f.Fuzz(func(t *testing.T, s string) {
		tlp, err := notice.ParseTLP(s)
		if (err == nil) != tlp.Known() {
			t.Errorf("TLP %q, %v", tlp, err)
		}
		c, err := notice.ParseClassification(s)
		if (err == nil) != c.Known() {
			t.Errorf("classification %q, %v", c, err)
		}
	})
}
