package node

import (
	"context"
	"errors"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/replica"
)

// publish takes notices through the door and, once they are durable, to the network.
func (n *Node) publish(ctx context.Context, out []replica.Outgoing) ([]replica.Published, error) {
	published, err := n.door.Publish(ctx, out)
	if err != nil {
		return nil, err
	}
	var records []*record.Record
	for _, p := range published {
		if p.Err == nil {
			records = append(records, p.Record)
		}
	}
	n.send(ctx, records)
	return published, nil
}

// publishOne is publish for one notice.
func (n *Node) publishOne(ctx context.Context, out leaving) (*api.Published, error) {
	if err := n.mayLeave(out.Notice.MarkingOf(), out.Channel); err != nil {
		return nil, err
	}
	warnings, err := n.keepsLabels(&out)
	if err != nil {
		return nil, err
	}
	published, err := n.publish(ctx, []replica.Outgoing{out.Outgoing})
	if err != nil {
		return nil, err
	}
	if published[0].Err != nil {
		return nil, published[0].Err
	}
	done := n.published(published[0].Record)
	done.Warnings = append(warnings, done.Warnings...)
	return done, nil
}

func (n *Node) published(r *record.Record) *api.Published {
	p := &api.Published{ID: r.ID(), Kind: r.Header().Kind, Warnings: n.clockOfPublished(r)}
	if ch := r.Header().Channel; ch.Private() {
		to := n.team(n.replica.Other(ch))
		p.To, p.Apart = &to, n.apart(to.ID)
	}
	return p
}

// mayLeave refuses what its marking keeps here, before anything else is said about it: the answer to "this is TLP:RED" must not be that its
// title is too long. Everything that people publish passes here and in keepsLabels.
func (n *Node) mayLeave(m *notice.Marking, ch record.Channel) error {
	if err := replica.MayLeave(m, ch); err != nil {
		if r, ok := errors.AsType[*replica.Refusal](err); ok && !ch.Private() && m.TLP == notice.TLPRed {
			told := *r
			told.Hint = "ask the persons privately: " + redRequest
			return &told
		}
		return err
	}
	return n.hasReader(m, ch)
}

// PublishAlert implements httpapi.Service.
func (n *Node) PublishAlert(ctx context.Context, d api.AlertDraft) (*api.Published, error) {
	community, err := n.findCommunity(d.Community)
	if err != nil {
		return nil, err
	}
	class := d.Class
	if class == "" {
		class = record.Routine
		if d.Alert.Severity == notice.SeverityExtreme && d.Alert.Urgency == notice.UrgencyImmediate {
			class = record.Emergency
		}
	}
	if err := checkClass(class); err != nil {
		return nil, err
	}
	for _, id := range d.Alert.Replaces {
		if err := n.mayReplace(id, community); err != nil {
			return nil, err
		}
		if err := n.mayRelabel(id, &d); err != nil {
			return nil, err
		}
	}
	return n.publishOne(ctx, leaving{relabel: d.Relabel, Outgoing: replica.Outgoing{
		Channel: record.InCommunity(community), Class: class, Notice: &d.Alert, Expires: d.Expires,
	}})
}

// checkClass keeps the mesh's own class for the mesh.
func checkClass(c record.Class) error {
	if !c.Valid() || c == record.Control {
		return api.Invalid("class", "is not a class for people", "one of routine, urgent, emergency")
	}
	return nil
}
