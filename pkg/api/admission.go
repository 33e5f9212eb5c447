package api

import (
	"net/url"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// CharterFile is the answer of GET of PathCharter: the signed charter, to be handed to whoever wants to apply.
type CharterFile struct {
	ID      identity.CommunityID `json:"id"`
	Name    string               `json:"name"`
	Charter File                 `json:"charter"`
}

// ApplyDraft is the body of POST of PathApply.
type ApplyDraft struct {
	Charter File   `json:"charter"`          // the complete charter
	Name    string `json:"name,omitzero"`    // absent: what this team calls itself
	Parent  string `json:"parent,omitzero"`  // its parent organisation; absent: the one in its profile
	Contact string `json:"contact,omitzero"` // whom to ask about it
	Note    string `json:"note,omitzero"`    // why it applies
}

// Applied is the answer of POST of PathApply.
type Applied struct {
	Application Application `json:"application"`
	File        File        `json:"file"` // the application, for the members that are to sponsor it
}

// Applications is the answer of GET of PathApply, oldest first.
type Applications struct {
	Applications []Application `json:"applications"`
}

// ApplicationQuery chooses what GET of PathApply returns.
type ApplicationQuery struct {
	Community string // a name, an ID or a prefix of one; empty for all
	All       bool   // those that are decided too
}

// Query returns the parameters.
func (a ApplicationQuery) Query() url.Values {
	q := url.Values{}
	setText(q, "community", a.Community)
	setBool(q, "all", a.All)
	return q
}

// ParseApplicationQuery is the inverse of Query.
func ParseApplicationQuery(q url.Values) (ApplicationQuery, error) {
	a := ApplicationQuery{Community: q.Get("community")}
	if err := only(q, "community", "all"); err != nil {
		return a, err
	}
	var err error
	a.All, err = getBool(q, "all")
	return a, err
}

// ApplicationState is where an application stands, as the statements here show it.
type ApplicationState string

// The states of an application.
const (
	ApplicationUnsponsored ApplicationState = "unsponsored" // fewer counting sponsors than the charter asks
	ApplicationWindow      ApplicationState = "window"      // sponsored; members may object until the window has run
	ApplicationRipe        ApplicationState = "ripe"        // the window has run here; witnesses have not all attested
	ApplicationOpposed     ApplicationState = "opposed"     // as many counting objections as keep a team out
	ApplicationAdmitted    ApplicationState = "admitted"
	ApplicationPast        ApplicationState = "past"    // admitted once; the team was removed or left since
	ApplicationRefused     ApplicationState = "refused" // a sponsor has brought in as many teams as it may
	ApplicationVoid        ApplicationState = "void"    // it does not count; why says why not
)

// Application is a team's wish to come in, with what members said about it.
type Application struct {
	ID        record.StatementID `json:"id"`
	Community CommunityRef       `json:"community"`
	Team      Team               `json:"team"`
	Parent    string             `json:"parent,omitzero"`
	Contact   string             `json:"contact,omitzero"`
	Note      string             `json:"note,omitzero"`
	At        time.Time          `json:"at"`            // when it says it was written
	Seen      time.Time          `json:"seen,omitzero"` // when it was here first, by this node's clock
	State     ApplicationState   `json:"state"`
	Why       string             `json:"why,omitzero"` // of a void one
	// Sponsors, Objections and Witnesses are who spoke; of each as many as needed must count.
	Sponsors   Voices `json:"sponsors"`
	Objections Voices `json:"objections"`
	Witnesses  Voices `json:"witnesses"`
	// Until is when the window has run by this node's clock; absent until there are sponsors enough.
	Until time.Time `json:"until,omitzero"`
	// Attest says why this team may not attest it now; absent if it may.
	Attest string `json:"attest,omitzero"`
}

// Voices are those who said one thing about an application.
type Voices struct {
	Needed  int     `json:"needed"`
	Counted int     `json:"counted"`
	Voices  []Voice `json:"voices,omitempty"`
}

// Voice is one statement about an application.
type Voice struct {
	Team      Team               `json:"team"`
	Statement record.StatementID `json:"statement"`
	At        time.Time          `json:"at"`
	Text      string             `json:"text,omitzero"`
	// Counts says whether it does; Why says why not.
	Counts bool   `json:"counts"`
	Why    string `json:"why,omitzero"`
}

// SponsorDraft is the body of POST of PathSponsor; the path names the application, by its ID, or by its team.
type SponsorDraft struct {
	Application File   `json:"application,omitempty"` // the file, if the application may not be here yet
	Community   string `json:"community,omitzero"`    // where a team applies to several
	Note        string `json:"note,omitzero"`
	// Expires is when the invite does; default: in 7 days and the charter's window.
	Expires time.Time `json:"expires,omitzero"`
}

// Sponsored is the answer of POST of PathSponsor.
type Sponsored struct {
	Application Application        `json:"application"`
	Statement   record.StatementID `json:"statement"`
	Already     bool               `json:"already,omitzero"` // this team had sponsored it before
	// Invite is the file by which the applicant can call this node, and observe until it is admitted.
	Invite    File      `json:"invite"`
	Expires   time.Time `json:"expires"`
	Addresses []string  `json:"addresses"`
}

// ObjectDraft is the body of POST of PathObject.
type ObjectDraft struct {
	Application File   `json:"application,omitempty"`
	Community   string `json:"community,omitzero"`
	Reason      string `json:"reason"`
}

// AdmitDraft is the body of POST of PathAdmit.
type AdmitDraft struct {
	Community string `json:"community,omitzero"`
}

// Spoken is the answer of POST of PathObject and PathAdmit.
type Spoken struct {
	Application Application        `json:"application"`
	Statement   record.StatementID `json:"statement"`
}

// Proposal is a removal on which members vote.
type Proposal struct {
	ID        record.StatementID `json:"id"`
	Team      Team               `json:"team"`
	Reason    string             `json:"reason,omitzero"`
	At        time.Time          `json:"at"`
	Votes     Voices             `json:"votes"`
	Effective bool               `json:"effective"`
}

// LeaveDraft is the body of POST of PathLeave.
type LeaveDraft struct {
	Reason string `json:"reason,omitzero"`
}

// Left is the answer of POST of PathLeave.
type Left struct {
	Community CommunityRef       `json:"community"`
	Statement record.StatementID `json:"statement"`
	Lanes     int                `json:"lanes"` // of this team, cut at what it wrote so far
}

// ProofState is what a look at a community's domain showed.
type ProofState string

// What a look can show.
const (
	ProofFound   ProofState = "proven"  // the domain names the community
	ProofMissing ProofState = "missing" // the domain answers, and does not name it
	ProofFailed  ProofState = "failed"  // the domain could not be asked
)

// DomainProof is what a look at the domain of a community's charter showed, as the operator's program reported it. It
// says who owns the name, not who anybody is.
type DomainProof struct {
	Domain string     `json:"domain"`
	State  ProofState `json:"state"`
	How    string     `json:"how,omitzero"` // dns or https
	Detail string     `json:"detail,omitzero"`
	At     time.Time  `json:"at"`
}

// CardDraft is the body of POST of PathCard.
type CardDraft struct {
	Parent string `json:"parent,omitzero"` // parent organisation; absent: the one in the profile
}
