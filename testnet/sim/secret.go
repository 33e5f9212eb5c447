package sim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
)

type signature = dsse.Signature

// canary begins every text that not everybody may read. Wherever it turns up outside a body that is sealed,
// something has leaked. It is long enough that three encodings of its middle are unmistakable.
const canary = "kestrel-canary-kestrel-"

// Secret makes a text of its own that the oracle looks for on the wire and in what is said.
func (w *World) Secret() string {
	w.secrets++
	return fmt.Sprintf("%s%d", canary, w.secrets)
}

// mark puts a marking on an alert, and a canary into it where it needs one.
func (w *World) mark(a *notice.Alert, tlp notice.TLP) {
	a.Marking.TLP = tlp
	if tlp != notice.TLPClear {
		a.Texts[0].Summary = w.Secret()
	}
}

// forms are the canary as it is, and as it looks inside of base64 at each of its three offsets.
func forms() [][]byte {
	out := [][]byte{[]byte(canary)}
	for pad := range 3 {
		enc := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(" ", pad) + canary))
		from := (pad*8 + 5) / 6
		out = append(out, []byte(enc[from:len(enc)-2]))
	}
	return out
}

// watch looks at bytes that leave a team's machine.
func (w *World) watch(from *Team, frames ...[]byte) {
	for _, f := range frames {
		for _, form := range w.oracle.forms {
			for rest := f; ; {
				i := bytes.Index(rest, form)
				if i < 0 {
					break
				}
				rest = rest[i+len(form):]
				if !w.spilled[number(rest)] {
					w.oracle.broken("%s sends in clear what not everybody may read", from.Name)
					return
				}
			}
		}
	}
}

// unsecret looks at a text that is said or written into a log. t is whose it is, or nil.
func (w *World) unsecret(t *Team, text string) {
	if !strings.Contains(text, canary) {
		return
	}
	who := "the trace"
	if t != nil {
		who = t.Name
	}
	w.oracle.broken("%s says what not everybody may read: %s", who, strings.ReplaceAll(text, canary, "(secret) "))
}

// number returns the digits with which a text begins.
func number(b []byte) string {
	i := 0
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return string(b[:i])
}
