package node

import (
	"fmt"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// mayReplace refuses an update or cancel that no reader would honour: of something that is not here,
// not an alert, somebody else's, or in another community.
func (n *Node) mayReplace(id record.ID, in identity.CommunityID) error {
	e, err := n.replica.Entry(id)
	if err != nil {
		return err
	}
	h := e.Record.Header()
	switch {
	case h.Kind != notice.KindAlert:
		return api.NewProblem(api.NotAllowed, fmt.Sprintf("%s is of kind %s, not an alert", id, h.Kind), "")
	case e.Record.Team() != n.replica.Self():
		return api.NewProblem(api.NotAllowed, "the alert is another team's, and only its author can update or cancel it",
			"write an alert of your own that refers to it")
	case h.Channel != record.InCommunity(in):
		return api.NewProblem(api.NotAllowed, "the alert was published elsewhere", "update it where it was published")
	}
	return nil
}
