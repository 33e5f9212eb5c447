package notice_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// statementDecoders returns the decoder of each kind of statement whose words are in this package.
func statementDecoders() map[string]func([]byte) (notice.Content, error) {
	return map[string]func([]byte) (notice.Content, error){
		"charter":        of(notice.DecodeCharter),
		"member":         of(notice.DecodeMember),
		"remove":         of(notice.DecodeRemove),
		"apply":          of(notice.DecodeApply),
		"sponsor":        of(notice.DecodeSponsor),
		"object":         of(notice.DecodeObject),
		"admit":          of(notice.DecodeAdmit),
		"leave":          of(notice.DecodeLeave),
		"revoke":         of(notice.DecodeRevoke),
		"rotate":         of(notice.DecodeRotate),
		"succeed":        of(notice.DecodeSucceed),
		"vouch":          of(notice.DecodeVouch),
		"withdraw-vouch": of(notice.DecodeWithdrawVouch),
		"wrap":           of(notice.DecodeWrap),
	}
}

func of[T notice.Content](decode func([]byte) (T, error)) func([]byte) (notice.Content, error) {
	return func(b []byte) (notice.Content, error) { return decode(b) }
}

func drawHeads(t *rapid.T) []notice.LaneHead {
	lanes := rapid.SliceOfNDistinct(rapid.ByteRange(1, 200), 0, 9, rapid.ID[byte]).Draw(t, "lanes")
	var heads []notice.LaneHead
	for _, n := range lanes {
		heads = append(heads, notice.LaneHead{Node: identity.NodeID{n % 5, 1}, Run: dsse.Nonce{n}, Seq: uint64(n), ID: recordID(n)})
	}
	return heads
}

func drawCuts(t *rapid.T) []notice.Cut {
	lanes := rapid.SliceOfNDistinct(rapid.ByteRange(1, 200), 0, 9, rapid.ID[byte]).Draw(t, "lanes")
	var cuts []notice.Cut
	for _, n := range lanes {
		cuts = append(cuts, notice.Cut{Channel: dsse.Hash{n % 5, 1}, Run: dsse.Nonce{n}, Seq: uint64(n), ID: recordID(n)})
	}
	return cuts
}

func drawCharter(t *rapid.T) notice.Content {
	c := &notice.Charter{
		Name: "N" + line().Draw(t, "name"), Region: line().Draw(t, "region"), Sector: line().Draw(t, "sector"),
		Founders: drawTeams(t, 1), RetentionDays: rapid.IntRange(0, notice.MaxRetentionDays).Draw(t, "retention"),
		LastResort: line().Draw(t, "last resort"), Domain: oneOf([]string{"", "Example.ORG."}).Draw(t, "domain"),
		History: oneOf([]notice.History{"", notice.HistoryAll, notice.HistoryAdmission}).Draw(t, "history"),
		Parking: oneOf([]notice.Parking{"", notice.ParkingNone, notice.ParkingMembers}).Draw(t, "parking"),
	}
	if rapid.Bool().Draw(t, "parents") {
		c.Parents = []notice.Parent{{Team: c.Founders[0], Name: "P" + line().Draw(t, "parent")}}
	}
	switch oneOf([]string{"", "founders", "few", "many"}).Draw(t, "rule") {
	case "founders":
		c.Admission.Rule = notice.RuleFounders
	case "few":
		c.Admission = notice.Admission{Rule: notice.RuleSponsors, Sponsors: 1}
		c.Founders = append(c.Founders, teamID(10), teamID(11))
	case "many":
		c.Admission = notice.Admission{Rule: notice.RuleSponsors, Window: rapid.IntRange(0, notice.MaxWindow).Draw(t, "window")}
		c.Founders = append(c.Founders, teamID(10), teamID(11), teamID(12))
	}
	if rapid.Bool().Draw(t, "short") {
		c.Ends = drawTime(t, "ends")
	}
	return c
}

