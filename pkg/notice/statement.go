package notice

import (
	"bytes"
	"cmp"
	"time"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Charter founds a community. It holds founders only; every other member comes from statements. Its
// statement is signed by all founders, and the community's ID is the hash of that statement.
type Charter struct {
	Name     string            `json:"name"`            // of the community, one line
	Region   string            `json:"region,omitzero"` // where its members are, in words
	Sector   string            `json:"sector,omitzero"` // what they protect: a word such as "finance"
	Founders []identity.TeamID `json:"founders"`        // ascending and unique
	// RetentionDays is how long members keep and hand out records. 0 means DefaultRetentionDays.
	RetentionDays int `json:"retention_days"`
	// ReplyByFloor is the shortest time in seconds that a request may give for an answer; see
	// Request.Deadline. 0 means DefaultReplyByFloor.
	ReplyByFloor int `json:"reply_by_floor"`
	// LastResort says, in one line for people, whom to ask when nobody else answers.
	LastResort string `json:"last_resort,omitzero"`
	// Admission is how teams come in and are removed. Absent: a founder's word does both (RuleFounders).
	Admission Admission `json:"admission,omitzero"`
	// Parents are the parent organisations of founders that have one. Sponsors of one team must come from
	// different ones.
	Parents []Parent `json:"parents,omitempty"`
	// History is what a new member may read of what was sealed before it came in; absent: HistoryAll.
	History History `json:"history,omitzero"`
	// Parking is where bodies may wait for members that are away; absent: ParkingNone.
	Parking Parking `json:"parking,omitzero"`
	// Domain is a domain name whose owner says that this community is its own; see docs/spec/roster.md.
	Domain string `json:"domain,omitzero"`
	// Ends is when a community made for one case is over; zero means that it stays. A record that says of
	// itself that it is later is outside the community.
	Ends time.Time `json:"ends,omitzero"`
}

// Member says that a team belongs to a community. A founder signs it, under RuleFounders; under another
// rule it changes nothing.
type Member struct {
	Community identity.CommunityID `json:"community"`
	Team      identity.TeamID      `json:"team"`
	Name      string               `json:"name"` // what the signer calls the team, one line
}

// Remove says that a team should no longer belong to a community. Under RuleFounders one founder's is
// enough. Under RuleSponsors it is a proposal (Proposal is zero) or a vote for one (Proposal names it, and
// Heads are absent); the proposal is its author's vote. What the team wrote after the heads of the
// proposal is outside the record set; a lane that is not named is outside as a whole.
type Remove struct {
	Community identity.CommunityID `json:"community"`
	Team      identity.TeamID      `json:"team"`
	Heads     []LaneHead           `json:"heads,omitempty"` // ascending by node and run, unique
	Proposal  record.StatementID   `json:"proposal,omitzero"`
	Reason    string               `json:"reason,omitzero"` // for people, one line
}

// LaneHead is the last record of a lane that counts.
type LaneHead struct {
	Node identity.NodeID `json:"node"`
	Run  dsse.Nonce      `json:"run"`
	Seq  uint64          `json:"seq"`
	ID   record.ID       `json:"id"`
}

// DecodeCharter reads what a charter statement says. Errors wrap ErrUnreadable.
func DecodeCharter(b []byte) (*Charter, error) { return said(b, &Charter{}) }

// DecodeMember reads what a member statement says. Errors wrap ErrUnreadable.
func DecodeMember(b []byte) (*Member, error) { return said(b, &Member{}) }

// DecodeRemove reads what a removal statement says. Errors wrap ErrUnreadable.
func DecodeRemove(b []byte) (*Remove, error) { return said(b, &Remove{}) }

// Retention returns how long members keep records.
func (c *Charter) Retention() time.Duration { return time.Duration(c.RetentionDays) * 24 * time.Hour }

// Floor returns the shortest time in which an answer can be asked for; an earlier reply_by is judged
// as if it were that long after the request.
func (c *Charter) Floor() time.Duration { return time.Duration(c.ReplyByFloor) * time.Second }

// Normalise gives the charter its one form, defaults written out.
func (c *Charter) Normalise() {
	cleanLine(&c.Name)
	cleanLine(&c.Region)
	cleanLine(&c.Sector)
	sortIDs(&c.Founders)
	if c.RetentionDays == 0 {
		c.RetentionDays = DefaultRetentionDays
	}
	if c.ReplyByFloor == 0 {
		c.ReplyByFloor = int(DefaultReplyByFloor / time.Second)
	}
	cleanLine(&c.LastResort)
	cleanTime(&c.Ends)
	c.Admission.normalise()
	c.normaliseParents()
	if c.History == HistoryAll {
		c.History = ""
	}
	if c.Parking == ParkingNone {
		c.Parking = ""
	}
	if c.Domain != "" {
		cleanDomain(&c.Domain)
	}
}

// Normalise gives the statement its one form.
func (m *Member) Normalise() { cleanLine(&m.Name) }

// Normalise gives the statement its one form.
func (r *Remove) Normalise() {
	sortSet(&r.Heads, compareHeads)
	cleanLine(&r.Reason)
}

// Validate returns what must be put right before signing; see Content.
func (c *Charter) Validate() error { return validate(c) }

// Validate returns what must be put right before signing; see Content.
func (m *Member) Validate() error { return validate(m) }

// Validate returns what must be put right before signing; see Content.
func (r *Remove) Validate() error { return validate(r) }

func (c *Charter) check(f *findings) {
	f.name("name", c.Name)
	f.line("region", c.Region, MaxLine)
	f.line("sector", c.Sector, MaxLine)
	if len(c.Founders) == 0 {
		f.add("founders", "is missing", "at least one team ID")
	}
	f.count("founders", len(c.Founders), MaxFounders)
	checkIDs(f, "founders", c.Founders)
	f.within("retention_days", c.RetentionDays, MaxRetentionDays)
	f.within("reply_by_floor", c.ReplyByFloor, MaxReplyByFloor)
	f.line("last_resort", c.LastResort, MaxTitle)
	c.checkGovernance(f)
	checkTime(f, "ends", c.Ends)
}

func (m *Member) check(f *findings) {
	checkMembership(f, m.Community, m.Team)
	f.name("name", m.Name)
}

func (r *Remove) check(f *findings) {
	checkMembership(f, r.Community, r.Team)
	checkHeads(f, r.Heads)
	f.line("reason", r.Reason, MaxTitle)
	if r.Proposal != (record.StatementID{}) && len(r.Heads) > 0 {
		f.add("heads", "belong to the proposal, not to a vote for it", "")
	}
}

func checkHeads(f *findings, heads []LaneHead) {
	f.count("heads", len(heads), MaxLaneHeads)
	for i, h := range heads {
		field := at("heads", i)
		if h.Node == (identity.NodeID{}) || h.ID == (record.ID{}) {
			f.add(field, "names no node or no record", "")
		}
		if h.Seq > maxInteger {
			f.add(field+".seq", "is 2^53 or more", "")
		}
		if i > 0 && heads[i-1].Node == h.Node && heads[i-1].Run == h.Run {
			f.add(field, "names the same lane again", "")
		}
	}
}

func checkMembership(f *findings, c identity.CommunityID, t identity.TeamID) {
	if c == (identity.CommunityID{}) {
		f.add("community", "is missing", "")
	}
	if t == (identity.TeamID{}) {
		f.add("team", "is missing", "")
	}
}

// name checks a required name of one line.
func (f *findings) name(field, s string) {
	f.line(field, s, MaxName)
	if s == "" {
		f.add(field, "is missing", "")
	}
}

// within checks a number from 1 to high.
func (f *findings) within(field string, n, high int) {
	if n < 1 || n > high {
		f.addf(field, "is %d, must be from 1 to %d", n, high)
	}
}

func compareHeads(a, b LaneHead) int {
	return cmp.Or(bytes.Compare(a.Node[:], b.Node[:]), bytes.Compare(a.Run[:], b.Run[:]),
		cmp.Compare(a.Seq, b.Seq), bytes.Compare(a.ID[:], b.ID[:]))
}
