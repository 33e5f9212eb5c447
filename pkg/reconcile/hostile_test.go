package reconcile

import (
	"bytes"
	"errors"
	"testing"

	"tocsin/pkg/record"
)

func id(b byte) (out record.ID) {
	for i := range out {
		out[i] = b
	}
	return out
}

func at(b byte) *record.ID {
	out := id(b)
	return &out
}

// opened is a responder that has compared days 5 and 3 and waits for IDs.
func opened() *Session {
	s := Respond(Memory{5: {id(10), id(20), id(30)}, 3: {id(40)}})
	if _, _, err := s.Step(digests{days: []DayDigest{{Day: 5, Count: 1}, {Day: 3, Count: 1}}}.encode()); err != nil {
		panic(err)
	}
	return s
}

// asking is an initiator that has sent its IDs of day 5.
func asking() *Session {
	s, _ := Initiate(Memory{5: {id(10), id(20), id(30)}})
	if _, _, err := s.Step(differing{days: []Day{5}}.encode()); err != nil {
		panic(err)
	}
	return s
}

func starting() *Session {
	s, _ := Initiate(fill(0, 10, 5))
	return s
}

func waiting() *Session { return Respond(fill(0, 10, 5)) }

func TestHostileMessages(t *testing.T) {
	tooMany := make([]record.ID, maxIDs+1)
	for i := range tooMany {
		tooMany[i] = record.ID{byte(i >> 8), byte(i)}
	}
	day := DayDigest{Day: 7, Count: 1}
	tests := []struct {
		name string
		end  func() *Session
		in   []byte
	}{
		{"nothing", waiting, nil},
		{"a version alone", waiting, []byte{1}},
		{"another version", waiting, []byte{2, kindDigests}},
		{"unknown kind", waiting, begin(99)},
		{"too long", waiting, make([]byte, MaxMessage+1)},
		{"an answer to the responder", waiting, differing{}.encode()},
		{"IDs before digests", waiting, encodeSpans([]span{{}})},
		{"digests before IDs", opened, digests{}.encode()},
		{"end with something after it", waiting, append(begin(kindEnd), 0)},
		{"digests with something after them", waiting, append(digests{}.encode(), 0)},
		{"too many digests", waiting, append(begin(kindDigests), 0, 0, 0, 0, 0xff, 0xff)},
		{"digests cut off", waiting, digests{days: []DayDigest{day}}.encode()[:20]},
		{"an empty day", waiting, digests{days: []DayDigest{{Day: 7}}}.encode()},
		{"a day twice", waiting, digests{days: []DayDigest{day, day}}.encode()},
		{"a day below the page", waiting, digests{down: 8, days: []DayDigest{day}}.encode()},

		{"no span", opened, encodeSpans(nil)},
		{"more spans than days that differ", opened, encodeSpans(make([]span, 3))},
		{"IDs descending", opened, encodeSpans([]span{{ids: []record.ID{id(2), id(1)}}})},
		{"an ID twice", opened, encodeSpans([]span{{ids: []record.ID{id(2), id(2)}}})},
		{"too many IDs", opened, encodeSpans([]span{{ids: tooMany}})},
		{"too many IDs together", opened, encodeSpans([]span{{ids: tooMany[:800]}, {ids: tooMany[:800]}})},
		{"an ID beyond the span", opened, encodeSpans([]span{{until: at(2), ids: []record.ID{id(2)}}})},
		{"a span that gets nowhere", opened, encodeSpans([]span{{until: at(0)}})},
		{"a cut span that is not the last", opened, encodeSpans([]span{{until: at(2)}, {}})},
		{"unknown flag", opened, append(begin(kindIDs), 0, 1, 2, 0, 0)},
		{"spans cut off", opened, append(begin(kindIDs), 0, 1)},

		{"a question to the initiator", starting, digests{}.encode()},
		{"the wrong answer", asking, differing{}.encode()},
		{"a differing day twice", starting, differing{days: []Day{3, 3}}.encode()},
		{"differing days cut off", starting, differing{days: []Day{3, 2}}.encode()[:12]},
		{"an answer that covers nothing", starting, differing{down: 1<<32 - 1, days: []Day{5}}.encode()},

		{"no answer", asking, encodeAnswers(nil)},
		{"more answers than questions", asking, encodeAnswers([]answer{{lacking: make([]bool, 3)}, {}})},
		{"bits missing", asking, append(begin(kindLacking), 0, 1, 0)},
		{"a bit beyond the last ID", asking, append(begin(kindLacking), 0, 1, 0, 0x80, 0, 0)},
		{"what was sent comes back", asking, encodeAnswers([]answer{{lacking: make([]bool, 3), extra: []record.ID{id(20)}}})},
		{"an answer that gets nowhere", asking, encodeAnswers([]answer{{until: at(0), lacking: make([]bool, 3)}})},
		{"an extra ID beyond its own end", asking, encodeAnswers([]answer{{until: at(15), lacking: make([]bool, 3), extra: []record.ID{id(15)}}})},
		{"a bit beyond its own end", asking, encodeAnswers([]answer{{until: at(15), lacking: []bool{false, true, false}}})},
		{"an answer too long", asking, encodeAnswers([]answer{{lacking: make([]bool, 3), extra: tooMany}})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := tt.end()
			out, done, err := s.Step(tt.in)
			if !errors.Is(err, ErrMessage) || !done || out != nil || s.Complete() {
				t.Errorf("out %x, done %v, complete %v, %v", out, done, s.Complete(), err)
			}
		})
	}
}

