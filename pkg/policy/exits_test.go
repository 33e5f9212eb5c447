package policy_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
)

var update = flag.Bool("update", false, "write the tables under testdata anew")

// allTLPs are the labels that there are, one that nobody knows, and none.
func allTLPs() []notice.TLP { return append(notice.TLPs(), "TLP:PINK", "") }

func allPAPs() []notice.PAP { return append([]notice.PAP{""}, append(notice.PAPs(), "pap:blue")...) }

// letter is a form in one letter, as the tables have it.
func letter(f policy.Form) string {
	return map[policy.Form]string{policy.Nothing: "-", policy.Header: "h", policy.Sealed: "S", policy.Whole: "W"}[f]
}

// TestExits compares every marking, way and audience, sealed and not, decided by a person and not, with
// the table that people review.
func TestExits(t *testing.T) {
	var b bytes.Buffer
	b.WriteString(`What may leave: W the whole record, readable; S the whole record, sealed; h its header only; - nothing.
Of the two letters the first is for a body that is not sealed to the audience, the second for one that is.
Written by the test of this package (-update); review it as you would the code.
`)
	for _, tlp := range allTLPs() {
		grid(&b, cmpName(string(tlp), "no TLP label")+", a person decides", policy.Exit{Marking: &notice.Marking{TLP: tlp, PAP: notice.PAPRed}})
	}
	for _, tlp := range allTLPs() {
		for _, pap := range allPAPs() {
			grid(&b, cmpName(string(tlp), "no TLP label")+", "+cmpName(string(pap), "no PAP label")+", automatic",
				policy.Exit{Automatic: true, Marking: &notice.Marking{TLP: tlp, PAP: pap}})
		}
	}
	for _, p := range append(notice.Purposes(), "no-quantum-use") {
		grid(&b, "TLP:CLEAR, "+string(p)+", automatic",
			policy.Exit{Automatic: true, Marking: &notice.Marking{TLP: notice.TLPClear, Purpose: []notice.Purpose{p}}})
	}
	grid(&b, "nothing that is not in the header (a receipt, an erasure)", policy.Exit{})
	grid(&b, "content that this node cannot read", policy.Exit{Unread: true})
	golden(t, "exits.txt", b.Bytes())
}

func cmpName(s, absent string) string {
	if s == "" {
		return absent
	}
	return s
}

// grid writes one table: ways down, audiences across.
func grid(b *bytes.Buffer, title string, e policy.Exit) {
	fmt.Fprintf(b, "\n%s\n%-9s", title, "")
	for _, to := range policy.Audiences() {
		fmt.Fprintf(b, " %-*s", len(to), to)
	}
	for _, way := range policy.Actions() {
		fmt.Fprintf(b, "\n%-9s", way)
		for _, to := range policy.Audiences() {
			x := e
			x.Action, x.Audience = way, to
			open := policy.MayLeave(x)
			x.Sealed = true
			cell := letter(open.Form) + " " + letter(policy.MayLeave(x).Form)
			fmt.Fprintf(b, " %-*s", len(to), cell)
		}
	}
	b.WriteString("\n")
	text := strings.Split(b.String(), "\n")
	for i := range text {
		text[i] = strings.TrimRight(text[i], " ")
	}
	b.Reset()
	b.WriteString(strings.Join(text, "\n"))
}

// TestReasonsOfExits compares why each cell is as it is.
func TestReasonsOfExits(t *testing.T) {
	where := map[string][]string{} // the cells of a reason, "label to audience:" before its ways
	for _, tlp := range allTLPs() {
		for _, to := range policy.Audiences() {
			for _, way := range policy.Actions() {
				d := policy.MayLeave(policy.Exit{Action: way, Audience: to, Sealed: true, Marking: &notice.Marking{TLP: tlp}})
				if (d.Detail == "") != (d.Reason == policy.OK) || (d.Reason == policy.OK) != (d.Verdict == policy.Accept) {
					t.Errorf("%s %s to %s: %+v", tlp, way, to, d)
				}
				if why := strings.TrimPrefix(d.Detail, fmt.Sprintf("%s, %s to %s: ", tlp, way, to)); why != "" {
					key := letter(d.Form) + " " + string(d.Reason) + ": " + why
					cell := fmt.Sprintf("%s to %s:", cmpName(string(tlp), "unmarked"), to)
					if last := len(where[key]) - 1; last >= 0 && strings.HasPrefix(where[key][last], cell) {
						where[key][last] += " " + string(way)
					} else {
						where[key] = append(where[key], cell+" "+string(way))
					}
				}
			}
		}
	}
	var b bytes.Buffer
	b.WriteString("Why a sealed record does not leave with its content, and for which cells that is the reason.\n")
	for _, why := range slices.Sorted(maps.Keys(where)) {
		fmt.Fprintf(&b, "\n%s\n", why)
		for _, cell := range where[why] {
			fmt.Fprintf(&b, "    %s\n", cell)
		}
	}
	golden(t, "reasons.txt", b.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = "testdata/" + name
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; look at the difference after go test -update", name)
		g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("line %d is\n%s\nwant\n%s", i+1, g[i], w[i])
			}
		}
	}
}
