package node

import (
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// maxRevisions bounds the walk from an alert to what holds now.
const maxRevisions = 1000

// mayReplace refuses an update or cancel that no reader would honour: of something that is not here,
// not an alert, somebody else's, or in another community. One that was replaced or cancelled already is
// refused too, as far as this node knows: two of a team's nodes may still do so at the same time.
func (n *Node) mayReplace(id record.ID, in identity.CommunityID) error {
	e, err := n.replica.Brief(id)
	if err != nil {
		return err
	}
	h := e.Record.Header()
	switch {
	case h.Kind != notice.KindAlert:
		return api.NewProblem(api.NotAllowed, fmt.Sprintf("%s is of kind %s, not an alert", id, h.Kind), "")
	case !n.isOwn(e.Record.Team()):
		return api.NewProblem(api.NotAllowed, "the alert is another team's, and only its author can update or cancel it",
			"write an alert of your own that refers to it")
	case h.Channel != record.InCommunity(in):
		return api.NewProblem(api.NotAllowed, "the alert was published elsewhere", "update it where it was published")
	}
	by, cancelled, err := n.latest(id)
	switch {
	case err != nil:
		return err
	case by == id:
		return nil
	case cancelled:
		return api.NewProblem(api.Conflict, fmt.Sprintf("%s was cancelled already, by %s", id, by), "write a new alert if need be")
	}
	return api.NewProblem(api.Conflict, fmt.Sprintf("%s was replaced by %s", id, by), "update or cancel that one: "+by.String())
}

// mayRelabel refuses an update or cancel whose marking allows more than that of what it replaces: the words of the first mostly
// stand in the second, and who trusted this team with them relied on their marking. A person may say that it is meant.
func (n *Node) mayRelabel(id record.ID, d *api.AlertDraft) error {
	if d.Relabel {
		return nil
	}
	e, err := n.replica.Brief(id)
	if err != nil {
		return err
	}
	what := "cancel"
	if d.Alert.Type == notice.AlertUpdate {
		what = "update"
	}
	old, ok := e.Notice.(*notice.Alert)
	if !ok {
		return &replica.Refusal{
			Reason: policy.Marking, Detail: "the alert cannot be read here, so nobody can say whether the " + what + " is marked less strictly: " + e.Unread,
			Hint: "only if the marking is right for what the alert said: --relabel",
		}
	}
	was, is := &old.Marking, &d.Alert.Marking
	var wider []string
	if was.TLP.Stricter(is.TLP) {
		wider = append(wider, fmt.Sprintf("%s, which is stricter than %s", was.TLP, is.TLP))
	}
	if was.PAP.Stricter(is.PAP) {
		wider = append(wider, fmt.Sprintf("%s, which the %s is not", was.PAP, what))
	}
	for _, p := range was.Purpose {
		if !slices.Contains(is.Purpose, p) {
			wider = append(wider, fmt.Sprintf("%s, which the %s does not say", p, what))
		}
	}
	if len(wider) == 0 {
		return nil
	}
	return &replica.Refusal{
		Reason: policy.Marking, Detail: "the alert that this ends is marked " + strings.Join(wider, "; "),
		Hint: "keep its marking; to open it to more readers on purpose: --relabel",
	}
}

// latest follows the newest update or cancel from an alert to the one that none follows.
func (n *Node) latest(id record.ID) (by record.ID, cancelled bool, err error) {
	seen := []record.ID{id}
	for by = id; len(seen) < maxRevisions; seen = append(seen, by) {
		next, err := n.replica.Revisions(by)
		if err != nil {
			return by, cancelled, err
		}
		if len(next) == 0 || slices.Contains(seen, next[len(next)-1].Record.ID()) {
			break
		}
		newest := &next[len(next)-1]
		what, ok := newest.Notice.(*notice.Alert)
		by, cancelled = newest.Record.ID(), ok && what.Type == notice.AlertCancel
	}
	return by, cancelled, nil
}
