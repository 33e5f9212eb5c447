package node

import (
	"context"
	"fmt"
	"time"

	"tocsin/node/httpapi"
	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/replica"
)

// attachments describes what is attached to a notice.
func attachments(e *replica.Entry) []api.Attachment {
	files := e.Files
	if files == nil {
		files = replica.Describe(attachedTo(e.Notice))
	}
	var out []api.Attachment
	for _, f := range files {
		out = append(out, api.Attachment{Name: f.Name, MediaType: f.MediaType, Length: f.Length, Digest: api.Bytes(f.Digest[:])})
	}
	return out
}

func attachedTo(n notice.Notice) []notice.Attachment {
	switch n := n.(type) {
	case *notice.Alert:
		return n.Attachments
	case *notice.Request:
		return n.Attachments
	}
	return nil
}

// Attachment implements httpapi.Service. It is the only way by which the bytes of an attachment get into an answer.
func (n *Node) Attachment(_ context.Context, id string, at int) ([]byte, error) {
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	return n.attachment(&e, n.entry(&e), at)
}

// OpenAttachment implements httpapi.Service.
func (n *Node) OpenAttachment(ctx context.Context, id string, at int, d api.OpenDraft) ([]byte, error) {
	as, err := reader(d.As)
	if err != nil {
		return nil, err
	}
	e, err := n.findRecord(id)
	if err != nil {
		return nil, err
	}
	shown := n.shown(&e, as)
	if noted, err := n.justOpened(ctx, &e, as); err != nil {
		return nil, err
	} else if !noted {
		if shown, err = n.opened(ctx, &e, as); err != nil {
			return nil, err
		}
	}
	return n.attachment(&e, shown, at)
}

// justOpened reports whether it is noted that the person opened the record within the last minute: one note is enough for
// all attachments of a record, and many would push out those of others.
func (n *Node) justOpened(ctx context.Context, e *replica.Entry, as string) (bool, error) {
	all, err := n.replica.Readings(e.Record.ID())
	if err != nil || len(all) == 0 {
		return false, err
	}
	last := all[len(all)-1]
	since := n.now().Sub(last.At)
	return last.As == as && last.By == httpapi.CallerName(ctx) && since >= 0 && since < time.Minute, nil
}

// attachment returns the bytes of one attachment of a record that is shown.
func (n *Node) attachment(e *replica.Entry, shown api.Entry, at int) ([]byte, error) {
	id := e.Record.ID()
	switch {
	case shown.Red != nil && shown.Red.OpenedAs == "":
		return nil, &replica.Refusal{
			Reason: policy.Marking, Detail: fmt.Sprintf("%s is TLP:RED, for %s", id, shown.Red.For), Hint: "say who reads it: --as NAME",
		}
	case e.Notice == nil:
		return nil, api.NewProblem(api.UnknownForm, fmt.Sprintf("what %s says cannot be read here: %s", id, e.Unread), "")
	}
	files := attachedTo(e.Notice)
	if shown.Alert == nil && shown.Request == nil || at < 0 || at >= len(files) {
		return nil, api.NewProblem(api.NotFound, fmt.Sprintf("%s has no attachment %d: it has %d, counted from 0", id, at, len(files)), "")
	}
	return files[at].Data, nil
}
