package paper_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/paper"
)

func TestComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, paper.MaxBytes).Draw(t, "bytes")
		lines, code := paper.Lines("share", b), paper.Code("share", b)
		for _, typed := range []string{
			lines, strings.ToUpper(lines), strings.ReplaceAll(lines, " ", ""), strings.ReplaceAll(lines, "\n", "\r\n"),
			"A sheet. Made: never\n\n" + lines + "keep it\n", lines + lines, code, "  " + strings.ToLower(code) + "\n",
		} {
			got, err := paper.Parse("share", typed)
			if err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%q is read as %x, %v", typed, got, err)
			}
		}
		if strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:") != "" {
			t.Fatalf("the code %q needs a larger QR code", code)
		}
		for line := range strings.Lines(lines) {
			if len(line) > 40 {
				t.Fatalf("line %q is long to type", line)
			}
		}
	})
}

// TestEveryTypoIsFound tries each wrong character in each place of one paper, and each swap of lines.
func TestEveryTypoIsFound(t *testing.T) {
	b := bytes.Repeat([]byte("tocsin"), 12)
	text := paper.Lines("share", b)
	for i, c := range text {
		if c == ' ' || c == '\n' || c == ':' || c >= '0' && c <= '9' && i%29 < 3 {
			continue
		}
		for _, typo := range "abcdefghijklmnopqrstuvwxyz2345671890!" {
			if typo == c {
				continue
			}
			if got, err := paper.Parse("share", text[:i]+string(typo)+text[i+1:]); !errors.Is(err, paper.ErrMistyped) {
				t.Fatalf("%q for %q at %d is read as %x, %v", typo, c, i, got, err)
			}
		}
	}
}

func TestSaysWhatIsWrong(t *testing.T) {
	text := paper.Lines("share", bytes.Repeat([]byte{7}, 40))
	lines := strings.SplitAfter(text, "\n")
	code := paper.Code("share", []byte("x"))
	for _, tt := range []struct {
		name, text, says string
		err              error
	}{
		{"nothing", "", "no line", paper.ErrNothing},
		{"prose", "share 2 of 3\nnote: 12\n", "no line", paper.ErrNothing},
		{"a line is missing", lines[0] + lines[2] + lines[3] + lines[4], "line 2 is missing", paper.ErrMistyped},
		{"the end is missing", lines[0] + lines[1], "last lines are missing", paper.ErrMistyped},
		{"a line under another number", strings.Replace(text, " 2:", " 6:", 1), "line 6", paper.ErrMistyped},
		{"a short line", strings.Replace(text, lines[1], lines[1][:20]+"\n", 1), "line 2 has 13 characters", paper.ErrMistyped},
		{"another kind", paper.Lines("revocation", []byte("x")), "line 1 does not match", paper.ErrMistyped},
		{"another kind's code", paper.Code("revocation", []byte("x")), "no line", paper.ErrNothing},
		{"two papers", text + paper.Lines("share", bytes.Repeat([]byte{8}, 40)), "two lines 1", paper.ErrMistyped},
		{"a code cut off", code[:len(code)-4], "the whole", paper.ErrMistyped},
		{"a code with more", code + "AAAAAAAAAAAAAAAA", "the whole", paper.ErrMistyped},
		{"an empty code", "TOCSIN:SHARE:", "missing", paper.ErrMistyped},
		{"too much", strings.Repeat("x", paper.MaxText+1), "at most", paper.ErrMistyped},
	} {
		got, err := paper.Parse("share", tt.text)
		if !errors.Is(err, tt.err) || err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: read as %x, %v; want %q", tt.name, got, err, tt.says)
		}
	}
}

func TestLinesPanicOnTooMuch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	paper.Lines("share", make([]byte, paper.MaxBytes+1))
}

func FuzzParse(f *testing.F) {
	for _, b := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{1, 2, 3}, 60)} {
		f.Add(paper.Lines("share", b))
		f.Add(paper.Code("share", b))
	}
	f.Add("1: aaaa aaaa aaaa aaaa aaaa\n99:\n")
	f.Fuzz(func(t *testing.T, text string) {
		b, err := paper.Parse("share", text)
		if err != nil {
			return
		}
		again, err := paper.Parse("share", paper.Lines("share", b))
		if err != nil || !bytes.Equal(b, again) {
			t.Errorf("%q is %x, and then %x, %v", text, b, again, err)
		}
	})
}
