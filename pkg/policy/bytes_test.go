package policy_test

import (
	"testing"

	"tocsin/pkg/policy"
)

// One team cannot fill the disk with few but long records.
func TestBytesOfAnAuthorAreRationed(t *testing.T) {
	r := sign(t, nil)
	for _, c := range []struct {
		limit, before int64
		want          policy.Reason
	}{
		{0, 0, policy.OK},
		{0, policy.DefaultPerAuthorDayBytes, policy.Quota},
		{policy.Size(r), 0, policy.OK},
		{policy.Size(r), 1, policy.Quota},
		{-1, 1 << 50, policy.OK},
	} {
		s := policy.Standing{Ours: true, Speaks: true, Retention: 1 << 60, Bytes: c.before}
		l := policy.Limits{PerAuthorDayBytes: c.limit}
		if j := policy.Judge(r, s, &l, r.Header().Created); j.Reason != c.want {
			t.Errorf("limit %d after %d: %v", c.limit, c.before, j)
		}
	}
}
