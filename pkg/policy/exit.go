package policy

import (
	"strconv"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// Action is a way out.
type Action string

// The ways out.
const (
	Send     Action = "send"     // this team writes it into a channel and delivers it there
	Forward  Action = "forward"  // this node passes on what it got: gossip, a direct stream, a mailbox
	Sync     Action = "sync"     // this node hands out what it keeps, by reconciliation
	Export   Action = "export"   // into a file, a bundle or another program
	Notify   Action = "notify"   // mail, chat or a page that says that something came
	Escalate Action = "escalate" // telling others because those who were asked do not answer
	Show     Action = "show"     // on a screen of this node
	Log      Action = "log"      // into a log, a metric or a crash message
)

// Actions returns all ways out.
func Actions() []Action { return []Action{Send, Forward, Sync, Export, Notify, Escalate, Show, Log} }

// Audience is who is at the end of the way.
type Audience string

// The audiences.
const (
	Members      Audience = "members"      // teams that are members of the record's community
	Observers    Audience = "observers"    // teams that have applied to it
	Named        Audience = "named"        // a team of the record's private channel, the nodes of our own team included
	OtherTeam    Audience = "team"         // another CSIRT, or the members of another community, outside the record's channel
	Constituents Audience = "constituents" // organisations that this team serves
	Public       Audience = "public"       // anybody
	Operator     Audience = "operator"     // people of this team
	Desk         Audience = "desk"         // those people of a named team who may read TLP:RED
	Logs         Audience = "log"          // whoever reads a log
)

// Audiences returns all audiences.
func Audiences() []Audience {
	return []Audience{Members, Observers, Named, OtherTeam, Constituents, Public, Operator, Desk, Logs}
}

// In returns whom a record reaches in its own channel.
func In(ch record.Channel) Audience {
	if ch.Private() {
		return Named
	}
	return Members
}

// Form is the most that may go, each form more than the one before.
type Form uint8

// The forms.
const (
	Nothing Form = iota // not even that there is something
	Header              // what the record's header says: who, when, of which kind
	Sealed              // the whole record, its body sealed to the audience
	Whole               // the whole record, readable
)

// String returns the form in a word.
func (f Form) String() string {
	switch f {
	case Nothing:
		return "nothing"
	case Header:
		return "header"
	case Sealed:
		return "sealed"
	case Whole:
		return "whole"
	}
	return "form " + strconv.Itoa(int(f))
}

// Exit is one record that wants to leave, on one way, to one audience.
type Exit struct {
	Action   Action
	Audience Audience
	// Marking is that of the content. Nil is a record that has none to protect (a receipt, an erasure),
	// or one of which Unread is true.
	Marking *notice.Marking
	// Unread: this node cannot read the content, so it does not know the marking: it has no key, or the
	// kind is of a later release. Such a record is carried in its channel as it came, and goes nowhere else.
	Unread bool
	// Sealed: the body is, or will be, sealed to the audience.
	Sealed bool
	// Automatic: no person decides on this exit. It gates what acts on content; that members carry each
	// other's records to members is no act on it.
	Automatic bool

	// Grant is what the author's team allows beyond the marking, in a reply to a request of this team
	// (the caller's duty to see to). What it needs to count are the members below: it counts only for
	// Record, given by Author, to the audience that it names, before it ends.
	Grant     *notice.Permission
	GrantedBy identity.TeamID      // who signed the reply
	Record    record.ID            // what leaves
	Author    identity.TeamID      // who wrote it
	Community identity.CommunityID // whose members, where the audience is Members, or another community's: OtherTeam, and no Team
	Team      identity.TeamID      // which, where the audience is Named or OtherTeam
	Now       time.Time            // by this node's clock

	beyond bool // a grant takes it beyond the record's channel
}

// Decision is what may leave. Verdict is Accept where what was asked for may go, in the form Form;
// where it is Reject, Form is what may go instead, less than the content.
type Decision struct {
	Form Form
	// Tell are the limits of purpose to show before the content to whoever gets it. They stop no
	// person; the reply's use of data answers them.
	Tell []notice.Purpose
	Judgement
}
