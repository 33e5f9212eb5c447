package notice

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Rule says who decides about membership.
type Rule string

// The rules. A reader that meets another cannot tell who is a member but the founders.
const (
	RuleFounders Rule = "founders" // a founder's word admits and removes
	RuleSponsors Rule = "sponsors" // members sponsor, object, admit and remove
)

// History is what a new member may read of what was sealed before.
type History string

// What a new member may read.
const (
	HistoryAll       History = "all"       // whatever is still kept
	HistoryAdmission History = "admission" // only what is sealed once it is a member
)

// Parking is where bodies may wait for members that are away.
type Parking string

// Where bodies may be parked.
const (
	ParkingNone    Parking = "none"    // with their author
	ParkingMembers Parking = "members" // at any member, sealed
)

// Admission is the charter's rule of membership. Zero numbers of RuleSponsors mean the defaults below;
// under RuleFounders all but Rule are absent.
type Admission struct {
	Rule       Rule `json:"rule,omitzero"`           // absent: RuleFounders
	Sponsors   int  `json:"sponsors,omitzero"`       // members of different parent organisations
	Witnesses  int  `json:"witnesses,omitzero"`      // members that did not sponsor and attest the window
	Window     int  `json:"window_seconds,omitzero"` // in which a member may object
	Objections int  `json:"objections,omitzero"`     // that keep a team out
	Removal    int  `json:"removal,omitzero"`        // members that must agree to a removal
	Budget     int  `json:"budget,omitzero"`         // teams that a member other than a founder may bring in, those that they bring in counted
}

// The defaults of RuleSponsors. Two sponsors and three weeks are what FIRST and Trusted Introducer ask.
const (
	DefaultSponsors   = 2
	DefaultWitnesses  = 1
	DefaultWindow     = 21 * 24 * 60 * 60
	DefaultObjections = 1
	DefaultRemoval    = 3
	DefaultBudget     = 20
)

// Bounds of the numbers of a rule.
const (
	MaxQuorum = record.MaxSigners  // sponsors, witnesses, objections, removal
	MaxWindow = 366 * 24 * 60 * 60 // a year
	MaxBudget = 1 << 20            // more than any community has members
)

// Duration returns how long an application lies open before a witness may attest.
func (a *Admission) Duration() time.Duration { return time.Duration(a.Window) * time.Second }

// Apply asks for membership. Its only signer is the team that applies.
type Apply struct {
	Community identity.CommunityID `json:"community"`
	Name      string               `json:"name"`             // what the team calls itself
	Parent    string               `json:"parent,omitzero"`  // its parent organisation; absent: none but itself
	Contact   string               `json:"contact,omitzero"` // whom to ask about it, one line
	Note      string               `json:"note,omitzero"`    // why it applies
}

// Sponsor supports an application: the signer knows the team and answers for it.
type Sponsor struct {
	Community   identity.CommunityID `json:"community"`
	Application record.StatementID   `json:"application"`
	Note        string               `json:"note,omitzero"`
}

// Object speaks against an application.
type Object struct {
	Community   identity.CommunityID `json:"community"`
	Application record.StatementID   `json:"application"`
	Reason      string               `json:"reason"`
}

// Admit attests that its signer, which is none of the sponsors named, held the application for the whole
// window by its own clock, unopposed.
type Admit struct {
	Community   identity.CommunityID `json:"community"`
	Application record.StatementID   `json:"application"`
	Sponsors    []record.StatementID `json:"sponsors"` // ascending: the sponsorings it rests on
}

// Leave ends the signer's own membership. What it wrote after the heads is outside the record set.
type Leave struct {
	Community identity.CommunityID `json:"community"`
	Heads     []LaneHead           `json:"heads,omitempty"`
	Reason    string               `json:"reason,omitzero"`
}

// DecodeApply reads what an application says. Errors wrap ErrUnreadable.
func DecodeApply(b []byte) (*Apply, error) { return said(b, &Apply{}) }

// DecodeSponsor reads what a sponsoring says. Errors wrap ErrUnreadable.
func DecodeSponsor(b []byte) (*Sponsor, error) { return said(b, &Sponsor{}) }

// DecodeObject reads what an objection says. Errors wrap ErrUnreadable.
func DecodeObject(b []byte) (*Object, error) { return said(b, &Object{}) }

// DecodeAdmit reads what an admission says. Errors wrap ErrUnreadable.
func DecodeAdmit(b []byte) (*Admit, error) { return said(b, &Admit{}) }

// DecodeLeave reads what a leaving says. Errors wrap ErrUnreadable.
func DecodeLeave(b []byte) (*Leave, error) { return said(b, &Leave{}) }

// said decodes into v and returns it.
func said[T Content](b []byte, v T) (T, error) {
	if err := decode(b, v); err != nil {
		var none T
		return none, err
	}
	return v, nil
}

func (a *Admission) normalise() {
	if a.Rule != RuleSponsors {
		if *a == (Admission{Rule: RuleFounders}) {
			a.Rule = ""
		}
		return
	}
	for _, n := range []struct {
		at     *int
		absent int
	}{
		{&a.Sponsors, DefaultSponsors},
		{&a.Witnesses, DefaultWitnesses},
		{&a.Window, DefaultWindow},
		{&a.Objections, DefaultObjections},
		{&a.Removal, DefaultRemoval},
		{&a.Budget, DefaultBudget},
	} {
		*n.at = cmp.Or(*n.at, n.absent)
	}
}

// Parent is the parent organisation of a founder.
type Parent struct {
	Team identity.TeamID `json:"team"`
	Name string          `json:"name"`
}

