package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/urfave/cli/v2"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/document"
	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// maxVerify fits a record with the largest body, in two layers of base64.
const maxVerify = 32 << 20

// verdict is what a file proves by its own bytes, and what it does not.
type verdict struct {
	OK        bool      `json:"ok"` // false for a charter that still lacks signatures; else a file that is not verified is an error
	What      string    `json:"what"`
	ID        string    `json:"id,omitzero"`
	Kind      string    `json:"kind,omitzero"`
	Channel   string    `json:"channel,omitzero"`
	Signers   []signer  `json:"signers"`
	Created   time.Time `json:"created"`
	Title     string    `json:"title,omitzero"`
	TLP       string    `json:"tlp,omitzero"`
	Says      string    `json:"says,omitzero"`
	Addresses []string  `json:"addresses,omitempty"`
	Expired   bool      `json:"expired,omitzero"` // an invite, by the clock of this machine
	Proven    []string  `json:"proven"`
	NotProven []string  `json:"not_proven"`
}

// signer is a team that signed, by a node or by its root key.
type signer struct {
	Team  identity.TeamID `json:"team"`
	Name  string          `json:"name,omitzero"` // a claim
	Node  string          `json:"node,omitzero"`
	From  time.Time       `json:"from,omitzero"`
	Until time.Time       `json:"until,omitzero"`
}

func recordVerifyCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "verify",
		Usage: "verify a file of a record, statement, card, charter, application or invite",
		Args:  "FILE",
		Help: `Checks everything that the file alone can prove (- for standard input): form, signatures, delegation, and that the body is the one that was
signed. No daemon and no network is needed. Prints who signed what and when, what is proven and what is not. Exit code 0 means
verified, 1 that the file proves nothing.`,
		Examples: []string{"tocsin record verify alert.dsse.json"},
		Run: func(_ context.Context, c *cli.Context) error {
			path := c.Args().First()
			text, err := readInput(e, path, maxVerify)
			if err != nil {
				return cannotRead("", err)
			}
			v, err := verify(text, e.Now())
			if err != nil {
				return &userError{Code: exitFailed, Msg: inputName(path) + " is not verified", Err: plainFormat(err)}
			}
			if e.JSON {
				err = printJSON(e.Stdout, v)
			} else {
				err = writeVerdict(e, v)
			}
			if err == nil && !v.OK {
				err = &userError{Code: exitFailed, Msg: inputName(path) + " is a charter that not all founders have signed"}
			}
			return err
		},
	})
}

// errNotOurs says of a file what is to be known of it when not even its form is right.
var errNotOurs = errors.New("it is not a file of tocsin record export, id --card, community found, community apply or invite")

// plainFormat keeps the words of the JSON library from the user.
func plainFormat(err error) error {
	_, syntax := errors.AsType[*jsontext.SyntacticError](err)
	if _, semantic := errors.AsType[*json.SemanticError](err); syntax || semantic {
		return errNotOurs
	}
	return err
}

// verify finds out what the file is and checks it.
func verify(text []byte, now time.Time) (*verdict, error) {
	if onPaper(text) {
		var err error
		if text, err = fromPaper(text); err != nil {
			return nil, err
		}
	}
	file, err := dsse.ParseEnvelope(text)
	if err != nil {
		return nil, err
	}
	switch file.PayloadType {
	case record.PayloadType:
		return verifyRecord(file)
	case identity.StatementType:
		return verifyStatement(file, text)
	case invite.CardType:
		return verifyCard(text)
	case ceremony.RequestType:
		return verifyKeyRequest(text)
	case ceremony.HeadsType:
		return verifyKeyHeads(text)
	case invite.InviteType:
		return verifyInvite(text, now)
	}
	return nil, fmt.Errorf("a payload of type %.80q is not one of tocsin", file.PayloadType)
}

func verifyRecord(file dsse.Envelope) (*verdict, error) {
	var checker record.Verifier
	r, err := checker.FromEnvelope(file)
	if err != nil {
		return nil, err
	}
	h := r.Header()
	v := &verdict{
		OK: true, What: "record", ID: r.ID().String(), Kind: h.Kind, Channel: h.Channel.String(), Created: h.Created,
		Signers: []signer{nodeSigner(h.Delegation)},
		Proven: []string{
			"the header was signed by the node's key, byte for byte as it is here",
			"the team's root key delegated to that node, for a time that covers the time in the header",
		},
		NotProven: common(),
	}
	v.NotProven = append(v.NotProven, "that the team was a member of the community then: only the community's statements tell")
	if !r.HasBody() {
		v.NotProven = append(v.NotProven, "what it says: the body is not in the file")
		return v, nil
	}
	v.Proven = append(v.Proven, "the body is the one that was signed")
	v.read(r, file.Disclosed)
	return v, nil
}

// read adds what the notice in the record says; one that cannot be read changes nothing of what is proven.
func (v *verdict) read(r *record.Record, disclosed []byte) {
	body, err := document.Body(r, disclosed)
	if err != nil {
		v.Says = "not readable from this file: " + err.Error()
		v.NotProven = append(v.NotProven, "what it says: the body is sealed")
		return
	}
	n, err := notice.Decode(r.Header().Kind, body)
	if err != nil {
		v.Says = "not readable by this release: " + err.Error()
		return
	}
	if m := n.MarkingOf(); m != nil {
		v.TLP = m.TLP.String()
	}
	switch n := n.(type) {
	case *notice.Alert:
		v.Title = drillMark(n.Status) + n.Headline()
	case *notice.Request:
		v.Title = drillMark(n.Status) + n.Headline()
	case *notice.Reply:
		v.Says = "reply " + n.State.String() + " to " + n.Request.String()
	}
}

