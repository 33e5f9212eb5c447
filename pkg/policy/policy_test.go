package policy_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

const day = 24 * time.Hour

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// sign makes a record of one fixed team.
func sign(t *testing.T, change func(*record.Header)) *record.Record {
	t.Helper()
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], 7)
	rnd := rand.NewChaCha8(seed)
	root, err := identity.NewRootKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	key, err := identity.NewNodeKey(rnd)
	if err != nil {
		t.Fatal(err)
	}
	d, err := root.Delegate(key, "Alpha", noon.AddDate(-1, 0, 0), noon.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	h := record.Header{
		Kind: notice.KindAlert, Channel: record.InCommunity(identity.CommunityID{1}), Class: record.Routine,
		Delegation: d, Run: record.Run{1}, Seq: 1, Created: noon, Body: record.Body{MediaType: notice.MediaType},
	}
	if change != nil {
		change(&h)
	}
	r, err := record.Sign(key, h, []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestJudge(t *testing.T) {
	member := policy.Standing{Ours: true, Speaks: true, Retention: 30 * day}
	with := func(change func(*policy.Standing)) policy.Standing {
		s := member
		change(&s)
		return s
	}
	created := func(at time.Time) func(*record.Header) { return func(h *record.Header) { h.Created = at } }
	expires := func(created, at time.Time) func(*record.Header) {
		return func(h *record.Header) { h.Created, h.Expires = created, at }
	}
	midnight := noon.Truncate(day)
	cases := []struct {
		name     string
		header   func(*record.Header)
		standing policy.Standing
		limits   policy.Limits
		want     policy.Reason
	}{
		{"a member's record", nil, member, policy.Limits{}, policy.OK},
		{"a channel of others", nil, with(func(s *policy.Standing) { s.Ours = false }), policy.Limits{}, policy.NotOurs},
		{"a stranger", nil, with(func(s *policy.Standing) { s.Speaks = false }), policy.Limits{}, policy.NotMember},
		{"beyond a removal", nil, with(func(s *policy.Standing) { s.Speaks, s.Removed = false, true }), policy.Limits{}, policy.Removed},
		{"before a removal", nil, with(func(s *policy.Standing) { s.Removed = true }), policy.Limits{}, policy.OK},
		{"beyond a revocation", nil, with(func(s *policy.Standing) { s.Speaks, s.Revoked = false, true }), policy.Limits{}, policy.Revoked},
		{"before a revocation", nil, with(func(s *policy.Standing) { s.Revoked = true }), policy.Limits{}, policy.OK},
		{"after the end", nil, with(func(s *policy.Standing) { s.Speaks, s.Ended = false, true }), policy.Limits{}, policy.Ended},
		{"as far ahead as may be", created(noon.Add(policy.DefaultAhead)), member, policy.Limits{}, policy.OK},
		{"further ahead", created(noon.Add(policy.DefaultAhead + time.Millisecond)), member, policy.Limits{}, policy.Future},
		{"an own limit ahead", created(noon.Add(time.Hour)), member, policy.Limits{Ahead: time.Hour}, policy.OK},
		{"the last day of the retention", created(midnight.Add(-30 * day)), member, policy.Limits{}, policy.OK},
		{"the day after", created(midnight.Add(-30*day - time.Millisecond)), member, policy.Limits{}, policy.Expired},
		{"expired today", expires(noon.Add(-day), midnight), member, policy.Limits{}, policy.OK},
		{"expired yesterday", expires(noon.Add(-day), midnight.Add(-time.Millisecond)), member, policy.Limits{}, policy.Expired},
		{"an expiry beyond the retention", expires(noon.Add(-31*day), noon.Add(day)), member, policy.Limits{}, policy.Expired},
		{"an answer whose expiry does not count", func(h *record.Header) {
			h.Kind = notice.KindReply
			expires(noon.Add(-3*day), noon.Add(-2*day))(h)
		}, member, policy.Limits{}, policy.OK},
		{"the last of the quota", nil, with(func(s *policy.Standing) { s.Today = 49_999 }), policy.Limits{}, policy.OK},
		{"beyond the quota", nil, with(func(s *policy.Standing) { s.Today = 50_000 }), policy.Limits{}, policy.Quota},
		{"an own quota", nil, member, policy.Limits{PerAuthorDay: map[record.Class]int{record.Routine: 0}}, policy.Quota},
		{
			"no quota", nil, with(func(s *policy.Standing) { s.Today = 1 << 40 }),
			policy.Limits{PerAuthorDay: map[record.Class]int{record.Routine: -1}},
			policy.OK,
		},
		{
			"the quota of another class", func(h *record.Header) { h.Class = record.Emergency },
			with(func(s *policy.Standing) { s.Today = 500 }),
			policy.Limits{},
			policy.Quota,
		},
	}
	for _, c := range cases {
		j := policy.Judge(sign(t, c.header), c.standing, &c.limits, noon)
		want := policy.Ignore // honest nodes may differ in all of these
		if c.want == policy.OK {
			want = policy.Accept
		}
		if j.Reason != c.want || j.Verdict != want {
			t.Errorf("%s: %s %s (%s), want %s %s", c.name, j.Verdict, j.Reason, j.Detail, want, c.want)
		}
		if (j.Detail == "") != (c.want == policy.OK) {
			t.Errorf("%s: detail %q", c.name, j.Detail)
		}
	}
	bare := policy.Judge(sign(t, nil).WithoutBody(), member, &policy.Limits{}, noon)
	if bare.Reason != policy.NoBody || bare.Verdict != policy.Ignore {
		t.Errorf("without its body: %s %s", bare.Verdict, bare.Reason)
	}
	erased := with(func(s *policy.Standing) { s.Erased = true })
	if j := policy.Judge(sign(t, nil).WithoutBody(), erased, &policy.Limits{}, noon); j.Verdict != policy.Accept {
		t.Errorf("without its erased body: %s %s", j.Verdict, j.Reason)
	}
}

func TestEveryClassHasAQuota(t *testing.T) {
	for _, c := range []record.Class{record.Routine, record.Urgent, record.Emergency, record.Control} {
		if policy.DefaultPerAuthorDay(c) <= 0 {
			t.Errorf("%s has none", c)
		}
	}
	if n := policy.DefaultPerAuthorDay("made-up"); n != 0 {
		t.Errorf("a class that does not exist may bring %d records", n)
	}
}

func TestPrivateRetention(t *testing.T) {
	if got := (&policy.Limits{}).Retention(); got != notice.DefaultRetentionDays*day {
		t.Error(got)
	}
	if got := (&policy.Limits{PrivateRetention: day}).Retention(); got != day {
		t.Error(got)
	}
}

func TestEveryFaultHasAJudgement(t *testing.T) {
	want := map[record.Fault]policy.Judgement{
		record.FaultTruncated:    {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultTrailing:     {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultFrame:        {Verdict: policy.Ignore, Reason: policy.UnknownForm},
		record.FaultOversized:    {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultNotJSON:      {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultDuplicate:    {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultDepth:        {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultNotCanonical: {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultVersion:      {Verdict: policy.Ignore, Reason: policy.UnknownForm},
		record.FaultSuite:        {Verdict: policy.Ignore, Reason: policy.UnknownForm},
		record.FaultMember:       {Verdict: policy.Reject, Reason: policy.Malformed},
		record.FaultDelegation:   {Verdict: policy.Reject, Reason: policy.BadSignature},
		record.FaultSignatures:   {Verdict: policy.Reject, Reason: policy.BadSignature},
		record.FaultSignature:    {Verdict: policy.Reject, Reason: policy.BadSignature},
		record.FaultBodyLength:   {Verdict: policy.Reject, Reason: policy.BadBody},
		record.FaultBodyDigest:   {Verdict: policy.Reject, Reason: policy.BadBody},
	}
	for f, w := range want {
		err := fmt.Errorf("open: %w", &record.Error{Fault: f, Where: "here", Err: errors.New("so")})
		w.Detail = err.Error()
		if got := policy.OfFault(err); got != w {
			t.Errorf("%s: %+v, want %+v", f, got, w)
		}
	}
	if got := policy.OfFault(errors.New("other")); got.Verdict != policy.Reject || got.Reason != policy.Malformed {
		t.Errorf("an error of another kind: %+v", got)
	}
}

func TestVerdictsHaveWords(t *testing.T) {
	for v, want := range map[policy.Verdict]string{policy.Ignore: "ignore", policy.Accept: "accept", policy.Reject: "reject", 9: "ignore"} {
		if v.String() != want {
			t.Errorf("%d: %s", v, v)
		}
	}
	if (policy.Judgement{}).Verdict != policy.Ignore {
		t.Error("what was not judged is not ignored")
	}
}
