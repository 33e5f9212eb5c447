package main

import (
	"fmt"
	"io"
	"strings"

	"rsc.io/qr"
)

// quietZone is the border of light modules that ISO 18004 asks for; scanners cope with half of it on a screen.
const quietZone = 2

// writeQR draws text as a QR code, two rows of modules in each line of characters. It is the one place that leaves ASCII,
// because square modules cannot be drawn with it, and it paints both colours, because a code in the colours of an unknown
// terminal may come out inverted, which some scanners do not read.
func writeQR(w io.Writer, text string) error {
	const blackOnWhite, plain = "\x1b[30;107m", "\x1b[0m"
	return drawQR(w, text, blackOnWhite, plain)
}

// paperQR draws text as a QR code for a printer: ink on paper has the right colours by itself.
func paperQR(w io.Writer, text string) error { return drawQR(w, text, "", "") }

// drawQR puts begin and end around each line.
func drawQR(w io.Writer, text, begin, end string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return fmt.Errorf("encode QR code: %w", err)
	}
	var b strings.Builder
	for y := -quietZone; y < code.Size+quietZone; y += 2 {
		b.WriteString(begin)
		for x := -quietZone; x < code.Size+quietZone; x++ {
			switch upper, lower := code.Black(x, y), code.Black(x, y+1); {
			case upper && lower:
				b.WriteString("\u2588")
			case upper:
				b.WriteString("\u2580")
			case lower:
				b.WriteString("\u2584")
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString(end + "\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}
