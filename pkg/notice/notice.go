// Package notice holds what CSIRTs say to each other: alerts, cooperation requests, receipts,
// replies and the words that close a request, with the field's vocabularies (TLP 2.0, PAP, RSIT,
// CAP 1.2). A notice is the body of a record; the record (pkg/record) says who, when and where.
// It is not a transport, decides nothing about who may read (see pkg/policy), and does not render:
// text of a peer is shown only through something that neutralises control and bidi characters.
// Invariant: a value that Decode returned carries a TLP label that this release knows, has the
// members its kind requires, keeps within the limits of limits.go and is in the form that Normalise
// gives. It need not pass Validate: a peer may be newer (unknown words, kept as they came) or
// careless (odd characters). What Encode wrote passes both.
package notice

import (
	"net/netip"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// Kind is the record kind under which a notice travels.
type Kind = string

// The kinds of notice. A record of any other kind is kept and forwarded, and never treated as one
// of these.
const (
	KindAlert    Kind = "alert"
	KindRequest  Kind = "request"
	KindReceipt  Kind = "receipt"
	KindReply    Kind = "reply"
	KindClose    Kind = "close"
	KindWithdraw Kind = "withdraw"
	KindErase    Kind = "erase"
)

// MediaType is the media type of every notice body: canonical JSON (RFC 8785) of one of the types
// in this package. The record's kind says which.
const MediaType = "application/vnd.tocsin.notice+json"

// Marking is how the content may be used and passed on.
type Marking struct {
	TLP TLP `json:"tlp"`
	PAP PAP `json:"pap,omitzero"`
	// Purpose limits what the content may be used for; empty means no limit beyond TLP and PAP.
	Purpose []Purpose `json:"purpose,omitempty"`
	// Persons are those at the recipient for whom it is, with TLP:RED only; a set. Empty means the
	// recipient's RED desk.
	Persons []string `json:"persons,omitempty"`
}

// Text is the human-readable content in one language, as CAP's info block. The first block of a
// notice is the sender's own language.
type Text struct {
	Language string `json:"language"` // BCP 47, e.g. "en" or "pt-BR"
	Title    string `json:"title"`    // one line
	Summary  string `json:"summary,omitzero"`
	// Format is the media type of Summary: text/plain (default when empty) or text/markdown.
	Format string `json:"format,omitzero"`
	// Instruction tells the reader what to do.
	Instruction string `json:"instruction,omitzero"`
}

// Affected names what the notice is about, so that it can be routed and matched.
type Affected struct {
	Prefixes  []netip.Prefix `json:"prefixes,omitempty"`  // IPv4 and IPv6, masked
	ASNs      []uint32       `json:"asns,omitempty"`      // autonomous system numbers
	Domains   []string       `json:"domains,omitempty"`   // lower-case, A-labels, no trailing dot; subdomains are meant too
	Countries []string       `json:"countries,omitempty"` // ISO 3166-1 alpha-2, upper case
	Sectors   []string       `json:"sectors,omitempty"`   // lower-case words such as "finance"
}

// Reference points to something outside tocsin.
type Reference struct {
	Type  string `json:"type"`  // "cve", "url" or "advisory"
	Value string `json:"value"` // CVE-2024-1234, an absolute http(s) URL, or an advisory's own ID
}

// Attachment is a file carried verbatim.
type Attachment struct {
	Name      string `json:"name"`       // a file name without directories
	MediaType string `json:"media_type"` // RFC 6838, e.g. application/csaf+json
	Data      []byte `json:"data"`       // base64url without padding on the wire; verbatim
}

// Alert is a new, updated or cancelled warning.
type Alert struct {
	Type           AlertType      `json:"type"`   // new, update, cancel
	Status         Status         `json:"status"` // actual, exercise, test
	Marking        Marking        `json:"marking"`
	Replaces       []record.ID    `json:"replaces,omitempty"` // what an update or a cancel refers to
	Texts          []Text         `json:"texts"`
	Classification Classification `json:"classification,omitzero"` // RSIT
	Severity       Severity       `json:"severity,omitzero"`
	Urgency        Urgency        `json:"urgency,omitzero"`
	Certainty      Certainty      `json:"certainty,omitzero"`
	Affected       Affected       `json:"affected,omitzero"`
	References     []Reference    `json:"references,omitempty"`
	Attachments    []Attachment   `json:"attachments,omitempty"`
	Observed       time.Time      `json:"observed,omitzero"`    // when it was seen
	ValidUntil     time.Time      `json:"valid_until,omitzero"` // after this it is history
	OurRef         string         `json:"our_ref,omitzero"`     // the sender's ticket number
	YourRef        string         `json:"your_ref,omitzero"`    // the recipient's, where known
}

// Request asks for an action.
type Request struct {
	Action   Action   `json:"action"`
	Status   Status   `json:"status"`
	Marking  Marking  `json:"marking"`
	Priority Priority `json:"priority"`
	// To names the teams asked, ascending and unique. Empty means the whole community: everybody is
	// asked and nobody counts as silent for not answering.
	To []identity.TeamID `json:"to,omitempty"`
	// Case joins the requests of one case: three teams asked privately are three records with one Case.
	Case        string       `json:"case"`
	ReplyBy     time.Time    `json:"reply_by"` // the instant by which a human answer is asked
	Texts       []Text       `json:"texts"`
	Affected    Affected     `json:"affected,omitzero"`
	References  []Reference  `json:"references,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
	LegalBasis  string       `json:"legal_basis,omitzero"`
	// Permission says what is asked for, with ActionPermission.
	Permission *Permission `json:"permission,omitzero"`
	OurRef     string      `json:"our_ref,omitzero"`
	YourRef    string      `json:"your_ref,omitzero"`
}

// Receipt is written by a machine: these records are on my disk and opened. It says nothing about
// a human.
type Receipt struct {
	Records []record.ID `json:"records,omitempty"` // on disk and opened; ascending and unique
	Erased  []record.ID `json:"erased,omitempty"`  // body removed, as asked; ascending and unique
}

// Reply is a human's answer to a request. Several may follow each other.
type Reply struct {
	Request record.ID  `json:"request"`
	State   ReplyState `json:"state"`
	Reason  Reason     `json:"reason,omitzero"` // why declined; required then
	Marking Marking    `json:"marking"`
	Texts   []Text     `json:"texts,omitempty"`
	// Result says what was done, with state done.
	Result string `json:"result,omitzero"`
	// UseOfData says what became of the data that came with the request.
	UseOfData string `json:"use_of_data,omitzero"`
	// Grant is what the replying team allows, in answer to a request with ActionPermission: exactly this.
	Grant   *Permission `json:"grant,omitzero"`
	OurRef  string      `json:"our_ref,omitzero"`
	YourRef string      `json:"your_ref,omitzero"`
}

// Close is the requester's last word on a request.
type Close struct {
	Request record.ID `json:"request"`
	Opinion Opinion   `json:"opinion,omitzero"` // of the help received
	Marking Marking   `json:"marking"`
	Texts   []Text    `json:"texts,omitempty"`
}

// Withdraw takes a request back: it then counts against nobody.
type Withdraw struct {
	Request record.ID `json:"request"`
	Marking Marking   `json:"marking"`
	Texts   []Text    `json:"texts,omitempty"`
}

// Permission is onward sharing of one record beyond its marking, asked for (Request) or granted by the
// team that wrote the record (Reply). What it does not name it does not allow.
type Permission struct {
	Record       record.ID              `json:"record"`
	TLP          TLP                    `json:"tlp"`                   // the marking under which it goes on
	Communities  []identity.CommunityID `json:"communities,omitempty"` // to the members of these; ascending and unique
	Teams        []identity.TeamID      `json:"teams,omitempty"`       // to these; ascending and unique
	Constituents bool                   `json:"constituents,omitzero"` // to those whom the asking team serves
	Public       bool                   `json:"public,omitzero"`       // to anybody
	Lifts        []Purpose              `json:"lifts,omitempty"`       // purpose limits that do not hold for it; ascending and unique
	Until        time.Time              `json:"until,omitzero"`        // absent: for good
}

// Erase asks everybody who has a record of the same author to remove its body. The header stays.
type Erase struct {
	Record record.ID `json:"record"`
	Reason string    `json:"reason,omitzero"` // one line, readable by every relay
}