// common is what no file of ours can prove.
func common() []string {
	return []string{
		"that the team is who it calls itself: compare its ID with the team by another way",
		"the time: it is the author's own claim",
		"that the node's key was not revoked or stolen since",
	}
}

func nodeSigner(d *identity.Delegation) signer {
	return signer{Team: d.Team, Name: d.Name, Node: d.Node.String(), From: d.From, Until: d.Until}
}

func verifyStatement(file dsse.Envelope, text []byte) (*verdict, error) {
	var checker record.Verifier
	s, err := checker.StatementFromEnvelope(file)
	if err != nil {
		// A charter on its way round its founders is not a statement yet, and must be readable before it is signed.
		if draft, draftErr := invite.OpenDraft(text); draftErr == nil && len(draft.Unsigned()) > 0 {
			return verifyDraft(draft), nil
		}
		return nil, err
	}
	v := &verdict{
		OK: true, What: "statement", ID: s.ID().String(), Kind: s.Kind, Created: s.Created,
		Proven: []string{"every signer named in it has signed it, byte for byte as it is here"}, NotProven: common(),
	}
	if !slices.ContainsFunc(s.Signers, func(who record.Signer) bool { return who.Delegation != nil }) {
		v.NotProven[len(v.NotProven)-1] = "that the team's root key was not stolen or replaced since"
	}
	for _, who := range s.Signers {
		if who.Delegation == nil {
			v.Signers = append(v.Signers, signer{Team: who.Team})
			continue
		}
		v.Signers = append(v.Signers, nodeSigner(who.Delegation))
	}
	if says, ok := statementWords(s); ok {
		v.Says = says
	} else if s.Delegation != nil {
		v.Says = fmt.Sprintf("node %s speaks for the team from %s until %s", s.Delegation.Node, showInstant(s.Delegation.From), showInstant(s.Delegation.Until))
	} else {
		v.Says = string(s.Says)
	}
	return v, nil
}

func verifyDraft(d *invite.Draft) *verdict {
	v := &verdict{
		What: "charter", ID: d.Community().String(), Kind: "charter",
		Proven: []string{"the signatures that are there are of the founders that they name"}, NotProven: common(),
	}
	unsigned := map[identity.TeamID]bool{}
	for _, t := range d.Unsigned() {
		unsigned[t] = true
		v.NotProven = append(v.NotProven, "that "+d.Name(t)+" ("+short(t)+") agrees: its signature is missing")
	}
	for _, t := range d.Charter.Founders {
		if !unsigned[t] {
			v.Signers = append(v.Signers, signer{Team: t, Name: d.Name(t)})
		}
	}
	v.Says = charterWords(d.Charter)
	return v
}

func verifyCard(text []byte) (*verdict, error) {
	c, err := invite.OpenCard(text)
	if err != nil {
		return nil, err
	}
	return &verdict{
		OK: true, What: "card", Created: c.Created, Signers: []signer{nodeSigner(c.Delegation)},
		Addresses: c.Addresses, Says: cardWords(c),
		Proven:    []string{"the card was signed by the node's key", "the team's root key delegated to that node"},
		NotProven: common(),
	}, nil
}

func verifyInvite(text []byte, now time.Time) (*verdict, error) {
	i, err := invite.Open(text)
	if err != nil {
		return nil, err
	}
	v := &verdict{
		OK: true, What: "invite", Created: i.Created, Channel: i.Community.String(), Signers: []signer{nodeSigner(i.Sponsor)},
		Says:      fmt.Sprintf("for team %s, until %s", i.Team, showInstant(i.Expires)),
		Addresses: i.Addresses,
		Expired:   !now.Before(i.Expires),
		Proven:    []string{"the invite was signed by the sponsor's node", "every statement in it is signed as it says"},
		NotProven: common(),
	}
	if v.Expired {
		v.Says += ": it has expired, by the clock of this machine"
	}
	if c, err := i.Charter(); err == nil {
		v.Title = c.Name
	}
	return v, nil
}

func writeVerdict(e *env, v *verdict) error {
	s := &sheet{now: e.Now()}
	if v.OK {
		s.title("Verified: " + v.What)
	} else {
		s.title("Not complete: " + v.What)
	}
	s.gap()
	s.line("ID", v.ID)
	s.line("Kind", v.Kind)
	s.line("Title", v.Title)
	s.line("Marking", v.TLP)
	s.line("Channel", v.Channel)
	s.at("Written", v.Created)
	for _, who := range v.Signers {
		s.line("Signed by", strings.TrimSpace(who.Name+" "+who.Team.String()))
		if who.Node != "" {
			s.line("  by its node", who.Node)
			s.linef("  in force", "%s to %s", showInstant(who.From), showInstant(who.Until))
		} else if v.What == "statement" {
			s.line("", "with the team's root key")
		}
	}
	s.line("Says", v.Says)
	s.list("Addresses", v.Addresses)
	if len(v.Addresses) == 0 && (v.What == "card" || v.What == "invite") {
		s.line("Addresses", "none: nobody can be called by it")
	}
	s.gap()
	s.title("Proven:")
	for _, p := range v.Proven {
		s.prose("- " + cleanLine(p))
	}
	s.gap()
	s.title("Not proven:")
	for _, p := range v.NotProven {
		s.prose("- " + cleanLine(p))
	}
	return s.write(e.Stdout)
}
