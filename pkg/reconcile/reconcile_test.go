package reconcile

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tocsin/pkg/record"
)

func idOf(n uint64) record.ID {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n))
}

// fill returns a set of the numbers from lo up to hi, spread over so many days.
func fill(lo, hi uint64, days uint64) Memory {
	byDay := Memory{}
	for n := lo; n < hi; n++ {
		day := Day(20000 + n%days) //nolint:gosec // small
		byDay[day] = append(byDay[day], idOf(n))
	}
	for _, ids := range byDay {
		slices.SortFunc(ids, compareIDs)
	}
	return byDay
}

func union(a, b Memory) Memory {
	all := Memory{}
	for _, m := range []Memory{a, b} {
		for day, ids := range m {
			all[day] = append(all[day], ids...)
		}
	}
	for day := range all {
		slices.SortFunc(all[day], compareIDs)
		all[day] = slices.Compact(all[day])
	}
	return all
}

type traffic struct{ messages, bytes, largest int }

// converse lets two ends talk until both are done.
func converse(t rapid.TB, a, b *Session, message []byte) traffic {
	var sum traffic
	ends := [2]*Session{b, a}
	for turn := 0; ; turn++ {
		sum.messages++
		sum.bytes += len(message)
		sum.largest = max(sum.largest, len(message))
		out, done, err := ends[turn%2].Step(message)
		if err != nil {
			t.Fatalf("message %d: %v", turn, err)
		}
		if len(out) == 0 {
			if !done {
				t.Fatalf("message %d: nothing to say and not done", turn)
			}
			return sum
		}
		message = out
	}
}

// missing returns what b has and a lacks, in the order of a session's findings.
func missing(a, b Memory) []record.ID {
	var out []record.ID
	for _, d := range slices.Backward(b.Days()) {
		for _, id := range b[d.Day] {
			if _, there := slices.BinarySearchFunc(a[d.Day], id, compareIDs); !there {
				out = append(out, id)
			}
		}
	}
	return out
}

func checkExact(t rapid.TB, setA, setB Memory) traffic {
	a, first := Initiate(setA)
	b := Respond(setB)
	sum := converse(t, a, b, first)
	if !a.Complete() || !b.Complete() {
		t.Fatalf("complete: %v and %v", a.Complete(), b.Complete())
	}
	if sum.largest > MaxMessage {
		t.Errorf("a message of %d bytes", sum.largest)
	}
	aLacks, bLacks := missing(setA, setB), missing(setB, setA)
	if !slices.Equal(a.Need(), aLacks) || !slices.Equal(a.Have(), bLacks) {
		t.Errorf("the initiator needs %d and has %d, want %d and %d", len(a.Need()), len(a.Have()), len(aLacks), len(bLacks))
	}
	if !slices.Equal(b.Need(), bLacks) || !slices.Equal(b.Have(), aLacks) {
		t.Errorf("the responder needs %d and has %d, want %d and %d", len(b.Need()), len(b.Have()), len(bLacks), len(aLacks))
	}
	return sum
}

// TestExactDifferences is the law of the package, for small sets of any shape.
func TestExactDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few days and few first bytes, so that the two sets meet; the extremes of both are among them.
		draw := func(label string) Memory {
			m := Memory{}
			for range rapid.IntRange(0, 40).Draw(t, label) {
				day := rapid.OneOf(rapid.SampledFrom([]Day{0, 1, 1<<32 - 1, 1<<32 - 2}), rapid.Uint32Range(20000, 20005)).Draw(t, "day")
				b := rapid.SampledFrom([]byte{0, 1, 2, 3, 254, 255}).Draw(t, "byte")
				var id record.ID
				for i := range id {
					id[i] = b
				}
				m.Add(day, id)
			}
			return m
		}
		checkExact(t, draw("a"), draw("b"))
	})
}

func TestManyRecordsAndDays(t *testing.T) {
	tests := []struct {
		name string
		a, b Memory
	}{
		{"both empty", Memory{}, Memory{}},
		{"equal", fill(0, 5000, 21), fill(0, 5000, 21)},
		{"from nothing", Memory{}, fill(0, 20000, 3)},
		{"to nothing", fill(0, 20000, 3), Memory{}},
		{"nothing in common, one day", fill(0, 9000, 1), fill(9000, 18000, 1)},
		{"nothing in common, one much larger", fill(0, 1501, 1), fill(2000, 30000, 1)},
		{"more days than a page, none in common", fill(0, 2500, 2500), fill(2500, 5000, 2500)},
		{"more days than a page, theirs only", Memory{}, fill(0, 2500, 2500)},
		{"more days than a page, ours only", fill(0, 2500, 2500), Memory{}},
		{"more days than a page, one differs", fill(0, 2500, 2500), fill(1, 2500, 2500)},
		{"exactly one message", fill(0, maxIDs, 1), Memory{}},
		{"exactly one message back", Memory{}, fill(0, maxIDs, 1)},
		{"exactly one page", fill(0, maxDigests, maxDigests), fill(0, maxDigests, maxDigests)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { checkExact(t, tt.a, tt.b) })
	}
}

func TestLargeRandomSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(0, 6000)
		lo, n, m := size.Draw(t, "lo"), size.Draw(t, "n"), size.Draw(t, "m")
		days := rapid.SampledFrom([]uint64{1, 2, 30, 1500}).Draw(t, "days")
		common := fill(0, rapid.Uint64Range(0, 3000).Draw(t, "common"), days)
		checkExact(t, union(common, fill(10000, 10000+n, days)), union(common, fill(10000+lo, 10000+lo+m, days)))
	})
}

func TestTooManyDifferencesEndEarlyAndGoOn(t *testing.T) {
	const total = MaxFound*2 + 5000
	ours, theirs := Memory{}, fill(0, total, 10)
	for round := 1; ; round++ {
		a, first := Initiate(ours)
		b := Respond(theirs)
		converse(t, a, b, first)
		if len(a.Need()) > MaxFound {
			t.Fatalf("%d IDs held", len(a.Need()))
		}
		got := map[record.ID]bool{}
		for _, id := range a.Need() {
			got[id] = true
		}
		for day, ids := range theirs {
			for _, id := range ids {
				if got[id] {
					ours[day] = append(ours[day], id)
				}
			}
			slices.SortFunc(ours[day], compareIDs)
		}
		if a.Complete() {
			if round != 3 {
				t.Errorf("%d sessions, want 3", round)
			}
			break
		}
		if b.Complete() {
			t.Error("the responder thinks that all was found")
		}
	}
	checkExact(t, ours, theirs)
}

func TestRoundsAreBounded(t *testing.T) {
	a, _ := Initiate(Memory{})
	a.rounds = MaxRounds - 2
	b := Respond(fill(0, 10, 1))
	answer := differing{days: []Day{20000}}.encode()
	out, done, err := a.Step(answer)
	if err != nil || !done || out[1] != kindEnd || a.Complete() {
		t.Errorf("the initiator at its last round: kind %d, done %v, complete %v, %v", out[1], done, a.Complete(), err)
	}
	b.rounds = MaxRounds
	if _, done, err := b.Step(begin(kindEnd)); !errors.Is(err, ErrMessage) || !done {
		t.Errorf("the responder after its last round: %v, done %v", err, done)
	}
}

func TestStepAfterTheEnd(t *testing.T) {
	b := Respond(Memory{})
	if _, done, err := b.Step(begin(kindEnd)); err != nil || !done || b.Complete() {
		t.Errorf("end at once: done %v, complete %v, %v", done, b.Complete(), err)
	}
	if _, done, err := b.Step(begin(kindEnd)); !errors.Is(err, ErrOver) || !done {
		t.Errorf("step after the end: done %v, %v", done, err)
	}
}

func TestDigestOfTellsSetsApart(t *testing.T) {
	seen := map[[32]byte]string{}
	for name, ids := range map[string][]record.ID{
		"none": nil, "one": {idOf(1)}, "other": {idOf(2)}, "zero": {{}}, "two": {{}, idOf(1)},
	} {
		d := DigestOf(ids)
		if before, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", name, before)
		}
		seen[d] = name
	}
}

func BenchmarkSession(b *testing.B) {
	for name, sizes := range map[string][3]uint64{
		"10k-equal": {0, 10000, 10000}, "10k-200-lacking": {0, 9800, 10000}, "10k-from-nothing": {0, 0, 10000},
		"100k-equal": {0, 100000, 100000}, "100k-200-lacking": {0, 99800, 100000},
	} {
		ours, theirs := fill(sizes[0], sizes[1], 30), fill(sizes[0], sizes[2], 30)
		b.Run(name, func(b *testing.B) {
			var sum traffic
			for b.Loop() {
				a, first := Initiate(ours)
				sum = converse(b, a, Respond(theirs), first)
			}
			b.ReportMetric(float64(sum.bytes), "wire-bytes")
			b.ReportMetric(float64(sum.messages), "messages")
		})
	}
}