func drawStatement(t *rapid.T) (string, notice.Content) {
	community, application := communityID(1), statementID(2)
	all := map[string]func() notice.Content{
		"charter": func() notice.Content { return drawCharter(t) },
		"member": func() notice.Content {
			return &notice.Member{Community: community, Team: teamID(1), Name: "N" + line().Draw(t, "name")}
		},
		"remove": func() notice.Content {
			if rapid.Bool().Draw(t, "vote") {
				return &notice.Remove{Community: community, Team: teamID(1), Proposal: statementID(3), Reason: line().Draw(t, "reason")}
			}
			return &notice.Remove{Community: community, Team: teamID(1), Heads: drawHeads(t)}
		},
		"apply": func() notice.Content {
			return &notice.Apply{
				Community: community, Name: "N" + line().Draw(t, "name"), Parent: line().Draw(t, "parent"),
				Contact: line().Draw(t, "contact"), Note: prose().Draw(t, "note"),
			}
		},
		"sponsor": func() notice.Content {
			return &notice.Sponsor{Community: community, Application: application, Note: prose().Draw(t, "note")}
		},
		"object": func() notice.Content {
			return &notice.Object{Community: community, Application: application, Reason: "R" + prose().Draw(t, "reason")}
		},
		"admit": func() notice.Content {
			return &notice.Admit{
				Community: community, Application: application,
				Sponsors: rapid.SliceOfN(rapid.Map(rapid.ByteRange(1, 9), statementID), 1, 9).Draw(t, "sponsors"),
			}
		},
		"leave": func() notice.Content {
			return &notice.Leave{Community: community, Heads: drawHeads(t), Reason: line().Draw(t, "reason")}
		},
		"revoke": func() notice.Content {
			if rapid.Bool().Draw(t, "frozen") {
				return &notice.Revoke{Node: identity.NodeID{1}, Frozen: true}
			}
			return &notice.Revoke{Node: identity.NodeID{1}, Heads: drawCuts(t), Reason: line().Draw(t, "reason")}
		},
		"rotate": func() notice.Content {
			return &notice.Rotate{Old: teamID(1), New: teamID(2), Nodes: []notice.NodeCuts{
				{Node: identity.NodeID{2}, Heads: drawCuts(t)}, {Node: identity.NodeID{1}},
			}}
		},
		"succeed": func() notice.Content { return &notice.Succeed{Old: teamID(1), New: teamID(2)} },
		"vouch": func() notice.Content {
			return &notice.Vouch{
				Team: teamID(1), Name: "N" + line().Draw(t, "name"), Parent: line().Draw(t, "parent"), Met: line().Draw(t, "met"),
				Succeeds: oneOf([]identity.TeamID{{}, teamID(2)}).Draw(t, "succeeds"),
			}
		},
		"withdraw-vouch": func() notice.Content { return &notice.WithdrawVouch{Vouch: statementID(1), Team: teamID(1)} },
		"wrap":           func() notice.Content { return goodWrap() },
	}
	var kinds []string
	for kind := range all {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	kind := oneOf(kinds).Draw(t, "kind")
	return kind, all[kind]()
}

func goodWrap() *notice.Wrap {
	return &notice.Wrap{
		Channel: dsse.Hash{1}, Key: dsse.Hash{2}, To: identity.NodeID{3}, Minter: teamID(4), View: dsse.Hash{5},
		Encap: bytes.Repeat([]byte{6}, notice.WrapEncapSize), Sealed: bytes.Repeat([]byte{7}, notice.WrapSealedSize),
	}
}

func TestDecodeUndoesEncodeOfStatements(t *testing.T) {
	decoders := statementDecoders()
	rapid.Check(t, func(t *rapid.T) {
		kind, v := drawStatement(t)
		b, err := notice.Encode(v) // normalises v
		if err != nil {
			t.Fatalf("encode %s: %v", kind, err)
		}
		if err := dsse.Canonical(b); err != nil {
			t.Fatalf("%s is not canonical: %v\n%s", kind, err, b)
		}
		back, err := decoders[kind](b)
		if err != nil {
			t.Fatalf("decode %s: %v\n%s", kind, err, b)
		}
		if !reflect.DeepEqual(v, back) {
			t.Fatalf("%s: got back\n%+v\nwant\n%+v", kind, back, v)
		}
	})
}

// What is largest of its kind must fit one statement with the heads it names and a signer or two.
func TestLargestStatements(t *testing.T) {
	var cuts []notice.Cut
	var nodes []notice.NodeCuts
	for i := range notice.MaxCuts {
		cuts = append(cuts, notice.Cut{Channel: dsse.Hash{1}, Run: dsse.Nonce{byte(i)}, Seq: 1<<53 - 1, ID: recordID(1)})
	}
	for i := range notice.MaxCuts / 2 {
		nodes = append(nodes, notice.NodeCuts{Node: identity.NodeID{1, byte(i)}, Heads: slices.Clone(cuts[i : i+1])})
	}
	note := string(bytes.Repeat([]byte{'"'}, notice.MaxStatementNote)) // two bytes each on the wire
	for name, v := range map[string]notice.Content{
		"revocation":  &notice.Revoke{Node: identity.NodeID{1}, Heads: cuts},
		"rotation":    &notice.Rotate{Old: teamID(1), New: teamID(2), Nodes: nodes},
		"application": &notice.Apply{Community: communityID(1), Name: "n", Note: note},
		"objection":   &notice.Object{Community: communityID(1), Application: statementID(1), Reason: note},
	} {
		b, err := notice.Encode(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if room := record.MaxStatement - len(b); room < 4<<10 {
			t.Errorf("the largest %s leaves %d bytes of the statement", name, room)
		}
	}
	nodes[0].Heads = append(nodes[0].Heads, cuts[0], cuts[1])
	_, err := notice.Encode(&notice.Rotate{Old: teamID(1), New: teamID(2), Nodes: nodes})
	wantOnly(t, err, "nodes", "at most 96")
}

func TestGovernanceOfACharter(t *testing.T) {
	with := func(change func(*notice.Charter)) *notice.Charter {
		c := &notice.Charter{Name: "n", Founders: []identity.TeamID{teamID(1), teamID(2), teamID(3)}}
		c.Admission.Rule = notice.RuleSponsors
		change(c)
		return c
	}
	c := with(func(c *notice.Charter) {
		c.History, c.Parking, c.Domain = notice.HistoryAll, notice.ParkingNone, "Example.ORG."
		c.Parents = []notice.Parent{{Team: teamID(2), Name: " Ministry  of\tJustice "}}
	})
	if _, err := notice.Encode(c); err == nil {
		t.Error("a line with a tab was encoded")
	}
	c.Parents[0].Name = " Ministry  of Justice "
	if _, err := notice.Encode(c); err != nil {
		t.Fatal(err)
	}
	want := notice.Admission{Rule: notice.RuleSponsors, Sponsors: 2, Witnesses: 1, Window: 1814400, Objections: 1, Removal: 3, Budget: 20}
	if c.Admission != want || c.Admission.Duration() != 21*24*time.Hour || c.History != "" || c.Parking != "" || c.Domain != "example.org" {
		t.Errorf("normal form is %+v", c)
	}
	if got := c.Parent(teamID(2)); got != "ministry of justice" || c.Parent(teamID(1)) != "" {
		t.Errorf("the parent is %q", got)
	}
	simple := with(func(c *notice.Charter) { c.Admission.Rule = notice.RuleFounders })
	if b, err := notice.Encode(simple); err != nil || bytes.Contains(b, []byte("admission")) {
		t.Errorf("the simple rule is written out: %s, %v", b, err)
	}
	for want, change := range map[string]func(*notice.Charter){
		"admission.sponsors":       func(c *notice.Charter) { c.Admission.Sponsors = 17 },
		"admission.witnesses":      func(c *notice.Charter) { c.Admission.Witnesses = -1 },
		"admission.window_seconds": func(c *notice.Charter) { c.Admission.Window = notice.MaxWindow + 1 },
		"admission.objections":     func(c *notice.Charter) { c.Admission.Objections = -1 },
		"admission.removal":        func(c *notice.Charter) { c.Admission.Removal = 17 },
		"admission.budget":         func(c *notice.Charter) { c.Admission.Budget = notice.MaxBudget + 1 },
		"admission.rule":           func(c *notice.Charter) { c.Admission = notice.Admission{Rule: "lottery"} },
		"admission":                func(c *notice.Charter) { c.Admission.Rule, c.Admission.Budget = notice.RuleFounders, 1 },
		"history":                  func(c *notice.Charter) { c.History = "some" },
		"parking":                  func(c *notice.Charter) { c.Parking = "everywhere" },
		"domain":                   func(c *notice.Charter) { c.Domain = "https://example.org" },
		"parents[0].team":          func(c *notice.Charter) { c.Parents = []notice.Parent{{Team: teamID(9), Name: "n"}} },
		"parents[1].team": func(c *notice.Charter) {
			c.Parents = []notice.Parent{{Team: teamID(1), Name: "n"}, {Team: teamID(1), Name: "m"}}
		},
		"parents[0].name": func(c *notice.Charter) { c.Parents = []notice.Parent{{Team: teamID(1)}} },
		"founders":        func(c *notice.Charter) { c.Founders = c.Founders[:2] },
	} {
		_, err := notice.Encode(with(change))
		if e, ok := errors.AsType[*notice.FieldError](err); !ok || e.Field != want {
			t.Errorf("want an error about %s, got %v", want, err)
		}
	}
}

// A charter of a later release must stay readable: its founders are still its members.
func TestReadingANewerCharter(t *testing.T) {
	c, err := notice.DecodeCharter(canonicalForm(t, `{"name":"n","founders":["`+teamID(1).String()+`"],"retention_days":1,"reply_by_floor":1,`+
		`"admission":{"rule":"lottery","draws":7,"sponsors":900},"history":"some","parking":"orbit"}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Admission.Rule != "lottery" || c.History != "some" || c.Parking != "orbit" {
		t.Errorf("words were not kept: %+v", c)
	}
	if c.Validate() == nil {
		t.Error("unknown words are valid to write")
	}
}

func TestStatementsOfMembershipAndKeysRefused(t *testing.T) {
	a, c := statementID(1), communityID(1)
	cut := notice.Cut{Channel: dsse.Hash{1}, Seq: 1, ID: recordID(1)}
	fork := cut
	fork.Seq = 2
	wrap := func(change func(*notice.Wrap)) *notice.Wrap {
		w := goodWrap()
		change(w)
		return w
	}
	for _, x := range []struct {
		field string
		v     notice.Content
	}{
		{"heads", &notice.Remove{Community: c, Team: teamID(1), Proposal: a, Heads: []notice.LaneHead{{Node: identity.NodeID{1}, ID: recordID(1)}}}},
		{"heads[0].seq", &notice.Remove{Community: c, Team: teamID(1), Heads: []notice.LaneHead{{Node: identity.NodeID{1}, ID: recordID(1), Seq: 1 << 53}}}},
		{"community", &notice.Apply{Name: "n"}},
		{"name", &notice.Apply{Community: c}},
		{"community", &notice.Sponsor{Application: a}},
		{"application", &notice.Sponsor{Community: c}},
		{"reason", &notice.Object{Community: c, Application: a}},
		{"sponsors", &notice.Admit{Community: c, Application: a}},
		{"sponsors[0]", &notice.Admit{Community: c, Application: a, Sponsors: []record.StatementID{{}}}},
		{"community", &notice.Leave{}},
		{"node", &notice.Revoke{Frozen: true}},
		{"heads", &notice.Revoke{Node: identity.NodeID{1}, Frozen: true, Heads: []notice.Cut{cut}}},
		{"heads[0]", &notice.Revoke{Node: identity.NodeID{1}, Heads: []notice.Cut{{Seq: 1}}}},
		{"heads[0].seq", &notice.Revoke{Node: identity.NodeID{1}, Heads: []notice.Cut{{Channel: cut.Channel, ID: cut.ID}}}},
		{"heads[1]", &notice.Revoke{Node: identity.NodeID{1}, Heads: []notice.Cut{fork, cut}}},
		{"old", &notice.Rotate{New: teamID(1)}},
		{"new", &notice.Rotate{Old: teamID(1)}},
		{"nodes[0]", &notice.Rotate{Old: teamID(1), New: teamID(2), Nodes: []notice.NodeCuts{{}}}},
		{"nodes[1]", &notice.Rotate{Old: teamID(1), New: teamID(2), Nodes: []notice.NodeCuts{{Node: identity.NodeID{1}}, {Node: identity.NodeID{1}}}}},
		{"new", &notice.Succeed{Old: teamID(1), New: teamID(1)}},
		{"team", &notice.Vouch{Name: "n"}},
		{"name", &notice.Vouch{Team: teamID(1)}},
		{"vouch", &notice.WithdrawVouch{Team: teamID(1)}},
		{"team", &notice.WithdrawVouch{Vouch: a}},
		{"wrap", wrap(func(w *notice.Wrap) { w.Minter = identity.TeamID{} })},
		{"encap", wrap(func(w *notice.Wrap) { w.Encap = w.Encap[1:] })},
		{"sealed", wrap(func(w *notice.Wrap) { w.Sealed = nil })},
	} {
		_, err := notice.Encode(x.v)
		if e, ok := errors.AsType[*notice.FieldError](err); !ok || e.Field != x.field {
			t.Errorf("%T: want an error about %s, got %v", x.v, x.field, err)
		}
	}
	for kind, decode := range statementDecoders() {
		for _, bad := range []string{`{}`, `[]`, ``} {
			if v, err := decode([]byte(bad)); !errors.Is(err, notice.ErrUnreadable) || !reflect.ValueOf(v).IsNil() {
				t.Errorf("%s of %q: %v, %v", kind, bad, v, err)
			}
		}
	}
}