func (c *Charter) normaliseParents() {
	for i := range c.Parents {
		cleanLine(&c.Parents[i].Name)
	}
	sortSet(&c.Parents, func(a, b Parent) int {
		return cmp.Or(bytes.Compare(a.Team[:], b.Team[:]), strings.Compare(a.Name, b.Name))
	})
}

// Parent returns the parent organisation of a founder, folded for comparison; "" where none is named.
func (c *Charter) Parent(founder identity.TeamID) string {
	for _, p := range c.Parents {
		if p.Team == founder {
			return FoldParent(p.Name)
		}
	}
	return ""
}

// FoldParent returns the name of an organisation as two of them are compared: without case, and with
// single blanks.
func FoldParent(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

func (c *Charter) checkGovernance(f *findings) {
	a := &c.Admission
	if a.Rule == RuleSponsors {
		f.within("admission.sponsors", a.Sponsors, MaxQuorum)
		f.within("admission.witnesses", a.Witnesses, MaxQuorum)
		f.within("admission.window_seconds", a.Window, MaxWindow)
		f.within("admission.objections", a.Objections, MaxQuorum)
		f.within("admission.removal", a.Removal, MaxQuorum)
		f.within("admission.budget", a.Budget, MaxBudget)
	} else if f.strict {
		switch {
		case a.Rule != "" && a.Rule != RuleFounders:
			f.add("admission.rule", quote(string(a.Rule))+" is not a rule", "founders or sponsors")
		case *a != (Admission{}):
			f.add("admission", "has numbers that a founder's word does not use", "leave them out, or say the rule is sponsors")
		}
	}
	f.size("admission.rule", string(a.Rule), maxWord)
	f.size("history", string(c.History), maxWord)
	f.size("parking", string(c.Parking), maxWord)
	f.size("domain", c.Domain, MaxLine)
	f.count("parents", len(c.Parents), MaxFounders)
	for i, p := range c.Parents {
		f.name(at("parents", i)+".name", p.Name)
		if !slices.Contains(c.Founders, p.Team) || i > 0 && c.Parents[i-1].Team == p.Team {
			f.add(at("parents", i)+".team", "is not a founder, or stands there already", "")
		}
	}
	if !f.strict {
		return
	}
	if c.History != "" && c.History != HistoryAdmission {
		f.add("history", quote(string(c.History))+" is not a word for it", "all or admission")
	}
	if c.Parking != "" && c.Parking != ParkingMembers {
		f.add("parking", quote(string(c.Parking))+" is not a word for it", "none or members")
	}
	if c.Domain != "" {
		if problem, hint := domainProblem(c.Domain); problem != "" {
			f.add("domain", problem, hint)
		}
	}
	if n := a.Sponsors + a.Witnesses; a.Rule == RuleSponsors && len(c.Founders) < n {
		f.addf("founders", "are %d; with %d sponsors and %d witnesses nobody could ever be admitted by fewer than %d",
			len(c.Founders), a.Sponsors, a.Witnesses, n)
	}
}

func checkApplication(f *findings, c identity.CommunityID, application record.StatementID) {
	if c == (identity.CommunityID{}) {
		f.add("community", "is missing", "")
	}
	if application == (record.StatementID{}) {
		f.add("application", "is missing", "")
	}
}

// Normalise gives the statement its one form.
func (a *Apply) Normalise() {
	cleanLine(&a.Name)
	cleanLine(&a.Parent)
	cleanLine(&a.Contact)
	cleanProse(&a.Note)
}

// Normalise gives the statement its one form.
func (s *Sponsor) Normalise() { cleanProse(&s.Note) }

// Normalise gives the statement its one form.
func (o *Object) Normalise() { cleanProse(&o.Reason) }

// Normalise gives the statement its one form.
func (a *Admit) Normalise() { sortIDs(&a.Sponsors) }

// Normalise gives the statement its one form.
func (l *Leave) Normalise() {
	sortSet(&l.Heads, compareHeads)
	cleanLine(&l.Reason)
}

// Validate returns what must be put right before signing; see Content.
func (a *Apply) Validate() error { return validate(a) }

// Validate returns what must be put right before signing; see Content.
func (s *Sponsor) Validate() error { return validate(s) }

// Validate returns what must be put right before signing; see Content.
func (o *Object) Validate() error { return validate(o) }

// Validate returns what must be put right before signing; see Content.
func (a *Admit) Validate() error { return validate(a) }

// Validate returns what must be put right before signing; see Content.
func (l *Leave) Validate() error { return validate(l) }

func (a *Apply) check(f *findings) {
	if a.Community == (identity.CommunityID{}) {
		f.add("community", "is missing", "")
	}
	f.name("name", a.Name)
	f.line("parent", a.Parent, MaxName)
	f.line("contact", a.Contact, MaxTitle)
	f.prose("note", a.Note, MaxStatementNote)
}

func (s *Sponsor) check(f *findings) {
	checkApplication(f, s.Community, s.Application)
	f.prose("note", s.Note, MaxStatementNote)
}

func (o *Object) check(f *findings) {
	checkApplication(f, o.Community, o.Application)
	f.prose("reason", o.Reason, MaxStatementNote)
	if o.Reason == "" {
		f.add("reason", "is missing", "the members and the sponsors will ask")
	}
}

func (a *Admit) check(f *findings) {
	checkApplication(f, a.Community, a.Application)
	if len(a.Sponsors) == 0 {
		f.add("sponsors", "is missing", "")
	}
	f.count("sponsors", len(a.Sponsors), MaxQuorum)
	checkIDs(f, "sponsors", a.Sponsors)
}

func (l *Leave) check(f *findings) {
	if l.Community == (identity.CommunityID{}) {
		f.add("community", "is missing", "")
	}
	checkHeads(f, l.Heads)
	f.line("reason", l.Reason, MaxTitle)
}
