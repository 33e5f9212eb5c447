package ceremony

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/identity"
	"tocsin/pkg/paper"
)

func rootKey(t testing.TB, seed byte) *identity.RootKey {
	t.Helper()
	root, err := identity.NewRootKey(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func split(t testing.TB, root *identity.RootKey, seed byte) [Shares]Share {
	t.Helper()
	out, err := Split(rand.NewChaCha8([32]byte{seed, 1}), root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAnyTwoSharesRestore goes by paper and by code, in both orders.
func TestAnyTwoSharesRestore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		root, err := identity.RootKeyFromSeed(seed)
		if err != nil {
			t.Fatal(err)
		}
		drawn := rapid.SliceOfN(rapid.Byte(), 36, 36).Draw(t, "drawn")
		shares, err := Split(bytes.NewReader(drawn), root)
		if err != nil {
			t.Fatal(err)
		}
		for i := range shares {
			for j := range shares {
				if i == j {
					continue
				}
				a, err := ParseShare("Sheet\n\n" + shares[i].Lines())
				if err != nil {
					t.Fatal(err)
				}
				b, err := ParseShare(shares[j].Code())
				if err != nil {
					t.Fatal(err)
				}
				again, err := JoinShares(a, b)
				if err != nil || !bytes.Equal(again.Seed(), seed) {
					t.Fatalf("shares %d and %d: %v", i+1, j+1, err)
				}
			}
		}
	})
}

// TestOneShareTellsNothing: for each byte of a share and each byte that the seed may have there, exactly one
// draw gives that share, so all seeds are as likely as before.
func TestOneShareTellsNothing(t *testing.T) {
	for x := byte(1); x <= Shares; x++ {
		seen := map[byte]bool{}
		for a := range 256 {
			seen[multiply(byte(a), x)] = true
		}
		if len(seen) != 256 {
			t.Errorf("share %d takes %d values over all draws, want 256", x, len(seen))
		}
	}
}

func TestField(t *testing.T) {
	if got := multiply(0x57, 0x83); got != 0xc1 { // FIPS 197, section 4.2
		t.Errorf("57 * 83 = %02x, want c1", got)
	}
	for a := 1; a < 256; a++ {
		if multiply(byte(a), inverse(byte(a))) != 1 || multiply(byte(a), 1) != byte(a) || multiply(0, byte(a)) != 0 {
			t.Errorf("no field at %02x", a)
		}
		for b := range 256 {
			if multiply(byte(a), byte(b)) != multiply(byte(b), byte(a)) {
				t.Fatalf("%02x * %02x depends on the order", a, b)
			}
		}
	}
}

func TestSharesThatDoNotFit(t *testing.T) {
	one, other := rootKey(t, 1), rootKey(t, 2)
	a, b, c := split(t, one, 1), split(t, one, 2), split(t, other, 1)
	forged := a[1]
	forged.value[0] ^= 1
	for _, tt := range []struct {
		name string
		a, b Share
		want error
	}{
		{"of two roots", a[0], c[1], ErrOtherRoot},
		{"of two splits", a[0], b[1], ErrOtherSplit},
		{"the same", a[0], a[0], ErrSameShare},
		{"a wrong value under a right checksum", a[0], forged, ErrMalformed},
	} {
		if got, err := JoinShares(tt.a, tt.b); !errors.Is(err, tt.want) || got != nil {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := Split(bytes.NewReader(make([]byte, 35)), one); err == nil {
		t.Error("split with too little randomness")
	}
}

// TestEveryWrongCharacterOfASheetIsFound changes each character of a sheet.
func TestEveryWrongCharacterOfASheetIsFound(t *testing.T) {
	sheet := split(t, rootKey(t, 1), 1)[1].Lines()
	r := rand.New(rand.NewPCG(1, 2))
	for i, c := range sheet {
		if c < 'a' || c > 'z' {
			continue
		}
		typo := rune('a' + (int(c-'a')+1+r.IntN(25))%26)
		_, err := ParseShare(sheet[:i] + string(typo) + sheet[i+1:])
		if !errors.Is(err, paper.ErrMistyped) || !strings.Contains(err.Error(), "line ") {
			t.Fatalf("%q for %q at %d: %v", typo, c, i, err)
		}
	}
}

func TestParseShareRefuses(t *testing.T) {
	good := split(t, rootKey(t, 1), 1)[0].bytes()
	change := func(at int, by byte) []byte {
		b := bytes.Clone(good)
		b[at] = by
		return b
	}
	for name, b := range map[string][]byte{
		"another version": change(0, 2), "share 0": change(1, 0), "share 4": change(1, 4), "short": good[:60], "empty": nil,
	} {
		if _, err := ParseShare(paper.Lines(paperShare, b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseShare("no share"); !errors.Is(err, paper.ErrNothing) {
		t.Error(err)
	}
}

func FuzzParseShare(f *testing.F) {
	for _, s := range split(f, rootKey(f, 1), 1) {
		f.Add(s.Lines())
		f.Add(s.Code())
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseShare(text)
		if err != nil {
			return
		}
		if again, err := ParseShare(s.Code()); err != nil || again != s {
			t.Errorf("read %+v, then %+v, %v", s, again, err)
		}
	})
}