func TestDigestsOfDaysDealtWith(t *testing.T) {
	s := Respond(Memory{})
	page := digests{down: 100, days: []DayDigest{{Day: 200, Count: 1}}}
	if _, _, err := s.Step(page.encode()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Step(encodeSpans([]span{{}})); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Step(page.encode()); !errors.Is(err, ErrMessage) {
		t.Errorf("the same page again: %v", err)
	}
}

func TestDaysOutsideThePageAsked(t *testing.T) {
	s, _ := Initiate(fill(0, 3000, 3000)) // days 20000 to 22999; the first page goes down to 22000
	if _, _, err := s.Step(differing{down: 21999}.encode()); !errors.Is(err, ErrMessage) {
		t.Errorf("an answer below the page: %v", err)
	}
}

// FuzzStep feeds one end whatever comes, cut into messages. The session must end or answer within
// its limits, and never panic.
func FuzzStep(f *testing.F) {
	a, first := Initiate(fill(0, 50, 4))
	b := Respond(fill(25, 80, 5))
	ends, message := [2]*Session{b, a}, first
	var all [2][]byte
	for turn := 0; len(message) > 0; turn++ {
		all[turn%2] = append(append(all[turn%2], byte(len(message)>>8), byte(len(message))), message...)
		message, _, _ = ends[turn%2].Step(message)
	}
	f.Add(false, all[0])
	f.Add(true, all[1])
	f.Add(true, []byte{0, 2, 1, 5})
	f.Fuzz(func(t *testing.T, initiator bool, stream []byte) {
		set := fill(25, 80, 5)
		s := Respond(set)
		if initiator {
			set = fill(0, 50, 4)
			s, _ = Initiate(set)
		}
		for len(stream) >= 2 {
			n := min(int(stream[0])<<8|int(stream[1]), len(stream)-2)
			message := bytes.Clone(stream[2 : 2+n])
			stream = stream[2+n:]
			out, done, err := s.Step(message)
			if len(out) > MaxMessage {
				t.Fatalf("a message of %d bytes", len(out))
			}
			if err != nil && !errors.Is(err, ErrMessage) && !errors.Is(err, ErrOver) {
				t.Fatalf("another kind of error: %v", err)
			}
			if done {
				break
			}
		}
		have := map[record.ID]bool{}
		for _, ids := range set {
			for _, id := range ids {
				have[id] = true
			}
		}
		seen := map[record.ID]bool{}
		for _, id := range s.Have() {
			if !have[id] || seen[id] {
				t.Fatalf("it says that it has %v, or says so twice", id)
			}
			seen[id] = true
		}
	})
}

// A responder answers no more IDs than a session may find, however often it is asked.
func TestNothingIsAnsweredBeyondTheBound(t *testing.T) {
	s := Respond(fill(0, 3*MaxFound, 1))
	out, _, err := s.Step(digests{}.encode())
	answered := 0
	for ; err == nil; out, _, err = s.Step(encodeSpans([]span{{}})) {
		answered += len(out)
	}
	if limit := 33 * (MaxFound + maxIDs); answered > limit || !errors.Is(err, ErrMessage) {
		t.Errorf("%d bytes are answered, at most %d: %v", answered, limit, err)
	}
}
