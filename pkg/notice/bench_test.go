package notice_test

import (
	"testing"

	"tocsin/pkg/notice"
)

func BenchmarkEncodeAlert(b *testing.B) {
	a := goodAlert()
	for b.Loop() {
		if _, err := notice.Encode(a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeAlert(b *testing.B) {
	body, err := notice.Encode(goodAlert())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := notice.Decode(notice.KindAlert, body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeLargest(b *testing.B) {
	a := goodAlert()
	a.Attachments = []notice.Attachment{{Name: "big", MediaType: "application/octet-stream", Data: make([]byte, 12_000_000)}}
	body, err := notice.Encode(a)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := notice.Decode(notice.KindAlert, body); err != nil {
			b.Fatal(err)
		}
	}
}
