package policy

import (
	"fmt"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Limits are what this node takes. The zero value means the defaults.
type Limits struct {
	// Ahead is how far a record's time may be ahead of our clock. Default 10 minutes: enough for a
	// clock nobody looks after, too little to hide a record behind later ones.
	Ahead time.Duration
	// PerAuthorDay is how many records of one class this node takes from one team in a day by its own
	// clock; a class that is absent has the default (see DefaultPerAuthorDay). Negative: no limit.
	PerAuthorDay map[record.Class]int
	// PerAuthorDayBytes is how many bytes of records, bodies included, this node takes from one team in a
	// day. 0: DefaultPerAuthorDayBytes. Negative: no limit.
	PerAuthorDayBytes int64
	// PrivateRetention is how long private records are kept at least: an answer must not go before a
	// request of a community that keeps longer. Default notice.DefaultRetentionDays.
	PrivateRetention time.Duration
}

// DefaultAhead is the default of Limits.Ahead.
const DefaultAhead = 10 * time.Minute

// DefaultPerAuthorDayBytes is the default of Limits.PerAuthorDayBytes. The counts alone would let one
// team fill any disk with long bodies within a day.
const DefaultPerAuthorDayBytes = 1 << 30

// DefaultPerAuthorDay returns how many records of a class one team may bring in a day where the
// limits do not say. Routine is a busy feed; emergency is what a person can have cause for.
func DefaultPerAuthorDay(c record.Class) int {
	switch c {
	case record.Routine:
		return 50_000
	case record.Urgent:
		return 5_000
	case record.Emergency:
		return 500
	case record.Control:
		return 20_000
	}
	return 0
}

func (l *Limits) ahead() time.Duration {
	if l.Ahead == 0 {
		return DefaultAhead
	}
	return l.Ahead
}

func (l *Limits) perAuthorDay(c record.Class) int {
	if n, ok := l.PerAuthorDay[c]; ok {
		return n
	}
	return DefaultPerAuthorDay(c)
}

func (l *Limits) perAuthorDayBytes() int64 {
	if l.PerAuthorDayBytes == 0 {
		return DefaultPerAuthorDayBytes
	}
	return l.PerAuthorDayBytes
}

// Size is what a record counts for in bytes: a body that is not here yet counts as if it were.
func Size(r *record.Record) int64 { return int64(len(r.Payload())) + r.Header().Body.Length }

// Retention returns how long records of a private channel are kept at least.
func (l *Limits) Retention() time.Duration {
	if l.PrivateRetention == 0 {
		return notice.DefaultRetentionDays * 24 * time.Hour
	}
	return l.PrivateRetention
}

// Standing is what this node knows that bears on a record: of its channel, of its author, and of
// what the author has brought today. That a key is frozen is no standing: what it signed stays in the
// set everywhere alike, and each node marks it where it is shown.
type Standing struct {
	Ours      bool          // this node is part of the channel
	Speaks    bool          // the author belongs to the channel, at this place of its lane
	Removed   bool          // the author was removed from the channel, or left it
	Revoked   bool          // the author's node key was taken back, and this is beyond what still counts of it
	Ended     bool          // the record says of itself that it is later than the community's end
	Erased    bool          // its author asked for its body to be erased: it may come without
	Retention time.Duration // of the channel
	Today     int           // records of this class already taken from the author today
	Bytes     int64         // of records of any class already taken from the author today
	Room      Room          // what the store has left for the author
}

// Drops returns when a record leaves the channel's set: at the end of the retention after its own
// time, or at its expiry if that is earlier. What answers a request has no expiry of its own, or an
// answered request would turn into an ignored one. It depends on signed data alone.
func Drops(h *record.Header, retention time.Duration) time.Time {
	end := h.Created.Add(retention)
	switch h.Kind {
	case notice.KindReceipt, notice.KindReply, notice.KindClose, notice.KindWithdraw:
		return end
	}
	if !h.Expires.IsZero() && h.Expires.Before(end) {
		return h.Expires
	}
	return end
}

// Judge judges a record whose form and signatures are right.
func Judge(r *record.Record, s Standing, l *Limits, now time.Time) Judgement {
	h := r.Header()
	switch {
	case !s.Ours:
		return Judgement{Ignore, NotOurs, "this node is not part of " + h.Channel.String()}
	case s.Revoked && !s.Speaks:
		return Judgement{Ignore, Revoked, "the key that signed it was revoked and this record is beyond that"}
	case s.Ended && !s.Speaks:
		return Judgement{Ignore, Ended, "the community had ended by the time that the record names"}
	case s.Removed && !s.Speaks:
		return Judgement{Ignore, Removed, "the team was removed from the community and this record is beyond that"}
	case !s.Speaks:
		return Judgement{Ignore, NotMember, "the team is not known here as a member of the community"}
	case h.Created.After(now.Add(l.ahead())):
		return Judgement{Ignore, Future, fmt.Sprintf("its time %s is %s ahead of this node's clock, at most %s is taken",
			dsse.FormatTime(h.Created), h.Created.Sub(now).Truncate(time.Second), l.ahead())}
	case Drops(h, s.Retention).Before(now.UTC().Truncate(24 * time.Hour)): // the whole day of the end counts
		return Judgement{Ignore, Expired, fmt.Sprintf("it left the channel's records at %s",
			dsse.FormatTime(Drops(h, s.Retention)))}
	case r.Inline() && !r.HasBody() && !s.Erased:
		return Judgement{Ignore, NoBody, "its body must come with it and did not"}
	}
	if limit := l.perAuthorDay(h.Class); limit >= 0 && s.Today >= limit {
		return Judgement{Ignore, Quota, fmt.Sprintf("the team has brought %d records of class %s today, at most %d are taken",
			s.Today, h.Class, limit)}
	}
	if limit := l.perAuthorDayBytes(); limit >= 0 && s.Bytes+Size(r) > limit {
		return Judgement{Ignore, Quota, fmt.Sprintf("the team has brought %d bytes today and this is %d more, at most %d are taken",
			s.Bytes, Size(r), limit)}
	}
	if !s.Room.May(h.Class, Size(r)) {
		return Judgement{Ignore, Full, fmt.Sprintf("the store has only its last room left, of which the team has used %d bytes of its share of %d; "+
			"half of that is for emergencies, and none for class routine", s.Room.Drawn, s.Room.Share)}
	}
	return Judgement{Verdict: Accept, Reason: OK}
}

// OfFault turns the refusal of a frame into a judgement. Every honest node of this release refuses
// it, so the peer that passed it on is to blame; only a form that a newer release may know is not.
func OfFault(err error) Judgement {
	j := Judgement{Verdict: Reject, Reason: Malformed, Detail: err.Error()}
	switch record.FaultOf(err) {
	case record.FaultSignature, record.FaultSignatures, record.FaultDelegation:
		j.Reason = BadSignature
	case record.FaultBodyLength, record.FaultBodyDigest:
		j.Reason = BadBody
	case record.FaultVersion, record.FaultSuite, record.FaultFrame:
		j.Verdict, j.Reason = Ignore, UnknownForm
	case record.FaultTruncated, record.FaultTrailing, record.FaultOversized, record.FaultNotJSON,
		record.FaultDuplicate, record.FaultDepth, record.FaultNotCanonical, record.FaultMember:
	}
	return j
}
