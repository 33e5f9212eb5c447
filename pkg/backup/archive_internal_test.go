package backup

import (
	"archive/tar"
	"bytes"
	"testing"
)

// What the encryption lets through may still be anything: whoever knows a recipient can write to it.
func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	a := &archive{tar: tar.NewWriter(&b)}
	for _, err := range []error{
		a.json("manifest.json", Manifest{Version: FormatVersion}), a.files([]File{{Name: "a", Data: []byte("x")}}),
		a.store(func(fn func(key, value []byte) error) error { return fn([]byte("k"), []byte("v")) }),
		a.json("end.json", a.counts), a.tar.Close(),
	} {
		if err != nil {
			f.Fatal(err)
		}
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		var got Counts
		counts, err := readArchive(bytes.NewReader(b), Taker{
			Begin: func(Manifest) error { return nil },
			File:  func(File) error { got.Files++; return nil },
			Pair:  func(_, _ []byte) error { got.Pairs++; return nil },
		})
		if err == nil && counts != got {
			t.Errorf("said %+v, handed out %+v", counts, got)
		}
	})
}
